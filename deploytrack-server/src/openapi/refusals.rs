//! The responses for refusals (RFC 9457). Their examples are the problems of real refusals, so a
//! code, a title or a detail in the document is the one that the server sends.

use std::time::Duration;

use deploytrack_core::{
    api::Problem, entity_tag::EntityTag, error::Error, fault::MOST_FAULTS, openapi::of,
    token::TokenEnd,
};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::{
    ContentBuilder, Ref, Response, ResponseBuilder,
    example::{Example, ExampleBuilder},
};

use super::{examples, headers::with_headers};
use crate::{
    limits::HEAD_BYTES,
    quota::QuotaExceeded,
    rates::exceeded_reads,
    refusal::{Refusal, Resource},
    token::Role,
};

/// The refusals that every request may get.
pub(super) const OF_ALL: [StatusCode; 3] = [
    StatusCode::BAD_REQUEST,
    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
    StatusCode::INTERNAL_SERVER_ERROR,
];

/// A reference to the response with this status that operations share.
pub(super) fn shared(status: StatusCode) -> Ref {
    Ref::new(format!("#/components/responses/{}", name(status)))
}

/// The name of a response that operations share, such as `TooManyRequests`.
fn name(status: StatusCode) -> String {
    let reason = status.canonical_reason().unwrap_or(status.as_str());
    reason.replace(' ', "")
}

/// All shared responses, with their names.
pub(super) fn all() -> Vec<(String, Response)> {
    let problems: Vec<_> = of_many_operations()
        .into_iter()
        .map(|refusal| refusal.problem("/api/v1/deployments", examples::REQUEST_ID))
        .collect();
    let of_one = |of: &[(StatusCode, Problem)]| {
        let status = of.first()?.0;
        let problems = of.iter().map(|(_, problem)| problem.clone()).collect();
        Some((name(status), response(status, problems)))
    };
    problems
        .chunk_by(|(one, _), (other, _)| one == other)
        .filter_map(of_one)
        .collect()
}

/// The refusals that do not depend on the operation, in the order of their statuses.
fn of_many_operations() -> Vec<Refusal> {
    let subject = QuotaExceeded::Subject;
    vec![
        Refusal::NoToken,
        Refusal::LongToken(Duration::from_hours(90 * 24)),
        Refusal::EndedToken(TokenEnd::Revoked),
        Refusal::RevokedWall,
        Refusal::Role(Role::Admin),
        Refusal::TooSlow,
        Error::Changed(EntityTag::of(b"{}")).into(),
        Refusal::TooLarge("1 MiB"),
        Refusal::MediaType("application/json"),
        Error::KeyReused {
            recorded: Some(examples::pending().id),
        }
        .into(),
        Refusal::QuotaExceeded(Resource::Reads, subject(8)),
        Refusal::QuotaExceeded(Resource::Answers, subject(256)),
        rate_exceeded(),
        Refusal::Head,
        Refusal::Panic,
        Error::Unavailable("unreachable".into()).into(),
        Error::Outdated.into(),
        Error::Busy.into(),
        Error::TooManyReads.into(),
        Refusal::TooManyBodies,
    ]
}

/// The refusal of a request beyond the rate of its subject.
pub(super) fn rate_exceeded() -> Refusal {
    exceeded_reads().into()
}

/// The response with these problems, each of which is an example.
pub(super) fn response(status: StatusCode, problems: Vec<Problem>) -> Response {
    let sentences: Vec<_> = problems.iter().map(sentence).collect();
    let response = ResponseBuilder::new().description(sentences.join(" "));
    let example = |problem: Problem| {
        let example = ExampleBuilder::new()
            .summary(&problem.title)
            .value(Some(json!(problem)));
        (problem.code, Example::from(example))
    };
    let content = ContentBuilder::new()
        .schema(Some(of::<Problem>()))
        .examples_from_iter(problems.into_iter().map(example));
    let response = response.content("application/problem+json", content.build());
    with_headers(response, headers(status)).build()
}

