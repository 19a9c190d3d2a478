//! The exchange of the identity token of a pipeline's job for a token of the server (RFC 8693).

use std::{fmt, time::Duration};

use reqwest::{Method, header::CONTENT_TYPE};
use serde::Deserialize;
use url::form_urlencoded;

use super::{ApiResponse, Client, Error, transport::UNREADABLE};

/// The endpoint that exchanges tokens.
const TOKEN: &str = "/api/v1/token";
/// The endpoint that explains the rules.
const EXPLAIN: &str = "/api/v1/oidc/explain";
/// The media type of the request (RFC 8693, section 2.1).
const FORM: &str = "application/x-www-form-urlencoded";
/// The grant type of an exchange (RFC 8693, section 2.1).
const GRANT: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
/// The type of an identity token: a JSON Web Token (RFC 8693, section 3).
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
/// The most bytes of an answer, which has a few hundred.
const MOST_BYTES: usize = 256 * 1024;

/// A token of the server, which an identity token was exchanged for.
#[derive(Clone, Deserialize)]
pub struct ExchangedToken {
    /// The token for the requests.
    pub access_token: String,
    /// The seconds until it expires; `None` if the server does not tell.
    pub expires_in: Option<u64>,
    /// A secret that every job of the same rule and repository receives.
    pub spool_key: Option<String>,
}

impl fmt::Debug for ExchangedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangedToken")
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

impl ExchangedToken {
    /// The lifetime of the token; `None` if the server does not tell.
    #[must_use]
    pub fn lifetime(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }
}

/// The rules of a server for the issuer of an identity token.
#[derive(Clone, Debug, Deserialize)]
pub struct IdentityExplanation {
    /// The rules in the order in which the server tries them.
    pub rules: Vec<RuleExplanation>,
}

/// Whether a rule accepts an identity token.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleExplanation {
    /// The name of the rule.
    pub rule: String,
    /// Whether it accepts the identity.
    pub accepts: bool,
    /// The first claim that it rejects.
    pub claim: Option<String>,
    /// The value of that claim, if the token has it.
    pub received: Option<String>,
    /// Why it rejects the claim.
    pub reason: Option<String>,
}

impl Client {
    /// Exchanges an identity token for a token of the server. The client itself needs no token.
    ///
    /// # Errors
    /// [`Error::Unauthorised`] if no rule of the server accepts the identity; its message names the
    /// rule and the claim. [`Error::Refused`] with 404 or 405 if the server exchanges no tokens.
    pub async fn exchange(&self, identity_token: &str) -> Result<ExchangedToken, Error> {
        let text = self.send_identity(TOKEN, identity_token).await?;
        serde_json::from_str(&text).map_err(|_| self.foreign(&UNREADABLE))
    }

    /// Explains which rule of the server accepts an identity token, and which claim every other
    /// rule rejects. The client itself needs no token.
    pub async fn explain_identity(
        &self,
        identity_token: &str,
    ) -> Result<ApiResponse<IdentityExplanation>, Error> {
        let text = self.send_identity(EXPLAIN, identity_token).await?;
        let value = serde_json::from_str(&text).map_err(|_| self.foreign(&UNREADABLE))?;
        Ok(ApiResponse {
            value,
            text,
            replayed: false,
        })
    }

    /// Sends an identity token as a form, and returns the text of the answer.
    async fn send_identity(&self, path: &str, identity_token: &str) -> Result<String, Error> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("subject_token", identity_token)
            .append_pair("subject_token_type", JWT)
            .finish();
        let request = self
            .request(Method::POST, path, &[])
            .timeout(self.timeout())
            .header(CONTENT_TYPE, FORM)
            .body(form);
        // Not retried here: the request that needs the token is.
        let response = self.response(request).await?;
        self.check_type(&response)?;
        let body = self.body_up_to(response, MOST_BYTES).await?;
        String::from_utf8(body).map_err(|_| self.foreign(&UNREADABLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchanged_token_shows_no_secret() {
        let text = r#"{"access_token":"dtk_hush","token_type":"Bearer","expires_in":3600,"spool_key":"hush"}"#;
        let token: ExchangedToken = serde_json::from_str(text).unwrap();
        assert_eq!(token.lifetime(), Some(Duration::from_secs(3600)));
        assert!(!format!("{token:?}").contains("hush"));
    }
}
