//! The answers to what went wrong (RFC 9457), one for each status.

use deploytrack_core::{api::Problem, fault::MOST_FAULTS, openapi};
use http::StatusCode;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

use super::described::with_headers;
use crate::{
    dispatch::HEAD_BYTES,
    request::{BODY_BYTES, BODY_TIMEOUT},
};

/// What any request may be refused with.
pub(super) const OF_ALL: [StatusCode; 3] =
    [StatusCode::BAD_REQUEST, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, StatusCode::INTERNAL_SERVER_ERROR];

/// A reference to the answer with this status.
pub(super) fn of(status: StatusCode) -> Ref {
    Ref::new(format!("#/components/responses/{}", status.as_str()))
}

/// Every answer, by its status.
pub(super) fn all() -> Vec<(StatusCode, Response)> {
    let wait = &["Retry-After"][..];
    let token = &["WWW-Authenticate"][..];
    vec![
        refusal(
            StatusCode::BAD_REQUEST,
            format!(
                "Malformed, of a wrong type, out of bounds or unknown: `invalid_request`, with every fault (at most {MOST_FAULTS}) in \
                 `errors`. An illegal move: `invalid_transition`, with `currentStatus` and `allowedTransitions`."
            ),
            &[],
        ),
        refusal(
            StatusCode::UNAUTHORIZED,
            "No valid token: `unauthorized`. A token whose lifetime is too long: `token_lifetime`.".into(),
            token,
        ),
        refusal(StatusCode::FORBIDDEN, "A valid token without the role `admin`: `forbidden`.".into(), token),
        refusal(StatusCode::NOT_FOUND, "Nothing has this id or name: `not_found`.".into(), &[]),
        refusal(
            StatusCode::REQUEST_TIMEOUT,
            format!("The body did not arrive within {} seconds, or arrived too slowly: `request_timeout`.", BODY_TIMEOUT.as_secs()),
            &[],
        ),
        refusal(
            StatusCode::CONFLICT,
            "The name is taken (`name_taken`), has deployments (`in_use`) or resembles a known one (`near_miss`, with `didYouMean`); \
             what is to be removed is not current (`not_current`); the same request is still running (`request_in_progress`)."
                .into(),
            wait,
        ),
        refusal(StatusCode::PRECONDITION_FAILED, "It changed since it was read (`If-Match`): `precondition_failed`.".into(), &[]),
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is too large ({} MiB; an import has limits of its own): `body_too_large`.", BODY_BYTES / 1024 / 1024),
            &[],
        ),
        refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The body is of another media type, or encoded: `unsupported_media_type`.".into(), &[]),
        refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The `Idempotency-Key` was used for another request: `idempotency_key_reused`, with `recordedId`.".into(),
            &[],
        ),
        refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "One subject, or all together, have as much under way as the server allows: streams of events (`too_many_streams`), exports \
             (`too_many_exports`), large answers that are not read to their end (`too_many_large_answers`), questions at once \
             (`too_many_questions`). A verification is running already: `verification_in_progress`."
                .into(),
            wait,
        ),
        refusal(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("Target and headers together are larger than {} KiB: `header_too_large`.", HEAD_BYTES / 1024),
            &[],
        ),
        refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed: `internal`. Its log has the cause under the `requestId`.".into(),
            &[],
        ),
        refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database cannot be reached, or every connection is busy: `unavailable`. Too many writes wait (`too_many_writes`), too many \
             questions that read many rows (`too_many_reads`), or too many bodies are arriving (`too_many_bodies`)."
                .into(),
            wait,
        ),
    ]
}

fn refusal(status: StatusCode, description: String, headers: &[&str]) -> (StatusCode, Response) {
    let content = ContentBuilder::new().schema(Some(openapi::of::<Problem>())).build();
    let response = ResponseBuilder::new().description(description).content("application/problem+json", content);
    (status, with_headers(response, headers).build())
}
