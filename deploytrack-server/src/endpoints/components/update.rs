//! `PATCH /api/v1/components/{id}`: changes a component.

use deploytrack_core::{
    catalog::{CatalogKind, Component, ComponentChange},
    error::Error,
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    request_log::short,
    response::{HandlerResult, changed},
};

pub(crate) fn doc() -> OperationDraft {
    let changed = Component {
        description: Some(examples::parsed("Accounts and logins.")),
        ..examples::user_service()
    };
    OperationDraft::new(
        &group::COMPONENTS,
        "updateComponent",
        "Change a component",
        "Omitted fields do not change. A name that is in use is 409.",
    )
    .body::<ComponentChange>(true, json!({"description": "Accounts and logins."}))
    .updates::<Component>("The changed component.", json!(changed))
    .refuses([Error::NameTaken {
        kind: CatalogKind::Component,
        name: examples::checkout().name,
    }])
}

/// Changes a component.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, log, id) = (call.tracker().clone(), call.log().clone(), call.id());
    let (id, change, terms) = call.read(id).await?;
    let updated = tracker.update_component(id, change, terms).await?;
    log.note(|target| target.name = Some(short(updated.name.as_str())));
    changed(&updated)
}
