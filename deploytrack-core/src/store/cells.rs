//! Cells and their periods. This is the only definition of *current*.

use chrono::DateTime;
use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    LockedCells, Store, Write,
    cell_key::{CellKey, CellKeyRow},
    column::{Micros, checked},
    draft::NewPeriod,
    on,
    sets::{Columns, in_sets, insert, push_table},
    sqlx_error::unexpected,
};
use crate::{clock::Time, error::Error, matrix::Cell, text::Name};

/// Selects the period that is current at the time `$time`: the newest one that has begun and has
/// not ended by then. On equal times, the one recorded last wins. At the end of time, this is what
/// is current now.
macro_rules! newest_period {
    ($columns:literal, $component:literal, $environment:literal, $time:literal) => {
        concat!(
            "select ",
            $columns,
            " from cell_periods newest where newest.component_id = ",
            $component,
            " and newest.environment_id = ",
            $environment,
            " and newest.started_at <= ",
            $time,
            " and (newest.ended_at is null or newest.ended_at > ",
            $time,
            ") order by newest.started_at desc, newest.sequence desc limit 1"
        )
    };
}

/// One column of that period, in a query of `current_cells cell`. Each column is a subquery, and
/// each subquery is one lookup in the key. A join costs as much on SQLite, and makes PostgreSQL
/// read every period.
macro_rules! newest_period_column {
    ($column:literal, $time:literal) => {
        concat!(
            "(",
            newest_period!($column, "cell.component_id", "cell.environment_id", $time),
            ")"
        )
    };
}

/// The rest of a statement that begins with the time of the CTE `moment`: selects what was current
/// then in the cells of the components that fulfil the conditions that follow.
pub(super) const CELLS_AT: &str = concat!(
    ")) select cell.component_id, cell.environment_id, ",
    newest_period_column!("newest.version", "(select time from moment)"),
    " as version, ",
    newest_period_column!("newest.started_at", "(select time from moment)"),
    " as succeeded_at from components c cross join current_cells cell where cell.component_id = c.id"
);

/// Selects what was current of the component `$2` at the time `$1`, in environment order.
const CURRENT_OF_AT: &str = concat!(
    "select ",
    newest_period_column!("newest.version", "$1"),
    " as version, ",
    newest_period_column!("newest.deployment_id", "$1"),
    " as deployment_id, ",
    newest_period_column!("newest.sequence", "$1"),
    " as sequence from current_cells cell join environments e on e.id = cell.environment_id \
     where cell.component_id = $2 order by e.position, e.id"
);

/// One column of the current period, in a statement whose `moment` is the end of time.
macro_rules! current_column {
    ($column:literal) => {
        concat!(
            "(",
            newest_period!(
                $column,
                "current_cells.component_id",
                "current_cells.environment_id",
                "(select time from moment)"
            ),
            ")"
        )
    };
}

/// The rest of the statement that updates what is current in the cells of the CTE `touched`.
const UPDATE_CURRENT: &str = concat!(
    " update current_cells set deployment_id = ",
    current_column!("case when newest.version is not null then newest.deployment_id end"),
    ", version = ",
    current_column!("newest.version"),
    ", succeeded_at = ",
    current_column!("case when newest.version is not null then newest.started_at end"),
    " where (component_id, environment_id) in (select component_id, environment_id from touched)"
);

/// Later than any time that a deployment can have.
const END_OF_TIME: Time = match DateTime::from_timestamp(253_402_300_800, 0) {
    Some(time) => time,
    None => DateTime::<chrono::Utc>::MAX_UTC,
};

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
struct NewestRow {
    #[sqlx(flatten)]
    cell: CellKeyRow,
    newest_at: Micros,
}

/// The columns of a cell and its newest time.
fn newest_columns((cell, newest_at): &(CellKey, Time)) -> Columns<'_, 3> {
    [
        ("component_id", cell.component_id.into()),
        ("environment_id", cell.environment_id.into()),
        ("newest_at", (*newest_at).into()),
    ]
}

