//! `POST /api/v1/revocations`: revokes JSON Web Tokens.

use deploytrack_core::{
    api,
    error::Error,
    revocation::{MOST, Revocation, RevokedTokens},
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, created},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::REVOCATIONS,
        "createRevocation",
        "Revoke JSON Web Tokens",
        &format!(
            "Revokes the JSON Web Token with a `jti`, or all of a `subject` that were issued before: their `iat` is not later than the \
             second of the revocation, or absent. A revocation of a subject also revokes the tokens of that subject that the server stores. \
             It applies at once, as `revokeToken` does. There can be {MOST} revocations; one more is 409 `too_many_revocations`."
        ),
    )
    .body::<RevokedTokens>(true, json!({"subject": "ci-bot"}))
    .creates::<Revocation>("The revocation.", json!(examples::revocation()))
    .refuses([Error::TooManyRevocations(MOST)])
}

/// Revokes JSON Web Tokens.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let tracker = call.tracker().clone();
    let query = call.query().finish(Some(()));
    let ((), tokens, terms): (_, RevokedTokens, _) = call.read(query).await?;
    let written = tracker.revoke(tokens, terms).await?;
    created(&format!("{}/{}", api::REVOCATIONS, written.id), &written)
}
