//! What can go wrong between the client and a server, by what the caller can do about it.

use std::{fmt, time::Duration};

use reqwest::StatusCode;

use super::obstacle::{Failed, Obstacle, Way};
use crate::api::Problem;

/// Why a request brought no answer of use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The client cannot be made from these settings; the message says why and never holds the token.
    #[error("{0}")]
    Setup(String),
    /// The server refused the request (4xx); repeating it will not help.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The server does not know the caller, or does not let the caller do this (401, 403).
    #[error("{}", .0.detail)]
    Unauthorised(Box<Problem>),
    /// The server could not answer (5xx), or asks the caller to come back later (429).
    #[error("{}", .0.detail)]
    Server(Box<Problem>),
    /// No server answered.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// What the network said.
        why: String,
        /// What stands in the way.
        obstacle: Obstacle,
    },
    /// No answer came in time. What was asked may or may not have been done.
    #[error("{url} did not {} within {}s", if *.connected { "answer" } else { "take a connection" }, .after.as_secs_f64())]
    Timeout {
        /// The server's address.
        url: String,
        /// How long was waited.
        after: Duration,
        /// Whether there was a connection.
        connected: bool,
    },
    /// The answer is none that a deploytrack server gives.
    #[error("{0}")]
    Unreadable(ForeignAnswer),
}

/// An answer that no deploytrack server gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignAnswer {
    /// What is strange about it, in a sentence that names the server.
    pub why: String,
    /// Where it comes from, as far as it can be told.
    pub kind: ForeignKind,
}

/// Where an answer that no deploytrack server gives may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignKind {
    /// It sends the caller elsewhere: to this address of a server.
    Redirect(String),
    /// It is a page for people, such as that of a login or of a network that wants one.
    Page,
    /// Anything else.
    Other,
}

impl ForeignAnswer {
    pub(super) fn new(kind: ForeignKind, why: String) -> Self {
        Self { why, kind }
    }
}

impl fmt::Display for ForeignAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error {
    /// Sorts an error answer by its status. A body that is no problem, such as a proxy's page, is described instead.
    pub(super) fn from_answer(url: &str, status: StatusCode, content_type: &str, retry_after: Option<u64>, body: &[u8]) -> Self {
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Self::Unreachable {
                url: url.to_owned(),
                why: "the proxy wants a user name and a password".to_owned(),
                obstacle: Obstacle::ProxyLogin,
            };
        }
        if status == StatusCode::BAD_REQUEST && is_about_tls(body) {
            return Self::Unreachable { url: url.to_owned(), why: "it speaks TLS at this port".to_owned(), obstacle: Obstacle::NoHttp };
        }
        let problem = serde_json::from_slice::<Problem>(body).unwrap_or_else(|_| foreign(url, status, content_type));
        let problem = Box::new(Problem { status: status.as_u16(), retry_after, ..problem });
        match status.as_u16() {
            401 | 403 => Self::Unauthorised(problem),
            429 => Self::Server(problem),
            400..500 => Self::Refused(problem),
            _ => Self::Server(problem),
        }
    }

    pub(super) fn from_transport(way: Way<'_>, timeout: Duration, error: reqwest::Error) -> Self {
        let url = way.address.to_string();
        if error.is_timeout() {
            return Self::Timeout { url, after: timeout, connected: !error.is_connect() };
        }
        let Failed { obstacle, why } = way.failed(&error.without_url());
        Self::Unreachable { url, why, obstacle }
    }
}

/// Whether a web server refuses plain HTTP at a port where it speaks TLS: nginx, Go and Apache say so in these words.
fn is_about_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).to_lowercase();
    ["plain http request was sent to https port", "http request to an https server", "speaking plain http to an ssl-enabled server port"]
        .iter()
        .any(|words| text.contains(words))
}

fn foreign(url: &str, status: StatusCode, content_type: &str) -> Problem {
    let what = if content_type.is_empty() { "no description of the error" } else { content_type };
    Problem {
        title: status.canonical_reason().unwrap_or("Unknown").to_owned(),
        // There is no path of a request that it would name.
        instance: url.to_owned(),
        detail: format!(
            "{url} answered {status} with {what}, not as a deploytrack server does; a proxy may stand in between, or the address is wrong"
        ),
        ..Problem::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_a_proxy_is_named_as_such() {
        let error = Error::from_answer("http://host", StatusCode::BAD_GATEWAY, "text/html", None, b"<html>");
        assert!(matches!(error, Error::Server(_)));
        assert!(error.to_string().starts_with("http://host answered 502 Bad Gateway with text/html"));
    }

    #[test]
    fn a_refusal_keeps_the_words_of_the_server() {
        let body = br#"{"type":"x","title":"Not Found","status":404,"detail":"there is no deployment 7","instance":"/","code":"not_found","requestId":"r"}"#;
        let error = Error::from_answer("http://host", StatusCode::NOT_FOUND, "application/problem+json", None, body);
        assert_eq!(error.to_string(), "there is no deployment 7");
    }
}
