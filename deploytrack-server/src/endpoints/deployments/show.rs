//! `GET /api/v1/deployments/{id}`: one deployment.

use deploytrack_core::{deployment::Deployment, openapi::of};

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, ok},
};
use serde_json::json;

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "showDeployment",
        "Read a deployment",
        "Returns one deployment.",
    )
    .returns(
        "The deployment.",
        of::<Deployment>(),
        json!(examples::succeeded().deployment),
    )
    .refuses([examples::removed()])
}

/// Returns one deployment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    ok(&call.tracker().deployment(call.id()?).await?)
}
