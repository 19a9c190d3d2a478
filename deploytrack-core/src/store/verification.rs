//! Reading all derived data to compare it with the history, and deleting it to rebuild it.

mod events;

use std::collections::BTreeMap;

use sqlx::{FromRow, QueryBuilder};
use uuid::Uuid;

pub(crate) use self::events::{Numbering, WrongEvent};
use super::{
    LockedCells, Snapshot, Transaction, Write,
    cell_key::{CellKey, CellKeyRow},
    column::{Micros, checked, unsigned},
    on,
    sets::{in_sets, push_table},
    sqlx_error::unexpected,
};
use crate::{
    clock::Time,
    error::Error,
    history::{HistoryKind, Period},
    status::Status,
};

/// A row of `current_cells` as stored. Empty if nothing is current.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct StoredCell {
    pub(crate) deployment_id: Option<Uuid>,
    pub(crate) version: Option<String>,
    pub(crate) succeeded_at: Option<Time>,
    pub(crate) deployed_by: Option<String>,
    pub(crate) commit_sha: Option<String>,
}

/// A row of `cell_periods` as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredPeriod {
    pub(crate) period: Period,
    pub(crate) deployment_id: Uuid,
    pub(crate) version: Option<String>,
}

#[derive(Debug, FromRow)]
struct CellRow {
    #[sqlx(flatten)]
    cell: CellKeyRow,
    deployment_id: Option<Uuid>,
    version: Option<String>,
    succeeded_at: Option<Micros>,
    deployed_by: Option<String>,
    commit_sha: Option<String>,
    newest_at: Micros,
}

#[derive(Debug, FromRow)]
struct PeriodRow {
    owner: Uuid,
    deployment_id: Uuid,
    version: Option<String>,
    started_at: Micros,
    sequence: i64,
    ended_at: Option<Micros>,
}

impl From<PeriodRow> for StoredPeriod {
    fn from(row: PeriodRow) -> Self {
        let period = Period {
            started_at: row.started_at.0,
            sequence: row.sequence,
            ended_at: row.ended_at.map(|time| time.0),
            is_undeployment: row.version.is_none(),
        };
        Self {
            period,
            deployment_id: row.deployment_id,
            version: row.version,
        }
    }
}

#[derive(Debug, FromRow)]
struct CountRow {
    #[sqlx(flatten)]
    cell: CellKeyRow,
    status: String,
    count: i64,
}

impl Snapshot {
    /// Recovers the snapshot after a failed read: PostgreSQL rejects further statements until a
    /// rollback.
    pub(crate) async fn recover(&mut self) -> Result<(), Error> {
        self.execute("rollback to savepoint reading").await
    }

    pub(super) async fn execute(&mut self, sql: &'static str) -> Result<(), Error> {
        on!(Transaction, &mut self.0, |snapshot| sqlx::raw_sql(sql)
            .execute(&mut **snapshot)
            .await
            .map(|_| ()))
        .map_err(unexpected)
    }

