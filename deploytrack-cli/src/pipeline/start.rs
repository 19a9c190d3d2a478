//! The start of a deployment as it is sent: what a server would take, and what was given instead.

use deploytrack_core::{deployment::NewDeployment, text::IdempotencyKey};
use serde_json::{Map, Value};

use crate::pipeline::queue::Ask;

/// Stands in a record for a name or a version that nothing can be recorded under; it is never sent.
pub(crate) const STAND_IN: &str = "unusable";

/// Fields of a body as they were given, where no server takes them; null where one is missing.
pub(crate) type AsGiven = Map<String, Value>;

/// The start of a wrapped command.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) new: NewDeployment,
    pub(crate) as_given: AsGiven,
    /// Why it cannot be sent as it is.
    pub(crate) obstacle: Option<String>,
}

impl From<NewDeployment> for Start {
    fn from(new: NewDeployment) -> Self {
        Self { new, as_given: AsGiven::new(), obstacle: None }
    }
}

impl Start {
    /// The body, with what was given in the place of the stand-ins.
    pub(crate) fn body(&self) -> Value {
        let mut body = self.new.to_body();
        if let Value::Object(fields) = &mut body {
            fields.extend(self.as_given.clone());
            fields.retain(|_, value| !value.is_null());
        }
        body
    }

    /// Under which key it is recorded. What is yet to be corrected has one of its own.
    pub(crate) fn key(&self, known: Option<IdempotencyKey>) -> Option<IdempotencyKey> {
        known.filter(|_| self.as_given.is_empty())
    }

    /// The event that records it.
    pub(crate) fn to_ask(&self, again: bool) -> Ask {
        Ask::Record { body: self.body(), register: self.new.register, again }
    }
}
