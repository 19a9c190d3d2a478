//! Identity tokens: what a CI system states about a job, exchanged for a token of our own.
//!
//! | Module | Contents |
//! |---|---|
//! | `claims` | the claims of an identity token, as texts |
//! | `condition`, `limit`, `untrusted_run` | the parts of a rule |
//! | `rule` | which identities are accepted, and what they may do |
//! | `file` | the file with the issuers and the rules |
//! | `fault` | the reasons for which an identity token is not exchanged |
//! | `trust` | the check of an identity token |
//! | `window` | the windows in which an identity token is exchanged |
//! | `provenance` | the origin that the claims state, and the names whose ids are pinned |

mod claims;
mod condition;
mod fault;
mod file;
mod limit;
mod provenance;
mod rule;
mod trust;
mod untrusted_run;
mod window;

/// The `User-Agent` of requests for the keys of issuers.
pub(crate) const USER_AGENT: &str = concat!("deploytrack-server/", env!("CARGO_PKG_VERSION"));

pub use self::file::{OidcSettings, SettingsFault};
use self::{
    claims::IdentityClaims, condition::Condition, limit::LimitPattern, untrusted_run::UntrustedRun,
};
pub(crate) use self::{
    fault::IdentityFault,
    rule::{Mismatch, Rule},
    trust::{CurrentTrust, Trust, VerifiedIdentity},
    window::ExchangeWindow,
};
