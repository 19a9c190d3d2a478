//! Tokens that were good when they were last checked, so that their signatures are not worked out for every request.
//!
//! A token is found by its whole text, and its times are compared with the clock each time it is found: what is
//! remembered is only what cannot change, the signature above all. A token is added after everything about it was found
//! good; what is not good is never remembered, so that nobody without a good token can fill this room.
//!
//! The keys and settings of a running process never change. Whoever lets them change must make the [`Known`] anew with
//! them, or a token of a key that was taken back stays good until it expires.

use std::{sync::Arc, time::Duration};

use deploytrack_core::clock::Time;
use quick_cache::sync::Cache;
use serde_json::{Map, Value};

use super::{Bearer, TokenFault};

/// The most tokens that are remembered. With a token's usual 300 bytes that is about half a megabyte, and 9 MiB if each
/// were as long as a token may be.
const MOST: usize = 1024;
/// How far clocks may differ, in seconds.
const LEEWAY: f64 = 60.0;
/// The last second of the year 9999. A later `exp` is a mistake or an attempt at a token without end.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What a good token says.
#[derive(Clone)]
pub(super) struct Verified {
    pub(super) bearer: Arc<Bearer>,
    pub(super) window: Window,
}

impl Verified {
    /// The bearer, if the token is valid at this time.
    pub(super) fn at(&self, now: Time, longest: Duration) -> Result<Arc<Bearer>, TokenFault> {
        #[expect(clippy::cast_precision_loss, reason = "seconds up to the year 9999 are exact in a double")]
        let now = now.timestamp() as f64;
        if !self.window.includes(now) {
            return Err(TokenFault::Invalid);
        }
        if self.window.lifetime(now) > longest.as_secs_f64() {
            return Err(TokenFault::TooLong(longest));
        }
        Ok(Arc::clone(&self.bearer))
    }
}

/// When a token is good, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Window {
    /// The later of `nbf` and `iat`, as far as they are there.
    from: f64,
    /// `iat`, if it is there.
    issued: Option<f64>,
    expires: f64,
}

impl Window {
    /// Reads `exp`, which must be there, `nbf` and `iat`.
    pub(super) fn of(claims: &Map<String, Value>) -> Option<Self> {
        let read = |name: &str| claims.get(name).map_or(Some(None), |value| value.as_f64().map(Some));
        let expires = claims.get("exp")?.as_f64().filter(|expires| *expires <= LAST_SECOND)?;
        let (not_before, issued) = (read("nbf")?, read("iat")?);
        let from = not_before.unwrap_or(f64::NEG_INFINITY).max(issued.unwrap_or(f64::NEG_INFINITY));
        Some(Self { from, issued, expires })
    }

    fn includes(self, now: f64) -> bool {
        self.from - LEEWAY <= now && now < self.expires + LEEWAY
    }

    /// The seconds from `iat` to `exp`. Without `iat` the rest is what counts, by a clock that may be behind.
    fn lifetime(self, now: f64) -> f64 {
        self.expires - self.issued.unwrap_or(now + LEEWAY)
    }
}

/// The tokens that are remembered. Readers of different tokens rarely meet at a lock, and none is held for longer than it
/// takes to find an entry.
pub(super) struct Known(Cache<Box<str>, Verified>);

impl Default for Known {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Known {
    pub(super) fn get(&self, token: &str) -> Option<Verified> {
        self.0.get(token)
    }

    /// Remembers a token in place of one that was not used lately, if there is no more room.
    pub(super) fn add(&self, token: &str, verified: Verified) {
        self.0.insert(token.into(), verified);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}
