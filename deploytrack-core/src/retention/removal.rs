//! Removals and removed deployments, and the hashes that chain them.

use serde_json::json;
use uuid::Uuid;

use super::{Outline, Rule};
use crate::{
    clock::Time,
    digest::Digest,
    history::HistoryEntry,
    text::{CommitSha, Label, Version},
};

/// What remains of a removed deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedDeployment {
    /// The id.
    pub id: Uuid,
    /// The id of the component.
    pub component_id: Uuid,
    /// The id of the environment.
    pub environment_id: Uuid,
    /// The version.
    pub version: Version,
    /// The person or program that deployed it.
    pub deployed_by: Label,
    /// The commit that it was built from.
    pub commit_sha: Option<CommitSha>,
    /// When the server recorded it.
    pub created_at: Time,
    /// When the server last changed it, before the removal.
    pub updated_at: Time,
    /// The hash of the last row of its history.
    pub head_hash: Digest,
    /// What remains of its history.
    pub outline: Outline,
    /// The number of its removal.
    pub removal: i64,
}

impl RemovedDeployment {
    /// The rows of its outline as rows of history; see [`Outline::entries`].
    #[must_use]
    pub fn entries(&self) -> Vec<HistoryEntry> {
        self.outline.entries(&self.deployed_by)
    }

    /// SHA-256 over what remains, which the hash of the removal covers.
    ///
    /// The JSON array has, in this order: the ids of deployment, component and environment,
    /// version, `deployedBy`, `commitSha` or `null`, `createdAt` and `updatedAt` in microseconds
    /// since 1970, the head hash as text, and the text of the outline.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let content = json!([
            self.id,
            self.component_id,
            self.environment_id,
            self.version,
            self.deployed_by,
            self.commit_sha,
            self.created_at.timestamp_micros(),
            self.updated_at.timestamp_micros(),
            self.head_hash,
            self.outline.to_string(),
        ]);
        Digest::of(content.to_string().as_bytes())
    }
}

/// A removal: a batch of deployments that one transaction removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The number, from 1 and without gaps.
    pub number: i64,
    /// When it happened.
    pub removed_at: Time,
    /// The subject of the token that asked for it.
    pub removed_by: Label,
    /// The rule.
    pub rule: Rule,
    /// How many deployments it removed.
    pub deployments: u64,
    /// How many rows of history it removed.
    pub entries: u64,
    /// The earliest of the times at which the latest transitions of the deployments happened.
    pub oldest: Time,
    /// The latest of these times.
    pub newest: Time,
    /// SHA-256 over this removal, the removed deployments and the hash of the previous removal.
    pub hash: Digest,
}

impl Removal {
    /// The hash of the removal. `previous` is the hash of the previous removal, and `removed` are
    /// the digests of its deployments in the order of their ids.
    ///
    /// The JSON array has, in this order: `previous` as text or `null`, number, `removedAt` in
    /// microseconds since 1970, `removedBy`, the two values of the rule, the numbers of deployments
    /// and of rows, `oldest` and `newest`, and an array with the digests as text.
    #[must_use]
    pub fn hash_after(&self, previous: Option<&Digest>, removed: &[Digest]) -> Digest {
        let content = json!([
            previous,
            self.number,
            self.removed_at.timestamp_micros(),
            self.removed_by,
            self.rule.before.timestamp_micros(),
            self.rule.keep_last,
            self.deployments,
            self.entries,
            self.oldest.timestamp_micros(),
            self.newest.timestamp_micros(),
            removed,
        ]);
        Digest::of(content.to_string().as_bytes())
    }
}
