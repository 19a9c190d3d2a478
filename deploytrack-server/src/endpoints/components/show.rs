//! `GET /api/v1/components/{id}`: one component.

use deploytrack_core::{catalog::Component, openapi::of};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::COMPONENTS,
        "showComponent",
        "Read a component",
        "Returns one component.",
    )
    .returns(
        "The component.",
        of::<Component>(),
        json!(examples::user_service()),
    )
}

/// Returns one component.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    ok(&call.tracker().component(call.id()?).await?)
}
