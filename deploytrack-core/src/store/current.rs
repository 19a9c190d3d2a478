//! The cell and its periods. What *current* means is written here and nowhere else.

use chrono::DateTime;
use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked},
    fault::unexpected,
    on,
};
use crate::{clock::Time, deployment::Deployment, error::Error, history::Period, matrix::Cell};

/// A component in an environment. Writes that touch several take them in this order, so that none waits for another
/// in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) component_id: Uuid,
    pub(crate) environment_id: Uuid,
}

impl Place {
    pub(crate) const fn of(deployment: &Deployment) -> Self {
        Self { component_id: deployment.component_id, environment_id: deployment.environment_id }
    }
}

/// The period that says what is current: the newest one that has begun by the time `$time` and is not undone by then,
/// and of equal times the one recorded last. At the end of time that is what is current now.
macro_rules! newest {
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

/// Every cell that ever had a deployment, with the period that says what was current in it at the time `$1`. Its key is
/// asked for in two: PostgreSQL compares a row with `(a, b) = (select ...)` only after it has read every period.
macro_rules! cells_at {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from current_cells cell join cell_periods period on period.component_id = cell.component_id ",
            "and period.environment_id = cell.environment_id and period.started_at = (",
            newest!("newest.started_at", "cell.component_id", "cell.environment_id", "$1"),
            ") and period.sequence = (",
            newest!("newest.sequence", "cell.component_id", "cell.environment_id", "$1"),
            ") where period.version is not null",
            $rest
        )
    };
}

/// Later than any time that a deployment can have.
const END_OF_TIME: Time = match DateTime::from_timestamp(253_402_300_800, 0) {
    Some(time) => time,
    None => DateTime::<chrono::Utc>::MAX_UTC,
};

#[derive(Debug, FromRow)]
struct Row {
    component_id: Uuid,
    environment_id: Uuid,
    version: String,
    succeeded_at: Micros,
}

/// What was current in a cell, and the row of history that made it so.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct Current {
    pub(crate) deployment_id: Uuid,
    pub(crate) sequence: i64,
}

#[derive(Debug, FromRow)]
struct PeriodRow {
    deployment_id: Uuid,
    started_at: Micros,
    is_removal: bool,
}

impl Store {
    /// Every cell in which something is current, or was at a moment.
    pub(crate) async fn cells(&self, at: Option<Time>) -> Result<Vec<(Place, Cell)>, Error> {
        let rows: Vec<Row> = match at {
            None => on!(Pool, &self.reads, |pool| {
                sqlx::query_as(
                    "select component_id, environment_id, version, succeeded_at from current_cells where deployment_id is not null",
                )
                .fetch_all(pool)
                .await
            }),
            Some(time) => on!(Pool, &self.reads, |pool| {
                sqlx::query_as(cells_at!(
                    "period.component_id, period.environment_id, period.version, period.started_at as succeeded_at",
                    ""
                ))
                .bind(Micros(time))
                .fetch_all(pool)
                .await
            }),
        }
        .map_err(unexpected)?;
        rows.into_iter()
            .map(|row| {
                let place = Place { component_id: row.component_id, environment_id: row.environment_id };
                Ok((place, Cell { version: checked(&row.version)?, deployed_at: row.succeeded_at.0 }))
            })
            .collect()
    }

    /// What was current of a component at a moment, in each environment.
    pub(crate) async fn current_of_at(&self, component_id: Uuid, at: Time) -> Result<Vec<Current>, Error> {
        on!(Pool, &self.reads, |pool| {
            sqlx::query_as(cells_at!("period.deployment_id, period.sequence", " and cell.component_id = $2"))
                .bind(Micros(at))
                .bind(component_id)
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)
    }
}

impl Write {
    /// Takes a cell until the end of this write: other writes to it wait. Every write to a deployment begins so; a
    /// writer that chose the current deployment while another was still adding one would choose wrongly.
    pub(crate) async fn take_cell(&mut self, place: Place) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(
                "insert into current_cells (component_id, environment_id) values ($1, $2)
                 on conflict (component_id, environment_id) do update set component_id = excluded.component_id",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// The deployment that is current in a cell, or was at a moment, and since when.
    pub(crate) async fn current(&mut self, place: Place, at: Option<Time>) -> Result<Option<(Uuid, Time)>, Error> {
        let row: Option<PeriodRow> = on!(Transaction, &mut self.0, |write| {
            sqlx::query_as(newest!("newest.deployment_id, newest.started_at, newest.version is null as is_removal", "$1", "$2", "$3"))
                .bind(place.component_id)
                .bind(place.environment_id)
                .bind(Micros(at.unwrap_or(END_OF_TIME)))
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        Ok(row.filter(|row| !row.is_removal).map(|row| (row.deployment_id, row.started_at.0)))
    }

    /// The deployments that were removed from a cell at this very moment.
    pub(crate) async fn removed(&mut self, place: Place, at: Time) -> Result<Vec<Uuid>, Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query_scalar(
                "select deployment_id from cell_periods
                 where component_id = $1 and environment_id = $2 and started_at = $3 and version is null",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .bind(Micros(at))
            .fetch_all(&mut **write)
            .await
        })
        .map_err(unexpected)
    }

    /// The deployment of the newest period of a cell, even if it was undone.
    pub(crate) async fn last_in(&mut self, place: Place) -> Result<Option<Uuid>, Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query_scalar(
                "select deployment_id from cell_periods where component_id = $1 and environment_id = $2
                 order by started_at desc, sequence desc limit 1",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .fetch_optional(&mut **write)
            .await
        })
        .map_err(unexpected)
    }

    /// Adds a period that a deployment makes in its cell.
    pub(crate) async fn add_period(&mut self, deployment: &Deployment, period: &Period) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(
                "insert into cell_periods (component_id, environment_id, started_at, sequence, deployment_id, version, ended_at)
                 values ($1, $2, $3, $4, $5, $6, $7)",
            )
            .bind(deployment.component_id)
            .bind(deployment.environment_id)
            .bind(Micros(period.started_at))
            .bind(period.sequence)
            .bind(deployment.id)
            .bind((!period.is_removal).then(|| deployment.version.as_str()))
            .bind(period.ended_at.map(Micros))
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Ends the period of a success that is rolled back.
    pub(crate) async fn end_period(&mut self, place: Place, (started_at, sequence): (Time, i64), ended_at: Time) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(
                "update cell_periods set ended_at = $5
                 where component_id = $1 and environment_id = $2 and started_at = $3 and sequence = $4",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .bind(Micros(started_at))
            .bind(sequence)
            .bind(Micros(ended_at))
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Forgets the periods of a cell, to write them again from its history.
    pub(crate) async fn forget_periods(&mut self, place: Place) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query("delete from cell_periods where component_id = $1 and environment_id = $2")
                .bind(place.component_id)
                .bind(place.environment_id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Makes current what its periods say is current.
    pub(crate) async fn settle_cell(&mut self, place: Place) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(concat!(
                "with newest as (",
                newest!("newest.deployment_id, newest.version, newest.started_at", "$1", "$2", "$3"),
                ") update current_cells set
                     deployment_id = (select deployment_id from newest where version is not null),
                     version = (select version from newest),
                     succeeded_at = (select started_at from newest where version is not null)
                 where component_id = $1 and environment_id = $2",
            ))
            .bind(place.component_id)
            .bind(place.environment_id)
            .bind(Micros(END_OF_TIME))
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }
}
