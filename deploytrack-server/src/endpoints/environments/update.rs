//! `PATCH /api/v1/environments/{id}`: changes an environment.

use deploytrack_core::{
    catalog::{CatalogKind, Environment, EnvironmentChange},
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
    let changed = Environment {
        description: Some(examples::parsed("The last stop before production.")),
        ..examples::staging()
    };
    OperationDraft::new(
        &group::ENVIRONMENTS,
        "updateEnvironment",
        "Change an environment",
        "Omitted fields do not change. A name that is in use is 409.",
    )
    .body::<EnvironmentChange>(
        true,
        json!({"description": "The last stop before production."}),
    )
    .updates::<Environment>("The changed environment.", json!(changed))
    .refuses([Error::NameTaken {
        kind: CatalogKind::Environment,
        name: examples::production().name,
    }])
}

/// Changes an environment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, log, id) = (call.tracker().clone(), call.log().clone(), call.id());
    let (id, change, terms) = call.read(id).await?;
    let updated = tracker.update_environment(id, change, terms).await?;
    log.note(|target| target.name = Some(short(updated.name.as_str())));
    changed(&updated)
}
