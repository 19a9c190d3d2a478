//! Refusals, and the answers they become (RFC 9457).

use std::time::Duration;

use deploytrack_core::{
    api::{Problem, TOKEN_LIFETIME},
    error::{Error, Fault},
    faults::MOST_FAULTS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{
    response::{Body, whole},
    share::Exhausted,
    token::lifetime_text,
};

/// Why a request is not done. Each layer has its own reasons; this is where they meet.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The model or the database refuses.
    Core(Error),
    /// Nothing is at this path.
    NoPath,
    /// The path takes only these methods.
    Method(&'static str),
    /// No token was sent.
    NoToken,
    /// The token is no good. Nobody is told why.
    BadToken,
    /// The token is valid, but its lifetime is longer than this.
    LongToken(Duration),
    /// The token is good but has not the role.
    Role,
    /// The head of the request is too large.
    Head,
    /// The body is too large; the sentence names the limit.
    TooLarge(&'static str),
    /// The body is not of this media type.
    MediaType(&'static str),
    /// The body did not arrive in time.
    TooSlow,
    /// Too much of this is under way.
    Exhausted(Good, Exhausted),
    /// Every connection within the limit is busy.
    NoPlace,
    /// The address of the caller has too many connections.
    AddressLimit,
    /// Too many bytes of large bodies are arriving.
    TooManyBodies,
    /// Too many bodies are arriving slowly.
    TooManySlowBodies,
    /// The handler panicked.
    Panic,
}

/// What a server has a bounded number of, and a subject a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Good {
    /// Connections that read events.
    Streams,
    /// Exports that run.
    Exports,
    /// Bytes of large answers on their way, in units of 64 KiB.
    Answers,
    /// Questions that are being answered.
    Questions,
}

impl Good {
    const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Streams => ("too_many_streams", "Too many readers of events"),
            Self::Exports => ("too_many_exports", "Too many exports"),
            Self::Answers => ("too_many_large_answers", "Too many large answers"),
            Self::Questions => ("too_many_questions", "Too many questions"),
        }
    }

    /// What there is too much of, and the way out.
    fn sentence(self, exhausted: Exhausted) -> String {
        match (self, exhausted) {
            (Self::Streams, Exhausted::OfSubject(most)) => format!(
                "{most} connections with tokens of this subject read events, the most for one subject; close one of them, or use a token \
                 with another subject"
            ),
            (Self::Streams, Exhausted::OfServer(most)) => {
                format!("{most} connections read events, the most that this server serves at once; connect again later")
            }
            (Self::Exports, Exhausted::OfSubject(most)) => {
                format!("{most} exports of this subject are running, the most for one subject; repeat the request when one has ended")
            }
            (Self::Exports, Exhausted::OfServer(most)) => {
                format!("{most} exports are running, the most that this server runs at once; repeat the request when one has ended")
            }
            (Self::Answers, Exhausted::OfSubject(most)) => format!(
                "large answers of {} MiB are on their way to this subject, the most for one subject; read them to their end, or ask for \
                 less: a smaller take, one component or one environment",
                most / 16
            ),
            (Self::Answers, Exhausted::OfServer(most)) => format!(
                "large answers of {} MiB are on their way, the most that this server sends at once; repeat the request in a moment, or ask \
                 for less: a smaller take, one component or one environment",
                most / 16
            ),
            (Self::Questions, Exhausted::OfSubject(most)) => format!(
                "{most} questions of this subject are being answered, the most at once for one subject, and this one has waited for its \
                 turn for too long; ask for one after the other"
            ),
            (Self::Questions, Exhausted::OfServer(most)) => format!(
                "{most} questions are being answered, the most at once, and this one has waited for its turn for too long; repeat the \
                 request in a moment"
            ),
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<Vec<Fault>> for Refusal {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Core(Error::Invalid(faults))
    }
}

/// The status, the code and the title of a kind of problem.
type Kind = (StatusCode, &'static str, &'static str);

impl Refusal {
    fn kind(&self) -> Kind {
        match self {
            Self::Core(error) => core_kind(error),
            Self::NoPath => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::Method(_) => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed"),
            Self::LongToken(_) => (StatusCode::UNAUTHORIZED, TOKEN_LIFETIME, "The token lasts too long"),
            Self::NoToken | Self::BadToken => (StatusCode::UNAUTHORIZED, "unauthorized", "A valid token is needed"),
            Self::Role => (StatusCode::FORBIDDEN, "forbidden", "The role admin is needed"),
            Self::Head => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "header_too_large", "Headers too large"),
            Self::TooLarge(_) => (StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "Body too large"),
            Self::MediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unsupported media type"),
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "request_timeout", "Request timeout"),
            Self::Exhausted(good, _) => {
                let (code, title) = good.kind();
                (StatusCode::TOO_MANY_REQUESTS, code, title)
            }
            Self::AddressLimit => (StatusCode::TOO_MANY_REQUESTS, "too_many_connections", "Too many connections"),
            Self::TooManyBodies | Self::TooManySlowBodies => (StatusCode::SERVICE_UNAVAILABLE, "too_many_bodies", "Too many bodies"),
            Self::NoPlace => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
            Self::Panic => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }

    /// What happened, for the caller. What only an operator should see is not in it.
    fn detail(&self) -> String {
        match self {
            Self::Core(Error::Internal(_) | Error::Setup(_)) | Self::Panic => {
                "something went wrong; the server's log has it under the request id".into()
            }
            Self::Core(error) => error.to_string(),
            Self::NoPath => "there is nothing at this path".into(),
            Self::Method(allow) => format!("this path takes {allow}"),
            Self::NoToken | Self::BadToken => "send a valid token as Authorization: Bearer <token>".into(),
            Self::LongToken(longest) => format!(
                "the lifetime of the token is longer than {} (--max-token-lifetime of the server); send a token that expires earlier",
                lifetime_text(*longest)
            ),
            Self::Role => "the token is valid but does not have the role admin".into(),
            Self::Head => "the path and headers together may have at most 32 KiB".into(),
            Self::TooLarge(limit) => format!("the body may have at most {limit}"),
            Self::MediaType(expected) => format!("the body must be sent as {expected}, without Content-Encoding"),
            Self::Exhausted(good, exhausted) => good.sentence(*exhausted),
            Self::TooSlow => "the body must arrive within 30 seconds, and at 8 KiB a second or more after the first 10 seconds".into(),
            Self::NoPlace => "all connections of the server are busy; try again later, or start it with a higher --max-connections".into(),
            Self::AddressLimit => {
                "this address has too many connections without a valid token; close some of them, or start the server with a higher \
                  --max-connections-per-address"
                    .into()
            }
            Self::TooManyBodies => "too many large bodies are arriving at the moment; send the body again later".into(),
            Self::TooManySlowBodies => "too many bodies are arriving slowly at the moment; send the body again later, and at once".into(),
        }
    }

    /// The cause, for the log, when it is the server's fault.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Core(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::Setup(_))) => Some(chain(error)),
            _ => None,
        }
    }

    /// The answer to the request with this path and id.
    pub(crate) fn into_response(self, instance: &str, request_id: &str) -> Response<Body> {
        let (status, header, problem) = self.into_problem(instance, request_id);
        // A problem is text, numbers and lists of them: it can always be written.
        let mut response = whole(status, "application/problem+json", serde_json::to_vec(&problem).unwrap_or_default());
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }

    /// The answer as the bytes of an HTTP/1.1 message that ends its connection, for a connection whose request is not read.
    pub(crate) fn into_message(self) -> String {
        let (status, header, problem) = self.into_problem("", "");
        let header = header.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
        let body = serde_json::to_string(&problem).unwrap_or_default();
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n{header}connection: close\r\n\r\n{body}",
            body.len()
        )
    }

    fn into_problem(self, instance: &str, request_id: &str) -> (StatusCode, Option<(HeaderName, &'static str)>, Problem) {
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
        if let Self::Core(error) = self {
            explain(error, &mut problem);
        }
        (status, header, problem)
    }

    /// The header that belongs to the status.
    fn header(&self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::Method(allow) => Some((header::ALLOW, allow)),
            // Without a code when no token was sent (RFC 6750, section 3.1).
            Self::NoToken => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Self::BadToken | Self::LongToken(_) => Some((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#)),
            Self::Role => Some((header::WWW_AUTHENTICATE, r#"Bearer error="insufficient_scope""#)),
            Self::Core(Error::Unavailable(_) | Error::Busy | Error::TooManyReads | Error::InFlight)
            | Self::Exhausted(Good::Answers | Good::Questions, _)
            | Self::NoPlace
            | Self::AddressLimit
            | Self::TooManyBodies
            | Self::TooManySlowBodies => Some((header::RETRY_AFTER, "1")),
            Self::Core(Error::Verifying) | Self::Exhausted(Good::Streams | Good::Exports, _) => Some((header::RETRY_AFTER, "10")),
            Self::TooSlow => Some((header::CONNECTION, "close")),
            _ => None,
        }
    }
}

fn core_kind(error: &Error) -> Kind {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request", "Invalid request"),
        Error::Transition(_) => (StatusCode::BAD_REQUEST, "invalid_transition", "Invalid transition"),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found", "Not found"),
        Error::NameTaken { .. } => (StatusCode::CONFLICT, "name_taken", "Name taken"),
        Error::InUse { .. } => (StatusCode::CONFLICT, "in_use", "In use"),
        Error::NearMiss { .. } => (StatusCode::CONFLICT, "near_miss", "Unknown name"),
        Error::NotCurrent { .. } => (StatusCode::CONFLICT, "not_current", "Not current"),
        Error::Changed(_) => (StatusCode::PRECONDITION_FAILED, "precondition_failed", "Changed meanwhile"),
        Error::KeyReused { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "Idempotency key reused"),
        Error::InFlight => (StatusCode::CONFLICT, "request_in_progress", "Request in progress"),
        Error::Verifying => (StatusCode::TOO_MANY_REQUESTS, "verification_in_progress", "Verification in progress"),
        Error::Busy => (StatusCode::SERVICE_UNAVAILABLE, "too_many_writes", "Too many writes"),
        Error::TooManyReads => (StatusCode::SERVICE_UNAVAILABLE, "too_many_reads", "Too many large questions"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Unavailable"),
        Error::Internal(_) | Error::Setup(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
    }
}

/// Adds what helps the caller on.
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
        Error::NearMiss { kind, name, did_you_mean } => {
            problem.did_you_mean = did_you_mean;
            about(problem, kind.as_str(), name.to_string());
        }
        Error::NameTaken { kind, name } | Error::InUse { kind, name } => about(problem, kind.as_str(), name.to_string()),
        Error::NotFound { what, key } => about(problem, what, key),
        _ => {}
    }
}

/// Names what the problem is about.
fn about(problem: &mut Problem, kind: &str, name: String) {
    (problem.kind, problem.name) = (Some(kind.to_owned()), Some(name));
}

/// An error and its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use deploytrack_core::status::Status;
    use http_body_util::BodyExt as _;

    use super::*;

    fn answer(refusal: Refusal) -> (http::response::Parts, serde_json::Value) {
        let (parts, body) = refusal.into_response("/api/v1/deployments", "r-1").into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let bytes = runtime.block_on(body.collect()).unwrap().to_bytes();
        (parts, serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn a_server_error_carries_no_internals() {
        let cause = || Box::new(std::io::Error::other("password of the database"));
        for error in [Error::Internal(cause()), Error::Unavailable(cause()), Error::Setup("password".into())] {
            let refusal = Refusal::Core(error);
            assert!(refusal.cause().unwrap().contains("password"));
            let (parts, body) = answer(refusal);
            assert!(parts.status.is_server_error());
            assert!(!body.to_string().contains("password"), "{body}");
            assert_eq!(body["requestId"], "r-1");
        }
    }

    #[test]
    fn a_forbidden_transition_names_the_way_out() {
        let refusal = Refusal::Core(Status::Succeeded.advance(Status::Pending).unwrap_err().into());
        let (parts, body) = answer(refusal);
        assert_eq!(parts.status, 400);
        assert_eq!(parts.headers["content-type"], "application/problem+json");
        assert_eq!(
            body,
            serde_json::json!({
                "type": "urn:deploytrack:problem:invalid_transition",
                "title": "Invalid transition",
                "status": 400,
                "detail": "cannot move from succeeded to pending; from succeeded a deployment can only become rolled_back",
                "instance": "/api/v1/deployments",
                "code": "invalid_transition",
                "requestId": "r-1",
                "currentStatus": "succeeded",
                "allowedTransitions": ["rolled_back"],
            })
        );
    }

    #[test]
    fn who_comes_while_too_many_writes_wait_is_told_to_come_back() {
        let (parts, body) = answer(Refusal::Core(Error::Busy));
        assert_eq!((parts.status, &parts.headers["retry-after"]), (StatusCode::SERVICE_UNAVAILABLE, &HeaderValue::from_static("1")));
        let detail = "too many writes are waiting at the moment; repeat the request with the same Idempotency-Key";
        assert_eq!((&body["code"], &body["detail"]), (&"too_many_writes".into(), &detail.into()));
        assert!(Refusal::Core(Error::Busy).cause().is_none(), "it is no fault of the server that the log should have");
    }

    #[test]
    fn whoever_has_to_come_back_is_told_why_and_when() {
        let goods = [Good::Streams, Good::Exports, Good::Answers, Good::Questions];
        let exhausted = goods.into_iter().flat_map(|good| [Exhausted::OfSubject(32), Exhausted::OfServer(32)].map(|which| (good, which)));
        let refusals = exhausted.map(|(good, which)| Refusal::Exhausted(good, which));
        let others =
            [Refusal::from(Error::Busy), Error::TooManyReads.into(), Error::Verifying.into(), Error::Unavailable("".into()).into()];
        let mut details = Vec::new();
        for refusal in refusals.chain(others) {
            let (parts, body) = answer(refusal);
            assert!(matches!(parts.status.as_u16(), 429 | 503), "{body}");
            assert!(parts.headers["retry-after"].to_str().unwrap().parse::<u8>().is_ok(), "{body}");
            assert_eq!(body["type"], format!("urn:deploytrack:problem:{}", body["code"].as_str().unwrap()));
            details.push(body["detail"].clone());
        }
        let all = details.len();
        details.sort_by_key(ToString::to_string);
        details.dedup();
        assert_eq!(details.len(), all, "each has a sentence of its own");
    }

    #[test]
    fn a_caller_without_a_token_is_not_told_that_it_was_wrong() {
        assert_eq!(answer(Refusal::NoToken).0.headers["www-authenticate"], "Bearer");
        assert_eq!(answer(Refusal::BadToken).0.headers["www-authenticate"], r#"Bearer error="invalid_token""#);
        assert_eq!(answer(Refusal::NoToken).1, answer(Refusal::BadToken).1);
    }

    #[test]
    fn an_answer_names_a_hundred_faults_at_most() {
        let faults: Vec<_> = (0..5000).map(|_| Fault::at("/x", "is wrong")).collect();
        assert_eq!(answer(faults.into()).1["errors"].as_array().unwrap().len(), 100);
    }
}