/// The headers of a status.
fn headers(status: StatusCode) -> &'static [&'static str] {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => &["WWW-Authenticate"],
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            &["Retry-After"]
        }
        _ => &[],
    }
}

/// The description of a problem.
fn sentence(problem: &Problem) -> String {
    let (code, when) = (&problem.code, when(&problem.code));
    match &**code {
        "invalid_request" => {
            format!("`{code}`: {when}. `errors` has all faults, at most {MOST_FAULTS}.")
        }
        "header_too_large" => format!("`{code}`: {when} {} KiB.", HEAD_BYTES / 1024),
        _ => format!("`{code}`: {when}."),
    }
}

/// The situation in which a request gets a problem with this code.
fn when(code: &str) -> &'static str {
    match code {
        "invalid_request" => {
            "a part of the request is malformed, of a wrong type, out of bounds or unknown"
        }
        "invalid_transition" => {
            "the transition is illegal; `currentStatus` and `allowedTransitions` have the way out"
        }
        "unauthorized" => "there is no valid token",
        "token_lifetime" => "the lifetime of the token is too long",
        "token_ended" => "the token was revoked, has expired, or has got another secret",
        "code_ended" => "the code was used or has ended",
        "wall_revoked" => "the wall was revoked",
        "forbidden" => "the token is valid but does not have the role",
        "outside_limits" => {
            "the limits of the token do not include the component or the environment"
        }
        "other_site" => "a page of another site made the request",
        "not_found" => "no record has this id or name",
        "request_timeout" => "the body arrived too slowly",
        "name_taken" => "the name is in use",
        "in_use" => "the record has deployments",
        "near_miss" => {
            "the name is unknown and resembles an existing one, which `didYouMean` contains"
        }
        "not_current" => "the deployment is not current in its cell",
        "too_many_tokens" => "there are as many valid tokens as there may be",
        "too_many_revocations" => "there are as many revocations as there may be",
        "untrusted_identity" => {
            "the identity token is invalid, or no rule accepts it; the detail names the rule, the claim and its value"
        }
        "identity_tokens_off" => "the server trusts no issuer of identity tokens",
        "issuer_unavailable" => "the keys of the issuer cannot be read at the moment",
        "too_many_pins" => "there are as many pins as there may be",
        "too_many_walls" => "there are as many walls as there may be",
        "request_in_progress" => "a request with the same `Idempotency-Key` is still running",
        "logged_in" => "the browser is logged in as somebody else",
        "precondition_failed" => "the record has another `ETag` than the one in `If-Match`",
        "body_too_large" => "the body is too large",
        "unsupported_media_type" => "the body has another media type, or a content encoding",
        "idempotency_key_reused" => {
            "the `Idempotency-Key` was used for another request; `recordedId` has its record"
        }
        "store_replaced" => {
            "a backup was restored since the event, so that its number has another meaning"
        }
        "removed" => "retention removed the deployment; the detail has when and why",
        "preview_changed" => "other deployments would be removed now than the preview listed",
        "removal_in_progress" => "another removal is running",
        "rate_limit_exceeded" => {
            "the subject or the address has sent more requests than its rate allows"
        }
        "too_many_streams" => "too many event streams are open",
        "too_many_exports" => "too many exports are running",
        "too_many_large_answers" => "too many large answers are in transit",
        "too_many_questions" => "too many reads are running",
        "verification_in_progress" => "another verification is running",
        "header_too_large" => "the target and the headers together are larger than",
        "internal" => "the server failed; its log has the cause under the `requestId`",
        "unavailable" => "the database cannot be reached, or every connection is busy",
        "server_outdated" => {
            "a newer version of deploytrack has migrated the database, and this server is older"
        }
        "too_many_writes" => "too many writes wait",
        "too_many_reads" => "too many reads of many rows wait",
        "too_many_bodies" => "too many bodies are arriving",
        _ => "see `detail`",
    }
}
