//! Issuing tokens.

use std::time::Duration;

use deploytrack_core::{clock::Time, limits::WriteLimits, pattern::NamePattern, text::Label};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::json;
use uuid::Uuid;

use super::{
    MOST_BYTES, Role, Secret,
    claims::{COMPONENTS, ENVIRONMENTS},
    key::secret_id,
};

/// A lifetime in words, such as `10years`.
#[must_use]
pub fn lifetime_text(lifetime: Duration) -> String {
    humantime::format_duration(lifetime).to_string()
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

/// What a new token allows.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// The roles. Unknown ones allow nothing.
    pub roles: Vec<String>,
    /// The components and environments that it may write to. With limits, the role `admin` is no
    /// more than `writer`.
    pub limits: WriteLimits,
}

impl Grant {
    /// Everything.
    #[must_use]
    pub fn admin() -> Self {
        Self {
            roles: vec![Role::Admin.as_str().to_owned()],
            limits: WriteLimits::default(),
        }
    }
}

/// Issues a token for `subject`, valid from `now` for `expires_in`.
///
/// # Errors
/// [`IssueError`] if the lifetime is longer than [`Secret::longest`], or the token larger than [`MOST_BYTES`].
pub fn issue(
    secret: &Secret,
    subject: &Label,
    Grant { roles, limits }: &Grant,
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
    let mut claims = json!({ "jti": Uuid::new_v4(), "sub": subject, "iat": issued, "exp": issued.saturating_add(lasts), "roles": roles });
    for (name, patterns) in [
        (COMPONENTS, &limits.components),
        (ENVIRONMENTS, &limits.environments),
    ] {
        if let Some(patterns) = patterns {
            claims[name] = patterns.iter().map(NamePattern::as_str).collect();
        }
    }
    if let Some(issuer) = &secret.issuer {
        claims["iss"] = json!(issuer);
    }
    if let Some(audience) = &secret.audience {
        claims["aud"] = json!(audience);
    }
    let key = EncodingKey::from_secret(secret.bytes());
    let header = Header {
        kid: Some(secret_id(secret.bytes())),
        ..Header::new(Algorithm::HS256)
    };
    let token = jsonwebtoken::encode(&header, &claims, &key)?;
    if token.len() > MOST_BYTES {
        Err(IssueError::TooLarge)
    } else {
        Ok(token)
    }
}
