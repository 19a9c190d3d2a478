//! The error of the use cases. Its messages are written for the caller.

use std::fmt;

use uuid::Uuid;

pub use crate::fault::Fault;
use crate::{
    catalog::CatalogKind,
    clock::{self, Time},
    entity_tag::EntityTag,
    fault::MOST_FAULTS,
    pattern::NamePattern,
    pin::PinConflict,
    status::IllegalTransition,
    text::{Invalid, Name, Version},
    token::TokenEnd,
};

/// Every error of a use case. The messages are written for the caller. Details that only an operator should see are in
/// [`std::error::Error::source`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is invalid. All its faults are listed, up to [`MOST_FAULTS`].
    #[error("{}", sentence(.0))]
    Invalid(Vec<Fault>),
    /// The status machine forbids the transition.
    #[error(transparent)]
    Transition(#[from] IllegalTransition),
    /// No record has this id or name.
    #[error("there is no {what} {key}")]
    NotFound {
        /// The kind of record: `component`, `environment`, `deployment`, `wall`, `token` or `revocation`.
        what: &'static str,
        /// The id or name in the request.
        key: String,
    },
    /// Retention removed the deployment.
    #[error(
        "deployment {id} ({version}) was removed by retention at {}, since everything about it was older than {}; its cell still \
         shows it at past moments",
        clock::format(removed_at),
        clock::format(before)
    )]
    Removed {
        /// The deployment.
        id: Uuid,
        /// Its version.
        version: Version,
        /// When it was removed.
        removed_at: Time,
        /// The time of the rule.
        before: Time,
    },
    /// A removal would not remove what its preview listed.
    #[error(
        "other deployments would be removed now than the preview listed; preview the removal again, and repeat it with the new tag"
    )]
    PreviewChanged,
    /// A removal is running, and only one runs at a time.
    #[error("a removal is running already; try again when it is done")]
    Removing,
    /// The name is in use.
    #[error("the {kind} {name} exists already")]
    NameTaken {
        /// Component or environment.
        kind: CatalogKind,
        /// The name.
        name: Name,
    },
    /// The name of the wall is in use.
    #[error("the wall {0} exists already; revoke it first, or choose another name")]
    WallExists(Name),
    /// There are as many walls as there may be.
    #[error("there are {0} walls, which is the most; revoke one first")]
    TooManyWalls(u64),
    /// There are as many pins as there may be.
    #[error("there are {0} pins, which is the most; remove some that are not needed any more")]
    TooManyPins(u64),
    /// A name in an identity token has another id than at its first use.
    #[error("{0}")]
    PinConflict(Box<PinConflict>),
    /// The name of the token is in use.
    #[error("the token {0} exists already; rotate or revoke it, or choose another name")]
    TokenExists(Name),
    /// There are as many valid tokens as there may be.
    #[error("there are {0} valid tokens, which is the most; revoke one first")]
    TooManyTokens(u64),
    /// The token was revoked or has expired, so that it gets no new secret.
    #[error("the token {name} {}; create a new one", match .end { TokenEnd::Revoked => "was revoked", _ => "has expired" })]
    TokenEnded {
        /// The name of the token.
        name: Name,
        /// The reason.
        end: TokenEnd,
    },
    /// There are as many revocations as there may be.
    #[error("there are {0} revocations, which is the most; remove one of tokens that have expired")]
    TooManyRevocations(u64),
    /// A component or environment with deployments cannot be deleted.
    #[error("the {kind} {name} has deployments; archive it instead ({{\"archived\": true}})")]
    InUse {
        /// Component or environment.
        kind: CatalogKind,
        /// Its name.
        name: Name,
    },
    /// The name is unknown and so similar to known names that it is probably a typing error.
    #[error("there is no {kind} {name}; did you mean {}? To register the new name, repeat the request with ?register=true", listed(.did_you_mean))]
    NearMiss {
        /// Component or environment.
        kind: CatalogKind,
        /// The name in the request.
        name: Name,
        /// The known names that are similar, in the order of names.
        did_you_mean: Vec<Name>,
    },
    /// The deployment to undeploy is not current in its cell.
    #[error("{}", not_current(.id, .component, .environment, .current.as_ref()))]
    NotCurrent {
        /// The deployment in the request.
        id: Uuid,
        /// Its component.
        component: Name,
        /// The environment.
        environment: Name,
        /// The deployment that is current in the cell, if there is one.
        current: Option<Uuid>,
    },
    /// The record has changed since the caller read it. The value is its entity tag now.
    #[error(
        "the record was changed since it was read; read it again (its ETag is {0} now), and repeat the change if it still applies"
    )]
    Changed(EntityTag),
    /// The limits of the caller do not include this component or environment.
    #[error("the token may not write to the {kind} {name}; it is limited to {}", limited(*.kind, .allowed))]
    OutsideLimits {
        /// Component or environment.
        kind: CatalogKind,
        /// Its name.
        name: Name,
        /// The patterns of which its name must match one.
        allowed: Vec<NamePattern>,
    },
    /// The idempotency key was used for another request.
    #[error("the Idempotency-Key was used for another request; a new request needs a new key")]
    KeyReused {
        /// The id of the record that the other request created or changed.
        recorded: Option<Uuid>,
    },
    /// A request with the same idempotency key is still running.
    #[error(
        "a request with this Idempotency-Key is still running; repeat it in a moment to get its answer"
    )]
    InFlight,
    /// A reader of events resumes in another store than the one it read from: the number of its last
    /// event means nothing here.
    #[error(
        "event {0} belongs to another database: this one was restored from a backup, or replaced; read again what you show, and \
         follow the events without Last-Event-ID"
    )]
    StoreReplaced(i64),
    /// A verification is running, and only one runs at a time.
    #[error("a verification is running already; try again when it is done")]
    Verifying,
    /// The queue of writes is full. The same request may succeed later.
    #[error(
        "too many writes are waiting at the moment; repeat the request with the same Idempotency-Key"
    )]
    Busy,
    /// The queue of reads of many rows is too long to be served in time. The same request may
    /// succeed later.
    #[error(
        "too many reads of many rows are waiting at the moment; repeat the request, or request less: one component or \
         environment, or a shorter time"
    )]
    TooManyReads,
    /// The database is unreachable, busy or read-only. The same request may succeed later.
    #[error("the database cannot be used at the moment")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A newer program has migrated the database: this one no longer writes to it.
    #[error(
        "a newer version of deploytrack has migrated the database, and this server has an older one; it refuses writes until it is \
         restarted with the newer version"
    )]
    Outdated,
    /// The database rejected a statement that it should accept, or returned data that cannot be
    /// read.
    #[error("the database returned an unexpected result")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database cannot be used in its present state. The message contains the remedy.
    #[error("{0}")]
    Setup(String),
}

