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
    request_log::note_deployment,
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
    .refuses([examples::removed()])
}

/// Changes the status of a deployment, or its description and metadata.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (app, log, id) = (call.app().clone(), call.log().clone(), call.id());
    let (id, change, terms): (_, Change, _) = call.read(id).await?;
    let to = change.status;
    log.note(|target| target.to = to.map(Status::as_str));
    let updated = app.tracker.update(id, change, terms).await?;
    note_deployment(&log, &updated);
    if to.is_some() && !updated.replayed {
        app.metrics.count_deployment(&updated);
        app.metrics.count_duration(&updated);
    }
    changed(&updated)
}
