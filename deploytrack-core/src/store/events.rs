//! Events, numbered in the order in which readers can see them.
//!
//! A reader that has received number N must never meet a smaller number later, since it would miss
//! that event. Numbers from a sequence do not guarantee this: on PostgreSQL two writes can commit
//! in a different order than they drew their numbers. The last number is therefore in the single
//! row of `commits`. Every write updates that row last, before its events and its commit. The row
//! stays locked until the commit is visible, and the next write continues from there. A write that
//! fails returns its numbers. So the numbers follow the commits and have no gaps.
//!
//! Rejected: reading only below the oldest open transaction (`pg_snapshot_xmin`), since transaction
//! numbers do not survive a dump, and a forgotten transaction would stop every reader. Rejected:
//! numbering in a second pass, since that costs one more commit. The price of this design is that
//! writes queue for their commits. Each commit carries all requests that waited for it, so the
//! queue is short.

use sqlx::FromRow;
use tokio::sync::watch;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked, checked_option, digest, signed},
    draft::{EventSource, NewEvent},
    on,
    sets::Columns,
    sqlx_error::{unexpected, unreadable},
};
use crate::{
    error::Error,
    event::{Event, EventDeployment, EventName},
    history::HistoryEntry,
    text::Name,
};

#[derive(Debug, FromRow)]
struct Row {
    number: i64,
    r#type: String,
    subject_id: Option<Uuid>,
    name: Option<String>,
    recorded_at: Option<Micros>,
    recorded_by: Option<String>,
    component_id: Option<Uuid>,
    component_name: Option<String>,
    environment_id: Option<Uuid>,
    environment_name: Option<String>,
    version: Option<String>,
    deployed_by: Option<String>,
    commit_sha: Option<String>,
    sequence: Option<i64>,
    attempt: Option<i64>,
    event: Option<String>,
    from_status: Option<String>,
    to_status: Option<String>,
    occurred_at: Option<Micros>,
    claimed_at: Option<Micros>,
    history_at: Option<Micros>,
    history_by: Option<String>,
    reason: Option<String>,
    hash: Option<Vec<u8>>,
}

/// Returns a column that must not be null in a row of this type.
fn required<T>(value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| unreadable("an event has no value in a column that its type requires"))
}

impl Row {
    fn subject(&self) -> Result<Option<EventDeployment>, Error> {
        let Some(version) = &self.version else {
            return Ok(None);
        };
        Ok(Some(EventDeployment {
            id: required(self.subject_id)?,
            component_id: required(self.component_id)?,
            component_name: checked(required(self.component_name.as_deref())?)?,
            environment_id: required(self.environment_id)?,
            environment_name: checked(required(self.environment_name.as_deref())?)?,
            version: checked(version)?,
            deployed_by: checked(required(self.deployed_by.as_deref())?)?,
            commit_sha: checked_option(self.commit_sha.as_deref())?,
        }))
    }

    fn transition(&self) -> Result<Option<HistoryEntry>, Error> {
        let Some(sequence) = self.sequence else {
            return Ok(None);
        };
        Ok(Some(HistoryEntry {
            sequence,
            attempt: required(self.attempt)?,
            event: checked(required(self.event.as_deref())?)?,
            from: checked_option(self.from_status.as_deref())?,
            to: checked(required(self.to_status.as_deref())?)?,
            occurred_at: required(self.occurred_at)?.0,
            claimed_at: self.claimed_at.map(|time| time.0),
            recorded_at: required(self.history_at)?.0,
            recorded_by: checked(required(self.history_by.as_deref())?)?,
            reason: checked_option(self.reason.as_deref())?,
            hash: digest(required(self.hash.as_deref())?)?,
        }))
    }

    fn catalog_entry(&self, what: &str) -> Result<Option<EventName>, Error> {
        match (
            self.r#type.strip_prefix(what),
            self.subject_id,
            self.name.as_deref(),
        ) {
            (Some(_), Some(id), Some(name)) => Ok(Some(EventName {
                id,
                name: checked(name)?,
            })),
            _ => Ok(None),
        }
    }
}

