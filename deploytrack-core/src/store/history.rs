//! The append-only history in the database. Its rows and their rules are in [`crate::history`].

use std::collections::BTreeMap;

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Snapshot, Store, Write,
    column::{Micros, checked, checked_option, digest, signed, stored_origin},
    on,
    sets::{Columns, in_lists},
    sqlx_error::unexpected,
};
use crate::{
    clock::Time,
    error::Error,
    history::{HistoryEntry, HistoryKind},
    status::Status,
    text::Reason,
};

/// Selects rows of history, for every query of this module.
macro_rules! select_history {
    ($rest:literal) => {
        concat!(
            "select h.deployment_id, h.sequence, h.attempt, h.event, h.from_status, h.to_status, h.occurred_at, h.claimed_at, h.recorded_at, ",
            "h.recorded_by, h.reason, h.origin, h.hash from history h ",
            $rest
        )
    };
}

#[derive(Debug, FromRow)]
struct Row {
    deployment_id: Uuid,
    sequence: i64,
    attempt: i64,
    event: String,
    from_status: Option<String>,
    to_status: String,
    occurred_at: Micros,
    claimed_at: Option<Micros>,
    recorded_at: Micros,
    recorded_by: String,
    reason: Option<String>,
    origin: Option<String>,
    hash: Vec<u8>,
}

impl TryFrom<Row> for HistoryEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            sequence: row.sequence,
            attempt: row.attempt,
            event: checked(&row.event)?,
            from: checked_option(row.from_status.as_deref())?,
            to: checked(&row.to_status)?,
            occurred_at: row.occurred_at.0,
            claimed_at: row.claimed_at.map(|time| time.0),
            recorded_at: row.recorded_at.0,
            recorded_by: checked(&row.recorded_by)?,
            reason: checked_option(row.reason.as_deref())?,
            origin: stored_origin(row.origin.as_deref())?,
            hash: digest(&row.hash)?,
        })
    }
}

/// The number of a row, and the row if it is readable.
pub(crate) type EntryResult = (i64, Result<HistoryEntry, Error>);

fn to_entries(rows: Vec<Row>) -> Result<Vec<HistoryEntry>, Error> {
    rows.into_iter().map(HistoryEntry::try_from).collect()
}

/// Selects a part of the history of one deployment.
const HISTORY_AFTER: &str =
    select_history!("where h.deployment_id = $1 and h.sequence > $2 order by h.sequence limit $3");

/// Selects the history of one deployment.
const HISTORY_OF_ONE: &str = select_history!("where h.deployment_id = $1 order by h.sequence");

/// The row of an entry. Each entry comes with the id of its deployment.
fn columns((deployment_id, entry): &(Uuid, HistoryEntry)) -> Columns<'_, 13> {
    [
        ("sequence", entry.sequence.into()),
        ("deployment_id", (*deployment_id).into()),
        ("attempt", entry.attempt.into()),
        ("event", entry.event.as_str().into()),
        ("from_status", entry.from.map(Status::as_str).into()),
        ("to_status", entry.to.as_str().into()),
        ("occurred_at", entry.occurred_at.into()),
        ("claimed_at", entry.claimed_at.into()),
        ("recorded_at", entry.recorded_at.into()),
        ("recorded_by", entry.recorded_by.as_str().into()),
        ("reason", entry.reason.as_ref().map(Reason::as_str).into()),
        ("origin", entry.origin.as_deref().into()),
        ("hash", (&entry.hash).into()),
    ]
}

impl Store {
    /// The history of a deployment, in the order of recording; empty if there is no such
    /// deployment.
    pub(crate) async fn history(&self, deployment_id: Uuid) -> Result<Vec<HistoryEntry>, Error> {
        let rows = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(HISTORY_OF_ONE)
                .bind(deployment_id)
                .fetch_all(pool)
                .await
        });
        to_entries(rows.map_err(unexpected)?)
    }

    /// The rows of a deployment's history after the row `after`, up to a limit.
    pub(crate) async fn history_after(
        &self,
        deployment_id: Uuid,
        after: i64,
        take: u64,
    ) -> Result<Vec<HistoryEntry>, Error> {
        let rows = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(HISTORY_AFTER)
                .bind(deployment_id)
                .bind(after)
                .bind(signed(take))
                .fetch_all(pool)
                .await
        });
        to_entries(rows.map_err(unexpected)?)
    }

    /// The histories of these deployments, each in the order of recording.
    pub(crate) async fn histories_of(
        &self,
        ids: &[Uuid],
    ) -> Result<BTreeMap<Uuid, Vec<HistoryEntry>>, Error> {
        let mut histories = BTreeMap::<Uuid, Vec<HistoryEntry>>::new();
        for ids in in_lists(ids) {
            let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new(select_history!("where h.deployment_id in ("));
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                query
                    .push(") order by h.deployment_id, h.sequence")
                    .build_query_as()
                    .fetch_all(pool)
                    .await
            })
            .map_err(unexpected)?;
            for row in rows {
                histories
                    .entry(row.deployment_id)
                    .or_default()
                    .push(row.try_into()?);
            }
        }
        Ok(histories)
    }
}

