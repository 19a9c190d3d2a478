//! Tokens: how they are issued, and what a good one looks like.
//!
//! A token is a JSON Web Token (RFC 7519) signed with HS256. The algorithm comes from here and never from the token.

use std::{fmt, sync::Arc, time::Duration};

use deploytrack_core::{clock::Time, json, text::Label};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret as _, SecretSlice};
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use self::known::{Known, Verified, Window};

mod known;

/// The role that may write.
pub const ADMIN: &str = "admin";
/// The longest token that is looked at, in bytes.
pub const MOST_BYTES: usize = 8 * 1024;
/// The longest lifetime of a token unless configured: ten years of 365.25 days.
pub const LONGEST: Duration = Duration::from_hours(87_660);

/// What signs and checks tokens: a shared secret, and whom the tokens are from and for.
#[derive(Clone)]
pub struct Secret {
    bytes: SecretSlice<u8>,
    issuer: Option<String>,
    audience: Option<String>,
    longest: Duration,
}

/// The secret is too short to sign with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token secret must be at least {} bytes long", Secret::LEAST_BYTES)]
pub struct ShortSecret;

impl Secret {
    /// HS256 asks for as many bytes as its hash has (RFC 7518, section 3.2).
    pub const LEAST_BYTES: usize = 32;

    /// Keeps the bytes of a secret.
    ///
    /// # Errors
    /// [`ShortSecret`] when there are fewer than [`Secret::LEAST_BYTES`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, ShortSecret> {
        if bytes.len() < Self::LEAST_BYTES {
            return Err(ShortSecret);
        }
        Ok(Self { bytes: bytes.into(), issuer: None, audience: None, longest: LONGEST })
    }

    /// The same secret, for tokens with this `iss` and `aud`.
    #[must_use]
    pub fn speaking(self, issuer: Option<String>, audience: Option<String>) -> Self {
        Self { issuer, audience, ..self }
    }

    /// The same secret, for tokens with a lifetime of at most this.
    #[must_use]
    pub fn lasting(self, longest: Duration) -> Self {
        Self { longest, ..self }
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
        f.debug_struct("Secret").field("issuer", &self.issuer).field("audience", &self.audience).finish_non_exhaustive()
    }
}

/// A token could not be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// Its lifetime would be longer than the server accepts.
    #[error(
        "the lifetime of a token may be at most {} (--max-token-lifetime, DEPLOYTRACK_MAX_TOKEN_LIFETIME); give a shorter --expires-in",
        lifetime_text(*.longest)
    )]
    TooLong {
        /// The longest lifetime.
        longest: Duration,
    },
    /// It would be too long to be taken.
    #[error("the token would be longer than 8 KiB; give it fewer roles")]
    TooLarge,
    /// It could not be signed.
    #[error("the token could not be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
}

/// Makes a token for `subject`, good for `expires_in` from `now`.
///
/// # Errors
/// [`IssueError`] when its lifetime would be longer than [`Secret::longest`], or the token larger than [`MOST_BYTES`].
pub fn issue(secret: &Secret, subject: &Label, roles: &[String], expires_in: Duration, now: Time) -> Result<String, IssueError> {
    let too_long = || IssueError::TooLong { longest: secret.longest };
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
    if token.len() > MOST_BYTES { Err(IssueError::TooLarge) } else { Ok(token) }
}

/// Who a token says is calling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bearer {
    /// The token's subject.
    pub(crate) subject: Label,
    /// Whether the token has the role [`ADMIN`].
    pub(crate) admin: bool,
}

/// The fault of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// The caller learns no more than that the token is invalid.
    Invalid,
    /// The token is signed with the secret of this server, and its lifetime is longer than this.
    TooLong(Duration),
}

/// Checks tokens, and remembers good ones.
pub(crate) struct Verifier {
    key: DecodingKey,
    validation: Validation,
    issuer: Option<String>,
    audience: Option<String>,
    longest: Duration,
    known: Known,
}

impl Verifier {
    pub(crate) fn new(secret: &Secret) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        // The library leaves out `nbf`, takes tokens without `aud` and reads the machine's clock: every claim is
        // checked below instead, against the tracker's clock.
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
            known: Known::default(),
        }
    }

    /// The bearer of a valid token.
    pub(crate) fn check(&self, token: &str, now: Time) -> Result<Arc<Bearer>, TokenFault> {
        if token.len() > MOST_BYTES {
            return Err(TokenFault::Invalid);
        }
        if let Some(known) = self.known.get(token) {
            return known.at(now, self.longest);
        }
        let verified = self.verify(token).ok_or(TokenFault::Invalid)?;
        let bearer = verified.at(now, self.longest)?;
        self.known.add(token, verified);
        Ok(bearer)
    }

    /// Everything about a token that stays as it is while the keys do: all but the time.
    fn verify(&self, token: &str) -> Option<Verified> {
        let read = jsonwebtoken::decode::<IgnoredAny>(token, &self.key, &self.validation).ok()?;
        let claims = part(token, 1)?;
        if !is_good_header(token, &read.header) || !self.is_for_us(&claims) {
            return None;
        }
        Some(Verified { bearer: Arc::new(bearer(&claims)?), window: Window::of(&claims)? })
    }

    fn is_for_us(&self, claims: &Map<String, Value>) -> bool {
        let from = self.issuer.as_ref().is_none_or(|issuer| claims.get("iss").and_then(Value::as_str) == Some(issuer));
        let to = self.audience.as_ref().is_none_or(|audience| match claims.get("aud") {
            Some(Value::String(one)) => one == audience,
            Some(Value::Array(many)) => many.iter().all(Value::is_string) && many.iter().any(|one| one == audience.as_str()),
            _ => false,
        });
        from && to
    }
}

/// `typ` is `JWT`, `at+jwt` or left out, and the header has no `crit`, whatever its value: the library reads `null` as
/// absence. A `kid`, `jku`, `x5u` or `jwk` is never used.
fn is_good_header(token: &str, header: &Header) -> bool {
    let typ = header.typ.as_deref().is_none_or(|typ| typ.eq_ignore_ascii_case("JWT") || typ.eq_ignore_ascii_case("at+jwt"));
    typ && part(token, 0).is_some_and(|fields| !fields.contains_key("crit"))
}

/// The JSON object in a part of a token. The library takes the last of duplicate names, another reader of the same token may
/// take the first; RFC 7519, section 4 lets a server refuse them.
fn part(token: &str, at: usize) -> Option<Map<String, Value>> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let bytes = URL_SAFE_NO_PAD.decode(token.split('.').nth(at)?).ok()?;
    json::object(&bytes).ok()
}

fn bearer(claims: &Map<String, Value>) -> Option<Bearer> {
    let subject = Label::new(claims.get("sub")?.as_str()?).ok()?;
    let roles = match claims.get("roles") {
        None => &[][..],
        Some(Value::Array(roles)) if roles.iter().all(Value::is_string) => roles,
        Some(_) => return None,
    };
    Some(Bearer { subject, admin: roles.iter().any(|role| role == ADMIN) })
}

#[cfg(test)]
mod tests;
