//! The kind of each refusal: status, code, title, and the header that belongs to the status.

use deploytrack_core::{api::TOKEN_LIFETIME, error::Error};
use http::{HeaderName, StatusCode, header};

use super::{Refusal, Resource};

/// The HTTP status, the code and the title of a kind of problem.
type Kind = (StatusCode, &'static str, &'static str);

impl Refusal {
    /// The kind of the problem.
    pub(super) fn kind(&self) -> Kind {
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
            Self::OtherSite => (StatusCode::FORBIDDEN, "other_site", "Another site asks"),
            Self::LoggedIn(..) => (StatusCode::CONFLICT, "logged_in", "Already logged in"),
            Self::UsedCode => (StatusCode::UNAUTHORIZED, "code_ended", "The code has ended"),
            Self::Wall => (
                StatusCode::FORBIDDEN,
                "wall_only_shows",
                "A wall only shows its view",
            ),
            Self::RevokedWall => (
                StatusCode::UNAUTHORIZED,
                "wall_revoked",
                "The wall was revoked",
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

    /// The header that belongs to the status.
    pub(super) fn header(&self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::Method(allow) => Some((header::ALLOW, allow)),
            // A request without a token gets no error code (RFC 6750, section 3.1).
            Self::NoToken => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Self::BadToken | Self::LongToken(_) | Self::UsedCode | Self::RevokedWall => {
                Some((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#))
            }
            Self::Role | Self::Wall => Some((
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
        Error::NameTaken { .. } | Error::WallExists(_) => {
            (StatusCode::CONFLICT, "name_taken", "Name taken")
        }
        Error::TooManyWalls(_) => (StatusCode::CONFLICT, "too_many_walls", "Too many walls"),
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
