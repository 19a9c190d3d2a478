//! The cell and its periods. What *current* means is written here and nowhere else.

use chrono::DateTime;
use sqlx::{Database, Encode, FromRow, QueryBuilder, Type, query_builder::Separated};
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked},
    fault::unexpected,
    on,
    write::{NewPeriod, in_sets},
};
use crate::{clock::Time, deployment::Deployment, error::Error, matrix::Cell, text::Name};

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

/// One column of that period at a time, in a query of `current_cells cell`. A subquery for each column is one look into the
/// key for each; a join with the period costs as much on SQLite, and makes PostgreSQL read every period.
macro_rules! of_newest {
    ($column:literal, $time:literal) => {
        concat!("(", newest!($column, "cell.component_id", "cell.environment_id", $time), ")")
    };
}

/// What was current at the time in `moment`, in a statement that begins with the value of that time: the cells whose
/// component fulfils the conditions that follow.
pub(super) const CELLS_AT: &str = concat!(
    ")) select cell.component_id, cell.environment_id, ",
    of_newest!("newest.version", "(select time from moment)"),
    " as version, ",
    of_newest!("newest.started_at", "(select time from moment)"),
    " as succeeded_at from components c cross join current_cells cell where cell.component_id = c.id"
);

/// What was current of the component `$2` at the time `$1`, in environment order.
const CURRENT_OF_AT: &str = concat!(
    "select ",
    of_newest!("newest.version", "$1"),
    " as version, ",
    of_newest!("newest.deployment_id", "$1"),
    " as deployment_id, ",
    of_newest!("newest.sequence", "$1"),
    " as sequence from current_cells cell join environments e on e.id = cell.environment_id \
     where cell.component_id = $2 order by e.position, e.id"
);

/// One column of the newest period of a cell, in a statement that has the end of time as its `moment`.
macro_rules! settled {
    ($column:literal) => {
        concat!("(", newest!($column, "current_cells.component_id", "current_cells.environment_id", "(select time from moment)"), ")")
    };
}

/// The rest of the statement that settles the cells in `touched` at the time in `moment`.
const SETTLE: &str = concat!(
    ") update current_cells set deployment_id = ",
    settled!("case when newest.version is not null then newest.deployment_id end"),
    ", version = ",
    settled!("newest.version"),
    ", succeeded_at = ",
    settled!("case when newest.version is not null then newest.started_at end"),
    " where (component_id, environment_id) in (select component_id, environment_id from touched)"
);

/// Later than any time that a deployment can have.
const END_OF_TIME: Time = match DateTime::from_timestamp(253_402_300_800, 0) {
    Some(time) => time,
    None => DateTime::<chrono::Utc>::MAX_UTC,
};

#[derive(Debug, FromRow)]
struct CurrentAt {
    version: Option<String>,
    deployment_id: Option<Uuid>,
    sequence: Option<i64>,
}

/// What was current in a cell, and the row of history that made it so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Current {
    pub(crate) deployment_id: Uuid,
    pub(crate) sequence: i64,
}

/// A place, as rows have it.
#[derive(Debug, FromRow)]
pub(super) struct PlaceRow {
    component_id: Uuid,
    environment_id: Uuid,
}

impl From<PlaceRow> for Place {
    fn from(row: PlaceRow) -> Self {
        Self { component_id: row.component_id, environment_id: row.environment_id }
    }
}

#[derive(Debug, FromRow)]
struct NewestRow {
    #[sqlx(flatten)]
    place: PlaceRow,
    newest_at: Micros,
}

/// The row of a cell and a time, in a list of values.
fn push_newest<'a, DB: Database>(mut row: Separated<'_, DB, &'static str>, cell: Option<&'a (Place, Time)>)
where
    Option<Uuid>: Encode<'a, DB> + Type<DB>,
    Option<Micros>: Encode<'a, DB> + Type<DB>,
{
    row.push_bind(cell.map(|(place, _)| place.component_id))
        .push_bind(cell.map(|(place, _)| place.environment_id))
        .push_bind(cell.map(|(_, time)| Micros(*time)));
}

#[derive(Debug, FromRow)]
struct PeriodRow {
    deployment_id: Uuid,
    started_at: Micros,
    is_removal: bool,
}

impl Store {
    /// What is current of a component in an environment, by their names; none where nothing is, known or not.
    pub(crate) async fn cell(&self, component: &Name, environment: &Name) -> Result<Option<Cell>, Error> {
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
        row.map(|(version, succeeded_at)| Ok(Cell { version: checked(&version)?, deployed_at: succeeded_at.0 })).transpose()
    }

    /// What was current of a component at a moment, in each environment, in environment order.
    pub(crate) async fn current_of_at(&self, component_id: Uuid, at: Time) -> Result<Vec<Current>, Error> {
        let rows: Vec<CurrentAt> =
            on!(Pool, &self.reads, |pool| { sqlx::query_as(CURRENT_OF_AT).bind(Micros(at)).bind(component_id).fetch_all(pool).await })
                .map_err(unexpected)?;
        let current = rows.into_iter().filter(|row| row.version.is_some());
        Ok(current.filter_map(|row| Some(Current { deployment_id: row.deployment_id?, sequence: row.sequence? })).collect())
    }
}

