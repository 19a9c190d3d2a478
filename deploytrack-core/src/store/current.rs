//! What is current in a cell, and was current at a moment. This is the only definition of
//! *current*.
//!
//! Current at a time is the newest period that has begun and has not ended by then. On equal times,
//! the one recorded last wins. At the end of time, this is what is current now. Every statement
//! contains the definition as a subquery; a test compares them.

use chrono::DateTime;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    Store, Write,
    cell_key::CellKey,
    column::Micros,
    on,
    sets::{in_sets, push_table},
    sqlx_error::{unexpected, unreadable},
};
use crate::{
    clock::{LAST_SECOND, Time},
    error::Error,
    matrix::Cell,
    text::{CommitSha, Label, Name, Version},
};

/// Selects what was current in the cells of the components that fulfil the conditions that follow,
/// at the time in the table `moment`.
///
/// The deployment and its time are a subquery each, and each subquery is one lookup in the key. A
/// join with the periods costs as much on SQLite, and makes PostgreSQL read every period. A removed
/// deployment is looked up only if the deployment does not exist.
pub(super) const CELLS_AT: &str = "select cell.component_id, cell.environment_id, coalesce(d.version, gone.version),
    (select newest.started_at from cell_periods newest
     where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
        and newest.started_at <= (select time from moment) and (newest.ended_at is null or newest.ended_at > (select time from moment))
     order by newest.started_at desc, newest.sequence desc limit 1),
    coalesce(d.id, gone.id), coalesce(d.deployed_by, gone.deployed_by), coalesce(d.commit_sha, gone.commit_sha)
from components c cross join current_cells cell left join deployments d on d.id =
    (select case when newest.version is not null then newest.deployment_id end from cell_periods newest
     where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
        and newest.started_at <= (select time from moment) and (newest.ended_at is null or newest.ended_at > (select time from moment))
     order by newest.started_at desc, newest.sequence desc limit 1)
left join removed_deployments gone on gone.id = case when d.id is null then
    (select case when newest.version is not null then newest.deployment_id end from cell_periods newest
     where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
        and newest.started_at <= (select time from moment) and (newest.ended_at is null or newest.ended_at > (select time from moment))
     order by newest.started_at desc, newest.sequence desc limit 1) end
where cell.component_id = c.id";

/// Selects what was current of the component `$2` at the time `$1`, in environment order.
const CURRENT_OF_AT: &str = "select
    (select newest.version from cell_periods newest
     where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
        and newest.started_at <= $1 and (newest.ended_at is null or newest.ended_at > $1)
     order by newest.started_at desc, newest.sequence desc limit 1) as version,
    (select newest.deployment_id from cell_periods newest
     where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
        and newest.started_at <= $1 and (newest.ended_at is null or newest.ended_at > $1)
     order by newest.started_at desc, newest.sequence desc limit 1) as deployment_id,
    (select newest.sequence from cell_periods newest
     where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
        and newest.started_at <= $1 and (newest.ended_at is null or newest.ended_at > $1)
     order by newest.started_at desc, newest.sequence desc limit 1) as sequence
from current_cells cell join environments e on e.id = cell.environment_id
where cell.component_id = $2 order by e.position, e.id";

/// Selects what was current in the cell of the component `$1` and the environment `$2` at the time
/// `$3`.
const CURRENT_IN: &str = "select newest.deployment_id, newest.started_at, newest.version is null as is_undeployment from cell_periods newest
where newest.component_id = $1 and newest.environment_id = $2
    and newest.started_at <= $3 and (newest.ended_at is null or newest.ended_at > $3)
order by newest.started_at desc, newest.sequence desc limit 1";

/// Updates what is current in the cells of the table `touched`. The time in the table `moment` is
/// the end of time. Without a row, every column becomes null.
const UPDATE_CURRENT: &str = "update current_cells set (deployment_id, version, succeeded_at, deployed_by, commit_sha) =
    (select shown.deployment_id, shown.version, shown.started_at, coalesce(d.deployed_by, gone.deployed_by),
        coalesce(d.commit_sha, gone.commit_sha) from
        (select newest.deployment_id, newest.version, newest.started_at from cell_periods newest
         where newest.component_id = current_cells.component_id and newest.environment_id = current_cells.environment_id
            and newest.started_at <= (select time from moment) and (newest.ended_at is null or newest.ended_at > (select time from moment))
         order by newest.started_at desc, newest.sequence desc limit 1) shown
     left join deployments d on d.id = shown.deployment_id
     left join removed_deployments gone on gone.id = case when d.id is null then shown.deployment_id end
     where shown.version is not null)
where (component_id, environment_id) in (select component_id, environment_id from touched)";

/// Later than any time that a deployment can have.
pub(super) const END_OF_TIME: Time = match DateTime::from_timestamp(LAST_SECOND + 1, 0) {
    Some(time) => time,
    None => DateTime::<chrono::Utc>::MAX_UTC,
};

/// The columns of what is current in a cell: `version`, `succeeded_at`, `deployment_id`,
/// `deployed_by` and `commit_sha`. They are null if nothing is. A matrix has thousands of them, and
/// finding each by its name would take longer than reading it.
pub(super) type CellColumns = (
    Option<String>,
    Option<Micros>,
    Option<Uuid>,
    Option<String>,
    Option<String>,
);

