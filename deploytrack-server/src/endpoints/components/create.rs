//! `POST /api/v1/components`: registers a component.

use deploytrack_core::{
    api,
    catalog::{CatalogKind, Component, NewComponent},
    error::Error,
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    request_log::short,
    response::{HandlerResult, created},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::COMPONENTS,
        "createComponent",
        "Register a component",
        "A name that is in use is 409.",
    )
    .body::<NewComponent>(
        true,
        json!({"name": "user-service", "owner": "team-identity", "kind": "service", "lifecycle": "production"}),
    )
    .creates::<Component>("The component.", json!(examples::user_service()))
    .refuses([Error::NameTaken {
        kind: CatalogKind::Component,
        name: examples::user_service().name,
    }])
}

/// Registers a component.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, log) = (call.tracker().clone(), call.log().clone());
    let query = call.query().finish(Some(()));
    let ((), new, terms): (_, NewComponent, _) = call.read(query).await?;
    log.note(|target| target.name = Some(short(new.name.as_str())));
    let component = tracker.create_component(new, terms).await?;
    created(&format!("{}/{}", api::COMPONENTS, component.id), &component)
}
