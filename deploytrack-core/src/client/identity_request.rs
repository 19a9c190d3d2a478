//! The request for an identity token that a job of GitHub Actions or Forgejo Actions sends to its
//! provider.

use std::fmt;

use reqwest::Method;
use serde::Deserialize;
use url::Url;

use super::{Client, ClientSettings, Error, NoIdentity, retry};

/// The most bytes of an answer. Identity tokens have a few thousand.
const MOST_BYTES: usize = 64 * 1024;

/// The request of a job for its identity token: `GET URL&audience=…` with the job's own token.
pub struct IdentityRequest {
    client: Client,
    path: String,
    query: Vec<(String, String)>,
    url: String,
}

impl fmt::Debug for IdentityRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityRequest")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

/// The answer of the provider.
#[derive(Deserialize)]
struct Answer {
    value: String,
}

impl IdentityRequest {
    /// A request with the URL and the token in `settings`, for this audience. The token is only sent
    /// to the host of the URL: redirects are not followed.
    ///
    /// # Errors
    /// The URL or the token is invalid. The message contains neither.
    pub fn new(settings: ClientSettings, audience: &str) -> Result<Self, Error> {
        let mut url = Url::parse(&settings.url).map_err(|error| {
            Error::Setup(format!("the address of the provider is invalid: {error}"))
        })?;
        let mut query: Vec<_> = url.query_pairs().into_owned().collect();
        query.retain(|(name, _)| name != "audience");
        query.push(("audience".to_owned(), audience.to_owned()));
        let path = url.path().to_owned();
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        let client = Client::new(ClientSettings {
            url: url.to_string(),
            ..settings
        })?;
        Ok(Self {
            url: client.url().to_owned(),
            client,
            path,
            query,
        })
    }

    /// Requests an identity token.
    ///
    /// # Errors
    /// The provider does not answer, refuses, or answers without a token.
    pub async fn send(&self) -> Result<String, Error> {
        let answered = retry::send(|| self.try_once()).await;
        answered.map_err(|error| self.explained(error))
    }

    async fn try_once(&self) -> Result<String, Error> {
        let query: Vec<_> = self
            .query
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone()))
            .collect();
        let request = self
            .client
            .request(Method::GET, &self.path, &query)
            .timeout(self.client.timeout());
        let response = self.client.response(request).await?;
        let body = self.client.body_up_to(response, MOST_BYTES).await?;
        serde_json::from_slice::<Answer>(&body)
            .map(|answer| answer.value)
            .map_err(|_| self.client.foreign(&"it contains no identity token"))
    }

    /// An error in the words of this request.
    fn explained(&self, error: Error) -> Error {
        let (why, may_pass) = match error {
            Error::Unauthorised(problem) | Error::Refused(problem) => (
                format!(
                    "{} refuses the request for an identity token ({})",
                    self.url, problem.status
                ),
                false,
            ),
            Error::Server(problem) => (
                format!(
                    "{} failed to issue an identity token ({})",
                    self.url, problem.status
                ),
                true,
            ),
            Error::Unreadable(answer) => (
                answer.why.replace(
                    "that is not from a deploytrack server",
                    "without an identity token",
                ),
                false,
            ),
            error => (format!("no identity token: {error}"), true),
        };
        Error::NoIdentity(NoIdentity {
            why,
            way_out: None,
            may_pass,
        })
    }
}
