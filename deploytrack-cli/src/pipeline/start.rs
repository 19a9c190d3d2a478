//! The start of a deployment: the values for the server, and the original values of fields that no
//! server would accept.

use deploytrack_core::{
    clock::Time, deployment::NewDeployment, status::Status, text::IdempotencyKey,
};
use serde_json::{Map, Value};

use crate::queue::Request;

/// Replaces an invalid or missing name or version, so that the record can be built. It is never
/// sent.
pub(crate) const STAND_IN: &str = "unusable";

/// The original values of fields that no server would accept; null for a missing field.
pub(crate) type AsGiven = Map<String, Value>;

/// The start of a deployment.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) new: NewDeployment,
    /// The original values of the fields that `new` has stand-ins for.
    pub(crate) as_given: AsGiven,
    /// Why it cannot be sent.
    pub(crate) obstacle: Option<String>,
}

impl From<NewDeployment> for Start {
    fn from(new: NewDeployment) -> Self {
        Self {
            new,
            as_given: AsGiven::new(),
            obstacle: None,
        }
    }
}

impl Start {
    /// The request body, with the original values in place of the stand-ins.
    fn body(&self) -> Value {
        let mut body = self.new.to_body();
        if let Value::Object(fields) = &mut body {
            fields.extend(self.as_given.clone());
            fields.retain(|_, value| !value.is_null());
        }
        body
    }

    /// The idempotency key of the start. A start that still needs a correction gets a random one.
    pub(crate) fn key(&self, key: Option<IdempotencyKey>) -> Option<IdempotencyKey> {
        key.filter(|_| self.as_given.is_empty())
    }

    /// The start of a command that begins now.
    pub(super) fn in_progress_since(self, now: Time) -> Self {
        let new = NewDeployment {
            status: Status::InProgress,
            occurred_at: Some(now),
            ..self.new
        };
        Self { new, ..self }
    }

    /// The request that records it.
    pub(crate) fn to_request(&self) -> Request {
        self.request(false)
    }

    /// The request of a pipeline step that the CI may repeat: an earlier try may have used the key.
    pub(super) fn to_request_of_step(&self) -> Request {
        self.request(true)
    }

    fn request(&self, again: bool) -> Request {
        Request::Record {
            body: self.body(),
            register: self.new.register,
            again,
        }
    }
}
