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
    column::{Micros, checked, checked_option, digest, signed, stored_origin, unsigned},
    draft::{EventSource, NewEvent},
    on,
    sets::Columns,
    sqlx_error::{unexpected, unreadable},
};
use crate::{
    error::Error,
    event::{AuditFilter, Event, EventDeployment, EventName},
    history::HistoryEntry,
    text::{Label, Name},
};

#[derive(Debug, FromRow)]
struct Row {
    number: i64,
    r#type: String,
    subject_id: Option<Uuid>,
    name: Option<String>,
    recorded_at: Option<Micros>,
    recorded_by: Option<String>,
    details: Option<String>,
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
    origin: Option<String>,
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
            origin: stored_origin(self.origin.as_deref())?,
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
        let details = row.details.as_deref().map(serde_json::from_str);
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
            details: details.transpose().map_err(unreadable)?,
        })
    }
}

/// Selects the columns of [`Row`] for a part of the events. A limit is in the subquery, so that only
/// that page is joined. Events of removed deployments are left out: their rows of history are gone.
macro_rules! events_in {
    ($subquery:expr) => {
        concat!(
            "select v.number, v.type, v.subject_id, v.name, v.recorded_at, v.recorded_by, v.details, d.component_id, \
             c.name as component_name, d.environment_id, e.name as environment_name, d.version, d.deployed_by, d.commit_sha, \
             h.sequence, h.attempt, h.event, h.from_status, h.to_status, h.occurred_at, h.claimed_at, h.recorded_at as history_at, \
             h.recorded_by as history_by, h.reason, h.origin, h.hash from (",
            $subquery,
            ") v left join history h on h.sequence = v.history_sequence left join deployments d on d.id = v.subject_id \
             left join components c on c.id = d.component_id left join environments e on e.id = d.environment_id \
             left join removed_deployments gone on gone.id = v.subject_id where gone.id is null order by v.number"
        )
    };
}

/// Selects the events of the audit that match a filter. The first two conditions are those of the
/// index `events_audit`. The types are one text, each between commas.
macro_rules! audit {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from events where history_sequence is null and type <> 'deployment.updated' \
             and ($1 is null or recorded_by = $1) and ($2 is null or recorded_at >= $2) and ($3 is null or recorded_at < $3) \
             and ($4 is null or $4 like '%,' || type || ',%')",
            $rest
        )
    };
}

/// The events after a number, in their order.
const EVENTS_AFTER: &str =
    events_in!("select * from events where number > $1 order by number limit $2");
/// A page of the audit: the newest events that match, the oldest of them first.
const AUDIT: &str = events_in!(audit!("*", " order by number desc limit $5 offset $6"));
const COUNT_OF_AUDIT: &str = audit!("count(*)", "");
/// Counts the events from a number on, up to another one, whose deployments were removed.
const EVENTS_OF_REMOVED: &str = "select count(*) from events v join removed_deployments gone on gone.id = v.subject_id \
                      where v.number > $1 and v.number <= $2";

impl Store {
    /// The events among the next ones after this number, at most this many numbers, in their order.
    /// Events of removed deployments are left out.
    pub(crate) async fn events(&self, after: i64, most: u64) -> Result<Vec<Event>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(EVENTS_AFTER)
            .bind(after)
            .bind(signed(most))
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        rows.into_iter().map(Event::try_from).collect()
    }

    /// Part of the audit, newest first, and the number of events that match.
    pub(crate) async fn audit(
        &self,
        filter: &AuditFilter,
        skip: u64,
        take: u64,
    ) -> Result<(Vec<Event>, u64), Error> {
        let by = filter.recorded_by.as_ref().map(Label::as_str);
        let (after, before) = (
            filter.recorded_after.map(Micros),
            filter.recorded_before.map(Micros),
        );
        let types = (!filter.types.is_empty()).then(|| {
            let types = filter.types.iter().map(|one| format!("{one},"));
            format!(",{}", types.collect::<String>())
        });
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(AUDIT)
            .bind(by)
            .bind(after)
            .bind(before)
            .bind(&types)
            .bind(signed(take))
            .bind(signed(skip))
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        let total: i64 = on!(Pool, &self.reads, |pool| sqlx::query_scalar(COUNT_OF_AUDIT)
            .bind(by)
            .bind(after)
            .bind(before)
            .bind(&types)
            .fetch_one(pool)
            .await)
        .map_err(unexpected)?;
        let events = rows.into_iter().rev().map(Event::try_from);
        Ok((events.collect::<Result<_, _>>()?, unsigned(total)))
    }

    /// Whether all events after this number, up to and with another one, are of removed
    /// deployments.
    pub(crate) async fn are_events_removed(&self, after: i64, until: i64) -> Result<bool, Error> {
        let removed: i64 = on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            EVENTS_OF_REMOVED
        )
        .bind(after)
        .bind(until)
        .fetch_one(pool)
        .await)
        .map_err(unexpected)?;
        Ok(after < until && removed == until - after)
    }

    /// The number of the last event; 0 before the first.
    pub(crate) async fn last_event(&self) -> Result<i64, Error> {
        Ok(self.last_position().await?.0)
    }

    /// The number of the last event, and the id of the store.
    pub(crate) async fn last_position(&self) -> Result<(i64, Uuid), Error> {
        on!(Pool, &self.reads, |pool| sqlx::query_as(
            "select last_event, id from commits, store"
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
fn columns<'a>((number, new): &'a (i64, &NewEvent)) -> Columns<'a, 8> {
    let (sequence, name, at, by, details) = match &new.source {
        EventSource::HistoryRow(sequence) => (Some(*sequence), None, None, None, None),
        EventSource::EventRow {
            name,
            at,
            by,
            details,
        } => (
            None,
            name.as_ref().map(Name::as_str),
            Some(*at),
            Some(by.as_str()),
            details.as_deref(),
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
        ("details", details.into()),
    ]
}

impl Write {
    /// Counts this write among the commits and reserves the numbers of its events; returns the last
    /// one. From here on, other writes wait until this write is committed.
    pub(super) async fn count_commit(
        &mut self,
        events: usize,
        changes_access: bool,
    ) -> Result<i64, Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query_scalar("update commits set count = count + 1, last_event = last_event + $1, access = access + $2 returning last_event")
                .bind(signed(events as u64))
                .bind(i64::from(changes_access))
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
