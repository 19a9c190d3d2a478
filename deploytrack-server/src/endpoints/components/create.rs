//! `POST /api/v1/components`: registers a component.

use deploytrack_core::{
    api,
    catalog::{Component, NewComponent},
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, created},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::COMPONENTS,
        "createComponent",
        "Register a component",
        "A name that is in use is 409.",
    )
    .body::<NewComponent>(
        true,
        json!({"name": "user-service", "owner": "team-a", "kind": "service"}),
    )
    .creates::<Component>("The component.")
}

/// Registers a component.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), new, terms) = call.read(query).await?;
    let component = tracker.create_component(new, terms).await?;
    created(&format!("{}/{}", api::COMPONENTS, component.id), &component)
}
