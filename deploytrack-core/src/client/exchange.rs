//! The exchange of the identity token of a pipeline's job for a token of the server (RFC 8693).

use reqwest::{Method, header::CONTENT_TYPE};
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::{ApiResponse, Client, Error, transport::UNREADABLE};
use crate::{
    api,
    exchange::{ExchangedToken, GRANT_TYPE, IdentityExplanation, SUBJECT_TOKEN_TYPES},
};

/// The media type of the request (RFC 8693, section 2.1).
const FORM: &str = "application/x-www-form-urlencoded";
/// The most bytes of an answer, which has a few hundred, and with explained rules some thousand.
const MOST_BYTES: usize = 1024 * 1024;

impl Client {
    /// Exchanges an identity token for a token of the server. The client itself needs no token. A
    /// failure is not retried here: the request that needs the token is.
    ///
    /// # Errors
    /// [`Error::Unauthorised`] if no rule of the server accepts the identity; its message names the
    /// rule and the claim. [`Error::Refused`] with 404 or 405 if the server exchanges no tokens.
    pub async fn exchange(&self, identity_token: &str) -> Result<ExchangedToken, Error> {
        let answer = self.send_identity(api::TOKEN, identity_token).await?;
        Ok(answer.value)
    }

    /// Explains which rule of the server accepts an identity token, and which claim every other
    /// rule rejects. The client itself needs no token.
    pub async fn explain_identity(
        &self,
        identity_token: &str,
    ) -> Result<ApiResponse<IdentityExplanation>, Error> {
        self.send_identity(api::OIDC_EXPLAIN, identity_token).await
    }

    /// Sends an identity token as a form.
    async fn send_identity<T: DeserializeOwned>(
        &self,
        path: &str,
        identity_token: &str,
    ) -> Result<ApiResponse<T>, Error> {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("subject_token", identity_token)
            .append_pair("subject_token_type", SUBJECT_TOKEN_TYPES[0])
            .finish();
        let request = self
            .request(Method::POST, path, &[])
            .timeout(self.timeout())
            .header(CONTENT_TYPE, FORM)
            .body(form);
        let response = self.response(request).await?;
        self.check_type(&response)?;
        let body = self.body_up_to(response, MOST_BYTES).await?;
        let text = String::from_utf8(body).map_err(|_| self.foreign(&UNREADABLE))?;
        let value = serde_json::from_str(&text).map_err(|_| self.foreign(&UNREADABLE))?;
        Ok(ApiResponse {
            value,
            text,
            replayed: false,
        })
    }
}