impl TryFrom<Row> for Event {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let transition = row.transition()?;
        let (recorded_at, recorded_by) = match &transition {
            Some(entry) => (entry.recorded_at, entry.recorded_by.clone()),
            None => (
                required(row.recorded_at)?.0,
                checked(required(row.recorded_by.as_deref())?)?,
            ),
        };
        Ok(Self {
            id: row.number,
            r#type: checked(&row.r#type)?,
            recorded_at,
            recorded_by,
            deployment: row.subject()?,
            transition,
            component: row.catalog_entry("component.")?,
            environment: row.catalog_entry("environment.")?,
        })
    }
}

/// Selects the events after a number, in their order. The limit is in the subquery, so that only
/// that page is joined.
const EVENTS_AFTER: &str = "select v.number, v.type, v.subject_id, v.name, v.recorded_at, v.recorded_by, d.component_id, \
                      c.name as component_name, d.environment_id, e.name as environment_name, d.version, d.deployed_by, d.commit_sha, \
                      h.sequence, h.attempt, h.event, h.from_status, h.to_status, h.occurred_at, h.claimed_at, h.recorded_at as history_at, \
                      h.recorded_by as history_by, h.reason, h.hash \
                      from (select * from events where number > $1 order by number limit $2) v \
                      left join history h on h.sequence = v.history_sequence left join deployments d on d.id = v.subject_id \
                      left join components c on c.id = d.component_id left join environments e on e.id = d.environment_id order by v.number";

impl Store {
    /// The events after this number, in their order, up to a limit.
    pub(crate) async fn events(&self, after: i64, most: u64) -> Result<Vec<Event>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(EVENTS_AFTER)
            .bind(after)
            .bind(signed(most))
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        rows.into_iter().map(Event::try_from).collect()
    }

    /// The number of the last event; 0 before the first.
    pub(crate) async fn last_event(&self) -> Result<i64, Error> {
        on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select last_event from commits"
        )
        .fetch_one(pool)
        .await)
        .map_err(unexpected)
    }
}

impl Store {
    /// Subscribes to the number of the last event that this program has made or seen.
    pub(crate) fn watch_events(&self) -> watch::Receiver<i64> {
        self.commits.subscribe()
    }

    /// Wakes readers that wait for events up to this number.
    pub(crate) fn note_last_event(&self, last: i64) {
        self.commits.note_last_event(last);
    }

    /// Whether any reader waits for events.
    pub(crate) fn has_event_readers(&self) -> bool {
        self.commits.has_subscribers()
    }
}

/// The row of an event and its number.
fn columns<'a>((number, new): &'a (i64, &NewEvent)) -> Columns<'a, 7> {
    let (sequence, name, at, by) = match &new.source {
        EventSource::HistoryRow(sequence) => (Some(*sequence), None, None, None),
        EventSource::EventRow { name, at, by } => (
            None,
            name.as_ref().map(Name::as_str),
            Some(*at),
            Some(by.as_str()),
        ),
    };
    [
        ("number", (*number).into()),
        ("type", new.r#type.as_str().into()),
        ("subject_id", new.subject_id.into()),
        ("history_sequence", sequence.into()),
        ("name", name.into()),
        ("recorded_at", at.into()),
        ("recorded_by", by.into()),
    ]
}

impl Write {
    /// Counts this write among the commits and reserves the numbers of its events; returns the last
    /// one. From here on, other writes wait until this write is committed.
    pub(super) async fn count_commit(&mut self, events: usize) -> Result<i64, Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query_scalar("update commits set count = count + 1, last_event = last_event + $1 returning last_event")
                .bind(signed(events as u64))
                .fetch_one(&mut **write)
                .await
        })
        .map_err(unexpected)
    }

    /// Inserts consecutive events; the number of the last one is `last`.
    pub(super) async fn insert_events(
        &mut self,
        events: &[NewEvent],
        last: i64,
    ) -> Result<(), Error> {
        let first = last - signed(events.len() as u64) + 1;
        let numbered: Vec<(i64, &NewEvent)> = (first..).zip(events).collect();
        self.insert("events", &numbered, columns, "").await?;
        Ok(())
    }
}
