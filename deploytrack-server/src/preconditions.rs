//! The headers that decide whether and how a write is carried out.

use std::{fmt::Display, str::FromStr};

use bytes::Bytes;
use deploytrack_core::{
    clock::{self, Time},
    digest::Digest,
    error::Fault,
    tracker::{IdempotentRequest, Terms},
};
use http::{HeaderMap, HeaderValue, request::Parts, uri::PathAndQuery};

use crate::{refusal::Refusal, token::Claims};

/// A request header that changes what a write does. [`terms`] reads only headers of this list, and
/// each one states whether it belongs to the fingerprint of an idempotency key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteHeader {
    /// Carries the write out once.
    IdempotencyKey,
    /// Carries the write out only if the resource still has this entity tag.
    IfMatch,
    /// The client's clock, by which the times in the body are read.
    SentAt,
}

impl WriteHeader {
    /// All headers, in the order of their faults.
    const ALL: [Self; 3] = [Self::IdempotencyKey, Self::IfMatch, Self::SentAt];

    /// The name, as people write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::IdempotencyKey => "Idempotency-Key",
            Self::IfMatch => "If-Match",
            Self::SentAt => "Sent-At",
        }
    }

    /// Whether two requests under the same idempotency key are different requests if they differ in
    /// this header.
    const fn is_in_fingerprint(self) -> bool {
        match self {
            Self::IfMatch => true,
            // The first is the key itself. A retry is sent at another time.
            Self::IdempotencyKey | Self::SentAt => false,
        }
    }
}

/// The headers of a write in a request.
struct WriteHeaders<'a>(Vec<(WriteHeader, &'a HeaderValue)>);

impl<'a> WriteHeaders<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let values = |header: WriteHeader| headers.get_all(header.name()).into_iter();
        let all = WriteHeader::ALL.into_iter();
        Self(
            all.flat_map(|header| values(header).map(move |value| (header, value)))
                .collect(),
        )
    }

    fn values(&self, header: WriteHeader) -> impl Iterator<Item = &'a HeaderValue> {
        let of_header = self.0.iter().filter(move |(name, _)| *name == header);
        of_header.map(|(_, value)| *value)
    }

    /// The value of a header that may be given once.
    fn one<T: FromStr<Err: Display>>(&self, header: WriteHeader) -> Result<Option<T>, Fault> {
        let wrong = |why: &dyn Display| Fault::parameter(header.name(), why);
        let mut values = self.values(header);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => {
                let text = value.to_str();
                let text = text.map_err(|_| wrong(&"must be visible ASCII characters"))?;
                text.parse().map(Some).map_err(|why| wrong(&why))
            }
            _ => Err(wrong(&"is given more than once")),
        }
    }

    /// A digest of everything that decides what a request does. It tells two requests under the
    /// same key apart.
    ///
    /// Digests are stored. A new header in the fingerprint changes all of them, so a request that is
    /// repeated across that update is refused instead of answered again.
    fn fingerprint(&self, parts: &Parts, body: &Bytes) -> Digest {
        let target = parts.uri.path_and_query().map_or("", PathAndQuery::as_str);
        let mut pieces = vec![parts.method.as_str().as_bytes(), target.as_bytes()];
        for header in WriteHeader::ALL {
            if header.is_in_fingerprint() {
                let value = self.values(header).next();
                pieces.push(value.map_or(b"", HeaderValue::as_bytes));
            }
        }
        pieces.push(body);
        // A line break is an unambiguous separator: methods, targets and headers cannot contain
        // one.
        Digest::of(&pieces.join(&b'\n'))
    }
}

/// The terms of a write whose body has been read, or all faults of its headers.
pub(crate) fn terms(parts: &Parts, caller: &Claims, body: &Bytes) -> Result<Terms, Vec<Fault>> {
    let headers = WriteHeaders::of(&parts.headers);
    let key = headers.one(WriteHeader::IdempotencyKey);
    let condition = headers.one(WriteHeader::IfMatch);
    let sent_at = headers.one(WriteHeader::SentAt);
    match (key, condition, sent_at) {
        (Ok(key), Ok(condition), Ok(sent_at)) => {
            let once = key.map(|key| IdempotentRequest {
                key,
                request: headers.fingerprint(parts, body),
            });
            Ok(Terms::by(caller.subject.clone())
                .within(caller.limits.clone())
                .from_origin(caller.origin.clone())
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

/// Rejects `If-Match` at an endpoint that would ignore it, because the client relies on it.
pub(crate) fn check_if_match(accepted: &[WriteHeader], headers: &HeaderMap) -> Result<(), Refusal> {
    let name = WriteHeader::IfMatch.name();
    if headers.contains_key(name) && !accepted.contains(&WriteHeader::IfMatch) {
        let why = "works only with PATCH and undeploy; send the request without it";
        return Err(vec![Fault::parameter(name, why)].into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use deploytrack_core::api;
    use http::Request;

    use super::*;

    fn read(headers: &[(&str, &str)], body: &'static str) -> Result<String, Vec<String>> {
        let mut request = Request::post("/api/v1/deployments?register=true");
        for (name, value) in headers {
            request = request.header(*name, HeaderValue::from_str(value).unwrap());
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let terms = terms(
            &parts,
            &Claims::of_admin("ci-bot"),
            &Bytes::from_static(body.as_bytes()),
        );
        terms
            .map(|terms| format!("{terms:?}"))
            .map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_fingerprint_covers_the_body_and_each_header_that_distinguishes_requests() {
        let digest = |headers: &[(&str, &str)], body: &'static str| {
            let mut request = Request::patch("/api/v1/deployments/1?x=y");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let (parts, ()) = request.body(()).unwrap().into_parts();
            WriteHeaders::of(&parts.headers)
                .fingerprint(&parts, &Bytes::from_static(body.as_bytes()))
        };
        let plain = digest(&[], "{}");
        assert_eq!(plain, Digest::of(b"PATCH\n/api/v1/deployments/1?x=y\n\n{}"));
        assert_ne!(plain, digest(&[], "{ }"));
        for header in WriteHeader::ALL {
            let changes = plain != digest(&[(header.name(), "*")], "{}");
            assert_eq!(changes, header.is_in_fingerprint(), "{header:?}");
        }
        assert_eq!(
            digest(&[("If-Match", "*")], "{}"),
            Digest::of(b"PATCH\n/api/v1/deployments/1?x=y\n*\n{}")
        );
    }

    #[test]
    fn a_request_is_carried_out_once_only_with_a_key() {
        assert!(
            !read(&[("If-Match", "*")], "{}")
                .unwrap()
                .contains("IdempotentRequest")
        );
        assert!(
            read(&[("Idempotency-Key", "7")], "{}")
                .unwrap()
                .contains("IdempotentRequest")
        );
    }

    #[test]
    fn core_has_the_same_names() {
        assert!(
            WriteHeader::IdempotencyKey
                .name()
                .eq_ignore_ascii_case(api::IDEMPOTENCY_KEY)
        );
        assert!(
            WriteHeader::SentAt
                .name()
                .eq_ignore_ascii_case(api::SENT_AT)
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