    /// The id of the next deployment, read from an index only.
    pub(crate) async fn next_id(&mut self, after: Option<Uuid>) -> Result<Option<Uuid>, Error> {
        on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_scalar("select id from deployments where id > $1 order by id limit 1")
                .bind(after.unwrap_or_default())
                .fetch_optional(&mut **snapshot)
                .await
        })
        .map_err(unexpected)
    }

    /// The damage that SQLite's own check finds. It covers indexes, which no other step of a
    /// verification reads. PostgreSQL has such a check only in an extension.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(clippy::unused_async, reason = "only SQLite runs a query")
    )]
    pub(crate) async fn damage(&mut self) -> Result<Option<String>, Error> {
        match &mut self.0 {
            #[cfg(feature = "sqlite")]
            Transaction::Sqlite(snapshot) => {
                // Only the first row: the check fails when it reaches the rows of a damaged table.
                let found: Option<String> = sqlx::query_scalar("pragma quick_check(5)")
                    .fetch_optional(&mut **snapshot)
                    .await
                    .map_err(unexpected)?;
                Ok(found.filter(|found| found != "ok"))
            }
            #[cfg(feature = "postgres")]
            Transaction::Postgres(_) => Ok(None),
        }
    }

    /// Every cell as stored, with its newest time.
    pub(crate) async fn stored_cells(&mut self) -> Result<Vec<(CellKey, StoredCell, Time)>, Error> {
        let rows: Vec<CellRow> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select component_id, environment_id, deployment_id, version, succeeded_at, deployed_by, commit_sha, newest_at
                 from current_cells",
            )
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        let stored = |row: CellRow| {
            let succeeded_at = row.succeeded_at.map(|time| time.0);
            (
                row.cell.into(),
                StoredCell {
                    deployment_id: row.deployment_id,
                    version: row.version,
                    succeeded_at,
                    deployed_by: row.deployed_by,
                    commit_sha: row.commit_sha,
                },
                row.newest_at.0,
            )
        };
        Ok(rows.into_iter().map(stored).collect())
    }

    /// The stored periods that the histories of these deployments began, in the order of recording.
    pub(crate) async fn stored_periods(
        &mut self,
        first: Uuid,
        last: Uuid,
    ) -> Result<BTreeMap<Uuid, Vec<StoredPeriod>>, Error> {
        let rows: Vec<PeriodRow> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select h.deployment_id as owner, p.deployment_id, p.version, p.started_at, p.sequence, p.ended_at
                 from history h join deployments d on d.id = h.deployment_id
                     join cell_periods p on p.component_id = d.component_id and p.environment_id = d.environment_id
                         and p.started_at = h.occurred_at and p.sequence = h.sequence
                 where h.deployment_id >= $1 and h.deployment_id <= $2 order by h.sequence",
            )
            .bind(first)
            .bind(last)
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        let mut stored = BTreeMap::<Uuid, Vec<StoredPeriod>>::new();
        for row in rows {
            stored.entry(row.owner).or_default().push(row.into());
        }
        Ok(stored)
    }

    /// The stored periods of a cell that start as these do.
    pub(crate) async fn periods_at(
        &mut self,
        cell: CellKey,
        periods: &[Period],
    ) -> Result<Vec<StoredPeriod>, Error> {
        let mut stored = Vec::with_capacity(periods.len());
        for set in in_sets(periods) {
            let rows: Vec<PeriodRow> = on!(Transaction, &mut self.0, |snapshot| {
                let mut query = QueryBuilder::new("with ");
                push_table(&mut query, "listed", set, |period: &Period| {
                    [
                        ("component_id", cell.component_id.into()),
                        ("environment_id", cell.environment_id.into()),
                        ("started_at", period.started_at.into()),
                        ("sequence", period.sequence.into()),
                    ]
                });
                query.push(
                    " select p.deployment_id as owner, p.deployment_id, p.version, p.started_at, p.sequence, p.ended_at
                     from listed join cell_periods p on p.component_id = listed.component_id
                         and p.environment_id = listed.environment_id and p.started_at = listed.started_at
                         and p.sequence = listed.sequence order by p.sequence",
                );
                query.build_query_as().fetch_all(&mut **snapshot).await
            })
            .map_err(unexpected)?;
            stored.extend(rows.into_iter().map(StoredPeriod::from));
        }
        Ok(stored)
    }

    /// The number of removed deployments.
    pub(crate) async fn removed_count(&mut self) -> Result<u64, Error> {
        self.count("select count(*) from removed_deployments").await
    }

    /// Deployments that are noted as removed, and exist.
    pub(crate) async fn alive_although_removed(&mut self) -> Result<Vec<Uuid>, Error> {
        on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_scalar("select r.id from removed_deployments r join deployments d on d.id = r.id order by r.id")
                .fetch_all(&mut **snapshot)
                .await
        })
        .map_err(unexpected)
    }

    /// The number of stored periods.
    pub(crate) async fn period_count(&mut self) -> Result<u64, Error> {
        self.count("select count(*) from cell_periods").await
    }

    /// The number of rows of history.
    pub(crate) async fn entry_count(&mut self) -> Result<u64, Error> {
        self.count("select count(*) from history").await
    }

    /// The cells that have a period without a row of history, or without a row of the outline of its
    /// removed deployment.
    pub(crate) async fn cells_with_stray_periods(&mut self) -> Result<Vec<CellKey>, Error> {
        let rows: Vec<CellKeyRow> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select distinct p.component_id, p.environment_id from cell_periods p where not exists (
                     select 1 from history h join deployments d on d.id = h.deployment_id
                     where h.sequence = p.sequence and h.occurred_at = p.started_at and d.component_id = p.component_id
                         and d.environment_id = p.environment_id and (h.event = $1 or h.to_status = $2)
                 ) and not exists (
                     select 1 from removed_deployments r
                     where r.id = p.deployment_id and r.component_id = p.component_id and r.environment_id = p.environment_id
                         and ' ' || r.outline like '% _' || cast(p.sequence as text) || '@%'
                 )",
            )
            .bind(HistoryKind::Undeployed.as_str())
            .bind(Status::Succeeded.as_str())
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        Ok(rows.into_iter().map(CellKey::from).collect())
    }

    /// A row of history without a deployment: its number and the id in it.
    pub(crate) async fn stray_entry(&mut self) -> Result<Option<(i64, Uuid)>, Error> {
        on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select h.sequence, h.deployment_id from history h
                 where not exists (select 1 from deployments d where d.id = h.deployment_id) order by h.sequence limit 1",
            )
            .fetch_optional(&mut **snapshot)
            .await
        })
        .map_err(unexpected)
    }

    /// The stored counts of cells.
    pub(crate) async fn stored_counts(
        &mut self,
    ) -> Result<BTreeMap<(CellKey, Status), i64>, Error> {
        let rows: Vec<CountRow> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select component_id, environment_id, status, count from deployment_counts",
            )
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        rows.into_iter()
            .map(|row| Ok(((row.cell.into(), checked(&row.status)?), row.count)))
            .collect()
    }

    /// The stored counts over all components, by environment.
    pub(crate) async fn stored_environment_counts(
        &mut self,
    ) -> Result<BTreeMap<(Uuid, Status), i64>, Error> {
        let rows: Vec<(Uuid, String, i64)> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(
                "select environment_id, status, cast(sum(count) as bigint) from environment_counts group by environment_id, status",
            )
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        rows.into_iter()
            .map(|(id, status, count)| Ok(((id, checked(&status)?), count)))
            .collect()
    }

    async fn count(&mut self, sql: &'static str) -> Result<u64, Error> {
        let count: i64 = on!(Transaction, &mut self.0, |snapshot| sqlx::query_scalar(sql)
            .fetch_one(&mut **snapshot)
            .await)
        .map_err(unexpected)?;
        Ok(unsigned(count))
    }
}

impl Write {
    /// The ids of all deployments of a cell.
    pub(crate) async fn deployments_in(&mut self, cell: CellKey) -> Result<Vec<Uuid>, Error> {
        on!(Transaction, self.reading().await?, |write| {
            sqlx::query_scalar("select id from deployments where component_id = $1 and environment_id = $2 order by id")
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .fetch_all(&mut **write)
                .await
        })
        .map_err(unexpected)
    }
}

impl LockedCells<'_> {
    /// Deletes the counts of a cell, before they are rebuilt.
    pub(crate) async fn delete_counts(&mut self, cell: CellKey) -> Result<(), Error> {
        on!(Transaction, self.reading().await?, |write| {
            sqlx::query(
                "delete from deployment_counts where component_id = $1 and environment_id = $2",
            )
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .execute(&mut **write)
            .await
            .map(|_| ())
        })
        .map_err(unexpected)
    }
}
