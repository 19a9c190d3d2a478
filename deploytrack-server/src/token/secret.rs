//! The secret that signs tokens, and everything that tokens must fulfil.

use std::{fmt, sync::Arc, time::Duration};

use deploytrack_core::digest::Digest;
use secrecy::{ExposeSecret as _, SecretSlice};
use serde_json::json;

use super::{Key, LONGEST, RemoteKeys};

/// The shared secret that signs tokens, with the issuer, the audience and the longest lifetime that
/// tokens must have.
#[derive(Clone)]
pub struct Secret {
    bytes: SecretSlice<u8>,
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) longest: Duration,
    /// Other keys whose tokens are accepted.
    others: Vec<Key>,
    /// Keys whose tokens are accepted too, and which are read by their URLs.
    pub(super) remote: Vec<Arc<RemoteKeys>>,
}

/// The error for a secret that is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token secret must be at least {} bytes long", Secret::LEAST_BYTES)]
pub struct ShortSecret;

impl Secret {
    /// The least bytes of a secret. HS256 requires as many as its hash has (RFC 7518, section 3.2).
    pub const LEAST_BYTES: usize = 32;

    /// A secret without an issuer and an audience.
    ///
    /// # Errors
    /// [`ShortSecret`] if there are fewer than [`Secret::LEAST_BYTES`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, ShortSecret> {
        if bytes.len() < Self::LEAST_BYTES {
            return Err(ShortSecret);
        }
        Ok(Self {
            bytes: bytes.into(),
            issuer: None,
            audience: None,
            longest: LONGEST,
            others: Vec::new(),
            remote: Vec::new(),
        })
    }

    /// Sets the `iss` and `aud` that tokens must have.
    #[must_use]
    pub fn with_issuer_and_audience(
        self,
        issuer: Option<String>,
        audience: Option<String>,
    ) -> Self {
        Self {
            issuer,
            audience,
            ..self
        }
    }

    /// Also accepts the tokens of these keys.
    #[must_use]
    pub fn accepting(self, others: Vec<Key>) -> Self {
        Self { others, ..self }
    }

    /// Also accepts the tokens of the keys that are published at these sources.
    #[must_use]
    pub(crate) fn accepting_published(self, sources: Vec<RemoteKeys>) -> Self {
        let remote = sources.into_iter().map(Arc::new).collect();
        Self { remote, ..self }
    }

    /// The key of a former secret, whose tokens are still accepted.
    #[must_use]
    pub fn into_former(self) -> Key {
        Key::of_secret(self.bytes())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.expose_secret()
    }

    /// The keys that verify tokens.
    pub(super) fn keys(&self) -> Vec<Key> {
        let own = Key::of_secret(self.bytes());
        std::iter::once(own)
            .chain(self.others.iter().cloned())
            .collect()
    }

    /// Sets the longest lifetime of tokens.
    #[must_use]
    pub fn with_max_lifetime(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The digest of all keys and of everything that tokens must have.
    pub(super) fn fingerprint(&self) -> Digest {
        let terms = json!([self.issuer, self.audience, self.longest.as_secs()]);
        let mut bytes = format!("deploytrack session\n{terms}\n").into_bytes();
        bytes.extend_from_slice(self.bytes());
        for key in &self.others {
            bytes.extend_from_slice(key.digest.as_bytes());
        }
        // The source and not its keys: sessions survive their rotation.
        for keys in &self.remote {
            bytes.extend_from_slice(format!("{}\n", keys.source()).as_bytes());
        }
        Digest::of(&bytes)
    }

    /// The key from which the secrets of walls are computed.
    pub(super) fn wall_key(&self) -> Digest {
        Digest::of(&[b"deploytrack wall\n", self.bytes()].concat())
    }

    /// The key from which the keys of spools are computed.
    pub(super) fn spool_key(&self) -> Digest {
        Digest::of(&[b"deploytrack spool\n", self.bytes()].concat())
    }

    /// The key from which the secrets of tokens are computed.
    pub(super) fn token_key(&self) -> Digest {
        Digest::of(&[b"deploytrack token\n", self.bytes()].concat())
    }

    /// The longest lifetime of a token.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.longest
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
