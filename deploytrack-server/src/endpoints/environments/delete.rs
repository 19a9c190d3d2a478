//! `DELETE /api/v1/environments/{id}`: deletes an environment that was never used.

use deploytrack_core::{catalog::CatalogKind, error::Error};
use http::StatusCode;

use crate::{
    body::no_content,
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::HandlerResult,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::ENVIRONMENTS,
        "deleteEnvironment",
        "Delete an environment",
        "An environment that ever had a deployment cannot be deleted (409 `in_use`): archive it instead.",
    )
    .response(StatusCode::NO_CONTENT, "The environment is deleted.", None, &[])
    .refuses([Error::InUse {
        kind: CatalogKind::Environment,
        name: examples::staging().name,
    }])
}

/// Deletes an environment to which nothing was ever deployed.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let id = call.id()?;
    call.tracker()
        .delete_environment(id, call.author()?)
        .await?;
    Ok(no_content())
}
