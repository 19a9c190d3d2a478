//! Retention in the database: what the rule considers, and the removal itself.
//!
//! `references` is the one list of what refers to a deployment. `removals` reads the removals, and the
//! others what remains of removed deployments.

mod gone;
mod lookup;
mod references;
mod removals;
mod removed;

use sqlx::FromRow;
use uuid::Uuid;

pub(crate) use self::{removals::RemovedResult, removed::agrees};
use super::{
    CellKey, LockedCells, Store, Write,
    cell_key::CellKeyRow,
    column::{Micros, checked, signed},
    on,
    sets::in_lists,
    sqlx_error::unexpected,
};
use crate::{
    clock::Time,
    deployment::Metadata,
    error::Error,
    retention::{Removal, RemovedDeployment, Subject},
    rollback,
    text::Name,
};

/// Selects the deployments of a cell with what the rule of retention considers. The latest time in
/// the history is read only if everything else is old. Null means young.
const SUBJECTS: &str = "select d.id, d.version, d.status, d.succeeded_at, d.created_at, d.occurred_at, d.occurred_sequence,
    case when d.occurred_at < $3 and d.created_at < $3 and d.updated_at < $3
        then (select max(h.occurred_at) from history h where h.deployment_id = d.id) end as newest_at,
    case when d.metadata like '%\"rollbackOf\"%' then d.metadata end as metadata
from deployments d where d.component_id = $1 and d.environment_id = $2";

/// Selects the deployment of the newest period of a cell that was not rolled back.
const LEADING: &str = "select deployment_id, version is null as is_undeployment from cell_periods
where component_id = $1 and environment_id = $2 and ended_at is null order by started_at desc, sequence desc limit 1";

/// Selects the deployment that was current before the deployment `$3`: the one that a rollback of it
/// makes current.
const BEFORE: &str = "select deployment_id from cell_periods
where component_id = $1 and environment_id = $2 and ended_at is null and version is not null and deployment_id <> $3
order by started_at desc, sequence desc limit 1";

#[derive(Debug, FromRow)]
struct SubjectRow {
    id: Uuid,
    version: String,
    status: String,
    succeeded_at: Option<Micros>,
    created_at: Micros,
    occurred_at: Micros,
    occurred_sequence: i64,
    newest_at: Option<Micros>,
    metadata: Option<String>,
}

impl SubjectRow {
    fn subject(self, before: Time) -> Result<Subject, Error> {
        Ok(Subject {
            id: self.id,
            version: checked(&self.version)?,
            status: checked(&self.status)?,
            succeeded_at: self.succeeded_at.map(|time| time.0),
            created_at: self.created_at.0,
            occurred: (self.occurred_at.0, self.occurred_sequence),
            replaced: self
                .metadata
                .and_then(|text| rollback::replaced(&Metadata::stored(&text).ok()?)),
            is_old: self.newest_at.is_some_and(|newest| newest.0 < before),
        })
    }
}

/// A cell and its names.
#[derive(Clone, Debug)]
pub(crate) struct NamedCell {
    pub(crate) key: CellKey,
    pub(crate) component_name: Name,
    pub(crate) environment_name: Name,
}

#[derive(Debug, FromRow)]
struct NamedCellRow {
    #[sqlx(flatten)]
    key: CellKeyRow,
    component_name: String,
    environment_name: String,
}

impl TryFrom<NamedCellRow> for NamedCell {
    type Error = Error;

    fn try_from(row: NamedCellRow) -> Result<Self, Error> {
        Ok(Self {
            key: row.key.into(),
            component_name: checked(&row.component_name)?,
            environment_name: checked(&row.environment_name)?,
        })
    }
}

/// The deployments that lead a cell.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Leading {
    /// The one of the newest period.
    pub(crate) newest: Option<Uuid>,
    /// The same, unless an undeployment began that period.
    pub(crate) current: Option<Uuid>,
    /// The one that a rollback of the newest makes current.
    pub(crate) before: Option<Uuid>,
}

impl Leading {
    /// Whether this deployment leads the cell.
    pub(crate) fn contains(&self, id: Uuid) -> bool {
        [self.newest, self.before].contains(&Some(id))
    }

    fn of(newest: Option<(Uuid, bool)>, before: Option<Uuid>) -> Self {
        Self {
            newest: newest.map(|(id, _)| id),
            current: newest.and_then(|(id, is_undeployment)| (!is_undeployment).then_some(id)),
            before,
        }
    }
}

