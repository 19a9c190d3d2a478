//! Tokens: issuing them and checking them.
//!
//! A token is a JSON Web Token (RFC 7519) signed with HS256. The algorithm is fixed here and never
//! read from the token.

use std::{fmt, sync::Arc, time::Duration};

use deploytrack_core::{
    clock::Time,
    digest::Digest,
    json,
    text::{Invalid, Label},
    wall::Wall,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use self::cache::{TokenCache, Validity, VerifiedToken};

mod cache;

/// The role that is required for writes.
pub const ADMIN: &str = "admin";
/// The most bytes of a token. A longer one is rejected without parsing it.
pub const MOST_BYTES: usize = 8 * 1024;
/// The default of the longest lifetime of a token: ten years of 365.25 days.
pub const LONGEST: Duration = Duration::from_hours(87_660);

/// The shared secret that signs tokens, with the issuer, the audience and the longest lifetime that
/// tokens must have.
#[derive(Clone)]
pub struct Secret {
    bytes: SecretSlice<u8>,
    issuer: Option<String>,
    audience: Option<String>,
    longest: Duration,
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

    /// Sets the longest lifetime of tokens.
    #[must_use]
    pub fn with_max_lifetime(self, longest: Duration) -> Self {
        Self { longest, ..self }
    }

    /// The digest of the secret and of everything that tokens must have.
    fn fingerprint(&self) -> Digest {
        let terms = json!([self.issuer, self.audience, self.longest.as_secs()]);
        let mut bytes = format!("deploytrack session\n{terms}\n").into_bytes();
        bytes.extend_from_slice(self.bytes.expose_secret());
        Digest::of(&bytes)
    }

    /// The key from which the secrets of walls are computed.
    fn wall_key(&self) -> Digest {
        Digest::of(&[b"deploytrack wall\n", self.bytes.expose_secret()].concat())
    }

    /// The longest lifetime of a token.
    #[must_use]
    pub const fn longest(&self) -> Duration {
        self.longest
    }
}

/// A lifetime in words, such as `10years`.
#[must_use]
pub fn lifetime_text(lifetime: Duration) -> String {
    humantime::format_duration(lifetime).to_string()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// The error when a token cannot be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The lifetime is longer than the server accepts.
    #[error(
        "the lifetime of a token may be at most {} (--max-token-lifetime, DEPLOYTRACK_MAX_TOKEN_LIFETIME); give a shorter --expires-in",
        lifetime_text(*.longest)
    )]
    TooLong {
        /// The longest lifetime.
        longest: Duration,
    },
    /// The token would be longer than [`MOST_BYTES`].
    #[error("the token would be longer than 8 KiB; give it fewer roles")]
    TooLarge,
    /// Signing failed.
    #[error("the token could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// Issues a token for `subject`, valid from `now` for `expires_in`.
///
/// # Errors
/// [`IssueError`] if the lifetime is longer than [`Secret::longest`], or the token larger than [`MOST_BYTES`].
pub fn issue(
    secret: &Secret,
    subject: &Label,
    roles: &[String],
    expires_in: Duration,
    now: Time,
) -> Result<String, IssueError> {
    let too_long = || IssueError::TooLong {
        longest: secret.longest,
    };
    if expires_in > secret.longest {
        return Err(too_long());
    }
    let issued = now.timestamp();
    let lasts = i64::try_from(expires_in.as_secs()).map_err(|_| too_long())?;
    let mut claims = json!({ "sub": subject, "iat": issued, "exp": issued.saturating_add(lasts), "roles": roles });
    if let Some(issuer) = &secret.issuer {
        claims["iss"] = json!(issuer);
    }
    if let Some(audience) = &secret.audience {
        claims["aud"] = json!(audience);
    }
    let key = EncodingKey::from_secret(secret.bytes.expose_secret());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?;
    if token.len() > MOST_BYTES {
        Err(IssueError::TooLarge)
    } else {
        Ok(token)
    }
}

/// The claims of a token that the server uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The token's subject.
    pub(crate) subject: Label,
    /// Whether the token has the role [`ADMIN`].
    pub(crate) admin: bool,
    /// When the token ends, in whole seconds.
    pub(crate) expires_at: Time,
    /// The wall, if these are the claims of a wall's session.
    pub(crate) wall: Option<Box<Wall>>,
}

