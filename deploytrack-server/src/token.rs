//! Tokens: issuing them and checking them.
//!
//! A token is a JSON Web Token (RFC 7519). The server signs with HS256, and accepts the tokens of
//! other keys as far as it is given them. Each key knows its algorithm: the one that a token names
//! only selects among the keys that have it.

mod cache;
mod claims;
mod issue;
mod key;
mod key_source;
mod keyring;
mod remote_keys;
mod secret;
mod verifier;

use std::time::Duration;

pub(crate) use self::{
    claims::{Claims, role_of_session},
    key_source::KeySource,
    keyring::Keyring,
    remote_keys::RemoteKeys,
    verifier::{CurrentVerifier, Verifier, is_valid_header, part},
};
pub use deploytrack_core::role::Role;

pub use self::{
    issue::{Grant, IssueError, issue, lifetime_text},
    key::{Key, KeyFault},
    secret::{Secret, ShortSecret},
};

/// The most bytes of a token. A longer one is rejected without parsing it.
pub const MOST_BYTES: usize = 8 * 1024;
/// The default of the longest lifetime of a token: ten years of 365.25 days.
pub const LONGEST: Duration = Duration::from_hours(87_660);

/// The reason for which a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// The token is invalid. The client gets no further reason.
    Invalid,
    /// The signature is valid, but the lifetime is longer than this.
    TooLong(Duration),
}

#[cfg(test)]
mod tests;
