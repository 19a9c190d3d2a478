//! A deployment as a write changes it.

use crate::{
    clock::Time,
    deployment::Deployment,
    digest::Digest,
    history::{self, DeploymentState, HistoryEnd},
};

/// A deployment, together with the columns that only writers use.
#[derive(Clone, Debug)]
pub(crate) struct DeploymentRecord {
    pub(crate) deployment: Deployment,
    /// The row of history of its latest success.
    pub(crate) succeeded_sequence: Option<i64>,
    /// The row of history of its latest transition; 0 before the first one.
    pub(crate) occurred_sequence: i64,
    /// The hash of its latest row of history; before the first one, the digest of its identity.
    pub(crate) head_hash: Digest,
    /// How often the row was written; 0 if it is not in the database yet.
    pub(crate) revision: i64,
    /// When its component and its environment were archived, as the database had it when the
    /// deployment was read. `None` for a deployment that is not in the database yet.
    pub(crate) archived_at: (Option<Time>, Option<Time>),
}

impl DeploymentRecord {
    /// A deployment that is to be recorded, before the first row of its history.
    pub(crate) fn new(deployment: Deployment) -> Self {
        Self {
            head_hash: history::identity(&deployment),
            deployment,
            succeeded_sequence: None,
            occurred_sequence: 0,
            revision: 0,
            archived_at: (None, None),
        }
    }

    /// The end of its history.
    pub(super) const fn history_end(&self) -> HistoryEnd {
        let has_history = self.occurred_sequence != 0;
        HistoryEnd {
            status: if has_history {
                Some(self.deployment.status)
            } else {
                None
            },
            attempt: self.deployment.attempt,
            head_hash: self.head_hash,
        }
    }

    /// The state that its history adds up to, from its columns.
    pub(crate) fn state(&self) -> DeploymentState {
        let deployment = &self.deployment;
        DeploymentState {
            status: deployment.status,
            attempt: deployment.attempt,
            started_at: deployment.started_at,
            finished_at: deployment.finished_at,
            succeeded: deployment.succeeded_at.zip(self.succeeded_sequence),
            occurred: (deployment.occurred_at, self.occurred_sequence),
            origin: deployment.origin.clone(),
        }
    }

    /// Sets the columns that follow from the history.
    pub(crate) fn set_state(&mut self, state: &DeploymentState) {
        state.apply_to(&mut self.deployment);
        self.succeeded_sequence = state.succeeded.map(|(_, sequence)| sequence);
        self.occurred_sequence = state.occurred.1;
    }
}
