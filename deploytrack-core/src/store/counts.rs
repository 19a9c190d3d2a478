//! Counts of rows, and maintained counts of deployments, for the totals of lists.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;
use uuid::Uuid;

use super::{
    RowFilter, Store, Transaction, Write, cell_key::CellKey, column::unsigned, on, sets::Columns,
    sqlx_error::unexpected,
};
use crate::{error::Error, status::Status};

impl Store {
    /// The number that a statement without parameters selects.
    pub(super) async fn number(&self, sql: &'static str) -> Result<u64, Error> {
        let number: i64 = on!(Pool, &self.reads, |pool| sqlx::query_scalar(sql)
            .fetch_one(pool)
            .await)
        .map_err(unexpected)?;
        Ok(unsigned(number))
    }

    /// The number of deployments that match a filter for which counts are maintained.
    pub(crate) async fn counted_deployments(&self, filter: &RowFilter) -> Result<u64, Error> {
        debug_assert!(
            filter.is_counted(),
            "the counts know component, environment and status alone"
        );
        let count: i64 = on!(Pool, &self.reads, |pool| {
            let mut query =
                QueryBuilder::new("select cast(coalesce(sum(count), 0) as bigint) from ");
            if let Some(id) = filter.component_id {
                query
                    .push("deployment_counts where component_id = ")
                    .push_bind(id);
            } else {
                query.push("environment_counts where true");
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

fn columns<'a>(((cell, status), more): &'a (&(CellKey, Status), &i64)) -> Columns<'a, 4> {
    [
        ("component_id", cell.component_id.into()),
        ("environment_id", cell.environment_id.into()),
        ("status", status.as_str().into()),
        ("count", (**more).into()),
    ]
}

impl Write {
    /// The number that a statement without parameters selects, as this write sees it. For tables that
    /// no draft changes.
    pub(super) async fn number(&mut self, sql: &'static str) -> Result<u64, Error> {
        let number: i64 = on!(Transaction, self.unflushed(), |write| sqlx::query_scalar(
            sql
        )
        .fetch_one(&mut **write)
        .await)
        .map_err(unexpected)?;
        Ok(unsigned(number))
    }

    /// Adds to the counts of cells, and to the counts of their environments over all components.
    pub(super) async fn add_counts(
        &mut self,
        counts: &BTreeMap<(CellKey, Status), i64>,
    ) -> Result<(), Error> {
        let cells: Vec<_> = counts.iter().filter(|(_, more)| **more != 0).collect();
        let rest = "on conflict (component_id, environment_id, status) do update set count = deployment_counts.count + excluded.count";
        self.insert("deployment_counts", &cells, columns, rest)
            .await?;
        let mut environments = BTreeMap::<(Uuid, Status), i64>::new();
        for ((cell, status), more) in cells {
            *environments
                .entry((cell.environment_id, *status))
                .or_default() += more;
        }
        self.add_environment_counts(&environments.into_iter().collect::<Vec<_>>())
            .await
    }

    async fn add_environment_counts(
        &mut self,
        counts: &[((Uuid, Status), i64)],
    ) -> Result<(), Error> {
        let slot = self.slot;
        let columns = |((id, status), more): &((Uuid, Status), i64)| {
            [
                ("environment_id", (*id).into()),
                ("status", status.as_str().into()),
                ("slot", slot.into()),
                ("count", (*more).into()),
            ]
        };
        let rest = "on conflict (environment_id, status, slot) do update set count = environment_counts.count + excluded.count";
        self.insert("environment_counts", counts, columns, rest)
            .await?;
        Ok(())
    }

    /// Recomputes the counts of an environment over all components from the counts of its cells.
    pub(crate) async fn recount_environment(&mut self, environment_id: Uuid) -> Result<(), Error> {
        // Without the lock, a count that another writer adds between the two statements would be
        // counted twice.
        match self.reading().await? {
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(_) => {}
            #[cfg(feature = "postgres")]
            Transaction::Postgres(write) => {
                let tenure = write.tenure.clone();
                let lock = sqlx::query("lock table environment_counts in share row exclusive mode")
                    .execute(&mut **write);
                tenure.during(lock).await.map_err(unexpected)?;
            }
        }
        on!(Transaction, self.unflushed(), |write| {
            let forget = sqlx::query("delete from environment_counts where environment_id = $1")
                .bind(environment_id);
            forget.execute(&mut **write).await.map(|_| ())
        })
        .map_err(unexpected)?;
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query(
                "insert into environment_counts (environment_id, status, slot, count)
                 select environment_id, status, 0, sum(count) from deployment_counts where environment_id = $1 group by environment_id, status",
            )
            .bind(environment_id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }
}
