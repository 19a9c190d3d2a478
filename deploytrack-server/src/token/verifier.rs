//! Checking tokens.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use deploytrack_core::{clock::Time, digest::Digest, json, token::TokenSecret};
use jsonwebtoken::{Algorithm, Header, Validation};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::{
    Claims, Key, MOST_BYTES, Secret, TokenFault,
    cache::{TokenCache, Validity, VerifiedToken},
};

/// Checks tokens and caches valid ones.
pub(crate) struct Verifier {
    keys: Vec<(Key, Validation)>,
    issuer: Option<String>,
    audience: Option<String>,
    longest: Duration,
    fingerprint: Digest,
    wall_key: Digest,
    token_key: Digest,
    pub(super) cache: TokenCache,
}

impl Verifier {
    pub(crate) fn new(secret: &Secret) -> Self {
        let keys = secret.keys().into_iter();
        Self {
            keys: keys.map(|key| (key.clone(), validation(&key))).collect(),
            issuer: secret.issuer.clone(),
            audience: secret.audience.clone(),
            longest: secret.longest,
            fingerprint: secret.fingerprint(),
            wall_key: secret.wall_key(),
            token_key: secret.token_key(),
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

    /// The longest lifetime of a token.
    pub(crate) const fn longest(&self) -> Duration {
        self.longest
    }

    /// The claims of a valid token.
    pub(crate) fn check(&self, token: &str, now: Time) -> Result<Arc<Claims>, TokenFault> {
        if token.len() > MOST_BYTES {
            return Err(TokenFault::Invalid);
        }
        if let Some(cached) = self.cache.get(token) {
            return cached.at(now, self.longest);
        }
        let verified = self.verify(token).ok_or(TokenFault::Invalid)?;
        let claims = verified.at(now, self.longest)?;
        self.cache.add(token, verified);
        Ok(claims)
    }

    /// Checks everything about a token that does not depend on the time.
    fn verify(&self, token: &str) -> Option<VerifiedToken> {
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
        })
    }

    /// Whether one of the keys has signed a token with this header.
    fn has_signature(&self, token: &str, header: &Header) -> bool {
        self.candidates(header).any(|(key, validation)| {
            jsonwebtoken::decode::<IgnoredAny>(token, &key.decoding, validation).is_ok()
        })
    }

    #[cfg(test)]
    pub(super) fn is_signed(&self, token: &str) -> bool {
        jsonwebtoken::decode_header(token).is_ok_and(|header| self.has_signature(token, &header))
    }

    /// The keys that may have signed a token: those of its algorithm with its `kid`. Without a `kid`,
    /// or with one that no key has, all of them that a token need not name.
    fn candidates(&self, header: &Header) -> impl Iterator<Item = &(Key, Validation)> {
        let of_algorithm = self
            .keys
            .iter()
            .filter(|(key, _)| key.algorithm == header.alg);
        let named = |key: &Key| header.kid.is_some() && key.id == header.kid;
        let is_known = of_algorithm.clone().any(|(key, _)| named(key));
        let kid = header.kid.is_some();
        of_algorithm.filter(move |(key, _)| {
            if is_known {
                named(key)
            } else {
                !kid || key.id.is_none() || key.algorithm == Algorithm::HS256
            }
        })
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

/// What the library checks with a key: the signature by its algorithm. It ignores `nbf`, accepts
/// tokens without `aud` and reads the machine's clock, so all claims are checked here instead, against
/// the tracker's clock.
fn validation(key: &Key) -> Validation {
    let mut validation = Validation::new(key.algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
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
        let mut current = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = current.fingerprint != next.fingerprint;
        *current = next;
        differs
    }
}

/// Whether `typ` is `JWT`, `at+jwt` or absent, and the header has no `crit`. A `crit` with the
/// value `null` counts too, which the library would ignore. `jku`, `x5u` and `jwk` are never
/// used.
fn is_valid_header(token: &str, header: &Header) -> bool {
    let typ = header
        .typ
        .as_deref()
        .is_none_or(|typ| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"));
    typ && part(token, 0).is_some_and(|fields| !fields.contains_key("crit"))
}

/// The JSON object in a part of a token. Duplicate names are an error: the library uses the last
/// one, and another reader of the same token may use the first. RFC 7519, section 4 allows a server
/// to reject them.
fn part(token: &str, at: usize) -> Option<Map<String, Value>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(at)?).ok()?;
    json::object(&bytes).ok()
}
