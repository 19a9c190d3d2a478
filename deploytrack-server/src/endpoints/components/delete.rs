//! `DELETE /api/v1/components/{id}`: deletes a component that was never deployed.

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
        &group::COMPONENTS,
        "deleteComponent",
        "Delete a component",
        "A component that was ever deployed cannot be deleted (409 `in_use`): archive it instead.",
    )
    .response(
        StatusCode::NO_CONTENT,
        "The component is deleted.",
        None,
        &[],
    )
    .refuses([Error::InUse {
        kind: CatalogKind::Component,
        name: examples::user_service().name,
    }])
}

/// Deletes a component that was never deployed.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let id = call.id()?;
    call.tracker().delete_component(id, call.author()?).await?;
    Ok(no_content())
}
