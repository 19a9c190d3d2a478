//! A removed deployment as requests meet it.

use crate::{
    clock::Time,
    deployment::{Deployment, Metadata},
    error::Error,
    history,
    retention::{OutlineRow, RemovedDeployment},
    status::Status,
    text::Name,
};

/// A removed deployment with the names of its cell, and when and why it was removed.
#[derive(Clone, Debug)]
pub(crate) struct GoneDeployment {
    pub(crate) removed: RemovedDeployment,
    pub(super) component_name: Name,
    pub(super) environment_name: Name,
    pub(super) removed_at: Time,
    pub(super) before: Time,
}

impl GoneDeployment {
    /// The error for a request that names the deployment.
    pub(crate) fn error(self) -> Error {
        Error::Removed {
            id: self.removed.id,
            version: self.removed.version,
            removed_at: self.removed_at,
            before: self.before,
        }
    }

    /// The deployment directly after its success at this time; see [`GoneDeployment::after`].
    pub(crate) fn succeeded_at(self, at: Time) -> Deployment {
        let is_success =
            |row: &&OutlineRow| row.to == Some(Status::Succeeded) && row.occurred_at == at;
        let success = self.removed.outline.rows().iter().rfind(is_success);
        let sequence = success.map_or(i64::MAX, |row| row.sequence);
        self.after(sequence)
    }

    /// The deployment directly after the row `sequence`, a success; see [`history::as_of`]. Its
    /// description and metadata are gone.
    pub(crate) fn after(self, sequence: i64) -> Deployment {
        let entries = self.removed.entries();
        let Self {
            removed,
            component_name,
            environment_name,
            removed_at,
            ..
        } = self;
        let deployment = Deployment {
            id: removed.id,
            component_id: removed.component_id,
            component_name,
            environment_id: removed.environment_id,
            environment_name,
            version: removed.version,
            deployed_by: removed.deployed_by,
            commit_sha: removed.commit_sha,
            description: None,
            metadata: Metadata::default(),
            created_at: removed.created_at,
            updated_at: removed.updated_at,
            origin: None,
            removed_at: Some(removed_at),
            // The rest follows from the outline.
            status: Status::Pending,
            attempt: 1,
            started_at: None,
            finished_at: None,
            succeeded_at: None,
            occurred_at: removed.created_at,
        };
        history::as_of(deployment, &entries, sequence)
    }
}