impl Claims {
    /// The claims of the session of a wall, which has no end of its own.
    pub(crate) fn of_wall(wall: Wall) -> Result<Self, Invalid> {
        Ok(Self {
            subject: Label::new(format!("wall {}", wall.name))?,
            admin: false,
            expires_at: Time::MAX_UTC,
            wall: Some(Box::new(wall)),
        })
    }

    /// Reads the subject, the roles and the end from the JSON of a token.
    fn of(claims: &Map<String, Value>) -> Option<Self> {
        let subject = Label::new(claims.get("sub")?.as_str()?).ok()?;
        let roles = match claims.get("roles") {
            None => &[][..],
            Some(Value::Array(roles)) if roles.iter().all(Value::is_string) => roles,
            Some(_) => return None,
        };
        Some(Self {
            subject,
            admin: roles.iter().any(|role| role == ADMIN),
            expires_at: end_of(claims)?,
            wall: None,
        })
    }
}

/// The reason for which a token is rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// The token is invalid. The client gets no further reason.
    Invalid,
    /// The signature is valid, but the lifetime is longer than this.
    TooLong(Duration),
}

/// Checks tokens and caches valid ones.
pub(crate) struct Verifier {
    key: DecodingKey,
    validation: Validation,
    issuer: Option<String>,
    audience: Option<String>,
    longest: Duration,
    fingerprint: Digest,
    wall_key: Digest,
    cache: TokenCache,
}

impl Verifier {
    pub(crate) fn new(secret: &Secret) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The library ignores `nbf`, accepts tokens without `aud` and reads the machine's clock. So
        // all claims are checked below instead, against the tracker's clock.
        validation.required_spec_claims.clear();
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        Self {
            key: DecodingKey::from_secret(secret.bytes.expose_secret()),
            validation,
            issuer: secret.issuer.clone(),
            audience: secret.audience.clone(),
            longest: secret.longest,
            fingerprint: secret.fingerprint(),
            wall_key: secret.wall_key(),
            cache: TokenCache::default(),
        }
    }

    /// The digest of the secret and of what it accepts. A session ends when it changes.
    pub(crate) const fn fingerprint(&self) -> &Digest {
        &self.fingerprint
    }

    /// The bytes that only this secret makes from a random seed. Key and seed have fixed lengths, so
    /// the hash of both is a keyed one.
    pub(crate) fn wall_bytes(&self, seed: &Digest) -> Digest {
        Digest::of(&[&self.wall_key.as_bytes()[..], seed.as_bytes()].concat())
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
        let read = jsonwebtoken::decode::<IgnoredAny>(token, &self.key, &self.validation).ok()?;
        let claims = part(token, 1)?;
        if !is_valid_header(token, &read.header) || !self.is_for_us(&claims) {
            return None;
        }
        Some(VerifiedToken {
            claims: Arc::new(Claims::of(&claims)?),
            validity: Validity::of(&claims)?,
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

/// Whether `typ` is `JWT`, `at+jwt` or absent, and the header has no `crit`. A `crit` with the
/// value `null` counts too, which the library would ignore. `kid`, `jku`, `x5u` and `jwk` are never
/// used.
fn is_valid_header(token: &str, header: &Header) -> bool {
    let typ = header
        .typ
        .as_deref()
        .is_none_or(|typ| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"));
    typ && part(token, 0).is_some_and(|fields| !fields.contains_key("crit"))
}

/// The claim `exp`, in whole seconds. [`Validity`] bounds it.
fn end_of(claims: &Map<String, Value>) -> Option<Time> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and there is no such time then"
    )]
    let seconds = claims.get("exp")?.as_f64()? as i64;
    Time::from_timestamp(seconds, 0)
}

/// The JSON object in a part of a token. Duplicate names are an error: the library uses the last
/// one, and another reader of the same token may use the first. RFC 7519, section 4 allows a server
/// to reject them.
fn part(token: &str, at: usize) -> Option<Map<String, Value>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(at)?).ok()?;
    json::object(&bytes).ok()
}

#[cfg(test)]
mod tests;
