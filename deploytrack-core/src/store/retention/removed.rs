//! What remains of removed deployments, as rows.

use sqlx::FromRow;
use uuid::Uuid;

use crate::{
    error::Error,
    retention::{OutlineRow, RemovedDeployment},
    store::{
        column::{Micros, checked, checked_option, digest, signed},
        sets::Columns,
    },
    text::CommitSha,
};

/// Selects removed deployments, for the queries of the modules beside this one.
macro_rules! select_removed {
    ($rest:literal) => {
        concat!(
            "select r.id, r.component_id, r.environment_id, r.version, r.deployed_by, r.commit_sha, r.created_at, r.updated_at, ",
            "r.head_hash, r.entries, r.first_sequence, r.last_sequence, r.outline, r.removal from removed_deployments r ",
            $rest
        )
    };
}
pub(super) use select_removed;

#[derive(Debug, FromRow)]
pub(super) struct RemovedRow {
    pub(super) id: Uuid,
    pub(super) component_id: Uuid,
    pub(super) environment_id: Uuid,
    version: String,
    deployed_by: String,
    commit_sha: Option<String>,
    created_at: Micros,
    updated_at: Micros,
    head_hash: Vec<u8>,
    pub(super) entries: i64,
    pub(super) first_sequence: i64,
    pub(super) last_sequence: i64,
    outline: String,
    removal: i64,
}

impl TryFrom<RemovedRow> for RemovedDeployment {
    type Error = Error;

    fn try_from(row: RemovedRow) -> Result<Self, Error> {
        Ok(Self {
            id: row.id,
            component_id: row.component_id,
            environment_id: row.environment_id,
            version: checked(&row.version)?,
            deployed_by: checked(&row.deployed_by)?,
            commit_sha: checked_option(row.commit_sha.as_deref())?,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            head_hash: digest(&row.head_hash)?,
            outline: checked(&row.outline)?,
            removal: row.removal,
        })
    }
}

/// A removed deployment, and the columns that follow from its outline.
#[derive(Debug)]
pub(super) struct Noted<'a> {
    removed: &'a RemovedDeployment,
    outline: String,
    numbers: Numbers,
}

/// The columns that follow from an outline: how many rows it has, and their first and last number.
pub(crate) type Numbers = (i64, i64, i64);

fn numbers_of(removed: &RemovedDeployment) -> Numbers {
    let rows = removed.outline.rows();
    let sequence = |row: Option<&OutlineRow>| row.map_or(0, |row| row.sequence);
    (
        signed(rows.len() as u64),
        sequence(rows.first()),
        sequence(rows.last()),
    )
}

impl<'a> Noted<'a> {
    pub(super) fn of(removed: &'a RemovedDeployment) -> Self {
        Self {
            removed,
            outline: removed.outline.to_string(),
            numbers: numbers_of(removed),
        }
    }
}

pub(super) fn columns<'a>(noted: &'a Noted<'_>) -> Columns<'a, 14> {
    let Noted {
        removed,
        outline,
        numbers: (entries, first_sequence, last_sequence),
    } = noted;
    let commit_sha = removed.commit_sha.as_ref().map(CommitSha::as_str);
    [
        ("id", removed.id.into()),
        ("component_id", removed.component_id.into()),
        ("environment_id", removed.environment_id.into()),
        ("version", removed.version.as_str().into()),
        ("deployed_by", removed.deployed_by.as_str().into()),
        ("commit_sha", commit_sha.into()),
        ("created_at", removed.created_at.into()),
        ("updated_at", removed.updated_at.into()),
        ("head_hash", (&removed.head_hash).into()),
        ("entries", (*entries).into()),
        ("first_sequence", (*first_sequence).into()),
        ("last_sequence", (*last_sequence).into()),
        ("outline", outline.as_str().into()),
        ("removal", removed.removal.into()),
    ]
}

pub(super) fn all(rows: Vec<RemovedRow>) -> Result<Vec<RemovedDeployment>, Error> {
    rows.into_iter().map(RemovedDeployment::try_from).collect()
}

/// Whether the columns of a removed deployment follow from its outline.
pub(crate) fn agrees(removed: &RemovedDeployment, numbers: Numbers) -> bool {
    numbers_of(removed) == numbers
}
