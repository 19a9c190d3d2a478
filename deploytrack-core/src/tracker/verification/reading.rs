//! Reading a database that may be damaged: a part that cannot be read is named, and the rest is read all the same.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Audit, unreadable};
use crate::{
    error::Error,
    store::{Place, Snapshot, Store, is_damage},
    verification::{DAMAGE, Difference, UNREAD},
};

/// The database as it was at one moment.
pub(super) struct Reading<'a> {
    pub(super) snapshot: Snapshot,
    pub(super) store: &'a Store,
}

/// What could not be read. What depends on it is not compared.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Whether anything could not be read.
    pub(super) any: bool,
    /// Whether there are deployments of unknown cells among it.
    pub(super) deployments: bool,
    /// The cells of deployments with a history that could not be read.
    pub(super) places: BTreeSet<Place>,
}

impl Unread {
    /// Whether there is something of this environment among it.
    pub(super) fn has_of(&self, environment_id: Uuid) -> bool {
        self.places.iter().any(|place| place.environment_id == environment_id)
    }

    /// Whether sums over all deployments say nothing.
    pub(super) fn spoils_sums(&self) -> bool {
        self.deployments || !self.places.is_empty()
    }
}

impl Reading<'_> {
    /// The outcome of a read: an error when the database is away, and the damage when there is some. The next read can
    /// follow.
    pub(super) async fn checked<T>(&mut self, outcome: Result<T, Error>) -> Result<Result<T, Error>, Error> {
        match outcome {
            Err(error) if is_damage(&error) => {
                if self.snapshot.go_on().await.is_err() {
                    self.snapshot = self.store.snapshot().await?;
                }
                Ok(Err(error))
            }
            outcome => outcome.map(Ok),
        }
    }
}

impl Audit {
    /// What was read; without it, notes that the table could not be read.
    pub(super) async fn read<T>(&mut self, reading: &mut Reading<'_>, table: &str, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        Ok(match reading.checked(outcome).await? {
            Ok(read) => Some(read),
            Err(error) => {
                self.note_unread(table, Difference::default(), &error);
                None
            }
        })
    }

    /// Notes something that could not be read.
    pub(super) fn note_unread(&mut self, table: &str, about: Difference, error: &Error) {
        self.unread.any = true;
        self.note(table, None, Difference { detail: format!("{UNREAD}: {}", unreadable(error)), ..about });
    }

    /// Adds the damage that the database itself finds.
    pub(super) async fn note_damage(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        let damage = reading.snapshot.damage().await;
        if let Some(detail) = self.read(reading, DAMAGE, damage).await?.flatten() {
            self.unread.any = true;
            self.note(DAMAGE, None, Difference { detail: detail.replace('\n', " "), ..Difference::default() });
        }
        Ok(())
    }
}
