//! Refusals: the reasons for which a request fails, and the problem details that report them (RFC
//! 9457).

mod kind;
mod problem;
mod resource;
#[cfg(test)]
mod tests;

use std::time::Duration;

use deploytrack_core::{
    error::{Error, Fault},
    text::Label,
    token::TokenEnd,
};
use http::StatusCode;

pub(crate) use self::resource::Resource;
use crate::{oidc::IdentityFault, quota::QuotaExceeded, rates::RateExceeded, token::Role};

/// The reason for which a request fails. It unites the errors of all layers.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// An error of the model or the database.
    Core(Error),
    /// No endpoint has this path.
    NoPath,
    /// The path accepts only these methods.
    Method(&'static str),
    /// The request has no token.
    NoToken,
    /// The token is invalid. The response does not contain the reason.
    BadToken,
    /// The token is valid, but its lifetime is longer than this.
    LongToken(Duration),
    /// The token was valid, and is not any more.
    EndedToken(TokenEnd),
    /// The token is valid but lacks this role.
    Role(Role),
    /// A page of another site made the request.
    OtherSite,
    /// The code is for another caller than the browser's session: the two subjects.
    LoggedIn(Label, Label),
    /// The code has ended, was used or never existed.
    UsedCode,
    /// The session of a wall asks for something else than its view.
    Wall,
    /// The wall was revoked or never existed.
    RevokedWall,
    /// The target and the headers are too large.
    Head,
    /// The body is too large. The text names the limit.
    TooLarge(&'static str),
    /// The body does not have this media type.
    MediaType(&'static str),
    /// The body did not arrive in time.
    TooSlow,
    /// The quota of this resource is used up.
    QuotaExceeded(Resource, QuotaExceeded),
    /// The subject or the address has sent more requests than its rate allows.
    RateExceeded(RateExceeded),
    /// Every connection within the limit is busy.
    ConnectionLimit,
    /// The server is shutting down.
    ShuttingDown,
    /// The address of the client has too many connections.
    AddressLimit,
    /// The request was sent by http to a listener for https.
    PlainHttp,
    /// Too many bytes of large bodies are arriving.
    TooManyBodies,
    /// Too many bodies are arriving slowly.
    TooManySlowBodies,
    /// An identity token is not exchanged.
    Identity(IdentityFault),
    /// The refusal of an exchange, which has the members of RFC 6749, section 5.2, too.
    Exchange(Box<Refusal>),
    /// The handler panicked.
    Panic,
}

impl From<IdentityFault> for Refusal {
    fn from(fault: IdentityFault) -> Self {
        Self::Identity(fault)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<RateExceeded> for Refusal {
    fn from(exceeded: RateExceeded) -> Self {
        Self::RateExceeded(exceeded)
    }
}

impl From<Vec<Fault>> for Refusal {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Core(Error::Invalid(faults))
    }
}

impl Refusal {
    /// The same refusal, of an exchange.
    pub(crate) fn of_exchange(self) -> Self {
        Self::Exchange(Box::new(self))
    }

    /// The code of the problem.
    pub(crate) fn code(&self) -> &'static str {
        self.kind().1
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        self.kind().0
    }

    /// The cause for the log, if the failure is the server's.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Core(
                error @ (Error::Unavailable(_)
                | Error::Outdated
                | Error::Internal(_)
                | Error::Setup(_)),
            ) => Some(chain(error)),
            Self::Exchange(refusal) => refusal.cause(),
            _ => None,
        }
    }
}

/// The refusal for an error that should be impossible.
pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refusal {
    Refusal::Core(Error::Internal(error.into()))
}

/// An error and its causes on one line.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
