//! What a server says of itself to anybody.

use reqwest::{Method, header::DATE};
use serde::Deserialize;

use super::{Client, Error};
use crate::clock::Time;

/// A server that lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Its version; none when it is too old to say.
    pub version: Option<String>,
    /// The time by its clock, to the second, unless a proxy took it away.
    pub time: Option<Time>,
}

/// The body of the answer.
#[derive(Deserialize)]
struct Body {
    status: String,
    version: Option<String>,
}

impl Client {
    /// Whether the server lives, and which version it has. Needs no token.
    pub async fn health(&self) -> Result<Health, Error> {
        let response = self.response(self.request(Method::GET, "/healthz", &[]).timeout(self.timeout())).await?;
        self.check_type(&response)?;
        let time = response.headers().get(DATE).and_then(|date| date_of(date.to_str().ok()?));
        let body = serde_json::from_slice::<Body>(&self.body(response).await?).ok().filter(|body| body.status == "ok");
        let body = body.ok_or_else(|| self.foreign(&"its /healthz says otherwise"))?;
        Ok(Health { version: body.version, time })
    }

    /// Whether the server reaches its database. Needs no token.
    pub async fn ready(&self) -> Result<(), Error> {
        self.response(self.request(Method::GET, "/readyz", &[]).timeout(self.timeout())).await.map(drop)
    }
}

/// Reads the time of a `Date` header (RFC 9110, section 5.6.7).
fn date_of(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_rfc2822(text).ok().map(|time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_date_of_an_answer_is_a_time() {
        assert_eq!(date_of("Mon, 23 Nov 2026 18:32:00 GMT"), crate::clock::parse("2026-11-23T18:32:00Z").ok());
        assert_eq!(date_of("yesterday"), None);
    }
}
