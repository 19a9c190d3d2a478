//! The current cell. What *current* means is written here and nowhere else.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    Store, Write,
    column::{Micros, checked},
    fault::unexpected,
    on,
};
use crate::{error::Error, matrix::Cell};

/// A component in an environment. Writes that touch several take them in this order, so that none waits for another
/// in a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Place {
    pub(crate) component_id: Uuid,
    pub(crate) environment_id: Uuid,
}

#[derive(Debug, FromRow)]
struct Row {
    component_id: Uuid,
    environment_id: Uuid,
    version: String,
    succeeded_at: Micros,
}

impl Store {
    /// Every cell in which something is current.
    pub(crate) async fn cells(&self) -> Result<Vec<(Place, Cell)>, Error> {
        let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as("select component_id, environment_id, version, succeeded_at from current_cells where deployment_id is not null")
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        rows.into_iter()
            .map(|row| {
                let place = Place { component_id: row.component_id, environment_id: row.environment_id };
                Ok((place, Cell { version: checked(&row.version)?, deployed_at: row.succeeded_at.0 }))
            })
            .collect()
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

    /// Makes current what is current: the succeeded deployment whose success is the newest by the time it happened,
    /// and of equal times the one recorded last.
    pub(crate) async fn settle_cell(&mut self, place: Place) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(
                "with newest as (
                     select id, version, succeeded_at from deployments
                     where component_id = $1 and environment_id = $2 and status = 'succeeded'
                     order by succeeded_at desc, succeeded_sequence desc limit 1
                 )
                 update current_cells set
                     deployment_id = (select id from newest),
                     version = (select version from newest),
                     succeeded_at = (select succeeded_at from newest)
                 where component_id = $1 and environment_id = $2",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }
}
