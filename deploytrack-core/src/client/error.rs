//! The error of the client, by what the caller can do about it.

use std::{fmt, time::Duration};

use reqwest::StatusCode;

use super::obstacle::{Connection, Failure, Obstacle};
use crate::api::Problem;

/// The error of a request.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings of the client are invalid. The message has the cause and never the token.
    #[error("{0}")]
    Setup(String),
    /// The server rejected the request (4xx). A retry fails too.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// The server rejected the token, or its role is not sufficient (401, 403).
    #[error("{}", .0.detail)]
    Unauthorised(Box<Problem>),
    /// The server failed (5xx), or asks for a later retry (429).
    #[error("{}", .0.detail)]
    Server(Box<Problem>),
    /// No server responded.
    #[error("cannot reach {url}: {why}")]
    Unreachable {
        /// The server's address.
        url: String,
        /// The message of the network or the TLS library.
        why: String,
        /// The cause.
        obstacle: Obstacle,
    },
    /// No response arrived in time. The server may or may not have executed the request.
    #[error("{url} did not {} within {}s", if *.connected { "answer" } else { "accept a connection" }, .after.as_secs_f64())]
    Timeout {
        /// The server's address.
        url: String,
        /// The timeout.
        after: Duration,
        /// Whether the connection was established.
        connected: bool,
    },
    /// The response is not from a deploytrack server.
    #[error("{0}")]
    Unreadable(ForeignAnswer),
    /// The token source has no token, because the job of a pipeline cannot prove its identity. The
    /// request was not sent.
    #[error("{}", .0.why)]
    NoIdentity(NoIdentity),
}

/// Why a job of a pipeline cannot prove its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoIdentity {
    /// The cause, in a sentence without secrets.
    pub why: String,
    /// What the pipeline has to change, if that is known.
    pub way_out: Option<String>,
    /// Whether a later try may succeed without a change, as when the provider is down.
    pub may_pass: bool,
}

/// A response that is not from a deploytrack server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignAnswer {
    /// The reason for this conclusion, in a sentence with the server's address.
    pub why: String,
    /// The probable source of the response.
    pub kind: ForeignKind,
}

/// The probable source of a response that is not from a deploytrack server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForeignKind {
    /// A redirect to this address of a server.
    Redirect(String),
    /// An HTML page, such as a login page of a proxy or of a network.
    Page,
    /// Another source.
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
    /// Converts an error response by its status. A body that is not a problem, such as a proxy's
    /// page, is described instead.
    pub(super) fn from_response(
        url: &str,
        status: StatusCode,
        content_type: &str,
        retry_after: Option<u64>,
        body: &[u8],
    ) -> Self {
        if status == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            return Self::Unreachable {
                url: url.to_owned(),
                why: "the proxy requires a user name and a password".to_owned(),
                obstacle: Obstacle::ProxyLogin,
            };
        }
        if status == StatusCode::BAD_REQUEST && is_about_tls(body) {
            return Self::Unreachable {
                url: url.to_owned(),
                why: "it speaks TLS at this port".to_owned(),
                obstacle: Obstacle::NoHttp,
            };
        }
        let problem = serde_json::from_slice::<Problem>(body)
            .unwrap_or_else(|_| foreign(url, status, content_type));
        let problem = Box::new(Problem {
            status: status.as_u16(),
            retry_after,
            ..problem
        });
        match status.as_u16() {
            401 | 403 => Self::Unauthorised(problem),
            429 => Self::Server(problem),
            400..500 => Self::Refused(problem),
            _ => Self::Server(problem),
        }
    }

    pub(super) fn from_transport(
        connection: Connection<'_>,
        timeout: Duration,
        error: reqwest::Error,
    ) -> Self {
        let url = connection.address.to_string();
        if error.is_timeout() {
            return Self::Timeout {
                url,
                after: timeout,
                connected: !error.is_connect(),
            };
        }
        let Failure { obstacle, why } = connection.failure(&error.without_url());
        Self::Unreachable { url, why, obstacle }
    }
}

/// Whether a web server rejects plain HTTP at a port for TLS: these are the messages of nginx, Go
/// and Apache.
fn is_about_tls(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&body[..body.len().min(4096)]).to_lowercase();
    [
        "plain http request was sent to https port",
        "http request to an https server",
        "speaking plain http to an ssl-enabled server port",
    ]
    .iter()
    .any(|words| text.contains(words))
}

fn foreign(url: &str, status: StatusCode, content_type: &str) -> Problem {
    let what = if content_type.is_empty() {
        "no description of the error"
    } else {
        content_type
    };
    Problem {
        title: status.canonical_reason().unwrap_or("Unknown").to_owned(),
        // The path of the request is not known here.
        instance: url.to_owned(),
        detail: format!(
            "{url} answered {status} with {what}, not as a deploytrack server does; a proxy may have answered, or the address is wrong"
        ),
        ..Problem::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_for_a_page_of_a_proxy_has_its_status_and_type() {
        let error = Error::from_response(
            "http://host",
            StatusCode::BAD_GATEWAY,
            "text/html",
            None,
            b"<html>",
        );
        assert!(matches!(error, Error::Server(_)));
        assert!(
            error
                .to_string()
                .starts_with("http://host answered 502 Bad Gateway with text/html")
        );
    }

    #[test]
    fn an_error_has_the_message_of_the_server() {
        let body = br#"{"type":"x","title":"Not Found","status":404,"detail":"there is no deployment 7","instance":"/","code":"not_found","requestId":"r"}"#;
        let error = Error::from_response(
            "http://host",
            StatusCode::NOT_FOUND,
            "application/problem+json",
            None,
            body,
        );
        assert_eq!(error.to_string(), "there is no deployment 7");
    }
}
