//! The append-only history.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, checked_option},
    fault::unexpected,
    on,
};
use crate::{
    clock::Time,
    deployment::HistoryEntry,
    error::Error,
    status::Status,
    text::{Label, Reason},
};

#[derive(Debug, FromRow)]
struct Row {
    sequence: i64,
    attempt: i64,
    from_status: Option<String>,
    to_status: String,
    occurred_at: Micros,
    recorded_at: Micros,
    recorded_by: String,
    reason: Option<String>,
}

impl TryFrom<Row> for HistoryEntry {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            sequence: row.sequence,
            attempt: row.attempt,
            from: checked_option(row.from_status.as_deref())?,
            to: checked(&row.to_status)?,
            occurred_at: row.occurred_at.0,
            recorded_at: row.recorded_at.0,
            recorded_by: checked(&row.recorded_by)?,
            reason: checked_option(row.reason.as_deref())?,
        })
    }
}

/// A row to be added to the history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewEntry<'a> {
    pub(crate) deployment_id: Uuid,
    pub(crate) attempt: i64,
    pub(crate) from: Option<Status>,
    pub(crate) to: Status,
    pub(crate) occurred_at: Time,
    pub(crate) recorded_at: Time,
    pub(crate) recorded_by: &'a Label,
    pub(crate) reason: Option<&'a Reason>,
}

impl Store {
    /// The history of a deployment, in the order of recording; empty when there is no such deployment.
    pub(crate) async fn history(&self, deployment_id: Uuid) -> Result<Vec<HistoryEntry>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(
                "select sequence, attempt, from_status, to_status, occurred_at, recorded_at, recorded_by, reason
                 from transitions where deployment_id = $1 order by sequence",
            )
            .bind(deployment_id)
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        rows.into_iter().map(HistoryEntry::try_from).collect()
    }

    /// When a deployment entered the status it is in.
    pub(crate) async fn last_occurred_at(&self, deployment_id: Uuid) -> Result<Option<Time>, Error> {
        let time: Option<Micros> = on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar("select occurred_at from transitions where deployment_id = $1 order by sequence desc limit 1")
                .bind(deployment_id)
                .fetch_optional(pool)
                .await
        })
        .map_err(unexpected)?;
        Ok(time.map(|time| time.0))
    }
}

impl Write {
    /// Adds a row to the history and gives its number.
    pub(crate) async fn add_entry(&mut self, entry: NewEntry<'_>) -> Result<i64, Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query_scalar(
                "insert into transitions (deployment_id, attempt, from_status, to_status, occurred_at, recorded_at, recorded_by, reason)
                 values ($1, $2, $3, $4, $5, $6, $7, $8) returning sequence",
            )
            .bind(entry.deployment_id)
            .bind(entry.attempt)
            .bind(entry.from.map(Status::as_str))
            .bind(entry.to.as_str())
            .bind(Micros(entry.occurred_at))
            .bind(Micros(entry.recorded_at))
            .bind(entry.recorded_by.as_str())
            .bind(entry.reason.map(Reason::as_str))
            .fetch_one(&mut **write)
            .await
        })
        .map_err(unexpected)
    }
}
