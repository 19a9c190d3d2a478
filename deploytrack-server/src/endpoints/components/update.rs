//! `PATCH /api/v1/components/{id}`: changes a component.

use deploytrack_core::catalog::{Component, ComponentChange};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, changed},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::COMPONENTS,
        "updateComponent",
        "Change a component",
        "Omitted fields do not change. A name that is in use is 409.",
    )
    .body::<ComponentChange>(true, json!({"owner": "team-b"}))
    .updates::<Component>("The changed component.")
}

/// Changes a component.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id());
    let (id, change, terms) = call.read(id).await?;
    changed(&tracker.update_component(id, change, terms).await?)
}
