//! The identity behind a request, and the part of it on which an answer may depend.

use std::sync::Arc;

use deploytrack_core::{store::DatabaseVersion, text::Label};

use crate::{
    refusal::{Refusal, internal},
    token::{self, Claims},
};

/// The identity behind a request: the claims of its token, or none if the endpoint is open to
/// anyone.
#[derive(Debug)]
pub(crate) struct Identity {
    claims: Option<Arc<Claims>>,
    /// The version of the database with which the token was checked, if it was read.
    version: Option<DatabaseVersion>,
    /// Whether the answer goes to every caller of the same audience.
    shares_answer: bool,
}

/// Everything about a caller on which an answer may depend. It is a part of the cache's key, so a
/// stored answer never reaches a caller of another audience. [`Identity::audience`] is the only
/// place that makes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Audience {
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    Anyone,
    Reader,
    Admin,
}

impl Identity {
    /// A caller without a token, at an endpoint that needs none.
    pub(crate) const fn anyone() -> Self {
        Self {
            claims: None,
            version: None,
            shares_answer: false,
        }
    }

    /// A caller with a valid token.
    pub(crate) const fn of(claims: Arc<Claims>, version: Option<DatabaseVersion>) -> Self {
        Self {
            claims: Some(claims),
            version,
            shares_answer: false,
        }
    }

    /// The same caller, for a handler whose answer is stored: it has an audience but no author.
    pub(crate) fn sharing_answer(self) -> Self {
        Self {
            shares_answer: true,
            ..self
        }
    }

    /// The version of the database with which the token was checked, if it was read.
    pub(crate) const fn version(&self) -> Option<DatabaseVersion> {
        self.version
    }

    /// The part of the caller on which an answer may depend.
    pub(crate) fn audience(&self) -> Audience {
        let role = match &self.claims {
            None => Role::Anyone,
            Some(claims) if claims.role == token::Role::Admin => Role::Admin,
            // A writer reads what a reader does.
            Some(_) => Role::Reader,
        };
        Audience { role }
    }

    /// The subject of the token, as the author of a write or of another answer that is not stored.
    pub(crate) fn author(&self) -> Result<&Label, Refusal> {
        Ok(&self.claims()?.subject)
    }

    /// The claims of the token, for an answer that is not stored.
    pub(crate) fn claims(&self) -> Result<&Claims, Refusal> {
        if self.shares_answer {
            return Err(internal(
                "a stored answer must not depend on the subject of a token",
            ));
        }
        self.claims.as_deref().ok_or(Refusal::NoToken)
    }

    /// The subject of the token, whose quotas the request uses. An answer must not depend on it.
    pub(crate) fn subject_of_quotas(&self) -> Result<&Label, Refusal> {
        self.claims
            .as_ref()
            .map(|claims| &claims.subject)
            .ok_or(Refusal::NoToken)
    }

    /// Whether the request had a valid token.
    pub(crate) const fn is_authenticated(&self) -> bool {
        self.claims.is_some()
    }
}

#[cfg(test)]
impl Audience {
    /// The audience of a reader, for tests of the cache.
    pub(crate) const READER: Self = Self { role: Role::Reader };
    /// The audience of an admin.
    pub(crate) const ADMIN: Self = Self { role: Role::Admin };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: &str, admin: bool) -> Identity {
        let claims = Claims::of_admin(subject);
        let role = if admin {
            claims.role
        } else {
            token::Role::Writer
        };
        Identity::of(Arc::new(Claims { role, ..claims }), None)
    }

    #[test]
    fn callers_of_one_role_are_one_audience() {
        let of = |subject, admin| caller(subject, admin).audience();
        assert_eq!(of("ada", false), of("ci-bot", false));
        assert_eq!(
            [of("ada", false), of("ada", true)],
            [Audience::READER, Audience::ADMIN]
        );
        assert_ne!(Identity::anyone().audience(), Audience::READER);
    }

    #[test]
    fn the_handler_of_a_stored_answer_gets_no_subject() {
        assert_eq!(caller("ada", false).author().unwrap().as_str(), "ada");
        let shared = caller("ada", false).sharing_answer();
        assert!(shared.author().unwrap_err().cause().is_some());
        assert_eq!(shared.subject_of_quotas().unwrap().as_str(), "ada");
    }
}