impl Write {
    /// Takes cells until the end of this write: other writes to them wait. They come in order, so that no two writes wait
    /// for each other in a circle. Each comes with a time that its newest time is not to be earlier than; returns the newest
    /// time of each, as it is once the cell is locked.
    pub(super) async fn take_cells(&mut self, cells: &[(Place, Time)]) -> Result<Vec<(Place, Time)>, Error> {
        let mut newest = Vec::with_capacity(cells.len());
        for set in in_sets(cells) {
            let rows: Vec<NewestRow> = on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new("insert into current_cells (component_id, environment_id, newest_at) select * from (");
                query.push_values(set, push_newest);
                // PostgreSQL locks the row for the update, and returns it as the writer before us left it.
                query.push(
                    ") as given where column1 is not null on conflict (component_id, environment_id) do update set newest_at = \
                     case when current_cells.newest_at > excluded.newest_at then current_cells.newest_at else excluded.newest_at end \
                     returning component_id, environment_id, newest_at",
                );
                query.build_query_as().fetch_all(&mut **write).await
            })
            .map_err(unexpected)?;
            newest.extend(rows.into_iter().map(|row| (row.place.into(), row.newest_at.0)));
        }
        Ok(newest)
    }

    /// Writes the newest times of cells that are taken, where they are later than the arrival of this write.
    pub(super) async fn write_newest(&mut self, cells: &[(Place, Time)]) -> Result<(), Error> {
        for set in in_sets(cells) {
            on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new("with given (component_id, environment_id, newest_at) as (");
                query.push_values(set, push_newest);
                query.push(
                    ") update current_cells set newest_at = (select given.newest_at from given \
                         where given.component_id = current_cells.component_id and given.environment_id = current_cells.environment_id) \
                     where (component_id, environment_id) in (select component_id, environment_id from given)",
                );
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }

    /// The deployment that is current in a cell, or was at a moment, and since when.
    pub(crate) async fn current(&mut self, place: Place, at: Option<Time>) -> Result<Option<(Uuid, Time)>, Error> {
        self.flush().await?;
        let row: Option<PeriodRow> = on!(Transaction, &mut self.transaction, |write| {
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

    /// Whether a component was removed from a cell at this very time.
    pub(crate) async fn is_emptied(&mut self, place: Place, at: Time) -> Result<bool, Error> {
        self.flush().await?;
        let found: Option<i64> = on!(Transaction, &mut self.transaction, |write| {
            sqlx::query_scalar(
                "select sequence from cell_periods
                 where component_id = $1 and environment_id = $2 and started_at = $3 and version is null limit 1",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .bind(Micros(at))
            .fetch_optional(&mut **write)
            .await
        })
        .map_err(unexpected)?;
        Ok(found.is_some())
    }

    /// The deployment of the newest period of a cell, even if it was undone.
    pub(crate) async fn last_in(&mut self, place: Place) -> Result<Option<Uuid>, Error> {
        self.flush().await?;
        on!(Transaction, &mut self.transaction, |write| {
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

    /// Adds periods to their cells.
    pub(super) async fn insert_periods(&mut self, periods: &[NewPeriod]) -> Result<(), Error> {
        for set in in_sets(periods) {
            on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new(
                    "insert into cell_periods (component_id, environment_id, started_at, sequence, deployment_id, version, ended_at) \
                     select * from (",
                );
                query.push_values(set, |mut row, new| {
                    row.push_bind(new.map(|new| new.place.component_id))
                        .push_bind(new.map(|new| new.place.environment_id))
                        .push_bind(new.map(|new| Micros(new.period.started_at)))
                        .push_bind(new.map(|new| new.period.sequence))
                        .push_bind(new.map(|new| new.deployment_id))
                        .push_bind(new.and_then(|new| new.version.as_deref()))
                        .push_bind(new.and_then(|new| new.period.ended_at).map(Micros));
                });
                query.push(") as given where column1 is not null");
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }

    /// Ends the period of a success that is rolled back.
    pub(super) async fn write_end(&mut self, place: Place, (started_at, sequence): (Time, i64), ended_at: Time) -> Result<(), Error> {
        on!(Transaction, &mut self.transaction, |write| {
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
        self.flush().await?;
        on!(Transaction, &mut self.transaction, |write| {
            sqlx::query("delete from cell_periods where component_id = $1 and environment_id = $2")
                .bind(place.component_id)
                .bind(place.environment_id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)
    }

    /// Makes current in each cell what its periods say is current.
    pub(super) async fn settle_cells(&mut self, places: &[Place]) -> Result<(), Error> {
        for set in in_sets(places) {
            on!(Transaction, &mut self.transaction, |write| {
                let mut query = QueryBuilder::new("with moment (time) as (values (");
                query.push_bind(Micros(END_OF_TIME)).push(")), touched (component_id, environment_id) as (");
                query.push_values(set, |mut row, place| {
                    row.push_bind(place.map(|place| place.component_id)).push_bind(place.map(|place| place.environment_id));
                });
                query.push(SETTLE);
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }
}
