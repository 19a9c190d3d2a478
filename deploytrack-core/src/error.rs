//! What can go wrong, said for the caller.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{catalog::Kind, entity_tag::EntityTag, faults::MOST_FAULTS, status::IllegalTransition, text::Name};

/// One thing that is wrong with a request. A body's fault has a `pointer`, a query's a `parameter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// Where in the body, as a JSON pointer (RFC 6901); empty for the body as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub pointer: Option<String>,
    /// Which query parameter or header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub parameter: Option<String>,
    /// Which line of an import, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub line: Option<usize>,
    /// Which item of the array that an import is, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub item: Option<usize>,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer` in a body.
    pub fn at(pointer: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self { pointer: Some(pointer.into()), detail: detail.to_string(), ..Self::default() }
    }

    /// A fault of the query parameter `name`.
    pub fn parameter(name: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self { parameter: Some(name.into()), detail: detail.to_string(), ..Self::default() }
    }

    /// The same fault, in line `line` of an import.
    #[must_use]
    pub fn on_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.item) {
            (Some(line), Some(item)) => write!(f, "line {line} (item {item}): ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            (None, Some(item)) => write!(f, "item {item}: ")?,
            (None, None) => {}
        }
        match (&self.pointer, &self.parameter) {
            (Some(pointer), _) if !pointer.is_empty() => write!(f, "{pointer} {}", self.detail),
            (_, Some(parameter)) => write!(f, "{parameter} {}", self.detail),
            _ => f.write_str(&self.detail),
        }
    }
}

/// Everything that can go wrong between a request and its answer. The messages are meant for the caller; what only an
/// operator should see is in [`std::error::Error::source`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request itself is wrong; every fault is named.
    #[error("{}", sentence(.0))]
    Invalid(Vec<Fault>),
    /// The status machine forbids the move.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// No record has this id or name.
    #[error("there is no {what} {key}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// The id or name that was given.
        key: String,
    },
    /// The name is in use.
    #[error("the {kind} {name} is there already")]
    NameTaken {
        /// Component or environment.
        kind: Kind,
        /// The name.
        name: Name,
    },
    /// A record with deployments cannot be deleted.
    #[error("the {kind} {name} has deployments, and history is never dropped; archive it instead ({{\"archived\": true}})")]
    InUse {
        /// Component or environment.
        kind: Kind,
        /// Its name.
        name: Name,
    },
    /// The unknown name is so close to known ones that it is probably a typing error.
    #[error("there is no {kind} {name}; did you mean {}? To register the new name, repeat the request with ?register=true", listed(.did_you_mean))]
    NearMiss {
        /// Component or environment.
        kind: Kind,
        /// The name that was given.
        name: Name,
        /// The known names it resembles, the nearest first.
        did_you_mean: Vec<Name>,
    },
    /// A removal of something that is not what is current.
    #[error("{}", not_current(.id, .component, .environment, .current.as_ref()))]
    NotCurrent {
        /// What was to be removed.
        id: Uuid,
        /// Its component.
        component: Name,
        /// The environment.
        environment: Name,
        /// What is current there, if anything.
        current: Option<Uuid>,
    },
    /// What was to be changed is not as the caller has seen it; its tag is this one now.
    #[error("it was changed since it was read; read it again (its ETag is {0} now), and repeat the change if it still applies")]
    Changed(EntityTag),
    /// Another request was made under the same idempotency key.
    #[error("the Idempotency-Key was used for another request; a new request needs a new key")]
    KeyReused {
        /// The id of what that request recorded or changed.
        recorded: Option<Uuid>,
    },
    /// The request is being carried out already, under the same idempotency key.
    #[error("a request with this Idempotency-Key is still running; repeat it in a moment to get its answer")]
    InFlight,
    /// Something that runs once at a time is running.
    #[error("a verification is running already; try again when it is done")]
    Verifying,
    /// More writes wait than are let wait; the same request may succeed later.
    #[error("too many writes are waiting at the moment; repeat the request with the same Idempotency-Key")]
    Busy,
    /// More questions that read many rows wait than can be answered in time; the same request may succeed later.
    #[error(
        "too many questions that read many rows are waiting at the moment; repeat the request, or ask for less: one component or \
         environment, or a shorter time"
    )]
    TooManyReads,
    /// The database cannot be reached, is busy, or takes no writes; the same request may succeed later.
    #[error("the database cannot be used at the moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database refused something it should not have, or holds something that cannot be read.
    #[error("the database gave an unexpected answer")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database cannot be used as it is; the message says what to do.
    #[error("{0}")]
    Setup(String),
}

impl From<crate::text::BadText> for Error {
    fn from(bad: crate::text::BadText) -> Self {
        Self::fault(Fault::at("", bad))
    }
}

impl Error {
    /// One fault alone.
    #[must_use]
    pub fn fault(fault: Fault) -> Self {
        Self::Invalid(vec![fault])
    }

    /// Whether it is about the database and not about the request.
    #[cfg(feature = "store")]
    pub(crate) const fn is_of_the_database(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    /// No component or environment has this id or name.
    #[must_use]
    pub fn unknown(kind: Kind, key: impl fmt::Display) -> Self {
        Self::NotFound { what: kind.as_str(), key: key.to_string() }
    }

    /// No deployment has this id.
    #[must_use]
    pub fn no_deployment(id: Uuid) -> Self {
        Self::NotFound { what: "deployment", key: id.to_string() }
    }
}

/// The faults as one sentence: the first few, and how many more there are.
fn sentence(faults: &[Fault]) -> String {
    let shown: Vec<_> = faults.iter().take(3).map(ToString::to_string).collect();
    let more = faults.len().saturating_sub(shown.len());
    let shown = shown.join("; ");
    // Beyond the limit no reader counts on.
    let counted = if faults.len() > MOST_FAULTS { "at least " } else { "" };
    if more == 0 { shown } else { format!("{shown}; and {counted}{more} more") }
}

fn listed(names: &[Name]) -> String {
    names.iter().map(Name::as_str).collect::<Vec<_>>().join(" or ")
}

fn not_current(id: &Uuid, component: &Name, environment: &Name, current: Option<&Uuid>) -> String {
    match current {
        Some(current) => format!("deployment {id} is not what is current of {component} in {environment}; {current} is"),
        None => format!("nothing of {component} is current in {environment}, so nothing can be removed from it"),
    }
}
