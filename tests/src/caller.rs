//! HTTP callers with different tokens: anonymous, reader, admin, expired, forged.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header};
pub use reqwest::RequestBuilder;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::answer::Answer;

/// The secret of every server that the harness starts.
pub const SECRET: &str = "a-secret-for-tests-of-thirty-two-bytes";

/// A client of one server, with a token or without.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    url: String,
    token: Option<String>,
}

/// The present time in seconds since 1970, for the claims of a token.
#[must_use]
pub fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// Signs a token with these claims and this secret.
///
/// # Panics
/// When signing fails.
#[must_use]
pub fn token(claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(
        &Header::default(),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
    .unwrap()
}

impl Caller {
    /// A caller with this token, or without one.
    ///
    /// # Panics
    /// When no client can be made.
    #[must_use]
    pub fn new(url: &str, token: Option<String>) -> Self {
        let client = Client::builder().no_proxy().build().unwrap();
        Self {
            client,
            url: url.to_owned(),
            token,
        }
    }

    /// The same caller without automatic compression: answers are returned as they were sent.
    ///
    /// # Panics
    /// When no client can be made.
    #[must_use]
    pub fn as_sent(self) -> Self {
        Self {
            client: Client::builder().no_proxy().no_gzip().build().unwrap(),
            ..self
        }
    }

    /// A caller without a token.
    #[must_use]
    pub fn anonymous(url: &str) -> Self {
        Self::new(url, None)
    }

    /// A caller who may read.
    #[must_use]
    pub fn reader(url: &str) -> Self {
        Self::new(url, Some(Self::reader_token()))
    }

    /// A token that may read.
    #[must_use]
    pub fn reader_token() -> String {
        token(
            &json!({"sub": "reader", "exp": seconds() + 3600, "iat": seconds()}),
            SECRET,
        )
    }

    /// A caller who may read, with this subject.
    #[must_use]
    pub fn named(url: &str, subject: &str) -> Self {
        Self::new(url, Some(Self::token_of(subject)))
    }

    /// A token that may read, with this subject.
    #[must_use]
    pub fn token_of(subject: &str) -> String {
        token(
            &json!({"sub": subject, "exp": seconds() + 3600, "iat": seconds()}),
            SECRET,
        )
    }

    /// A caller who may write.
    #[must_use]
    pub fn admin(url: &str) -> Self {
        Self::new(url, Some(Self::admin_token()))
    }

    /// A token that may write.
    #[must_use]
    pub fn admin_token() -> String {
        token(
            &json!({"sub": "ci-bot", "exp": seconds() + 3600, "iat": seconds(), "roles": ["admin"]}),
            SECRET,
        )
    }

    /// A caller whose token has these claims besides its subject `ci-bot` and its times.
    ///
    /// # Panics
    /// When the claims are not an object.
    #[must_use]
    pub fn claiming(url: &str, claims: &Value) -> Self {
        let mut all = json!({"sub": "ci-bot", "exp": seconds() + 3600, "iat": seconds()});
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        Self::new(url, Some(token(&all, SECRET)))
    }

    /// A caller whose token could write and expired an hour ago.
    #[must_use]
    pub fn expired(url: &str) -> Self {
        Self::new(
            url,
            Some(token(
                &json!({"sub": "ci-bot", "exp": seconds() - 3600, "iat": seconds() - 7200, "roles": ["admin"]}),
                SECRET,
            )),
        )
    }

    /// A caller whose token is signed with another secret.
    #[must_use]
    pub fn forged(url: &str) -> Self {
        let claims =
            json!({"sub": "ci-bot", "exp": seconds() + 3600, "iat": seconds(), "roles": ["admin"]});
        Self::new(
            url,
            Some(token(&claims, "another-secret-of-at-least-32-bytes!")),
        )
    }

    /// The URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Builds a request with the token.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
        let request = self.client.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends a request without a body.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn call(&self, method: &str, path: &str) -> Answer {
        Answer::of(self.request(method, path).send().await.unwrap()).await
    }

    /// Sends a request with this body, as JSON.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn send(&self, method: &str, path: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.send_with(method, path, &[], body).await
    }

    /// Sends a request with this body, as JSON, and these headers.
    ///
    /// # Panics
    /// When there is no answer, and when a header cannot be sent.
    pub async fn send_with(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self
            .request(method, path)
            .header("content-type", "application/json")
            .body(body);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value.as_bytes())
        });
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends a GET request with these headers.
    ///
    /// # Panics
    /// When there is no answer, and when a header cannot be sent.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let request = headers
            .iter()
            .fold(self.request("GET", path), |request, (name, value)| {
                request.header(*name, value.as_bytes())
            });
        Answer::of(request.send().await.unwrap()).await
    }

    /// Sends a GET request.
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).await
    }

    /// Sends a POST request with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string()).await
    }

    /// Sends a PATCH request with a JSON body.
    pub async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.send("PATCH", path, body.to_string()).await
    }

    /// Records a deployment and returns it; the answer must be 201.
    #[track_caller]
    pub fn record(&self, body: Value) -> impl Future<Output = Value> {
        let caller = self.clone();
        async move { caller.post("/api/v1/deployments", &body).await.expect(201) }
    }

    /// Changes the status of a deployment and returns it; the answer must be 200.
    pub async fn advance(&self, id: &str, status: &str) -> Value {
        self.patch(
            &format!("/api/v1/deployments/{id}"),
            &json!({"status": status}),
        )
        .await
        .expect(200)
    }

    /// Imports newline-delimited JSON.
    ///
    /// # Panics
    /// When there is no answer.
    pub async fn import(&self, lines: impl Into<String>) -> Answer {
        let request = self
            .request("POST", "/api/v1/deployments/import")
            .header("content-type", "application/x-ndjson")
            .body(lines.into());
        Answer::of(request.send().await.unwrap()).await
    }

    /// The number of deployments.
    ///
    /// # Panics
    /// When the answer has no total.
    pub async fn total(&self) -> u64 {
        self.get("/api/v1/deployments?take=1").await.expect(200)["total"]
            .as_u64()
            .unwrap()
    }
}