/// The cell from its columns; `None` if nothing is current.
pub(super) fn current_cell(
    (version, succeeded_at, deployment_id, deployed_by, commit_sha): CellColumns,
) -> Result<Option<Cell>, Error> {
    let (Some(version), Some(deployed_at), Some(deployment_id), Some(deployed_by)) =
        (version, succeeded_at, deployment_id, deployed_by)
    else {
        return Ok(None);
    };
    Ok(Some(Cell {
        version: Version::new(version).map_err(unreadable)?,
        deployed_at: deployed_at.0,
        deployment_id,
        deployed_by: Label::new(deployed_by).map_err(unreadable)?,
        // One damaged commit must not hide the matrix. The verification reports it.
        commit_sha: commit_sha.and_then(|commit| CommitSha::new(commit).ok()),
        gap: None,
    }))
}

#[derive(Debug, FromRow)]
struct CurrentRow {
    version: Option<String>,
    deployment_id: Option<Uuid>,
    sequence: Option<i64>,
}

/// The deployment that was current in a cell, and the row of history that made it current.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CurrentDeployment {
    pub(crate) deployment_id: Uuid,
    pub(crate) sequence: i64,
}

#[derive(Debug, FromRow)]
struct PeriodRow {
    deployment_id: Uuid,
    started_at: Micros,
    is_undeployment: bool,
}

impl Store {
    /// The version that is current in a cell, by the names of its component and its environment.
    /// `None` if nothing is current there or a name is unknown.
    pub(crate) async fn cell(
        &self,
        component: &Name,
        environment: &Name,
    ) -> Result<Option<Cell>, Error> {
        let row: Option<CellColumns> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(
                "select cell.version, cell.succeeded_at, cell.deployment_id, cell.deployed_by, cell.commit_sha
                 from components c cross join environments e
                     join current_cells cell on cell.component_id = c.id and cell.environment_id = e.id
                 where c.name_key = $1 and e.name_key = $2",
            )
            .bind(component.key())
            .bind(environment.key())
            .fetch_optional(pool)
            .await
        })
        .map_err(unexpected)?;
        row.map_or(Ok(None), current_cell)
    }

    /// The deployments of a component that were current at a moment, in environment order.
    pub(crate) async fn current_of_at(
        &self,
        component_id: Uuid,
        at: Time,
    ) -> Result<Vec<CurrentDeployment>, Error> {
        let rows: Vec<CurrentRow> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(CURRENT_OF_AT)
                .bind(Micros(at))
                .bind(component_id)
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        let current = rows.into_iter().filter(|row| row.version.is_some());
        Ok(current
            .filter_map(|row| {
                Some(CurrentDeployment {
                    deployment_id: row.deployment_id?,
                    sequence: row.sequence?,
                })
            })
            .collect())
    }
}

impl Write {
    /// The deployment that is current in a cell, or was current at a moment, and the time since
    /// when.
    pub(crate) async fn current(
        &mut self,
        cell: CellKey,
        at: Option<Time>,
    ) -> Result<Option<(Uuid, Time)>, Error> {
        let row: Option<PeriodRow> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(CURRENT_IN)
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .bind(Micros(at.unwrap_or(END_OF_TIME)))
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        Ok(row
            .filter(|row| !row.is_undeployment)
            .map(|row| (row.deployment_id, row.started_at.0)))
    }

    /// Updates what is current in each cell from its periods.
    pub(super) async fn update_current(&mut self, cells: &[CellKey]) -> Result<(), Error> {
        for set in in_sets(cells) {
            on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new("with moment (time) as (values (");
                query.push_bind(Micros(END_OF_TIME)).push(")), ");
                push_table(&mut query, "touched", set, |cell| {
                    [
                        ("component_id", cell.component_id.into()),
                        ("environment_id", cell.environment_id.into()),
                    ]
                });
                query.push(" ").push(UPDATE_CURRENT);
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that a statement has this many subqueries, all of them the definition, with the
    /// names that the statement gives to the cell and the time.
    fn check(statement: &str, count: usize, component: &str, environment: &str, time: &str) {
        let statement = statement.split_whitespace().collect::<Vec<_>>().join(" ");
        let definition = format!(
            " from cell_periods newest where newest.component_id = {component} \
             and newest.environment_id = {environment} and newest.started_at <= {time} \
             and (newest.ended_at is null or newest.ended_at > {time}) \
             order by newest.started_at desc, newest.sequence desc limit 1"
        );
        assert_eq!(statement.matches(&definition).count(), count, "{statement}");
        assert_eq!(statement.matches("cell_periods").count(), count);
    }

    #[test]
    fn every_statement_has_the_same_definition_of_current() {
        let moment = "(select time from moment)";
        let (component, environment) = ("cell.component_id", "cell.environment_id");
        check(CELLS_AT, 3, component, environment, moment);
        check(CURRENT_OF_AT, 3, component, environment, "$1");
        check(CURRENT_IN, 1, "$1", "$2", "$3");
        let (component, environment) =
            ("current_cells.component_id", "current_cells.environment_id");
        check(UPDATE_CURRENT, 1, component, environment, moment);
    }
}
