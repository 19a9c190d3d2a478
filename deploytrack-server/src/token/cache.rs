//! The token cache: tokens that passed all checks, so that their signatures are not computed for
//! every request.
//!
//! The key is the whole text of the token. The cache stores only the results that cannot change,
//! above all that of the signature; the times of a token are compared with the clock at every
//! request. Only valid tokens are added, so that a client without one cannot fill the cache.
//!
//! A change of the keys or settings replaces the [`TokenCache`] together with them. Otherwise a token
//! of a key that is gone would stay valid until it expires.

use std::{sync::Arc, time::Duration};

use deploytrack_core::clock::{self, Time};
use quick_cache::sync::Cache;
use serde_json::{Map, Value};

use super::{Claims, TokenFault};

/// The most tokens in the cache. They take about half a megabyte at the usual 300 bytes each, and 9
/// MiB if all have the greatest length.
const MOST: usize = 1024;
/// The tolerated difference of clocks, in seconds.
const LEEWAY: f64 = 60.0;
/// The last second of the year 9999. A later `exp` is a mistake, or an attempt to get a token that
/// never expires.
#[expect(
    clippy::cast_precision_loss,
    reason = "a second needs 38 bits of the 52"
)]
const LAST_SECOND: f64 = clock::LAST_SECOND as f64;

/// A token that passed all checks but those of its times.
#[derive(Clone)]
pub(super) struct VerifiedToken {
    pub(super) claims: Arc<Claims>,
    pub(super) validity: Validity,
    /// The version of the published keys with which it was checked.
    pub(super) version: u64,
}

impl VerifiedToken {
    /// The claims, if the token is valid at this time.
    pub(super) fn at(&self, now: Time, longest: Duration) -> Result<Arc<Claims>, TokenFault> {
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds up to the year 9999 are exact in a double"
        )]
        let now = now.timestamp() as f64;
        if !self.validity.includes(now) {
            return Err(TokenFault::Invalid);
        }
        if self.validity.lifetime(now) > longest.as_secs_f64() {
            return Err(TokenFault::TooLong(longest));
        }
        Ok(Arc::clone(&self.claims))
    }
}

/// The times of a token, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Validity {
    /// The later one of `nbf` and `iat`, as far as they are present.
    from: f64,
    /// `iat`, if it is present.
    issued: Option<f64>,
    expires: f64,
}

impl Validity {
    /// Reads `exp`, which is required, and `nbf` and `iat`, which are not.
    pub(super) fn of(claims: &Map<String, Value>) -> Option<Self> {
        let read = |name: &str| {
            claims
                .get(name)
                .map_or(Some(None), |value| value.as_f64().map(Some))
        };
        let expires = claims
            .get("exp")?
            .as_f64()
            .filter(|expires| *expires <= LAST_SECOND)?;
        let (not_before, issued) = (read("nbf")?, read("iat")?);
        let from = not_before
            .unwrap_or(f64::NEG_INFINITY)
            .max(issued.unwrap_or(f64::NEG_INFINITY));
        Some(Self {
            from,
            issued,
            expires,
        })
    }

    fn includes(self, now: f64) -> bool {
        self.from - LEEWAY <= now && now < self.expires + LEEWAY
    }

    /// The seconds from `iat` to `exp`. Without `iat`, the seconds from now to `exp`, less [`LEEWAY`] because the clock may be
    /// behind.
    fn lifetime(self, now: f64) -> f64 {
        self.expires - self.issued.unwrap_or(now + LEEWAY)
    }
}

/// The cached tokens. Lookups of different tokens rarely compete for a lock, and a lock lasts only
/// as long as one lookup.
pub(super) struct TokenCache(Cache<Box<str>, VerifiedToken>);

impl Default for TokenCache {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl TokenCache {
    pub(super) fn get(&self, token: &str) -> Option<VerifiedToken> {
        self.0.get(token)
    }

    /// Adds a token. If the cache is full, it replaces a token that was not used lately.
    pub(super) fn add(&self, token: &str, verified: VerifiedToken) {
        self.0.insert(token.into(), verified);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
