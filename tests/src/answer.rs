//! An HTTP answer, and its form for snapshots.

use std::fmt::Write;

use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

/// The headers that a snapshot shows.
const SHOWN: [&str; 6] = [
    "content-type",
    "location",
    "allow",
    "www-authenticate",
    "retry-after",
    "cache-control",
];

/// An answer of a server, read completely.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

impl Answer {
    /// Reads the whole answer.
    ///
    /// # Panics
    /// When the body cannot be read.
    pub async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self {
            status,
            headers,
            body: response.text().await.unwrap(),
        }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When the body is not JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("{error} in the answer {}:\n{}", self.status, self.body))
    }

    /// Checks the status and returns the JSON body, or null when the body is empty.
    ///
    /// # Panics
    /// When the status differs, with the body.
    #[expect(
        clippy::must_use_candidate,
        reason = "often the status is all that is asked"
    )]
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        if self.body.is_empty() {
            Value::Null
        } else {
            self.json()
        }
    }

    /// A header as text.
    ///
    /// # Panics
    /// When it is not text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The answer as a snapshot: status, the selected headers and body. Ids are numbered in the
    /// order of their appearance, and present times are replaced.
    ///
    /// # Panics
    /// When the content type is JSON and the body is not.
    #[must_use]
    pub fn whole(&self) -> String {
        let reason = StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or_default();
        let mut out = format!("{} {reason}\n", self.status);
        for name in SHOWN {
            if let Some(value) = self.header(name) {
                let _ = writeln!(out, "{name}: {value}");
            }
        }
        let json = self
            .header("content-type")
            .is_some_and(|kind| kind.contains("json") && !kind.contains("ndjson"));
        let body = if json && !self.body.is_empty() {
            pretty(&self.json())
        } else {
            self.body.clone()
        };
        redact(&format!("{out}\n{body}\n"))
    }
}

fn pretty(value: &Value) -> String {
    let mut value = value.clone();
    if let Some(id) = value.get_mut("requestId") {
        *id = "<request>".into();
    }
    // The cursor is the last parameter of a link.
    if let Some(next) = value.get_mut("next")
        && let Some((page, _)) = next.as_str().and_then(|link| link.split_once("&cursor="))
    {
        *next = format!("{page}&cursor=<cursor>").into();
    }
    serde_json::to_string_pretty(&value).unwrap_or_default()
}

/// Replaces everything in a text that differs between two runs. UUIDs are numbered in the order of
/// their appearance; times from 2026 on become `<now>` (a test that names a time chooses an earlier
/// one), and hashes become `<hash>`.
#[must_use]
pub fn redact(text: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(id) = rest.get(..36).filter(|part| is_id(part)) {
            let place = ids.iter().position(|known| known == id).unwrap_or_else(|| {
                ids.push(id.to_owned());
                ids.len() - 1
            });
            let _ = write!(out, "<id {}>", place + 1);
            rest = &rest[36..];
        } else if rest.get(..64).is_some_and(is_hash) {
            out.push_str("<hash>");
            rest = &rest[64..];
        } else if let Some(length) = now_length(rest) {
            out.push_str("<now>");
            rest = &rest[length..];
        } else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// Whether this is a UUID of version 7. Servers generate that version; tests that name a UUID use
/// another one.
fn is_id(part: &str) -> bool {
    part.as_bytes()[14] == b'7' && uuid::Uuid::try_parse(part).is_ok()
}

/// Whether this is a SHA-256 digest in hexadecimal.
fn is_hash(part: &str) -> bool {
    part.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The length of the time at the start of `text`, if there is one and it is in 2026 or later.
fn now_length(text: &str) -> Option<usize> {
    let end = text.get(..40).unwrap_or(text).find('Z')? + 1;
    let stamp = text
        .get(..end)
        .filter(|stamp| (20..=30).contains(&stamp.len()))?;
    let year: u32 = stamp.get(..4)?.parse().ok()?;
    (year >= 2026 && deploytrack_core::clock::parse(stamp).is_ok()).then_some(end)
}
