//! `POST /api/v1/deployments/{id}/undeploy`: records an undeployment.

use deploytrack_core::{
    deployment::{Deployment, Undeploy},
    error::Error,
};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    request_log::note_deployment,
    response::{HandlerResult, changed},
};

pub(crate) fn doc() -> OperationDraft {
    let of = examples::succeeded().deployment;
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "undeploy",
        "Record an undeployment",
        "Records that the component left the environment in which this deployment is current (otherwise 409 `not_current`). The cell \
         is empty from then on; the status does not change. The body may be omitted.",
    )
    .body::<Undeploy>(false, json!({"reason": "moved to the other cluster"}))
    .updates::<Deployment>("The deployment, which is no longer current.", json!(of.clone()))
    .refuses([Error::NotCurrent {
        id: of.id,
        component: of.component_name,
        environment: of.environment_name,
        current: None,
    }])
    .refuses([examples::removed()])
}

/// Records that a component left the environment in which this deployment of it is current.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, log, id) = (call.tracker().clone(), call.log().clone(), call.id());
    let (id, undeploy, terms): (_, Undeploy, _) = call.read_if_any(id).await?;
    let left = tracker.undeploy(id, undeploy, terms).await?;
    note_deployment(&log, &left);
    changed(&left)
}
