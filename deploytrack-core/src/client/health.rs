//! The health endpoints of a server, which need no token.

use reqwest::{Method, header::DATE};
use serde::Deserialize;

use super::{Client, Error};
use crate::clock::Time;

/// The health of a server that responds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// The version; `None` for an old server that does not send it.
    pub version: Option<String>,
    /// The server's clock, to the second; `None` if a proxy removed the header.
    pub time: Option<Time>,
}

/// The body of the response.
#[derive(Deserialize)]
struct Body {
    status: String,
    version: Option<String>,
}

impl Client {
    /// Checks that the server responds, and reads its version. Needs no token.
    pub async fn health(&self) -> Result<Health, Error> {
        let response = self
            .response(
                self.request(Method::GET, "/healthz", &[])
                    .timeout(self.timeout()),
            )
            .await?;
        self.check_type(&response)?;
        let time = response
            .headers()
            .get(DATE)
            .and_then(|date| date_of(date.to_str().ok()?));
        let body = serde_json::from_slice::<Body>(&self.body(response).await?)
            .ok()
            .filter(|body| body.status == "ok");
        let body = body.ok_or_else(|| self.foreign(&"its /healthz does not report ok"))?;
        Ok(Health {
            version: body.version,
            time,
        })
    }

    /// Checks that the server reaches its database. Needs no token.
    pub async fn ready(&self) -> Result<(), Error> {
        self.response(
            self.request(Method::GET, "/readyz", &[])
                .timeout(self.timeout()),
        )
        .await
        .map(drop)
    }
}

/// Parses a `Date` header (RFC 9110, section 5.6.7).
fn date_of(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_header_is_parsed() {
        assert_eq!(
            date_of("Mon, 23 Nov 2026 18:32:00 GMT"),
            crate::clock::parse("2026-11-23T18:32:00Z").ok()
        );
        assert_eq!(date_of("yesterday"), None);
    }
}
