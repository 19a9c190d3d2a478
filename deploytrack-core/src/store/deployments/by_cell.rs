//! The deployments of cells: the current ones, and the unsettled ones.

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

use super::{Row, all};
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    store::{
        CellKey, Section, Store,
        cell_key::CellKeyRow,
        column::{Micros, unsigned},
        matrix::{in_environments, in_section, unless_archived},
        on,
        sets::{in_lists, in_sets, push_table},
        sqlx_error::unexpected,
    },
};

/// Selects the current deployments of one component, in the environments that follow.
pub(super) const CURRENT_OF: &str = select_deployments!(
    "join current_cells cell on cell.deployment_id = d.id where cell.component_id = "
);

/// Selects the cells of the same deployments, with the bytes of their long texts. A removed
/// deployment that is current has none.
const CURRENT_SIZES: &str = concat!(
    "select cell.component_id, cell.environment_id, ",
    text_bytes!(),
    " from current_cells cell left join deployments d on d.id = cell.deployment_id \
     join environments e on e.id = cell.environment_id \
     where cell.component_id = $1 and cell.deployment_id is not null order by e.position, e.id"
);

/// Selects unsettled deployments: the newest deployment of each cell by the time it happened, if it
/// is pending, in progress or failed, and newer than what is current and than the last
/// undeployment. The cells come between this text and [`NEWER_AND_UNSETTLED`].
///
/// Every cell that was ever written to has a row in `current_cells`. One lookup in
/// `deployments_by_cell_occurred` finds its newest deployment, however many it has had. `not in` is
/// used on purpose: with `status in (...)` SQLite scans the index of the status, that is, every
/// failed deployment ever.
pub(super) const NEWEST_OF_CELLS: &str = "where d.id in (
         select (select newest.id from deployments newest
                 where newest.component_id = cell.component_id and newest.environment_id = cell.environment_id
                 order by newest.occurred_at desc, newest.occurred_sequence desc limit 1)
         from ";
pub(super) const NEWER_AND_UNSETTLED: &str = ")
     and d.status not in ('succeeded', 'rolled_back')
     and not exists (
         select 1 from cell_periods period
         where period.component_id = d.component_id and period.environment_id = d.environment_id and period.ended_at is null
             and (period.started_at, period.sequence) > (d.occurred_at, d.occurred_sequence))";

/// Selects the cells of unsettled deployments, with the bytes of their long texts.
pub(super) const UNSETTLED_SIZES: &str = concat!(
    "select d.component_id, d.environment_id, ",
    text_bytes!(),
    " from deployments d "
);

/// The cells of a section, as the source of [`NEWEST_OF_CELLS`].
pub(super) const CELLS_OF_SECTION: &str =
    "components c cross join current_cells cell where cell.component_id = c.id";

/// The cells of a list, as the source of [`NEWEST_OF_CELLS`].
const CELLS_OF_LIST: &str = "listed cross join current_cells cell \
                       where cell.component_id = listed.component_id and cell.environment_id = listed.environment_id";

/// A cell, and the bytes of the long texts of its deployment.
#[derive(Debug, FromRow)]
struct SizeRow {
    #[sqlx(flatten)]
    cell: CellKeyRow,
    bytes: i64,
}

fn sizes(rows: Vec<SizeRow>) -> Vec<(CellKey, u64)> {
    rows.into_iter()
        .map(|row| (row.cell.into(), unsigned(row.bytes)))
        .collect()
}

impl Store {
    /// The cells of a section that have an unsettled deployment, with the bytes of its long texts,
    /// in no order.
    pub(crate) async fn unsettled_sizes(
        &self,
        section: Section<'_>,
    ) -> Result<Vec<(CellKey, u64)>, Error> {
        let rows: Vec<SizeRow> = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new(UNSETTLED_SIZES);
            query.push(NEWEST_OF_CELLS).push(CELLS_OF_SECTION);
            in_environments!(in_section!(&mut query, section), section)
                .push(NEWER_AND_UNSETTLED)
                .build_query_as()
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        Ok(sizes(rows))
    }

    /// The unsettled deployments of these cells, in no order.
    pub(crate) async fn unsettled(&self, cells: &[CellKey]) -> Result<Vec<Deployment>, Error> {
        let mut unsettled = Vec::with_capacity(cells.len());
        for set in in_sets(cells) {
            let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "listed", set, |cell| {
                    [
                        ("component_id", cell.component_id.into()),
                        ("environment_id", cell.environment_id.into()),
                    ]
                });
                query
                    .push(concat!(" ", select_deployments!("")))
                    .push(NEWEST_OF_CELLS)
                    .push(CELLS_OF_LIST)
                    .push(NEWER_AND_UNSETTLED);
                query.build_query_as().fetch_all(pool).await
            })
            .map_err(unexpected)?;
            unsettled.extend(all(rows)?);
        }
        Ok(unsettled)
    }

    /// The cells of a component in which a deployment is current, in environment order, with the
    /// bytes of its long texts.
    pub(crate) async fn current_sizes(
        &self,
        component_id: Uuid,
    ) -> Result<Vec<(CellKey, u64)>, Error> {
        let rows: Vec<SizeRow> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(CURRENT_SIZES)
                .bind(component_id)
                .fetch_all(pool)
                .await
        })
        .map_err(unexpected)?;
        Ok(sizes(rows))
    }

    /// The ids of the current deployments of a component, each with its environment and the time of
    /// its success.
    pub(crate) async fn current_ids(
        &self,
        component_id: Uuid,
    ) -> Result<Vec<(Uuid, Uuid, Time)>, Error> {
        let rows: Vec<(Uuid, Uuid, Micros)> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(
                "select environment_id, deployment_id, succeeded_at from current_cells
                 where component_id = $1 and deployment_id is not null",
            )
            .bind(component_id)
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        let ids = |(environment_id, id, at): (Uuid, Uuid, Micros)| (environment_id, id, at.0);
        Ok(rows.into_iter().map(ids).collect())
    }

    /// The current deployments of a component in these environments, in environment order. Removed
    /// deployments are left out.
    pub(crate) async fn current_of(
        &self,
        component_id: Uuid,
        environment_ids: &[Uuid],
    ) -> Result<Vec<Deployment>, Error> {
        let mut current = Vec::with_capacity(environment_ids.len());
        for list in in_lists(environment_ids) {
            let rows: Vec<Row> = on!(Pool, &self.reads, |pool| {
                let mut query = QueryBuilder::new(CURRENT_OF);
                query
                    .push_bind(component_id)
                    .push(" and cell.environment_id in (");
                let mut ids = query.separated(", ");
                for id in list {
                    ids.push_bind(*id);
                }
                query
                    .push(") order by e.position, e.id")
                    .build_query_as()
                    .fetch_all(pool)
                    .await
            })
            .map_err(unexpected)?;
            current.extend(all(rows)?);
        }
        Ok(current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    #[test]
    fn the_query_of_unsettled_deployments_names_the_settled_statuses() {
        // Without a wildcard: a new status must be decided on here and in the query.
        let is_settled = |status: &Status| match status {
            Status::Succeeded | Status::RolledBack => true,
            Status::Pending | Status::InProgress | Status::Failed => false,
        };
        let settled: Vec<_> = Status::ALL
            .into_iter()
            .filter(is_settled)
            .map(|status| format!("'{status}'"))
            .collect();
        let condition = format!("d.status not in ({})", settled.join(", "));
        assert!(NEWER_AND_UNSETTLED.contains(&condition), "{condition}");
    }
}