impl From<Invalid> for Error {
    fn from(bad: Invalid) -> Self {
        Self::fault(Fault::at("", bad))
    }
}

impl Error {
    /// An [`Error::Invalid`] with one fault.
    #[must_use]
    pub fn fault(fault: Fault) -> Self {
        Self::Invalid(vec![fault])
    }

    /// Whether the cause is the database and not the request.
    #[cfg(feature = "store")]
    pub(crate) const fn is_of_the_database(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Internal(_))
    }

    /// An [`Error::NotFound`] for a component or environment, by its id or name.
    #[must_use]
    pub fn unknown(kind: CatalogKind, key: impl fmt::Display) -> Self {
        Self::NotFound {
            what: kind.as_str(),
            key: key.to_string(),
        }
    }

    /// An [`Error::NotFound`] for a deployment.
    #[must_use]
    pub fn no_deployment(id: Uuid) -> Self {
        Self::NotFound {
            what: "deployment",
            key: id.to_string(),
        }
    }
}

/// Formats faults as one sentence: the first three, and the number of the others.
fn sentence(faults: &[Fault]) -> String {
    let shown: Vec<_> = faults.iter().take(3).map(ToString::to_string).collect();
    let more = faults.len().saturating_sub(shown.len());
    let shown = shown.join("; ");
    // Faults beyond the limit are not collected, so the exact number is unknown.
    let counted = if faults.len() > MOST_FAULTS {
        "at least "
    } else {
        ""
    };
    if more == 0 {
        shown
    } else {
        format!("{shown}; and {counted}{more} more")
    }
}

fn listed(names: &[Name]) -> String {
    names
        .iter()
        .map(Name::as_str)
        .collect::<Vec<_>>()
        .join(" or ")
}

fn limited(kind: CatalogKind, allowed: &[NamePattern]) -> String {
    if allowed.is_empty() {
        return format!("no {kind}");
    }
    let allowed: Vec<_> = allowed.iter().map(NamePattern::as_str).collect();
    allowed.join(" or ")
}

fn not_current(id: &Uuid, component: &Name, environment: &Name, current: Option<&Uuid>) -> String {
    match current {
        Some(current) => format!(
            "deployment {id} is not current for {component} in {environment}; deployment {current} is"
        ),
        None => format!(
            "no deployment of {component} is current in {environment}, so there is nothing to undeploy"
        ),
    }
}
