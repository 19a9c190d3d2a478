//! Checking tokens.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use deploytrack_core::{clock::Time, digest::Digest, json, token::TokenSecret};
use futures_util::future::join_all;
use jsonwebtoken::Header;
use serde_json::{Map, Value};

use super::{
    Claims, Keyring, MOST_BYTES, RemoteKeys, Secret, TokenFault,
    cache::{TokenCache, Validity, VerifiedToken},
};

/// Checks tokens and caches valid ones.
pub(crate) struct Verifier {
    keys: Keyring,
    remote: Vec<Arc<RemoteKeys>>,
    issuer: Option<String>,
    audience: Option<String>,
    longest: Duration,
    fingerprint: Digest,
    wall_key: Digest,
    token_key: Digest,
    spool_key: Digest,
    pub(super) cache: TokenCache,
}

impl Verifier {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self {
            keys: Keyring::new(secret.keys()),
            remote: secret.remote.clone(),
            issuer: secret.issuer.clone(),
            audience: secret.audience.clone(),
            longest: secret.longest,
            fingerprint: secret.fingerprint(),
            wall_key: secret.wall_key(),
            token_key: secret.token_key(),
            spool_key: secret.spool_key(),
            cache: TokenCache::default(),
        }
    }

    /// The digest of the keys and of what they accept. A session ends when it changes.
    pub(crate) const fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }

    /// The bytes that only this secret makes from a random seed. Key and seed have fixed lengths, so
    /// the hash of both is a keyed one.
    pub(crate) fn wall_bytes(&self, seed: &Digest) -> Digest {
        Digest::of(&[&self.wall_key.as_bytes()[..], seed.as_bytes()].concat())
    }

    /// The secret of a token that only this secret of the server makes from a random seed.
    pub(crate) fn token_secret(&self, seed: &str) -> TokenSecret {
        let seed = Digest::of(seed.as_bytes());
        let keyed = [&self.token_key.as_bytes()[..], seed.as_bytes()].concat();
        TokenSecret::of(*Digest::of(&keyed).as_bytes())
    }

    /// The key with which a client seals its spool, made from what all jobs of a repository share.
    pub(crate) fn spool_key(&self, seed: &str) -> Digest {
        let seed = Digest::of(seed.as_bytes());
        Digest::of(&[&self.spool_key.as_bytes()[..], seed.as_bytes()].concat())
    }

    /// The longest lifetime of a token.
    pub(crate) const fn longest(&self) -> Duration {
        self.longest
    }

    /// The claims of a valid token.
    pub(crate) fn check(&self, token: &str, now: Time) -> Result<Arc<Claims>, TokenFault> {
        if token.len() > MOST_BYTES {
            return Err(TokenFault::Invalid);
        }
        for keys in &self.remote {
            keys.renew_if_old(now);
        }
        let version = self.version();
        if let Some(cached) = self
            .cache
            .get(token)
            .filter(|cached| cached.version == version)
        {
            return cached.at(now, self.longest);
        }
        let verified = self.verify(token, version).ok_or(TokenFault::Invalid)?;
        let claims = verified.at(now, self.longest)?;
        self.cache.add(token, verified);
        Ok(claims)
    }

    /// Checks everything about a token that does not depend on the time.
    fn verify(&self, token: &str, version: u64) -> Option<VerifiedToken> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        if !self.has_signature(token, &header) || !is_valid_header(token, &header) {
            return None;
        }
        let claims = part(token, 1)?;
        if !self.is_for_us(&claims) {
            return None;
        }
        Some(VerifiedToken {
            claims: Arc::new(Claims::of(&claims)?),
            validity: Validity::of(&claims)?,
            version,
        })
    }

    /// Whether one of the keys has signed a token with this header.
    fn has_signature(&self, token: &str, header: &Header) -> bool {
        self.keys.has_signed(token, header)
            || self
                .remote
                .iter()
                .any(|keys| keys.published().keyring.has_signed(token, header))
    }

    /// Reads the published keys again that a token may need, and returns whether that was tried: the
    /// token names a key that is unknown here.
    pub(crate) async fn renew_for(&self, token: &str, now: Time) -> bool {
        if self.remote.is_empty() || token.len() > MOST_BYTES {
            return false;
        }
        let Ok(header) = jsonwebtoken::decode_header(token) else {
            return false;
        };
        let is_known = self.keys.names(&header);
        if is_known || !self.remote.iter().all(|keys| keys.misses(&header)) {
            return false;
        }
        join_all(self.remote.iter().map(|keys| keys.renew(now))).await;
        true
    }

    /// Continues with the published keys of a former verifier that have the same source.
    fn continue_from(&self, former: &Self) {
        for keys in &self.remote {
            let same = former
                .remote
                .iter()
                .find(|former| former.source() == keys.source());
            if let Some(same) = same {
                keys.continue_from(same);
            }
        }
    }

    /// The number of reads of published keys. It grows with each.
    fn version(&self) -> u64 {
        self.remote
            .iter()
            .map(|keys| keys.published().version)
            .sum()
    }

    #[cfg(test)]
    pub(super) fn is_signed(&self, token: &str) -> bool {
        jsonwebtoken::decode_header(token).is_ok_and(|header| self.has_signature(token, &header))
    }

    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let from = self
            .issuer
            .as_ref()
            .is_none_or(|issuer| claims.get("iss").and_then(Value::as_str) == Some(issuer));
        let to = self
            .audience
            .as_ref()
            .is_none_or(|audience| match claims.get("aud") {
                Some(Value::String(one)) => one == audience,
                Some(Value::Array(many)) => {
                    many.iter().all(Value::is_string)
                        && many.iter().any(|one| one == audience.as_str())
                }
                _ => false,
            });
        from && to
    }
}

/// The verifier in use. A reload replaces it together with its cache: a token of a key that is gone
/// must not stay valid.
pub(crate) struct CurrentVerifier(RwLock<Arc<Verifier>>);

impl CurrentVerifier {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(RwLock::new(Arc::new(Verifier::new(secret))))
    }

    pub(crate) fn get(&self) -> Arc<Verifier> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Replaces the keys. Returns whether they differ from the former ones.
    pub(crate) fn replace(&self, secret: &Secret) -> bool {
        let next = Arc::new(Verifier::new(secret));
        next.continue_from(&self.get());
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = current.fingerprint != next.fingerprint;
        *current = next;
        differs
    }
}

/// Whether `typ` is `JWT`, `at+jwt` or absent, and the header has no `crit`. A `crit` with the
/// value `null` counts too, which the library would ignore. `jku`, `x5u` and `jwk` are never
/// used.
pub(crate) fn is_valid_header(token: &str, header: &Header) -> bool {
    let typ = header
        .typ
        .as_deref()
        .is_none_or(|typ| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"));
    typ && part(token, 0).is_some_and(|fields| !fields.contains_key("crit"))
}

/// The JSON object in a part of a token. Duplicate names are an error: the library uses the last
/// one, and another reader of the same token may use the first. RFC 7519, section 4 allows a server
/// to reject them.
pub(crate) fn part(token: &str, at: usize) -> Option<Map<String, Value>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(at)?).ok()?;
    json::object(&bytes).ok()
}
