//! The kind of each refusal: status, code, title, and the header that belongs to the status.

use std::borrow::Cow;

use deploytrack_core::{
    api::{REMOVED, STORE_REPLACED, TOKEN_LIFETIME},
    error::Error,
};
use http::{HeaderName, StatusCode, header};

use super::{Refusal, Resource};
use crate::token::Role;

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
            Self::Role(Role::Admin) => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The role admin is needed",
            ),
            Self::Role(_) => (
                StatusCode::FORBIDDEN,
                "forbidden",
                "The role writer is needed",
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
            Self::RateExceeded(_) => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limit_exceeded",
                "Too many requests",
            ),
            Self::AddressLimit => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_connections",
                "Too many connections",
            ),
            Self::PlainHttp => (StatusCode::BAD_REQUEST, "plain_http", "Https is needed"),
            Self::TooManyBodies | Self::TooManySlowBodies => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too_many_bodies",
                "Too many bodies",
            ),
            Self::ConnectionLimit | Self::ShuttingDown => (
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
    pub(super) fn header(&self) -> Option<(HeaderName, Cow<'static, str>)> {
        if let Self::RateExceeded(exceeded) = self {
            return Some((
                header::RETRY_AFTER,
                exceeded.retry_after().to_string().into(),
            ));
        }
        self.fixed_header()
            .map(|(name, value)| (name, value.into()))
    }

    /// The header that belongs to the status, if its value is always the same.
    fn fixed_header(&self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::Method(allow) => Some((header::ALLOW, allow)),
            // A request without a token gets no error code (RFC 6750, section 3.1).
            Self::NoToken => Some((header::WWW_AUTHENTICATE, "Bearer")),
            Self::BadToken | Self::LongToken(_) | Self::UsedCode | Self::RevokedWall => {
                Some((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#))
            }
            Self::Role(_) | Self::Wall | Self::Core(Error::OutsideLimits { .. }) => Some((
                header::WWW_AUTHENTICATE,
                r#"Bearer error="insufficient_scope""#,
            )),
            Self::Core(
                Error::Unavailable(_)
                | Error::Outdated
                | Error::Busy
                | Error::TooManyReads
                | Error::InFlight,
            )
            | Self::QuotaExceeded(Resource::Answers | Resource::Reads, _)
            | Self::ConnectionLimit
            | Self::ShuttingDown
            | Self::AddressLimit
            | Self::TooManyBodies
            | Self::TooManySlowBodies => Some((header::RETRY_AFTER, "1")),
            Self::Core(Error::Verifying | Error::Removing)
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
        Error::Removed { .. } => (StatusCode::GONE, REMOVED, "Removed by retention"),
        Error::PreviewChanged => (StatusCode::CONFLICT, "preview_changed", "Preview changed"),
        Error::NameTaken { .. } | Error::WallExists(_) => {
            (StatusCode::CONFLICT, "name_taken", "Name taken")
        }
        Error::TooManyWalls(_) => (StatusCode::CONFLICT, "too_many_walls", "Too many walls"),
        Error::InUse { .. } => (StatusCode::CONFLICT, "in_use", "In use"),
        Error::NearMiss { .. } => (StatusCode::CONFLICT, "near_miss", "Unknown name"),
        Error::OutsideLimits { .. } => (
            StatusCode::FORBIDDEN,
            "outside_limits",
            "Outside the limits",
        ),
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
        Error::StoreReplaced(_) => (StatusCode::GONE, STORE_REPLACED, "Store replaced"),
        Error::Verifying => (
            StatusCode::TOO_MANY_REQUESTS,
            "verification_in_progress",
            "Verification in progress",
        ),
        Error::Removing => (
            StatusCode::TOO_MANY_REQUESTS,
            "removal_in_progress",
            "Removal in progress",
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
        Error::Outdated => (
            StatusCode::SERVICE_UNAVAILABLE,
            "server_outdated",
            "The server is outdated",
        ),
        Error::Internal(_) | Error::Setup(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal error",
        ),
    }
}
