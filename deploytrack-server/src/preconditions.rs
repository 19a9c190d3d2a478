//! The headers that decide whether and how a write is carried out: `Idempotency-Key`, `If-Match`
//! and `Sent-At`.

use std::str::FromStr;

use bytes::Bytes;
use deploytrack_core::{
    api,
    clock::{self, Time},
    digest::Digest,
    entity_tag::Condition,
    error::Fault,
    text::{IdempotencyKey, Label},
    tracker::{IdempotentRequest, Terms},
};
use http::{HeaderMap, HeaderName, header, request::Parts};

use crate::{refusal::Refusal, route::Route};

/// The terms of a write whose body has been read, or all faults of the three headers.
pub(crate) fn terms(parts: &Parts, subject: &Label, body: &Bytes) -> Result<Terms, Vec<Fault>> {
    let key: Result<Option<IdempotencyKey>, Fault> =
        one(&parts.headers, api::IDEMPOTENCY_KEY, "Idempotency-Key");
    let condition: Result<Option<Condition>, Fault> =
        one(&parts.headers, header::IF_MATCH.as_str(), "If-Match");
    let sent_at: Result<Option<SentAt>, Fault> = one(&parts.headers, api::SENT_AT, "Sent-At");
    match (key, condition, sent_at) {
        (Ok(key), Ok(condition), Ok(sent_at)) => {
            let once = key.map(|key| IdempotentRequest {
                key,
                request: fingerprint(parts, body),
            });
            Ok(Terms::by(subject.clone())
                .once(once)
                .only_if(condition)
                .sent_at(sent_at.map(|SentAt(time)| time)))
        }
        (key, condition, sent_at) => Err(key
            .err()
            .into_iter()
            .chain(condition.err())
            .chain(sent_at.err())
            .collect()),
    }
}

/// The time of the client's clock when it sent the request.
struct SentAt(Time);

impl FromStr for SentAt {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        clock::parse(text).map(Self)
    }
}

/// Rejects `If-Match` on a route that would ignore it, because the client relies on it.
pub(crate) fn check_if_match(route: &Route, headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(header::IF_MATCH) && !route.takes_if_match() {
        return Err(vec![Fault::parameter(
            "If-Match",
            "works only with PATCH and undeploy; send the request without it",
        )]
        .into());
    }
    Ok(())
}

/// The value of a header that may be given once.
fn one<T: FromStr<Err: std::fmt::Display>>(
    headers: &HeaderMap,
    name: &str,
    shown: &str,
) -> Result<Option<T>, Fault> {
    let wrong = |why: &dyn std::fmt::Display| Fault::parameter(shown, why);
    let mut all = headers
        .get_all(HeaderName::from_bytes(name.as_bytes()).map_err(|why| wrong(&why))?)
        .iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let text = value
                .to_str()
                .map_err(|_| wrong(&"must be visible ASCII characters"))?;
            text.parse().map(Some).map_err(|why| wrong(&why))
        }
        _ => Err(wrong(&"is given more than once")),
    }
}

/// A digest of everything that decides what a request does. It tells two requests under the same
/// key apart. `Sent-At` is not part of it, because a retry is sent at another time.
fn fingerprint(parts: &Parts, body: &Bytes) -> Digest {
    let target = parts
        .uri
        .path_and_query()
        .map_or("", |target| target.as_str());
    let condition = parts
        .headers
        .get(header::IF_MATCH)
        .map_or(&b""[..], |value| value.as_bytes());
    // A line break is an unambiguous separator: methods, targets and headers cannot contain one.
    let head = [
        parts.method.as_str().as_bytes(),
        target.as_bytes(),
        condition,
    ]
    .join(&b'\n');
    Digest::of(&[&head[..], &body[..]].join(&b'\n'))
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, Request};

    use super::*;

    fn read(headers: &[(&str, &str)], body: &'static str) -> Result<String, Vec<String>> {
        let mut request = Request::post("/api/v1/deployments?register=true");
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_str(value).unwrap());
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let terms = terms(
            &parts,
            &"ci-bot".parse().unwrap(),
            &Bytes::from_static(body.as_bytes()),
        );
        terms
            .map(|terms| format!("{terms:?}"))
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_fingerprint_covers_the_body_and_if_match_but_not_sent_at() {
        let key = ("Idempotency-Key", "7");
        let of = |headers: &[(&str, &str)], body| read(headers, body).unwrap();
        assert_eq!(of(&[key], "{}"), of(&[key], "{}"));
        assert_ne!(of(&[key], "{}"), of(&[key], "{ }"));
        assert_ne!(of(&[key], "{}"), of(&[key, ("If-Match", "*")], "{}"));
        let sent = |at| of(&[key, ("Sent-At", at)], "{}").replace("minute: 1", "minute: 0");
        assert_eq!(
            sent("2026-06-01T12:00:00Z").replace("12:00", ""),
            sent("2026-06-01T12:01:00Z").replace("12:01", "")
        );
    }

    #[test]
    fn every_fault_of_the_headers_is_reported() {
        let faults = read(
            &[
                ("Idempotency-Key", "a b"),
                ("If-Match", "abc"),
                ("Sent-At", "noon"),
            ],
            "{}",
        )
        .unwrap_err();
        assert_eq!(
            faults,
            [
                "Idempotency-Key must be 1 to 255 visible ASCII characters, without spaces",
                "If-Match must be * or entity tags in double quotes, separated by commas",
                "Sent-At must be an RFC 3339 time such as 2026-11-23T18:32:00Z",
            ]
        );
        assert_eq!(
            read(&[("Idempotency-Key", "a"), ("Idempotency-Key", "a")], "").unwrap_err(),
            ["Idempotency-Key is given more than once"]
        );
    }
}
