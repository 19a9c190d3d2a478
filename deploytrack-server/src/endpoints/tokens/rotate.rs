//! `POST /api/v1/tokens/{id}/rotate`: gives a token a new secret.

use deploytrack_core::{
    error::Error,
    token::{Rotation, TokenEnd, TokenWithSecret},
};
use serde_json::json;

use super::{longest, new_secret, unstored, with_secret};
use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, changed},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::TOKENS,
        "rotateToken",
        "Give a token a new secret",
        "Only this response has the new secret. The former one stays valid for `graceSeconds`, and one from an earlier rotation ends at \
         once. The token is valid for its lifetime again. A token that has ended is 409 `token_ended`. The body may be omitted.",
    )
    .body::<Rotation>(false, json!({"graceSeconds": 3600}))
    .updates::<TokenWithSecret>(
        "The token, with its new secret.",
        examples::rotated_token(),
    )
    .refuses([Error::TokenEnded {
        name: examples::ci_token().name,
        reason: TokenEnd::Revoked.sentence(),
    }])
}

/// Gives a token a new secret.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (app, id) = (call.app().clone(), call.id());
    let (id, rotation, terms) = call.read_if_any(id).await?;
    let (secret, seed) = new_secret(&app)?;
    let (which, longest) = (id.into(), longest(&app)?);
    let rotated = app
        .tracker
        .rotate_token(which, rotation, longest, &secret, seed, terms);
    let rotated = rotated.await?.map(|created| with_secret(&app, created));
    Ok(unstored(changed(&rotated)?))
}
