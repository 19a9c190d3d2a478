//! The start of a deployment: the values for the server, and the original values of fields that no
//! server would accept.

use deploytrack_core::{deployment::NewDeployment, text::IdempotencyKey};
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

    /// The request that records it. `again`: an earlier try of the same step may have used the key.
    pub(crate) fn to_request(&self, again: bool) -> Request {
        Request::Record {
            body: self.body(),
            register: self.new.register,
            again,
        }
    }
}
