//! `DELETE /api/v1/revocations/{id}`: removes a revocation.

use http::StatusCode;

use crate::{
    body::no_content,
    openapi::{OperationDraft, group},
    request::Call,
    response::HandlerResult,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::REVOCATIONS,
        "removeRevocation",
        "Remove a revocation",
        "Removes a revocation: its JSON Web Tokens are valid again until they expire. Tokens of the subject that the server stores stay \
         revoked.",
    )
    .response(StatusCode::NO_CONTENT, "The revocation is removed.", None, &[])
}

/// Removes a revocation.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let id = call.id()?;
    call.tracker().remove_revocation(id, call.author()?).await?;
    Ok(no_content())
}
