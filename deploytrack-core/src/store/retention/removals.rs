//! Removals: the last one, which the next one continues, and all of them for a verification.

use sqlx::FromRow;
use uuid::Uuid;

use super::removed::{Numbers, RemovedRow, select_removed};
use crate::{
    digest::Digest,
    error::Error,
    retention::{Removal, RemovedDeployment, Rule},
    store::{
        CellKey, Snapshot, Transaction, Write,
        column::{Micros, checked, digest, signed, unsigned},
        on,
        sets::Columns,
        sqlx_error::unexpected,
    },
};

pub(super) fn columns(removal: &Removal) -> Columns<'_, 10> {
    [
        ("number", removal.number.into()),
        ("removed_at", removal.removed_at.into()),
        ("removed_by", removal.removed_by.as_str().into()),
        ("before", removal.rule.before.into()),
        ("keep_last", signed(removal.rule.keep_last).into()),
        ("deployments", signed(removal.deployments).into()),
        ("entries", signed(removal.entries).into()),
        ("oldest", removal.oldest.into()),
        ("newest", removal.newest.into()),
        ("hash", (&removal.hash).into()),
    ]
}

impl Write {
    /// The number and the hash of the last removal. Other writes that remove wait until the end of
    /// this one.
    pub(crate) async fn last_removal(&mut self) -> Result<Option<(i64, Digest)>, Error> {
        match self.unflushed() {
            // SQLite has one writer at a time.
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                let tenure = write.tenure.clone();
                let lock = sqlx::query("lock table removals in share row exclusive mode")
                    .execute(&mut **write);
                tenure.during(lock).await.map_err(unexpected)?;
            }
        }
        let last: Option<(i64, Vec<u8>)> = on!(Transaction, self.unflushed(), |write| {
            sqlx::query_as("select number, hash from removals order by number desc limit 1")
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        last.map(|(number, hash)| Ok((number, digest(&hash)?)))
            .transpose()
    }
}

#[derive(Debug, FromRow)]
struct RemovalRow {
    number: i64,
    removed_at: Micros,
    removed_by: String,
    before: Micros,
    keep_last: i64,
    deployments: i64,
    entries: i64,
    oldest: Micros,
    newest: Micros,
    hash: Vec<u8>,
}

impl TryFrom<RemovalRow> for Removal {
    type Error = Error;

    fn try_from(row: RemovalRow) -> Result<Self, Error> {
        Ok(Self {
            number: row.number,
            removed_at: row.removed_at.0,
            removed_by: checked(&row.removed_by)?,
            rule: Rule {
                before: row.before.0,
                keep_last: unsigned(row.keep_last),
            },
            deployments: unsigned(row.deployments),
            entries: unsigned(row.entries),
            oldest: row.oldest.0,
            newest: row.newest.0,
            hash: digest(&row.hash)?,
        })
    }
}

/// A removed deployment if its row is readable, with its id, its cell, and its columns that follow
/// from the outline.
pub(crate) type RemovedResult = (Uuid, CellKey, Numbers, Result<RemovedDeployment, Error>);

impl Snapshot {
    /// The next removals after this number.
    pub(crate) async fn removals(
        &mut self,
        after: i64,
        take: u64,
    ) -> Result<Vec<(i64, Result<Removal, Error>)>, Error> {
        let rows: Vec<RemovalRow> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as("select * from removals where number > $1 order by number limit $2")
                .bind(after)
                .bind(signed(take))
                .fetch_all(&mut **snapshot)
                .await
        })
        .map_err(unexpected)?;
        Ok(rows
            .into_iter()
            .map(|row| (row.number, row.try_into()))
            .collect())
    }

    /// The deployments of a removal, in the order of their ids.
    pub(crate) async fn removed_by(&mut self, removal: i64) -> Result<Vec<RemovedResult>, Error> {
        let rows: Vec<RemovedRow> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(select_removed!("where r.removal = $1 order by r.id"))
                .bind(removal)
                .fetch_all(&mut **snapshot)
                .await
        })
        .map_err(unexpected)?;
        let found = |row: RemovedRow| {
            let cell = CellKey {
                component_id: row.component_id,
                environment_id: row.environment_id,
            };
            let numbers = (row.entries, row.first_sequence, row.last_sequence);
            (row.id, cell, numbers, row.try_into())
        };
        Ok(rows.into_iter().map(found).collect())
    }
}
