//! Deployments in the database.

use sqlx::FromRow;
use uuid::Uuid;

use super::{
    CellKey, DeploymentRecord, Snapshot, Store,
    column::{Micros, checked, checked_option, digest, signed, stored_origin},
    on,
    sqlx_error::{unexpected, unreadable},
};
use crate::{
    deployment::{Deployment, Metadata},
    error::Error,
};

/// Selects deployments, for every query of this module.
macro_rules! select_deployments {
    ($rest:literal) => {
        concat!(
            "select d.id, d.component_id, c.name as component_name, d.environment_id, e.name as environment_name, d.version, ",
            "d.status, d.attempt, d.deployed_by, d.commit_sha, d.description, d.metadata, d.created_at, d.updated_at, ",
            "d.started_at, d.finished_at, d.succeeded_at, d.succeeded_sequence, d.occurred_at, d.occurred_sequence, d.origin, d.head_hash, d.revision, ",
            "c.archived_at as component_archived_at, e.archived_at as environment_archived_at ",
            "from deployments d join components c on c.id = d.component_id join environments e on e.id = d.environment_id ",
            $rest
        )
    };
}

/// The number of bytes of a deployment's metadata and description. Both databases compute it
/// without reading the texts.
macro_rules! text_bytes {
    () => {
        "cast(coalesce(octet_length(d.metadata), 0) + coalesce(octet_length(d.description), 0) as bigint) as bytes"
    };
}

mod by_cell;
mod daily;
mod filter;
mod ids;
mod list;
mod measurement;
mod write;

pub(crate) use self::{filter::RowFilter, write::LineKey};

#[derive(Debug, FromRow)]
struct Row {
    id: Uuid,
    component_id: Uuid,
    component_name: String,
    environment_id: Uuid,
    environment_name: String,
    version: String,
    status: String,
    attempt: i64,
    deployed_by: String,
    commit_sha: Option<String>,
    description: Option<String>,
    metadata: String,
    created_at: Micros,
    updated_at: Micros,
    started_at: Option<Micros>,
    finished_at: Option<Micros>,
    succeeded_at: Option<Micros>,
    succeeded_sequence: Option<i64>,
    occurred_at: Micros,
    occurred_sequence: i64,
    origin: Option<String>,
    head_hash: Vec<u8>,
    revision: i64,
    component_archived_at: Option<Micros>,
    environment_archived_at: Option<Micros>,
}

impl TryFrom<Row> for DeploymentRecord {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let deployment = Deployment {
            id: row.id,
            component_id: row.component_id,
            component_name: checked(&row.component_name)?,
            environment_id: row.environment_id,
            environment_name: checked(&row.environment_name)?,
            version: checked(&row.version)?,
            status: checked(&row.status)?,
            attempt: row.attempt,
            deployed_by: checked(&row.deployed_by)?,
            commit_sha: checked_option(row.commit_sha.as_deref())?,
            description: checked_option(row.description.as_deref())?,
            metadata: Metadata::stored(&row.metadata).map_err(unreadable)?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            started_at: row.started_at.map(|time| time.0),
            finished_at: row.finished_at.map(|time| time.0),
            succeeded_at: row.succeeded_at.map(|time| time.0),
            occurred_at: row.occurred_at.0,
            origin: stored_origin(row.origin.as_deref())?,
            removed_at: None,
        };
        let (succeeded_sequence, occurred_sequence) =
            (row.succeeded_sequence, row.occurred_sequence);
        let archived_at = (
            row.component_archived_at.map(|time| time.0),
            row.environment_archived_at.map(|time| time.0),
        );
        Ok(Self {
            deployment,
            succeeded_sequence,
            occurred_sequence,
            head_hash: digest(&row.head_hash)?,
            revision: row.revision,
            archived_at,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Deployment>, Error> {
    rows.into_iter()
        .map(|row| DeploymentRecord::try_from(row).map(|record| record.deployment))
        .collect()
}

impl Store {
    /// One deployment.
    pub(crate) async fn deployment(&self, id: Uuid) -> Result<Option<DeploymentRecord>, Error> {
        let row: Option<Row> = on!(Pool, &self.reads, |pool| sqlx::query_as(
            select_deployments!("where d.id = $1")
        )
        .bind(id)
        .fetch_optional(pool)
        .await)
        .map_err(unexpected)?;
        row.map(DeploymentRecord::try_from).transpose()
    }
}

/// The id and the cell of a deployment, and the deployment if its row is readable.
pub(crate) type DeploymentResult = (Uuid, CellKey, Result<DeploymentRecord, Error>);

impl Snapshot {
    /// The deployments after the id `after`. An unreadable one comes with its error.
    pub(crate) async fn deployments_by_id(
        &mut self,
        after: Option<Uuid>,
        take: u64,
    ) -> Result<Vec<DeploymentResult>, Error> {
        let rows: Vec<Row> = on!(Transaction, &mut self.0, |snapshot| {
            sqlx::query_as(select_deployments!(
                "where d.id > $1 order by d.id limit $2"
            ))
            .bind(after.unwrap_or_default())
            .bind(signed(take))
            .fetch_all(&mut **snapshot)
            .await
        })
        .map_err(unexpected)?;
        let found = |row: Row| {
            (
                row.id,
                CellKey {
                    component_id: row.component_id,
                    environment_id: row.environment_id,
                },
                row.try_into(),
            )
        };
        Ok(rows.into_iter().map(found).collect())
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod plans;
