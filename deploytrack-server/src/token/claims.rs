//! The claims of a token that the server uses: who the caller is, and what it may do.

use deploytrack_core::{
    clock::Time,
    limits::WriteLimits,
    pattern::NamePattern,
    session::StoredSession,
    text::{Invalid, Label},
    wall::Wall,
};
use serde_json::{Map, Value};

/// The claims with the patterns of the components and environments that a token may write to.
pub(super) const COMPONENTS: &str = "components";
pub(super) const ENVIRONMENTS: &str = "environments";

/// What a caller may do. Each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Read everything.
    Reader,
    /// Record, update and undeploy deployments, within the limits of the token.
    Writer,
    /// Everything.
    Admin,
}

impl Role {
    /// Its name in the claim `roles`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Admin => "admin",
        }
    }

    /// The role of a session, which only reads: a writer's is a reader.
    pub(crate) const fn of_session(session: &StoredSession) -> Self {
        if session.admin {
            Self::Admin
        } else {
            Self::Reader
        }
    }

    /// The highest of these roles; unknown ones are ignored. A token with limits is never more than
    /// a writer: an admin would not be bound by them.
    fn of<'a>(names: impl Iterator<Item = &'a str>, limits: &WriteLimits) -> Self {
        let known = [Self::Reader, Self::Writer, Self::Admin];
        let roles = names.filter_map(|name| known.into_iter().find(|role| role.as_str() == name));
        let highest = roles.max().unwrap_or(Self::Reader);
        if limits.are_none() {
            highest
        } else {
            highest.min(Self::Writer)
        }
    }
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
        Some(Self {
            subject,
            role: Role::of(roles.into_iter(), &limits),
            limits,
            expires_at: end_of(claims)?,
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

/// The claim `exp`, in whole seconds. `Validity` bounds it.
fn end_of(claims: &Map<String, Value>) -> Option<Time> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, and there is no such time then"
    )]
    let seconds = claims.get("exp")?.as_f64()? as i64;
    Time::from_timestamp(seconds, 0)
}
