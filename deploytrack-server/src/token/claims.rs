//! The claims of a token that the server uses: who the caller is, and what it may do.

use deploytrack_core::{
    clock::Time,
    digest::Digest,
    limits::WriteLimits,
    origin::Origin,
    pattern::NamePattern,
    role::Role,
    session::StoredSession,
    text::{Invalid, Label},
    token::{Credential, SignedToken, StoredToken},
    wall::Wall,
};
use serde_json::{Map, Value};

/// The claims with the patterns of the components and environments that a token may write to.
pub(super) const COMPONENTS: &str = "components";
pub(super) const ENVIRONMENTS: &str = "environments";

/// The role of a session, which only reads: a writer's is a reader.
pub(crate) const fn role_of_session(session: &StoredSession) -> Role {
    if session.admin {
        Role::Admin
    } else {
        Role::Reader
    }
}

/// The highest of these roles, within the limits; unknown ones are ignored.
fn highest<'a>(names: impl Iterator<Item = &'a str>, limits: &WriteLimits) -> Role {
    let roles = names.filter_map(|name| name.parse::<Role>().ok());
    roles.max().unwrap_or(Role::Reader).within(limits)
}

/// The claims of a token that the server uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claims {
    /// The token's subject.
    pub(crate) subject: Label,
    /// The role.
    pub(crate) role: Role,
    /// The components and environments that it may write to.
    pub(crate) limits: WriteLimits,
    /// When the token ends, in whole seconds.
    pub(crate) expires_at: Time,
    /// The token, unless these are the claims of a wall's session.
    pub(crate) credential: Option<Credential>,
    /// The origin of writes, if the token was exchanged for an identity token.
    pub(crate) origin: Option<Box<Origin>>,
    /// The wall, if these are the claims of a wall's session.
    pub(crate) wall: Option<Box<Wall>>,
}

impl Claims {
    /// The claims of the session of a wall, which has no end of its own.
    pub(crate) fn of_wall(wall: Wall) -> Result<Self, Invalid> {
        Ok(Self {
            subject: Label::new(format!("wall {}", wall.name))?,
            role: Role::Reader,
            limits: WriteLimits::default(),
            expires_at: Time::MAX_UTC,
            credential: None,
            origin: None,
            wall: Some(Box::new(wall)),
        })
    }

    /// The claims of an admin, for tests of what does not depend on them.
    #[cfg(test)]
    pub(crate) fn of_admin(subject: &str) -> Self {
        Self {
            subject: Label::new(subject).unwrap_or_else(|why| panic!("{why}")),
            role: Role::Admin,
            limits: WriteLimits::default(),
            expires_at: Time::UNIX_EPOCH,
            credential: None,
            origin: None,
            wall: None,
        }
    }

    /// The claims of a token of the server, for the secret with this digest.
    pub(crate) fn of_stored(stored: &StoredToken, secret: Digest) -> Self {
        let token = &stored.token;
        let of_former = token.former_ends_at.filter(|_| secret != stored.secret);
        Self {
            subject: token.subject.clone(),
            role: token.role,
            limits: token.limits(),
            expires_at: of_former.unwrap_or(token.expires_at),
            credential: Some(Credential::Stored(secret)),
            origin: stored.origin.clone(),
            wall: None,
        }
    }

    /// Reads the subject, the roles and the end from the JSON of a token.
    pub(super) fn of(claims: &Map<String, Value>) -> Option<Self> {
        let subject = Label::new(claims.get("sub")?.as_str()?).ok()?;
        let limits = WriteLimits {
            components: patterns(claims, COMPONENTS).ok()?,
            environments: patterns(claims, ENVIRONMENTS).ok()?,
        };
        let roles = texts(claims, "roles").ok()?.unwrap_or_default();
        let signed = SignedToken {
            id: id_of(claims),
            subject: subject.clone(),
            issued_at: claims.get("iat").and_then(time_of),
        };
        Some(Self {
            subject,
            credential: Some(Credential::Signed(signed)),
            role: highest(roles.into_iter(), &limits),
            limits,
            expires_at: time_of(claims.get("exp")?)?,
            origin: None,
            wall: None,
        })
    }
}

/// A claim has another type than it should have.
struct WrongType;

/// The texts in a claim that is a list, if there is one.
fn texts<'a>(
    claims: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<Vec<&'a str>>, WrongType> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Array(texts)) => {
            let texts: Option<_> = texts.iter().map(Value::as_str).collect();
            texts.map(Some).ok_or(WrongType)
        }
        Some(_) => Err(WrongType),
    }
}

/// The patterns in a claim, if there is one. A claim that cannot be read makes the token invalid: it
/// would allow more than its issuer meant.
fn patterns(
    claims: &Map<String, Value>,
    name: &str,
) -> Result<Option<Vec<NamePattern>>, WrongType> {
    let texts = texts(claims, name)?;
    let patterns = texts.map(|texts| texts.into_iter().map(str::parse).collect());
    patterns.transpose().map_err(|_: Invalid| WrongType)
}

/// The claim `jti`, if a revocation can name it. Another one was always ignored.
fn id_of(claims: &Map<String, Value>) -> Option<Label> {
    Label::new(claims.get("jti")?.as_str()?).ok()
}

/// A time in a claim, in whole seconds. `Validity` bounds it.
fn time_of(claim: &Value) -> Option<Time> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and there is no such time then"
    )]
    let seconds = claim.as_f64()? as i64;
    Time::from_timestamp(seconds, 0)
}
