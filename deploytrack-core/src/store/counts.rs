//! The maintained counts behind the total of a list.

use sqlx::QueryBuilder;

use super::{RowFilter, Store, Write, column::unsigned, current::Place, fault::unexpected, on};
use crate::{error::Error, status::Status};

impl Store {
    /// How many deployments match a filter that the counts know.
    pub(crate) async fn counted_deployments(&self, filter: &RowFilter) -> Result<u64, Error> {
        debug_assert!(filter.is_counted(), "the counts know component, environment and status alone");
        let count: i64 = on!(Pool, &self.reads, |pool| {
            let mut query = QueryBuilder::new("select cast(coalesce(sum(count), 0) as bigint) from deployment_counts where true");
            if let Some(id) = filter.component_id {
                query.push(" and component_id = ").push_bind(id);
            }
            if let Some(id) = filter.environment_id {
                query.push(" and environment_id = ").push_bind(id);
            }
            if let Some(status) = filter.status {
                query.push(" and status = ").push_bind(status.as_str());
            }
            query.build_query_scalar().fetch_one(pool).await
        })
        .map_err(unexpected)?;
        Ok(unsigned(count))
    }
}

impl Write {
    /// Adds to a count.
    pub(crate) async fn count(&mut self, place: Place, status: Status, more: i64) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |write| {
            sqlx::query(
                "insert into deployment_counts (component_id, environment_id, status, count) values ($1, $2, $3, $4)
                 on conflict (component_id, environment_id, status) do update set count = deployment_counts.count + excluded.count",
            )
            .bind(place.component_id)
            .bind(place.environment_id)
            .bind(status.as_str())
            .bind(more)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }
}
