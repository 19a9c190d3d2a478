//! Measurements of deployments and cells. Each query has a limit, because monitoring repeats it
//! every few seconds.

use sqlx::FromRow;

use super::by_cell::{NEWER_AND_UNSETTLED, NEWEST_OF_CELLS};
use crate::{
    error::Error,
    measurement::{CurrentVersion, StatusCount, UnsettledDeployment},
    store::{
        Store,
        column::{Micros, checked, unsigned},
        on,
        sqlx_error::unexpected,
    },
};

/// Selects the maintained counts of deployments by environment and status.
const COUNTS: &str = "select e.name as environment, n.status, cast(sum(n.count) as bigint) as number
from environment_counts n join environments e on e.id = n.environment_id
where not e.archived group by e.id, e.position, e.name, n.status order by e.position, e.id, n.status";

/// Selects the current versions, up to a limit.
const CURRENT: &str = "select c.name as component, e.name as environment, cell.version, cell.succeeded_at as since
from current_cells cell join components c on c.id = cell.component_id join environments e on e.id = cell.environment_id
where cell.deployment_id is not null and not c.archived and not e.archived limit $1";

/// Counts the cells that were ever written to, up to a limit.
const CELLS: &str = "select count(*) from (select 1 from current_cells limit $1) found";

/// Selects the unsettled deployments. [`NEWEST_OF_CELLS`] names the cells after this text.
const UNSETTLED: &str = "select component.name as component, environment.name as environment, d.status, d.occurred_at as since
from deployments d join components component on component.id = d.component_id
join environments environment on environment.id = d.environment_id ";

/// The cells of everything that is not archived, as the source of [`NEWEST_OF_CELLS`].
const CELLS_IN_USE: &str = "components c cross join current_cells cell cross join environments e
where cell.component_id = c.id and not c.archived and e.id = cell.environment_id and not e.archived";

#[derive(Debug, FromRow)]
struct CountRow {
    environment: String,
    status: String,
    number: i64,
}

#[derive(Debug, FromRow)]
struct CurrentRow {
    component: String,
    environment: String,
    version: String,
    since: Micros,
}

#[derive(Debug, FromRow)]
struct UnsettledRow {
    component: String,
    environment: String,
    status: String,
    since: Micros,
}

impl TryFrom<CountRow> for StatusCount {
    type Error = Error;

    fn try_from(row: CountRow) -> Result<Self, Error> {
        Ok(Self {
            environment: checked(&row.environment)?,
            status: checked(&row.status)?,
            count: unsigned(row.number),
        })
    }
}

impl TryFrom<CurrentRow> for CurrentVersion {
    type Error = Error;

    fn try_from(row: CurrentRow) -> Result<Self, Error> {
        Ok(Self {
            component: checked(&row.component)?,
            environment: checked(&row.environment)?,
            version: checked(&row.version)?,
            since: row.since.0,
        })
    }
}

impl TryFrom<UnsettledRow> for UnsettledDeployment {
    type Error = Error;

    fn try_from(row: UnsettledRow) -> Result<Self, Error> {
        Ok(Self {
            component: checked(&row.component)?,
            environment: checked(&row.environment)?,
            status: checked(&row.status)?,
            since: row.since.0,
        })
    }
}

impl Store {
    /// The number of deployments by environment and status, in environment order.
    pub(crate) async fn status_counts(&self) -> Result<Vec<StatusCount>, Error> {
        let rows: Vec<CountRow> = on!(Pool, &self.reads, |pool| sqlx::query_as(COUNTS)
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        rows.into_iter().map(StatusCount::try_from).collect()
    }

    /// The current versions, in no order, up to a limit.
    pub(crate) async fn current_versions(&self, take: u32) -> Result<Vec<CurrentVersion>, Error> {
        let rows: Vec<CurrentRow> = on!(Pool, &self.reads, |pool| sqlx::query_as(CURRENT)
            .bind(i64::from(take))
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        rows.into_iter().map(CurrentVersion::try_from).collect()
    }

    /// The number of cells that were ever written to, counted up to a limit.
    pub(crate) async fn count_cells(&self, most: u32) -> Result<u64, Error> {
        let count: i64 = on!(Pool, &self.reads, |pool| sqlx::query_scalar(CELLS)
            .bind(i64::from(most))
            .fetch_one(pool)
            .await)
        .map_err(unexpected)?;
        Ok(unsigned(count))
    }

    /// The unsettled deployments, in no order.
    pub(crate) async fn unsettled_deployments(&self) -> Result<Vec<UnsettledDeployment>, Error> {
        const QUERY: [&str; 4] = [
            UNSETTLED,
            NEWEST_OF_CELLS,
            CELLS_IN_USE,
            NEWER_AND_UNSETTLED,
        ];
        let rows: Vec<UnsettledRow> = on!(Pool, &self.reads, |pool| {
            let mut query = sqlx::QueryBuilder::new("");
            for part in QUERY {
                query.push(part);
            }
            query.build_query_as().fetch_all(pool).await
        })
        .map_err(unexpected)?;
        rows.into_iter()
            .map(UnsettledDeployment::try_from)
            .collect()
    }
}
