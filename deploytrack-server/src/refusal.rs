//! Refusals: the reasons for which a request fails, and the problem details that report them (RFC
//! 9457).

use std::time::Duration;

use deploytrack_core::{
    api::{Problem, TOKEN_LIFETIME},
    error::{Error, Fault},
    fault::MOST_FAULTS,
};
use http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::{
    body::{Body, whole},
    quota::QuotaExceeded,
    token::lifetime_text,
};

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
    /// The token is valid but lacks the role.
    Role,
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
    /// Every connection within the limit is busy.
    ConnectionLimit,
    /// The address of the client has too many connections.
    AddressLimit,
    /// Too many bytes of large bodies are arriving.
    TooManyBodies,
    /// Too many bodies are arriving slowly.
    TooManySlowBodies,
    /// The handler panicked.
    Panic,
}

/// A resource with a quota for the server and one for each subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// Connections that read events.
    Streams,
    /// Running exports.
    Exports,
    /// Bytes of large answers in transit, in units of 64 KiB.
    Answers,
    /// Running reads of many records.
    Reads,
}

impl Resource {
    /// The code and the title of the problem.
    const fn kind(self) -> (&'static str, &'static str) {
        match self {
            Self::Streams => ("too_many_streams", "Too many readers of events"),
            Self::Exports => ("too_many_exports", "Too many exports"),
            Self::Answers => ("too_many_large_answers", "Too many large answers"),
            Self::Reads => ("too_many_questions", "Too many questions"),
        }
    }

