//! Reads small documents of other servers by https, such as the keys of an issuer of tokens.

use std::{fmt, str::FromStr, time::Duration};

use reqwest::{StatusCode, header::LOCATION, redirect::Policy};
use url::Url;

use super::Certificates;

/// The most bytes of a document: 1 MiB. A key set has a few kilobytes.
pub const MOST_OF_DOCUMENT: usize = 1024 * 1024;
/// The time limit of a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The time limit of a whole document.
const TIMEOUT: Duration = Duration::from_secs(10);

/// An `https` URL without a user name, a password and a fragment. It keeps the text that was given,
/// since issuers are compared by their text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpsUrl {
    text: String,
    parsed: Url,
}

/// Why a text is no [`HttpsUrl`]. The message is a predicate for the name of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHttpsUrl {
    /// It is no URL.
    #[error("must be a URL such as https://issuer.example.com")]
    Unreadable,
    /// It has another scheme.
    #[error("must begin with https://")]
    Scheme,
    /// It has a user name, a password or a fragment.
    #[error("must have no user name, password or fragment (#)")]
    Parts,
}

impl HttpsUrl {
    /// The text that was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The URL of a path below this one. A slash at the end of this one is not doubled.
    ///
    /// # Errors
    /// [`BadHttpsUrl::Unreadable`] if the two make no URL.
    pub fn below(&self, path: &str) -> Result<Self, BadHttpsUrl> {
        format!("{}{path}", self.text.trim_end_matches('/')).parse()
    }
}

impl FromStr for HttpsUrl {
    type Err = BadHttpsUrl;

    fn from_str(text: &str) -> Result<Self, BadHttpsUrl> {
        let parsed = Url::parse(text).map_err(|_| BadHttpsUrl::Unreadable)?;
        if parsed.scheme() != "https" {
            return Err(BadHttpsUrl::Scheme);
        }
        let has_user = !parsed.username().is_empty() || parsed.password().is_some();
        if has_user || parsed.fragment().is_some() {
            return Err(BadHttpsUrl::Parts);
        }
        Ok(Self {
            text: text.to_owned(),
            parsed,
        })
    }
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a document could not be read. The message names its URL.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// There was no answer in time, or no connection.
    #[error("{url} cannot be read: {why}")]
    Connection {
        /// The URL of the document.
        url: HttpsUrl,
        /// The causes.
        why: String,
    },
    /// The answer is a redirect, which is not followed.
    #[error("{url} redirects to {to}, which is not followed")]
    Redirect {
        /// The URL of the document.
        url: HttpsUrl,
        /// The target.
        to: String,
    },
    /// The answer has another status than 200.
    #[error("{url} answered with the status {status} instead of 200")]
    Status {
        /// The URL of the document.
        url: HttpsUrl,
        /// The status.
        status: StatusCode,
    },
    /// The document is larger than [`MOST_OF_DOCUMENT`].
    #[error("{url} answered with more than 1 MiB")]
    TooLarge {
        /// The URL of the document.
        url: HttpsUrl,
    },
}

/// A client that reads documents. It follows no redirect, uses no proxy and sends no credentials.
/// Clones share their connections.
#[derive(Clone, Debug)]
pub struct DocumentClient(reqwest::Client);

/// The error when the machine is not prepared for https.
#[derive(Debug, thiserror::Error)]
#[error(
    "https to other servers needs root certificates (the package ca-certificates) or a given certificate: {0}"
)]
pub struct NoDocuments(String);

impl DocumentClient {
    /// Creates a client that trusts these certificates and those of the machine.
    ///
    /// # Errors
    /// [`NoDocuments`] if the machine has no root certificates and none are given.
    pub fn new(user_agent: &str, certificates: &Certificates) -> Result<Self, NoDocuments> {
        let tls = certificates
            .config()
            .map_err(|error| NoDocuments(error.to_string()))?;
        let client = reqwest::Client::builder()
            .user_agent(user_agent)
            .redirect(Policy::none())
            .no_proxy()
            .https_only(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .tls_backend_preconfigured(tls)
            .build();
        client
            .map(Self)
            .map_err(|error| NoDocuments(error.to_string()))
    }

    /// Reads a document of at most [`MOST_OF_DOCUMENT`] bytes, within ten seconds.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub async fn read(&self, url: &HttpsUrl) -> Result<Vec<u8>, DocumentError> {
        let failed = |error: reqwest::Error| DocumentError::Connection {
            url: url.clone(),
            why: causes(&error),
        };
        let request = self.0.get(url.parsed.clone());
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION);
            let to = to.map_or_else(
                || "nowhere".into(),
                |to| String::from_utf8_lossy(to.as_bytes()),
            );
            return Err(DocumentError::Redirect {
                url: url.clone(),
                to: to.chars().take(200).collect(),
            });
        }
        if status != StatusCode::OK {
            return Err(DocumentError::Status {
                url: url.clone(),
                status,
            });
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MOST_OF_DOCUMENT {
                return Err(DocumentError::TooLarge { url: url.clone() });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The causes of an error without its first message, which would repeat the URL.
fn causes(error: &reqwest::Error) -> String {
    let whole: &(dyn std::error::Error + 'static) = error;
    if error.is_timeout() {
        return "there was no answer within 10 seconds".to_owned();
    }
    let causes: Vec<_> = std::iter::successors(whole.source(), |error| error.source())
        .map(ToString::to_string)
        .collect();
    if causes.is_empty() {
        return "the connection failed".to_owned();
    }
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_without_credentials_is_a_url_of_a_document() {
        for (text, fault) in [
            ("", BadHttpsUrl::Unreadable),
            ("issuer.example.com", BadHttpsUrl::Unreadable),
            ("http://issuer.example.com", BadHttpsUrl::Scheme),
            ("file:///etc/passwd", BadHttpsUrl::Scheme),
            ("https://me@issuer.example.com", BadHttpsUrl::Parts),
            ("https://me:secret@issuer.example.com", BadHttpsUrl::Parts),
            ("https://issuer.example.com/#keys", BadHttpsUrl::Parts),
        ] {
            assert_eq!(text.parse::<HttpsUrl>(), Err(fault), "{text}");
        }
    }

    #[test]
    fn a_url_keeps_its_text_and_a_path_is_added_once() {
        for (issuer, below) in [
            ("https://id.example.com", "https://id.example.com/keys"),
            ("https://id.example.com/", "https://id.example.com/keys"),
            ("https://ID.example.com/a", "https://ID.example.com/a/keys"),
        ] {
            let issuer: HttpsUrl = issuer.parse().unwrap();
            assert_eq!(issuer.below("/keys").unwrap().as_str(), below);
        }
    }
}
