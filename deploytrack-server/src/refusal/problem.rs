//! The problem details of a refusal (RFC 9457), and the responses that contain them.

use std::borrow::Cow;

use deploytrack_core::{
    api::Problem,
    error::{Error, Fault},
    fault::MOST_FAULTS,
    token::TokenEnd,
};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::Refusal;
use crate::{
    body::{Body, whole},
    oidc::IdentityFault,
    token::lifetime_text,
};

impl Refusal {
    /// The response to the request with this path and id.
    pub(crate) fn into_response(self, instance: &str, request_id: &str) -> Response<Body> {
        let standing = match &self {
            Self::RateExceeded(exceeded) => Some(exceeded.standing.clone()),
            _ => None,
        };
        let (status, header, problem) = self.into_problem(instance, request_id);
        // Serialization cannot fail: a problem has only text, numbers and lists of them.
        let mut response = whole(
            status,
            "application/problem+json",
            serde_json::to_vec(&problem).unwrap_or_default(),
        );
        if let Some((name, value)) = header {
            // Every value is text of this server.
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        if let Some(standing) = standing {
            standing.write(response.headers_mut());
        }
        response
    }

    /// The response as an HTTP/1.1 message that closes the connection, for a connection whose
    /// request is not read.
    pub(crate) fn into_message(self) -> String {
        let (status, header, problem) = self.into_problem("", "");
        let header = header
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .unwrap_or_default();
        let body = serde_json::to_string(&problem).unwrap_or_default();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n{header}connection: close\r\n\r\n{body}",
            body.len()
        )
    }

    /// The status and the problem details, for an example.
    pub(crate) fn problem(self, instance: &str, request_id: &str) -> (StatusCode, Problem) {
        let (status, _, problem) = self.into_problem(instance, request_id);
        (status, problem)
    }

    fn into_problem(
        self,
        instance: &str,
        request_id: &str,
    ) -> (StatusCode, Option<(HeaderName, Cow<'static, str>)>, Problem) {
        let (status, code, title) = self.kind();
        let mut problem = Problem {
            r#type: format!("urn:deploytrack:problem:{code}"),
            title: title.into(),
            status: status.as_u16(),
            detail: self.detail(),
            instance: instance.into(),
            code: code.into(),
            request_id: request_id.into(),
            ..Problem::default()
        };
        let header = self.header();
        let of_exchange = match self {
            Self::Exchange(refusal) => {
                problem.error = Some(refusal.oauth_error(status).to_owned());
                problem.error_description = Some(problem.detail.clone());
                *refusal
            }
            other => other,
        };
        if let Self::Core(error) = of_exchange {
            explain(error, &mut problem);
        }
        (status, header, problem)
    }

    /// The code of RFC 6749, section 5.2. An unacceptable identity token is `invalid_request` (RFC 8693,
    /// section 2.2.2).
    fn oauth_error(&self, status: StatusCode) -> &'static str {
        let is_grant = |fault: &Fault| fault.pointer.as_deref() == Some("/grant_type");
        match self {
            Self::Core(Error::Invalid(faults)) if faults.iter().any(is_grant) => {
                "unsupported_grant_type"
            }
            Self::Identity(IdentityFault::Target { .. } | IdentityFault::Audience { .. }) => {
                "invalid_target"
            }
            _ if status.is_server_error() => "temporarily_unavailable",
            _ => "invalid_request",
        }
    }

