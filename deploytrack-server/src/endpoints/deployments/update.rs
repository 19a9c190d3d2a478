//! `PATCH /api/v1/deployments/{id}`: changes a deployment.

use deploytrack_core::{
    deployment::{Change, Deployment},
    error::Error,
    status::Status,
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, changed},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "updateDeployment",
        "Update a deployment",
        "Changes the status, or the description and the metadata. The legal transitions: from `pending` to `in_progress` or `failed`, \
         from `in_progress` to `succeeded` or `failed`, from `succeeded` to `rolled_back`, from `failed` and `rolled_back` to \
         `pending` (a retry, the next attempt). Of several simultaneous updates one succeeds; the responses to the others contain \
         the status that it set.",
    )
    .body::<Change>(true, json!({"status": "in_progress"}))
    .updates::<Deployment>("The changed deployment.", json!(examples::in_progress()))
    .refuses(Status::Succeeded.transition_to(Status::InProgress).err().map(Error::from))
}

/// Changes the status of a deployment, or its description and metadata.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, id) = (call.tracker().clone(), call.id());
    let (id, change, terms): (_, Change, _) = call.read(id).await?;
    changed(&tracker.update(id, change, terms).await?)
}
