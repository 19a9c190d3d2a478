//! `POST /api/v1/tokens`: creates a token.

use deploytrack_core::{
    api,
    error::{Error, Fault},
    token::{MOST, NewToken, TokenWithSecret},
};
use serde_json::json;

use super::{longest, new_secret, unstored, with_secret};
use crate::{
    App,
    openapi::{OperationDraft, examples, group},
    refusal::Refusal,
    request::Call,
    request_log::short,
    response::{HandlerResult, created},
    token::lifetime_text,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::TOKENS,
        "createToken",
        "Create a token",
        &format!(
            "Creates a token that the server stores: it can be listed, rotated and revoked. Only this response has its secret, of which \
             the server stores the SHA-256. The name must not be that of a valid token (409 `name_taken`). There can be {MOST} valid tokens; \
             one more is 409 `too_many_tokens`. A token that has ended is listed for another 30 days."
        ),
    )
    .body::<NewToken>(
        true,
        json!({
            "subject": "ci-bot",
            "role": "writer",
            "components": ["web-*"],
            "environments": ["staging", "production"],
            "expiresInSeconds": 7_776_000,
        }),
    )
    .creates::<TokenWithSecret>("The token, with its secret.", examples::token_with_secret())
    .refuses([Error::TokenExists(examples::ci_token().name), Error::TooManyTokens(MOST)])
}

/// Creates a token.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (app, log) = (call.app().clone(), call.log().clone());
    let query = call.query().finish(Some(()));
    let ((), new, terms): (_, NewToken, _) = call.read(query).await?;
    log.note(|target| target.name = Some(short(new.name.as_str())));
    check_lifetime(&app, &new)?;
    let (secret, seed) = new_secret(&app)?;
    let written = app.tracker.create_token(new, &secret, seed, terms).await?;
    let written = written.map(|created| with_secret(&app, created));
    let location = format!("{}/{}", api::TOKENS, written.token.id);
    Ok(unstored(created(&location, &written)?))
}

fn check_lifetime(app: &App, new: &NewToken) -> Result<(), Refusal> {
    if new.lifetime <= longest(app)? {
        return Ok(());
    }
    let rule = format!(
        "must be at most {}, which is {} (--max-token-lifetime of the server)",
        app.verifier().longest().as_secs(),
        lifetime_text(app.verifier().longest())
    );
    Err(vec![Fault::at("/expiresInSeconds", rule)].into())
}
