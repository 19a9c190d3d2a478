//! `/api/v1/tokens`: tokens that the server stores.

use deploytrack_core::token::{CreatedToken, TokenSecret, TokenWithSecret};
use http::{HeaderValue, Response, header};

use crate::{
    App,
    body::Body,
    refusal::{Refusal, internal},
    session::random,
};

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
pub(crate) mod rotate;
pub(crate) mod show;

/// A new secret, and the random seed that it is computed from: a repeated request gets the same
/// secret although it is not stored.
fn new_secret(app: &App) -> Result<(TokenSecret, String), Refusal> {
    let seed = random()?;
    Ok((app.verifier().token_secret(&seed), seed))
}

/// The token with its secret.
fn with_secret(app: &App, created: CreatedToken) -> TokenWithSecret {
    TokenWithSecret {
        secret: app
            .verifier()
            .token_secret(&created.seed)
            .expose()
            .to_owned(),
        token: created.token,
    }
}

/// The response with a secret, which nobody may store.
fn unstored(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The longest lifetime of a token of this server.
fn longest(app: &App) -> Result<chrono::TimeDelta, Refusal> {
    chrono::TimeDelta::from_std(app.verifier().longest()).map_err(internal)
}
