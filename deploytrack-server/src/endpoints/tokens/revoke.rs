//! `DELETE /api/v1/tokens/{id}`: revokes a token.

use http::StatusCode;

use crate::{
    body::no_content,
    openapi::{OperationDraft, group},
    request::Call,
    response::HandlerResult,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::TOKENS,
        "revokeToken",
        "Revoke a token",
        "Ends a token at once, at every server of the database: its next request is refused, its sessions end, and its event streams end \
         within a second. Its name can be used again. A token that was revoked stays as it was.",
    )
    .response(StatusCode::NO_CONTENT, "The token is revoked.", None, &[])
}

/// Revokes a token.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let which = call.id()?.into();
    call.tracker().revoke_token(which, call.author()?).await?;
    Ok(no_content())
}