    /// The cause and the way out, for the client. Details that only an operator may see are left
    /// out.
    fn detail(&self) -> String {
        match self {
            Self::Core(Error::Internal(_) | Error::Setup(_)) | Self::Panic => {
                "the server failed; its log has the cause under the request id".into()
            }
            Self::Core(error) => error.to_string(),
            Self::NoPath => "there is nothing at this path".into(),
            Self::Method(allow) => format!("this path accepts only {allow}"),
            Self::NoToken | Self::BadToken => "send a valid token as Authorization: Bearer <token>".into(),
            Self::LongToken(longest) => format!(
                "the lifetime of the token is longer than {} (--max-token-lifetime of the server); send a token that expires earlier",
                lifetime_text(*longest)
            ),
            Self::EndedToken(TokenEnd::Revoked) => "the token was revoked; an admin creates a new one with `deploytrack token create`".into(),
            Self::EndedToken(TokenEnd::Expired) => "the token has expired; an admin creates a new one with `deploytrack token create`".into(),
            Self::EndedToken(TokenEnd::Rotated) => {
                "the token has got a new secret, and the time of this former one is over; use the new secret".into()
            }
            Self::Role(role) => format!("the token is valid but does not have the role {}", role.as_str()),
            Self::OtherSite => "a page of another site made this request; log in and out on the server's own page".into(),
            Self::LoggedIn(now, then) => format!("this browser is logged in as {now}, and the link logs in as {then}"),
            Self::UsedCode => "the code was used, or is older than a minute; open the page again with `deploytrack open`".into(),
            Self::Wall => "the session of a wall only reads what its page shows; log in to read or write anything else".into(),
            Self::RevokedWall => "the wall link was revoked, or never existed; `deploytrack wall create` makes a new one".into(),
            Self::Head => "the path and headers together may have at most 32 KiB".into(),
            Self::TooLarge(limit) => format!("the body may have at most {limit}"),
            Self::MediaType(expected) => format!("the body must be sent as {expected}, without Content-Encoding"),
            Self::QuotaExceeded(resource, exceeded) => resource.detail(*exceeded),
            Self::RateExceeded(exceeded) => exceeded.detail(),
            Self::TooSlow => "the body must arrive within 30 seconds, and at 8 KiB a second or more after the first 10 seconds".into(),
            Self::ConnectionLimit => {
                "all connections of the server are busy; try again later, or start it with a higher --max-connections".into()
            }
            Self::ShuttingDown => "the server is shutting down; send the request to another server, or again when it is back".into(),
            Self::AddressLimit => {
                "this address has too many connections without a valid token; close some of them, or start the server with a higher \
                  --max-connections-per-address"
                    .into()
            }
            // The words of nginx, by which clients recognise the cause.
            Self::PlainHttp => "the plain HTTP request was sent to HTTPS port; use an address that begins with https://".into(),
            Self::Identity(fault) => fault.to_string(),
            Self::Exchange(refusal) => refusal.detail(),
            Self::TooManyBodies => "too many large bodies are arriving at the moment; send the body again later".into(),
            Self::TooManySlowBodies => "too many bodies are arriving slowly at the moment; send the body again later, and at once".into(),
        }
    }
}

/// Adds the fields that belong to the kind of problem.
fn explain(error: Error, problem: &mut Problem) {
    match error {
        Error::Invalid(mut faults) => {
            faults.truncate(MOST_FAULTS);
            problem.errors = faults;
        }
        Error::Transition(illegal) => {
            problem.current_status = Some(illegal.from);
            problem.allowed_transitions = Some(illegal.from.allowed().to_vec());
        }
        Error::KeyReused { recorded } => problem.recorded_id = recorded,
        Error::NearMiss {
            kind,
            name,
            did_you_mean,
        } => {
            problem.did_you_mean = did_you_mean;
            about(problem, kind.as_str(), name.to_string());
        }
        Error::NameTaken { kind, name } | Error::InUse { kind, name } => {
            about(problem, kind.as_str(), name.to_string());
        }
        Error::WallExists(name) => about(problem, "wall", name.to_string()),
        Error::TokenExists(name) | Error::TokenEnded { name, .. } => {
            about(problem, "token", name.to_string());
        }
        Error::NotFound { what, key } => about(problem, what, key),
        _ => {}
    }
}

/// Names the object of the problem.
fn about(problem: &mut Problem, kind: &str, name: String) {
    (problem.kind, problem.name) = (Some(kind.to_owned()), Some(name));
}
