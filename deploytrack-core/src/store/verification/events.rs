//! Reading the events, to compare them with the history they tell.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::Error,
    store::{Snapshot, column::unsigned, fault::unexpected, on},
};

/// How the events are numbered, and which number the commits say is the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbering {
    pub(crate) count: u64,
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) last_said: i64,
}

/// An event in question.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct ToldWrongly {
    pub(crate) number: i64,
    pub(crate) subject_id: Option<Uuid>,
}

/// Events that are not what their row of history says. Only those three types may, and must, have one.
const UNLIKE: &str = "select e.number, e.subject_id from events e left join history h on h.sequence = e.history_sequence
    where (e.history_sequence is null and e.type in ('deployment.created', 'deployment.transitioned', 'deployment.undeployed'))
        or (e.history_sequence is not null and (
            h.sequence is null or e.subject_id is null or e.subject_id <> h.deployment_id or e.type <> case
                when h.event = 'undeployed' then 'deployment.undeployed'
                when h.from_status is null then 'deployment.created'
                else 'deployment.transitioned' end
        ))
    order by e.number";

/// Rows of history that no event tells. A join, since no index leads from a row to its event, and SQLite makes one for a
/// join alone.
const UNTOLD: &str = "select h.sequence, h.deployment_id from history h left join events e on e.history_sequence = h.sequence
    where e.number is null order by h.sequence";

/// Events that tell a row of history again.
const REPEATED: &str = "select number, subject_id from (
        select number, subject_id, row_number() over (partition by history_sequence order by number) as place
        from events where history_sequence is not null
    ) told where place > 1 order by number";

/// Events that tell a row of history after a later one of the same deployment.
const OUT_OF_ORDER: &str = "select number, subject_id from (
        select number, subject_id, history_sequence, lag(history_sequence) over (partition by subject_id order by number) as before
        from events where history_sequence is not null
    ) told where history_sequence < before order by number";

impl Snapshot {
    /// How the events are numbered.
    pub(crate) async fn numbering(&mut self) -> Result<Numbering, Error> {
        let (count, first, last, last_said): (i64, i64, i64, i64) = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select count(*), coalesce(min(number), 1), coalesce(max(number), 0), (select last_event from commits) from events",
            )
            .fetch_one(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        Ok(Numbering { count: unsigned(count), first, last, last_said })
    }

    /// Events that are not what their row of history says.
    pub(crate) async fn events_unlike_history(&mut self) -> Result<Vec<ToldWrongly>, Error> {
        self.told_wrongly(UNLIKE).await
    }

    /// Events that tell a row of history again.
    pub(crate) async fn repeated_events(&mut self) -> Result<Vec<ToldWrongly>, Error> {
        self.told_wrongly(REPEATED).await
    }

    /// Events that tell a row of history after a later one of the same deployment.
    pub(crate) async fn events_out_of_order(&mut self) -> Result<Vec<ToldWrongly>, Error> {
        self.told_wrongly(OUT_OF_ORDER).await
    }

    /// Rows of history that no event tells, and their deployments.
    pub(crate) async fn untold_entries(&mut self) -> Result<Vec<(i64, Uuid)>, Error> {
        on!(Transaction, &mut self.0, |snapshot| sqlx::query_as(UNTOLD).fetch_all(&mut **snapshot).await).map_err(unexpected)
    }

    async fn told_wrongly(&mut self, sql: &'static str) -> Result<Vec<ToldWrongly>, Error> {
        on!(Transaction, &mut self.0, |snapshot| sqlx::query_as(sql).fetch_all(&mut **snapshot).await).map_err(unexpected)
    }
}
