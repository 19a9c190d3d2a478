//! The stays of components in environments, as the gaps of a matrix need them: only of the versions
//! and since the times that are asked for.

use std::collections::BTreeSet;

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    CellKey, Store,
    cell_key::CellKeyRow,
    column::Micros,
    current::END_OF_TIME,
    on,
    sets::{in_sets, push_table},
    sqlx_error::unexpected,
};
use crate::{clock::Time, error::Error, history, retention::RemovedDeployment};

/// Selects the successes of the versions in the table `listed`, until the time in the table
/// `moment`: by the index of versions, and from there by the history and the key of the periods.
/// The cost does not depend on how many other versions the component has had.
const SUCCESSES: &str = "
select d.component_id, d.environment_id, d.version, min(p.started_at) as first_at,
    max(case when p.ended_at is null or p.ended_at > (select time from moment) then p.started_at end) as last_at
from listed cross join deployments d cross join history h cross join cell_periods p
where d.version = listed.version and d.component_id = listed.component_id
    and h.deployment_id = d.id and h.event = 'transition' and h.to_status = 'succeeded'
    and p.component_id = d.component_id and p.environment_id = d.environment_id
    and p.started_at = h.occurred_at and p.sequence = h.sequence and p.started_at <= (select time from moment)
group by d.component_id, d.environment_id, d.version";

/// Selects the periods of the cells in the table `listed` that began between the time there and the
/// time in the table `moment`, in the order in which they began.
const PERIODS_SINCE: &str = "
select p.component_id, p.environment_id, p.version, p.started_at, p.ended_at
from listed cross join cell_periods p
where p.component_id = listed.component_id and p.environment_id = listed.environment_id
    and p.started_at >= listed.since and p.started_at <= (select time from moment)
order by p.component_id, p.environment_id, p.started_at, p.sequence";

/// A version of a component.
pub(crate) type VersionKey = (Uuid, String);

/// When a version of a component succeeded in an environment.
#[derive(Clone, Debug)]
pub(crate) struct Successes {
    pub(crate) cell: CellKey,
    pub(crate) version: String,
    /// The first success, even if it was rolled back.
    pub(crate) first_at: Time,
    /// The last success that was not rolled back.
    pub(crate) last_at: Option<Time>,
}

#[derive(Debug, FromRow)]
struct SuccessesRow {
    #[sqlx(flatten)]
    cell: CellKeyRow,
    version: String,
    first_at: Micros,
    last_at: Option<Micros>,
}

impl From<SuccessesRow> for Successes {
    fn from(row: SuccessesRow) -> Self {
        Self {
            cell: row.cell.into(),
            version: row.version,
            first_at: row.first_at.0,
            last_at: row.last_at.map(|time| time.0),
        }
    }
}

/// Adds the successes of a removed deployment until a moment.
fn add_removed(all: &mut Vec<Successes>, removed: &RemovedDeployment, at: Time) {
    let cell = CellKey {
        component_id: removed.component_id,
        environment_id: removed.environment_id,
    };
    let periods = history::periods(&removed.entries());
    let begun = periods
        .iter()
        .filter(|period| !period.is_undeployment && period.started_at <= at);
    for period in begun {
        let stands = period.ended_at.is_none_or(|ended_at| ended_at > at);
        let last_at = stands.then_some(period.started_at);
        let is_same =
            |one: &&mut Successes| one.cell == cell && one.version == *removed.version.as_str();
        match all.iter_mut().find(is_same) {
            Some(known) => {
                known.first_at = known.first_at.min(period.started_at);
                known.last_at = known.last_at.max(last_at);
            }
            None => all.push(Successes {
                cell,
                version: removed.version.to_string(),
                first_at: period.started_at,
                last_at,
            }),
        }
    }
}

/// A period of a cell. Without a version, an undeployment began it.
#[derive(Clone, Debug)]
pub(crate) struct CellPeriod {
    pub(crate) cell: CellKey,
    pub(crate) version: Option<String>,
    pub(crate) started_at: Time,
    /// When the success was rolled back.
    pub(crate) ended_at: Option<Time>,
}

#[derive(Debug, FromRow)]
struct PeriodRow {
    #[sqlx(flatten)]
    cell: CellKeyRow,
    version: Option<String>,
    started_at: Micros,
    ended_at: Option<Micros>,
}

impl From<PeriodRow> for CellPeriod {
    fn from(row: PeriodRow) -> Self {
        Self {
            cell: row.cell.into(),
            version: row.version,
            started_at: row.started_at.0,
            ended_at: row.ended_at.map(|time| time.0),
        }
    }
}

/// Reads the rows of a statement about the table `listed`, a set of its rows at a time.
macro_rules! rows_about {
    ($store:expr, $listed:expr, $at:expr, $columns:expr, $statement:expr) => {{
        let mut all = Vec::new();
        for set in in_sets($listed) {
            let rows: Vec<_> = on!(Pool, &$store.reads, |pool| {
                let mut query = QueryBuilder::new("with moment (time) as (values (");
                query.push_bind(Micros($at.unwrap_or(END_OF_TIME)));
                query.push(")), ");
                push_table(&mut query, "listed", set, $columns);
                query.push($statement);
                query.build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            all.extend(rows);
        }
        all
    }};
}

impl Store {
    /// The successes of these versions until a moment, by environment, in no order.
    pub(crate) async fn successes(
        &self,
        versions: &BTreeSet<VersionKey>,
        at: Option<Time>,
    ) -> Result<Vec<Successes>, Error> {
        let listed: Vec<_> = versions.iter().collect();
        let rows: Vec<SuccessesRow> = rows_about!(
            self,
            &listed,
            at,
            |(component_id, version)| [
                ("component_id", (*component_id).into()),
                ("version", version.as_str().into()),
            ],
            SUCCESSES
        );
        let mut successes: Vec<_> = rows.into_iter().map(Successes::from).collect();
        for removed in self.removed_of_versions(&listed).await? {
            add_removed(&mut successes, &removed, at.unwrap_or(END_OF_TIME));
        }
        Ok(successes)
    }

    /// The periods of these cells that began at the time that comes with the cell or later, and
    /// until a moment: in the order in which they began.
    pub(crate) async fn periods_since(
        &self,
        cells: &[(CellKey, Time)],
        at: Option<Time>,
    ) -> Result<Vec<CellPeriod>, Error> {
        let rows: Vec<PeriodRow> = rows_about!(
            self,
            cells,
            at,
            |(cell, since)| [
                ("component_id", cell.component_id.into()),
                ("environment_id", cell.environment_id.into()),
                ("since", (*since).into()),
            ],
            PERIODS_SINCE
        );
        Ok(rows.into_iter().map(CellPeriod::from).collect())
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
