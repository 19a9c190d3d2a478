//! `PATCH /api/v1/environments/{id}`: changes an environment.

use deploytrack_core::catalog::{Environment, EnvironmentChange};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, changed},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::ENVIRONMENTS,
        "updateEnvironment",
        "Change an environment",
        "Omitted fields do not change. A name that is in use is 409.",
    )
    .body::<EnvironmentChange>(
        true,
        json!({"description": "The last stop before production."}),
    )
    .updates::<Environment>("The changed environment.")
}

/// Changes an environment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id());
    let (id, change, terms) = call.read(id).await?;
    changed(&tracker.update_environment(id, change, terms).await?)
}
