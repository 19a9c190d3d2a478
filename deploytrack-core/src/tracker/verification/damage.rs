//! Reading a database that may be damaged: unreadable parts are reported, and the rest is read.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{Findings, unreadable};
use crate::{
    error::Error,
    store::{CellKey, Snapshot, Store, is_damage},
    verification::{DAMAGE, Difference, UNREAD},
};

/// The snapshot that a verification reads, and the store to take another one from.
pub(super) struct Source<'a> {
    pub(super) snapshot: Snapshot,
    pub(super) store: &'a Store,
}

/// The unreadable parts of the database. Values that depend on them are not compared.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    /// Whether any part could not be read.
    pub(super) any: bool,
    /// Whether a deployment could not be read, so that its cell is unknown.
    pub(super) deployments: bool,
    /// The cells of deployments whose history could not be read.
    pub(super) cells: BTreeSet<CellKey>,
}

impl Unreadable {
    /// Whether a cell of this environment is unreadable.
    pub(super) fn has_cell_of(&self, environment_id: Uuid) -> bool {
        self.cells
            .iter()
            .any(|cell| cell.environment_id == environment_id)
    }

    /// Whether sums over all deployments are incomplete.
    pub(super) fn makes_sums_incomplete(&self) -> bool {
        self.deployments || !self.cells.is_empty()
    }
}

impl Source<'_> {
    /// Separates damage, which is reported, from an unavailable database, which ends the
    /// verification. After damage, the next read is possible again.
    pub(super) async fn checked<T>(
        &mut self,
        outcome: Result<T, Error>,
    ) -> Result<Result<T, Error>, Error> {
        match outcome {
            Err(error) if is_damage(&error) => {
                if self.snapshot.recover().await.is_err() {
                    self.snapshot = self.store.snapshot().await?;
                }
                Ok(Err(error))
            }
            outcome => outcome.map(Ok),
        }
    }
}

impl Findings {
    /// Returns the rows that were read, or reports the table as unreadable.
    pub(super) async fn read<T>(
        &mut self,
        source: &mut Source<'_>,
        table: &str,
        outcome: Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(match source.checked(outcome).await? {
            Ok(read) => Some(read),
            Err(error) => {
                self.note_unreadable(table, Difference::default(), &error);
                None
            }
        })
    }

    /// Reports an unreadable part.
    pub(super) fn note_unreadable(&mut self, table: &str, about: Difference, error: &Error) {
        self.unreadable.any = true;
        self.note(
            table,
            None,
            Difference {
                detail: format!("{UNREAD}: {}", unreadable(error)),
                ..about
            },
        );
    }

    /// Adds the damage that the database's own check finds.
    pub(super) async fn note_damage(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let damage = source.snapshot.damage().await;
        if let Some(detail) = self.read(source, DAMAGE, damage).await?.flatten() {
            self.unreadable.any = true;
            self.note(
                DAMAGE,
                None,
                Difference {
                    detail: detail.replace('\n', " "),
                    ..Difference::default()
                },
            );
        }
        Ok(())
    }
}
