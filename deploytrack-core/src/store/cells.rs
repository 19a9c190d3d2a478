//! Cells and their periods, as writes use them.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{
    LockedCells, Write,
    cell_key::{CellKey, CellKeyRow},
    column::Micros,
    draft::NewPeriod,
    on,
    sets::{Columns, in_sets, insert, push_table},
    sqlx_error::unexpected,
};
use crate::{clock::Time, error::Error};

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

impl Write {
    /// Locks cells until the end of this write: other writes to them wait. A cell is locked by its
    /// row in `current_cells`, which is inserted if it is missing. The cells must be sorted, which
    /// prevents deadlocks.
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

    /// Writes the newest times of locked cells. The caller lists only cells whose newest time has
    /// been raised since the lock.
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

    /// Ends the period of a success that is rolled back, in the database.
    pub(super) async fn write_period_end(
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
