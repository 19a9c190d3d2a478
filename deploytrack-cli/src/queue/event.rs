//! One event of an entry: a request that a server has not acknowledged yet.

use deploytrack_core::text::IdempotencyKey;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// A request for a server, as it is stored on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The URL of the server; empty if the call that queued the event had no usable settings.
    pub(crate) server: String,
    /// The idempotency key of the request.
    pub(crate) key: IdempotencyKey,
    /// The request itself.
    #[serde(rename = "ask")]
    pub(crate) request: Request,
}

/// The kinds of requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Request {
    /// Records a deployment. The later events of the entry need its id.
    Record {
        /// The body of the request.
        body: Value,
        /// Whether names are registered even if they resemble known ones.
        register: bool,
        /// Whether an earlier try of the same pipeline step may have used the key. The step then
        /// resumes that deployment.
        #[serde(default)]
        again: bool,
    },
    /// Resumes the deployment that an earlier try of the same step recorded.
    Resume {
        /// The body of the request that would record another deployment.
        body: Value,
        /// Whether names are registered even if they resemble known ones.
        register: bool,
        /// The deployment of the earlier try.
        deployment: Uuid,
    },
    /// Changes the deployment of the entry.
    Update {
        /// The body of the request.
        body: Value,
    },
}

impl Request {
    /// The body of the request.
    pub(crate) const fn body(&self) -> &Value {
        let (Self::Record { body, .. } | Self::Resume { body, .. } | Self::Update { body }) = self;
        body
    }

    /// The same start as a request that resumes an earlier deployment. An update is returned
    /// unchanged.
    pub(crate) fn into_resume(self, deployment: Uuid) -> Self {
        match self {
            Self::Record { body, register, .. } | Self::Resume { body, register, .. } => {
                Self::Resume {
                    body,
                    register,
                    deployment,
                }
            }
            Self::Update { .. } => self,
        }
    }

    /// The same start as a request that records a new deployment. An update is returned unchanged.
    pub(crate) fn into_record(self) -> Self {
        match self {
            Self::Record { body, register, .. } | Self::Resume { body, register, .. } => {
                Self::Record {
                    body,
                    register,
                    again: false,
                }
            }
            Self::Update { .. } => self,
        }
    }
}

/// Server and idempotency key of an outcome that is not known yet: the command may still be
/// running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingOutcome {
    /// The URL of the server.
    pub(crate) server: String,
    /// The idempotency key of the request.
    pub(crate) key: IdempotencyKey,
}
