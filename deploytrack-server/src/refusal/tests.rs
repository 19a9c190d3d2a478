//! The problem details of refusals.

use deploytrack_core::status::Status;
use http::{HeaderValue, StatusCode};
use http_body_util::BodyExt as _;

use super::*;
use crate::quota::QuotaExceeded;

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
        crate::rates::exceeded_reads().into(),
        Error::TooManyReads.into(),
        Error::Verifying.into(),
        Error::Unavailable("".into()).into(),
        Error::Outdated.into(),
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