fn period_columns(new: &NewPeriod) -> Columns<'_, 7> {
    [
        ("component_id", new.cell.component_id.into()),
        ("environment_id", new.cell.environment_id.into()),
        ("started_at", new.period.started_at.into()),
        ("sequence", new.period.sequence.into()),
        ("deployment_id", new.deployment_id.into()),
        ("version", new.version.as_deref().into()),
        ("ended_at", new.period.ended_at.into()),
    ]
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
        let row: Option<(String, Micros)> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(
                "select cell.version, cell.succeeded_at from components c cross join environments e
                     join current_cells cell on cell.component_id = c.id and cell.environment_id = e.id
                 where c.name_key = $1 and e.name_key = $2 and cell.deployment_id is not null",
            )
            .bind(component.key())
            .bind(environment.key())
            .fetch_optional(pool)
            .await
        })
        .map_err(unexpected)?;
        row.map(|(version, succeeded_at)| {
            Ok(Cell {
                version: checked(&version)?,
                deployed_at: succeeded_at.0,
            })
        })
        .transpose()
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
    /// Locks cells until the end of this write: other writes to them wait. The cells must be
    /// sorted, which prevents deadlocks.
    ///
    /// Raises the newest time of each cell to the time that comes with it, if that is later.
    /// Returns the newest time of each cell as it is after locking.
    pub(super) async fn lock_cells(
        &mut self,
        cells: &[(CellKey, Time)],
    ) -> Result<Vec<(CellKey, Time)>, Error> {
        let mut newest = Vec::with_capacity(cells.len());
        for set in in_sets(cells) {
            let rows: Vec<NewestRow> = on!(Transaction, self.reading().await?, |write| {
                // PostgreSQL locks the row for the update, and returns it as the writer before us
                // left it.
                let mut query = insert(
                    "current_cells",
                    set,
                    newest_columns,
                    "on conflict (component_id, environment_id) do update set newest_at = \
                     case when current_cells.newest_at > excluded.newest_at then current_cells.newest_at else excluded.newest_at end \
                     returning component_id, environment_id, newest_at",
                );
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            newest.extend(
                rows.into_iter()
                    .map(|row| (row.cell.into(), row.newest_at.0)),
            );
        }
        Ok(newest)
    }

    /// Writes the newest times of locked cells, where they are later than the arrival of this
    /// write.
    pub(super) async fn write_newest_times(
        &mut self,
        cells: &[(CellKey, Time)],
    ) -> Result<(), Error> {
        for set in in_sets(cells) {
            on!(Transaction, self.unflushed(), |write| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "given", set, newest_columns);
                query.push(
                    " update current_cells set newest_at = (select given.newest_at from given \
                         where given.component_id = current_cells.component_id and given.environment_id = current_cells.environment_id) \
                     where (component_id, environment_id) in (select component_id, environment_id from given)",
                );
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }

    /// The deployment that is current in a cell, or was current at a moment, and the time since
    /// when.
    pub(crate) async fn current(
        &mut self,
        cell: CellKey,
        at: Option<Time>,
    ) -> Result<Option<(Uuid, Time)>, Error> {
        let row: Option<PeriodRow> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(newest_period!(
                "newest.deployment_id, newest.started_at, newest.version is null as is_undeployment",
                "$1",
                "$2",
                "$3"
            ))
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

    /// Whether a component was undeployed from a cell at exactly this time.
    pub(crate) async fn is_undeployed_at(
        &mut self,
        cell: CellKey,
        at: Time,
    ) -> Result<bool, Error> {
        let found: Option<i64> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_scalar(
                "select sequence from cell_periods
                 where component_id = $1 and environment_id = $2 and started_at = $3 and version is null limit 1",
            )
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .bind(Micros(at))
            .fetch_optional(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        Ok(found.is_some())
    }

    /// The deployment of the newest period of a cell, even if that period was rolled back.
    pub(crate) async fn last_deployment_of(
        &mut self,
        cell: CellKey,
    ) -> Result<Option<Uuid>, Error> {
        on!(Transaction, self.reading().await?, |write| {
            sqlx::query_scalar(
                "select deployment_id from cell_periods where component_id = $1 and environment_id = $2
                 order by started_at desc, sequence desc limit 1",
            )
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .fetch_optional(&mut **write)
            .await
        })
        .map_err(unexpected)
    }

    /// Adds periods to their cells.
    pub(super) async fn insert_periods(&mut self, periods: &[NewPeriod]) -> Result<(), Error> {
        self.insert("cell_periods", periods, period_columns, "")
            .await?;
        Ok(())
    }

    /// Ends the period of a success that is rolled back.
    pub(super) async fn write_end(
        &mut self,
        cell: CellKey,
        (started_at, sequence): (Time, i64),
        ended_at: Time,
    ) -> Result<(), Error> {
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "update cell_periods set ended_at = $5
                 where component_id = $1 and environment_id = $2 and started_at = $3 and sequence = $4",
            )
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .bind(Micros(started_at))
            .bind(sequence)
            .bind(Micros(ended_at))
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
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
                query.push(UPDATE_CURRENT);
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }
}

impl LockedCells<'_> {
    /// Deletes the periods of a cell, before they are rebuilt from its history.
    pub(crate) async fn delete_periods(&mut self, cell: CellKey) -> Result<(), Error> {
        on!(Transaction, self.reading().await?, |write| {
            sqlx::query("delete from cell_periods where component_id = $1 and environment_id = $2")
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)
    }
}
