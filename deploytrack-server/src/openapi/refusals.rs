//! The responses for refusals (RFC 9457), one for each status.

use deploytrack_core::{api::Problem, fault::MOST_FAULTS, openapi};
use http::StatusCode;
use utoipa::openapi::{ContentBuilder, Ref, Response, ResponseBuilder};

use super::headers::with_headers;
use crate::limits::{BODY_BYTES, BODY_TIMEOUT, HEAD_BYTES};

/// The refusals that every request may get.
pub(super) const OF_ALL: [StatusCode; 3] = [
    StatusCode::BAD_REQUEST,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::INTERNAL_SERVER_ERROR,
];

/// A reference to the response with this status.
pub(super) fn of(status: StatusCode) -> Ref {
    Ref::new(format!("#/components/responses/{}", status.as_str()))
}

/// All responses, by status.
pub(super) fn all() -> Vec<(StatusCode, Response)> {
    let wait = &["Retry-After"][..];
    let token = &["WWW-Authenticate"][..];
    vec![
        refusal(
            StatusCode::BAD_REQUEST,
            format!(
                "A part of the request is malformed, of a wrong type, out of bounds or unknown: `invalid_request`, with all faults (at \
                 most {MOST_FAULTS}) in `errors`. An illegal transition: `invalid_transition`, with `currentStatus` and \
                 `allowedTransitions`."
            ),
            &[],
        ),
        refusal(
            StatusCode::UNAUTHORIZED,
            "No valid token: `unauthorized`. A token whose lifetime is too long: `token_lifetime`. A code that has ended: `code_ended`. A wall that was revoked: `wall_revoked`.".into(),
            token,
        ),
        refusal(StatusCode::FORBIDDEN, "A valid token without the role `admin`: `forbidden`. A request that a page of another site made: `other_site`. The session of a wall, for anything \
             but its view: `wall_only_shows`.".into(), token),
        refusal(StatusCode::NOT_FOUND, "No resource has this id or name: `not_found`.".into(), &[]),
        refusal(
            StatusCode::REQUEST_TIMEOUT,
            format!("The body did not arrive within {} seconds, or arrived too slowly: `request_timeout`.", BODY_TIMEOUT.as_secs()),
            &[],
        ),
        refusal(
            StatusCode::CONFLICT,
            "The name is in use (`name_taken`), has deployments (`in_use`) or resembles an existing one (`near_miss`, with \
             `didYouMean`). The deployment to undeploy is not current (`not_current`). There are as \
             many walls as there may be (`too_many_walls`). The same request is still running \
             (`request_in_progress`). The browser is logged in as somebody else (`logged_in`)."
                .into(),
            wait,
        ),
        refusal(
            StatusCode::PRECONDITION_FAILED,
            "The resource changed after the client read it (`If-Match`): `precondition_failed`.".into(),
            &[],
        ),
        refusal(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("The body is too large ({} MiB; an import has its own limits): `body_too_large`.", BODY_BYTES / 1024 / 1024),
            &[],
        ),
        refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body has another media type, or a content encoding: `unsupported_media_type`.".into(),
            &[],
        ),
        refusal(
            StatusCode::UNPROCESSABLE_ENTITY,
            "The `Idempotency-Key` was used for another request: `idempotency_key_reused`, with `recordedId`.".into(),
            &[],
        ),
        refusal(
            StatusCode::TOO_MANY_REQUESTS,
            "A quota of the subject or of the server is used up: event streams (`too_many_streams`), exports (`too_many_exports`), \
             large responses in transit (`too_many_large_answers`), simultaneous reads (`too_many_questions`). Another verification \
             is running: `verification_in_progress`."
                .into(),
            wait,
        ),
        refusal(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!("The target and the headers together are larger than {} KiB: `header_too_large`.", HEAD_BYTES / 1024),
            &[],
        ),
        refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server failed: `internal`. Its log contains the cause under the `requestId`.".into(),
            &[],
        ),
        refusal(
            StatusCode::SERVICE_UNAVAILABLE,
            "The database cannot be reached, or every connection is busy: `unavailable`. Too many writes wait (`too_many_writes`), too \
             many reads of many rows wait (`too_many_reads`), or too many bodies are arriving (`too_many_bodies`)."
                .into(),
            wait,
        ),
    ]
}

fn refusal(status: StatusCode, description: String, headers: &[&str]) -> (StatusCode, Response) {
    let content = ContentBuilder::new()
        .schema(Some(openapi::of::<Problem>()))
        .build();
    let response = ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content);
    (status, with_headers(response, headers).build())
}