impl Store {
    /// The next cells after this one, in the order of their keys, with their names.
    pub(crate) async fn cells_after(
        &self,
        after: Option<CellKey>,
        take: u64,
    ) -> Result<Vec<NamedCell>, Error> {
        let (component_id, environment_id) = after.map_or((Uuid::nil(), Uuid::nil()), |after| {
            (after.component_id, after.environment_id)
        });
        let rows: Vec<NamedCellRow> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(
                "select cell.component_id, cell.environment_id, c.name as component_name, e.name as environment_name
                 from current_cells cell join components c on c.id = cell.component_id join environments e on e.id = cell.environment_id
                 where (cell.component_id, cell.environment_id) > ($1, $2) order by cell.component_id, cell.environment_id limit $3",
            )
            .bind(component_id)
            .bind(environment_id)
            .bind(signed(take))
            .fetch_all(pool)
            .await
        })
        .map_err(unexpected)?;
        rows.into_iter().map(NamedCell::try_from).collect()
    }

    /// The deployments of a cell, as the rule of retention considers them, in no order.
    pub(crate) async fn subjects(
        &self,
        cell: CellKey,
        before: Time,
    ) -> Result<Vec<Subject>, Error> {
        let rows: Vec<SubjectRow> = on!(Pool, &self.reads, |pool| sqlx::query_as(SUBJECTS)
            .bind(cell.component_id)
            .bind(cell.environment_id)
            .bind(Micros(before))
            .fetch_all(pool)
            .await)
        .map_err(unexpected)?;
        rows.into_iter().map(|row| row.subject(before)).collect()
    }

    /// The deployments that lead a cell.
    pub(crate) async fn leading(&self, cell: CellKey) -> Result<Leading, Error> {
        let newest: Option<(Uuid, bool)> = on!(Pool, &self.reads, |pool| {
            sqlx::query_as(LEADING)
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .fetch_optional(pool)
                .await
        })
        .map_err(unexpected)?;
        let before = on!(Pool, &self.reads, |pool| {
            sqlx::query_scalar(BEFORE)
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .bind(newest.map(|(id, _)| id).unwrap_or_default())
                .fetch_optional(pool)
                .await
        })
        .map_err(unexpected)?;
        Ok(Leading::of(newest, before))
    }
}

impl Write {
    /// The deployments that lead a cell, as this write sees them.
    pub(crate) async fn leading(&mut self, cell: CellKey) -> Result<Leading, Error> {
        let newest: Option<(Uuid, bool)> = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_as(LEADING)
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        let before = on!(Transaction, self.reading().await?, |write| {
            sqlx::query_scalar(BEFORE)
                .bind(cell.component_id)
                .bind(cell.environment_id)
                .bind(newest.map(|(id, _)| id).unwrap_or_default())
                .fetch_optional(&mut **write)
                .await
        })
        .map_err(unexpected)?;
        Ok(Leading::of(newest, before))
    }
}

impl LockedCells<'_> {
    /// Notes deployments as removed, and deletes them with their histories. Their periods stay.
    pub(crate) async fn remove(
        &mut self,
        removal: &Removal,
        removed: &[RemovedDeployment],
    ) -> Result<(), Error> {
        let gone: Vec<_> = removed.iter().map(removed::Noted::of).collect();
        self.insert(
            "removals",
            std::slice::from_ref(removal),
            removals::columns,
            "",
        )
        .await?;
        self.insert("removed_deployments", &gone, removed::columns, "")
            .await?;
        let ids: Vec<_> = removed.iter().map(|one| one.id).collect();
        // The history first: its rows refer to the deployments.
        self.delete_all("delete from history where deployment_id in (", &ids)
            .await?;
        self.delete_all("delete from deployments where id in (", &ids)
            .await
    }

    async fn delete_all(&mut self, sql: &'static str, ids: &[Uuid]) -> Result<(), Error> {
        for ids in in_lists(ids) {
            on!(Transaction, self.reading().await?, |write| {
                let mut query = sqlx::QueryBuilder::new(sql);
                let mut list = query.separated(", ");
                for id in ids {
                    list.push_bind(*id);
                }
                let query = query.push(")");
                query.build().execute(&mut **write).await.map(|_| ())
            })
            .map_err(unexpected)?;
        }
        Ok(())
    }
}