impl Store {
    /// When the newest row of the history was recorded; `None` if there is no row.
    pub(crate) async fn last_recorded(&self) -> Result<Option<Time>, Error> {
        let found: Option<Micros> = on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar("select recorded_at from history order by sequence desc limit 1")
                .fetch_optional(pool)
                .await
        })
        .map_err(unexpected)?;
        Ok(found.map(|time| time.0))
    }
}

impl Snapshot {
    /// The histories of all deployments with ids from `first` to `last`, each in the order of
    /// recording. An unreadable row comes with its error.
    pub(crate) async fn histories(
        &mut self,
        first: Uuid,
        last: Uuid,
    ) -> Result<BTreeMap<Uuid, Vec<EntryResult>>, Error> {
        let rows: Vec<Row> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(select_history!(
                "where h.deployment_id >= $1 and h.deployment_id <= $2 order by h.sequence"
            ))
            .bind(first)
            .bind(last)
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        let mut histories = BTreeMap::<Uuid, Vec<EntryResult>>::new();
        for row in rows {
            histories
                .entry(row.deployment_id)
                .or_default()
                .push((row.sequence, row.try_into()));
        }
        Ok(histories)
    }
}

impl Write {
    /// The history of a deployment, in the order of recording, as this write sees it.
    pub(crate) async fn history(
        &mut self,
        deployment_id: Uuid,
    ) -> Result<Vec<HistoryEntry>, Error> {
        let rows = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(select_history!(
                "where h.deployment_id = $1 order by h.sequence"
            ))
            .bind(deployment_id)
            .fetch_all(&mut **write)
            .await
        });
        to_entries(rows.map_err(unexpected)?)
    }

    /// The histories of these deployments, as this write sees them, each in the order of recording.
    pub(crate) async fn histories_in(
        &mut self,
        ids: &[Uuid],
    ) -> Result<BTreeMap<Uuid, Vec<HistoryEntry>>, Error> {
        let mut histories = BTreeMap::<Uuid, Vec<HistoryEntry>>::new();
        for ids in in_lists(ids) {
            let rows: Vec<Row> = on!(Transaction, self.reading().await?, |write| {
                let mut query = QueryBuilder::new(select_history!("where h.deployment_id in ("));
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                let query = query.push(") order by h.deployment_id, h.sequence");
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            for row in rows {
                let history = histories.entry(row.deployment_id).or_default();
                history.push(row.try_into()?);
            }
        }
        Ok(histories)
    }

    /// The last transition of a deployment.
    pub(crate) async fn last_transition(
        &mut self,
        deployment_id: Uuid,
    ) -> Result<Option<HistoryEntry>, Error> {
        let row: Option<Row> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(select_history!(
                "where h.deployment_id = $1 and h.event = $2 order by h.sequence desc limit 1"
            ))
            .bind(deployment_id)
            .bind(HistoryKind::Transition.as_str())
            .fetch_optional(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        row.map(HistoryEntry::try_from).transpose()
    }

    /// Inserts rows of history that have their numbers.
    pub(super) async fn insert_entries(
        &mut self,
        entries: &[(Uuid, HistoryEntry)],
    ) -> Result<(), Error> {
        self.insert("history", entries, columns, "").await?;
        Ok(())
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use sqlx::Row as _;

    use super::*;

    #[tokio::test]
    async fn sqlite_reads_the_history_of_one_deployment_from_its_index() {
        let store = Store::open("sqlite::memory:").await.unwrap();
        let sql = sqlx::AssertSqlSafe(format!("explain query plan {HISTORY_OF_ONE}"));
        let rows = on!(Pool, &store.reads, |pool| {
            sqlx::query(sql).fetch_all(pool).await.map(|rows| {
                rows.iter()
                    .map(|row| row.get::<String, _>("detail"))
                    .collect::<String>()
            })
        });
        let plan = rows.unwrap();
        assert_eq!(
            plan,
            "SEARCH h USING INDEX history_by_deployment (deployment_id=?)"
        );
    }
}
