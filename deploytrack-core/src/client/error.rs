//! What can go wrong between the client and a server, by what the caller can do about it.

use std::time::Duration;

use reqwest::StatusCode;

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
    },
    /// No answer came in time. What was asked may or may not have been done.
    #[error("{url} did not answer within {}s", .after.as_secs_f64())]
    Timeout {
        /// The server's address.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The answer is none that a deploytrack server gives.
    #[error("{0}")]
    Unreadable(String),
}

impl Error {
    /// Sorts an error answer by its status. A body that is no problem, such as a proxy's page, is described instead.
    pub(super) fn from_answer(url: &str, status: StatusCode, content_type: &str, retry_after: Option<u64>, body: &[u8]) -> Self {
        let problem = serde_json::from_slice::<Problem>(body).unwrap_or_else(|_| foreign(url, status, content_type));
        let problem = Box::new(Problem { status: status.as_u16(), retry_after, ..problem });
        match status.as_u16() {
            401 | 403 => Self::Unauthorised(problem),
            429 => Self::Server(problem),
            400..500 => Self::Refused(problem),
            _ => Self::Server(problem),
        }
    }

    pub(super) fn from_transport(url: &str, timeout: Duration, error: reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout { url: url.to_owned(), after: timeout };
        }
        Self::Unreachable { url: url.to_owned(), why: deepest(&error.without_url()) }
    }
}

/// The last of an error's causes: the one that names what happened.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
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
