//! Reading a database that may be damaged: unreadable parts are reported, and the rest is read.

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

/// The unreadable parts of the database. Values that depend on them are not compared.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Whether anything could not be read.
    pub(super) any: bool,
    /// Whether a deployment could not be read, so that its cell is unknown.
    pub(super) deployments: bool,
    /// The cells of deployments whose history could not be read.
    pub(super) places: BTreeSet<Place>,
}

impl Unread {
    /// Whether a cell of this environment is among them.
    pub(super) fn has_of(&self, environment_id: Uuid) -> bool {
        self.places.iter().any(|place| place.environment_id == environment_id)
    }

    /// Whether sums over all deployments are incomplete.
    pub(super) fn spoils_sums(&self) -> bool {
        self.deployments || !self.places.is_empty()
    }
}

impl Reading<'_> {
    /// Separates damage, which is reported, from an unavailable database, which ends the verification. The next read can
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
    /// Returns the rows that were read, or reports the table as unreadable.
    pub(super) async fn read<T>(&mut self, reading: &mut Reading<'_>, table: &str, outcome: Result<T, Error>) -> Result<Option<T>, Error> {
        Ok(match reading.checked(outcome).await? {
            Ok(read) => Some(read),
            Err(error) => {
                self.note_unread(table, Difference::default(), &error);
                None
            }
        })
    }

    /// Reports an unreadable part.
    pub(super) fn note_unread(&mut self, table: &str, about: Difference, error: &Error) {
        self.unread.any = true;
        self.note(table, None, Difference { detail: format!("{UNREAD}: {}", unreadable(error)), ..about });
    }

    /// Adds the damage that the database's own check finds.
    pub(super) async fn note_damage(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        let damage = reading.snapshot.damage().await;
        if let Some(detail) = self.read(reading, DAMAGE, damage).await?.flatten() {
            self.unread.any = true;
            self.note(DAMAGE, None, Difference { detail: detail.replace('\n', " "), ..Difference::default() });
        }
        Ok(())
    }
}