    /// The limit that was reached, and the way out.
    fn detail(self, exceeded: QuotaExceeded) -> String {
        match (self, exceeded) {
            (Self::Streams, QuotaExceeded::Subject(most)) => format!(
                "{most} connections with tokens of this subject read events, the most for one subject; close one of them, or use a token \
                 with another subject"
            ),
            (Self::Streams, QuotaExceeded::Server(most)) => {
                format!(
                    "{most} connections read events, the most that this server serves at once; connect again later"
                )
            }
            (Self::Exports, QuotaExceeded::Subject(most)) => {
                format!(
                    "{most} exports of this subject are running, the most for one subject; repeat the request when one has ended"
                )
            }
            (Self::Exports, QuotaExceeded::Server(most)) => {
                format!(
                    "{most} exports are running, the most that this server runs at once; repeat the request when one has ended"
                )
            }
            (Self::Answers, QuotaExceeded::Subject(most)) => format!(
                "large answers of {} MiB are in transit to this subject, the most for one subject; read them to their end, or ask for \
                 less: a smaller take, one component or one environment",
                most / 16
            ),
            (Self::Answers, QuotaExceeded::Server(most)) => format!(
                "large answers of {} MiB are in transit, the most that this server sends at once; repeat the request in a moment, or ask \
                 for less: a smaller take, one component or one environment",
                most / 16
            ),
            (Self::Reads, QuotaExceeded::Subject(most)) => format!(
                "{most} reads of this subject are running, the most at once for one subject, and this one waited too long for its turn; \
                 send one request after the other"
            ),
            (Self::Reads, QuotaExceeded::Server(most)) => format!(
                "{most} reads are running, the most at once, and this one waited too long for its turn; repeat the request in a moment"
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

/// The HTTP status, the code and the title of a kind of problem.
type Kind = (StatusCode, &'static str, &'static str);

impl Refusal {
    fn kind(&self) -> Kind {
        match self {
            Self::Core(error) => core_kind(error),
            Self::NoPath => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::Method(_) => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
            ),
            Self::LongToken(_) => (
                StatusCode::UNAUTHORIZED,
                TOKEN_LIFETIME,
                "The token lasts too long",
            ),
            Self::NoToken | Self::BadToken => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A valid token is needed",
            ),
            Self::Role => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The role admin is needed",
            ),
            Self::Head => (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "header_too_large",
                "Headers too large",
            ),
            Self::TooLarge(_) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                "Body too large",
            ),
            Self::MediaType(_) => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type",
            ),
            Self::TooSlow => (
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "Request timeout",
            ),
            Self::QuotaExceeded(resource, _) => {
                let (code, title) = resource.kind();
                (StatusCode::TOO_MANY_REQUESTS, code, title)
            }
            Self::AddressLimit => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_connections",
                "Too many connections",
            ),
            Self::TooManyBodies | Self::TooManySlowBodies => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_bodies",
                "Too many bodies",
            ),
            Self::ConnectionLimit => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Unavailable",
            ),
            Self::Panic => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
            ),
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
            Self::Role => "the token is valid but does not have the role admin".into(),
            Self::Head => "the path and headers together may have at most 32 KiB".into(),
            Self::TooLarge(limit) => format!("the body may have at most {limit}"),
            Self::MediaType(expected) => format!("the body must be sent as {expected}, without Content-Encoding"),
            Self::QuotaExceeded(resource, exceeded) => resource.detail(*exceeded),
            Self::TooSlow => "the body must arrive within 30 seconds, and at 8 KiB a second or more after the first 10 seconds".into(),
            Self::ConnectionLimit => {
                "all connections of the server are busy; try again later, or start it with a higher --max-connections".into()
            }
            Self::AddressLimit => {
                "this address has too many connections without a valid token; close some of them, or start the server with a higher \
                  --max-connections-per-address"
                    .into()
            }
            Self::TooManyBodies => "too many large bodies are arriving at the moment; send the body again later".into(),
            Self::TooManySlowBodies => "too many bodies are arriving slowly at the moment; send the body again later, and at once".into(),
        }
    }

    /// The cause for the log, if the failure is the server's.
    pub(crate) fn cause(&self) -> Option<String> {
        match self {
            Self::Core(error @ (Error::Unavailable(_) | Error::Internal(_) | Error::Setup(_))) => {
                Some(chain(error))
            }
            _ => None,
        }
    }

    /// The response to the request with this path and id.
    pub(crate) fn into_response(self, instance: &str, request_id: &str) -> Response<Body> {
        let (status, header, problem) = self.into_problem(instance, request_id);
        // Serialization cannot fail: a problem has only text, numbers and lists of them.
        let mut response = whole(
            status,
            "application/problem+json",
            serde_json::to_vec(&problem).unwrap_or_default(),
        );
        if let Some((name, value)) = header {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
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

    fn into_problem(
        self,
        instance: &str,
        request_id: &str,
    ) -> (StatusCode, Option<(HeaderName, &'static str)>, Problem) {
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
            // A request without a token gets no error code (RFC 6750, section 3.1).
            Self::NoToken => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Self::BadToken | Self::LongToken(_) => {
                Some((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#))
            }
            Self::Role => Some((
                header::WWW_AUTHENTICATE,
                r#"Bearer error="insufficient_scope""#,
            )),
            Self::Core(
                Error::Unavailable(_) | Error::Busy | Error::TooManyReads | Error::InFlight,
            )
            | Self::QuotaExceeded(Resource::Answers | Resource::Reads, _)
            | Self::ConnectionLimit
            | Self::AddressLimit
            | Self::TooManyBodies
            | Self::TooManySlowBodies => Some((header::RETRY_AFTER, "1")),
            Self::Core(Error::Verifying)
            | Self::QuotaExceeded(Resource::Streams | Resource::Exports, _) => {
                Some((header::RETRY_AFTER, "10"))
            }
            Self::TooSlow => Some((header::CONNECTION, "close")),
            _ => None,
        }
    }
}

fn core_kind(error: &Error) -> Kind {
    match error {
        Error::Invalid(_) => (
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "Invalid request",
        ),
        Error::Transition(_) => (
            StatusCode::BAD_REQUEST,
            "invalid_transition",
            "Invalid transition",
        ),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found", "Not found"),
        Error::NameTaken { .. } => (StatusCode::CONFLICT, "name_taken", "Name taken"),
        Error::InUse { .. } => (StatusCode::CONFLICT, "in_use", "In use"),
        Error::NearMiss { .. } => (StatusCode::CONFLICT, "near_miss", "Unknown name"),
        Error::NotCurrent { .. } => (StatusCode::CONFLICT, "not_current", "Not current"),
        Error::Changed(_) => (
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            "Changed meanwhile",
        ),
        Error::KeyReused { .. } => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency_key_reused",
            "Idempotency key reused",
        ),
        Error::InFlight => (
            StatusCode::CONFLICT,
            "request_in_progress",
            "Request in progress",
        ),
        Error::Verifying => (
            StatusCode::TOO_MANY_REQUESTS,
            "verification_in_progress",
            "Verification in progress",
        ),
        Error::Busy => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_writes",
            "Too many writes",
        ),
        Error::TooManyReads => (
            StatusCode::SERVICE_UNAVAILABLE,
            "too_many_reads",
            "Too many large questions",
        ),
        Error::Unavailable(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Unavailable",
        ),
        Error::Internal(_) | Error::Setup(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
        ),
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
        Error::NotFound { what, key } => about(problem, what, key),
        _ => {}
    }
}

/// Names the object of the problem.
fn about(problem: &mut Problem, kind: &str, name: String) {
    (problem.kind, problem.name) = (Some(kind.to_owned()), Some(name));
}

/// The refusal for an error that should be impossible.
pub(crate) fn internal(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Refusal {
    Refusal::Core(Error::Internal(error.into()))
}

/// An error and its causes on one line.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use deploytrack_core::status::Status;
    use http_body_util::BodyExt as _;

    use super::*;

    fn answer(refusal: Refusal) -> (http::response::Parts, serde_json::Value) {
        let (parts, body) = refusal
            .into_response("/api/v1/deployments", "r-1")
            .into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let bytes = runtime.block_on(body.collect()).unwrap().to_bytes();
        (parts, serde_json::from_slice(&bytes).unwrap())
    }

    #[test]
    fn a_server_error_does_not_contain_its_cause() {
        let cause = || Box::new(std::io::Error::other("password of the database"));
        for error in [
            Error::Internal(cause()),
            Error::Unavailable(cause()),
            Error::Setup("password".into()),
        ] {
            let refusal = Refusal::Core(error);
            assert!(refusal.cause().unwrap().contains("password"));
            let (parts, body) = answer(refusal);
            assert!(parts.status.is_server_error());
            assert!(!body.to_string().contains("password"), "{body}");
            assert_eq!(body["requestId"], "r-1");
        }
    }

    #[test]
    fn an_illegal_transition_lists_the_allowed_ones() {
        let refusal = Refusal::Core(
            Status::Succeeded
                .transition_to(Status::Pending)
                .unwrap_err()
                .into(),
        );
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
    fn a_write_that_finds_a_full_queue_is_asked_to_repeat() {
        let (parts, body) = answer(Refusal::Core(Error::Busy));
        assert_eq!(
            (parts.status, &parts.headers["retry-after"]),
            (
                StatusCode::SERVICE_UNAVAILABLE,
                &HeaderValue::from_static("1")
            )
        );
        let detail = "too many writes are waiting at the moment; repeat the request with the same Idempotency-Key";
        assert_eq!(
            (&body["code"], &body["detail"]),
            (&"too_many_writes".into(), &detail.into())
        );
        assert!(
            Refusal::Core(Error::Busy).cause().is_none(),
            "a full queue is not logged as a failure"
        );
    }

    #[test]
    fn every_temporary_refusal_has_its_own_detail_and_a_retry_after() {
        let resources = [
            Resource::Streams,
            Resource::Exports,
            Resource::Answers,
            Resource::Reads,
        ];
        let limits = [QuotaExceeded::Subject(32), QuotaExceeded::Server(32)];
        let refusals = resources
            .into_iter()
            .flat_map(|resource| limits.map(|limit| Refusal::QuotaExceeded(resource, limit)));
        let others = [
            Refusal::from(Error::Busy),
            Error::TooManyReads.into(),
            Error::Verifying.into(),
            Error::Unavailable("".into()).into(),
        ];
        let mut details = Vec::new();
        for refusal in refusals.chain(others) {
            let (parts, body) = answer(refusal);
            assert!(matches!(parts.status.as_u16(), 429 | 503), "{body}");
            assert!(
                parts.headers["retry-after"]
                    .to_str()
                    .unwrap()
                    .parse::<u8>()
                    .is_ok(),
                "{body}"
            );
            assert_eq!(
                body["type"],
                format!("urn:deploytrack:problem:{}", body["code"].as_str().unwrap())
            );
            details.push(body["detail"].clone());
        }
        let all = details.len();
        details.sort_by_key(ToString::to_string);
        details.dedup();
        assert_eq!(details.len(), all, "no two details are equal");
    }

    #[test]
    fn only_a_request_with_a_token_gets_the_error_invalid_token() {
        assert_eq!(
            answer(Refusal::NoToken).0.headers["www-authenticate"],
            "Bearer"
        );
        assert_eq!(
            answer(Refusal::BadToken).0.headers["www-authenticate"],
            r#"Bearer error="invalid_token""#
        );
        assert_eq!(answer(Refusal::NoToken).1, answer(Refusal::BadToken).1);
    }

    #[test]
    fn a_problem_has_at_most_a_hundred_faults() {
        let faults: Vec<_> = (0..5000).map(|_| Fault::at("/x", "is wrong")).collect();
        assert_eq!(
            answer(faults.into()).1["errors"].as_array().unwrap().len(),
            100
        );
    }
}
