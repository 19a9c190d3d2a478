//! Reading the events to compare them with the history.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::Error,
    event::EventType,
    history::HistoryKind,
    status::Status,
    store::{Snapshot, column::unsigned, on, sqlx_error::unexpected},
};

/// The number of events, their first and last numbers, and the last number in `commits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbering {
    pub(crate) count: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) last_committed: i64,
}

/// An event that differs from the history.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct WrongEvent {
    pub(crate) number: i64,
    pub(crate) subject_id: Option<Uuid>,
}

/// Selects events that differ from their row of history: `$1` is the kind of an undeployment, and
/// `$2` to `$4` are the types of the events of an undeployment, of a first row and of other rows.
/// Only these three types may have a row, and they must. The rows of removed deployments are gone: see
/// [`UNLIKE_OUTLINE`].
const UNLIKE_HISTORY: &str = "select e.number, e.subject_id from events e left join history h on h.sequence = e.history_sequence
        left join removed_deployments gone on gone.id = e.subject_id
    where (e.history_sequence is null and e.type in ($2, $3, $4))
        or (e.history_sequence is not null and gone.id is null and (
            h.sequence is null or e.subject_id is null or e.subject_id <> h.deployment_id
            or e.type <> case when h.event = $1 then $2 when h.from_status is null then $3 else $4 end
        ))
    order by e.number";

/// Selects removed deployments that have more or fewer events for rows of history than their outline
/// has rows. The last one of these events comes with each.
const UNLIKE_OUTLINE: &str = "select coalesce(max(e.number), 0) as number, r.id as subject_id
    from removed_deployments r left join events e on e.subject_id = r.id and e.history_sequence is not null
        and ' ' || r.outline like '% _' || cast(e.history_sequence as text) || '@%'
    group by r.id, r.entries having count(e.number) <> r.entries order by r.id";

/// Selects rows of history without an event. It is a join, since no index leads from a row to its
/// event, and SQLite builds a temporary index only for a join.
const ENTRIES_WITHOUT_EVENT: &str =
    "select h.sequence, h.deployment_id from history h left join events e on e.history_sequence = h.sequence
    where e.number is null order by h.sequence";

/// Selects events that repeat a row of history.
const REPEATED: &str = "select number, subject_id from (
        select number, subject_id, row_number() over (partition by history_sequence order by number) as ordinal
        from events where history_sequence is not null
    ) numbered where ordinal > 1 order by number";

/// Selects events that come after an event for a later row of the same deployment's history.
const OUT_OF_ORDER: &str = "select number, subject_id from (
        select number, subject_id, history_sequence, lag(history_sequence) over (partition by subject_id order by number) as before
        from events where history_sequence is not null
    ) ordered where history_sequence < before order by number";

impl Snapshot {
    /// Reads the numbers of the events.
    pub(crate) async fn numbering(&mut self) -> Result<Numbering, Error> {
        let (count, first, last, last_committed): (i64, i64, i64, i64) = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select count(*), coalesce(min(number), 1), coalesce(max(number), 0), (select last_event from commits) from events",
            )
            .fetch_one(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        Ok(Numbering {
            count: unsigned(count),
            first,
            last,
            last_committed,
        })
    }

    /// Events that differ from their row of history.
    pub(crate) async fn events_unlike_history(&mut self) -> Result<Vec<WrongEvent>, Error> {
        let r#type = |event, from| EventType::of_row(event, from).as_str();
        on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(UNLIKE_HISTORY)
                .bind(HistoryKind::Undeployed.as_str())
                .bind(r#type(HistoryKind::Undeployed, Some(Status::Succeeded)))
                .bind(r#type(HistoryKind::Transition, None))
                .bind(r#type(HistoryKind::Transition, Some(Status::Pending)))
                .fetch_all(&mut **snapshot)
                .await
        })
        .map_err(unexpected)
    }

    /// Removed deployments whose events differ from their outlines, each with its last event.
    pub(crate) async fn events_unlike_outlines(&mut self) -> Result<Vec<WrongEvent>, Error> {
        self.wrong_events(UNLIKE_OUTLINE).await
    }

    /// Events that repeat a row of history.
    pub(crate) async fn repeated_events(&mut self) -> Result<Vec<WrongEvent>, Error> {
        self.wrong_events(REPEATED).await
    }

    /// Events that come after an event for a later row of the same deployment's history.
    pub(crate) async fn events_out_of_order(&mut self) -> Result<Vec<WrongEvent>, Error> {
        self.wrong_events(OUT_OF_ORDER).await
    }

    /// Rows of history without an event, and their deployments.
    pub(crate) async fn entries_without_event(&mut self) -> Result<Vec<(i64, Uuid)>, Error> {
        on!(Transaction, &mut self.0, |snapshot| sqlx::query_as(
            ENTRIES_WITHOUT_EVENT
        )
        .fetch_all(&mut **snapshot)
        .await)
        .map_err(unexpected)
    }

    async fn wrong_events(&mut self, sql: &'static str) -> Result<Vec<WrongEvent>, Error> {
        on!(Transaction, &mut self.0, |snapshot| sqlx::query_as(sql)
            .fetch_all(&mut **snapshot)
            .await)
        .map_err(unexpected)
    }
}
