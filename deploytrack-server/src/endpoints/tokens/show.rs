//! `GET /api/v1/tokens/{id}`: one token.

use deploytrack_core::{openapi::of, token::Token};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::TOKENS,
        "showToken",
        "Read a token",
        "Returns one token, without its secret.",
    )
    .returns("The token.", of::<Token>(), json!(examples::ci_token()))
}

/// Returns one token.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    ok(&call.tracker().token(call.id()?.into()).await?)
}
