//! `GET /api/v1/deployments/{id}/history`: the history of a deployment.

use deploytrack_core::{history::HistoryEntry, openapi::list_of};

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::HandlerResult,
    streaming,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "showHistory",
        "Read a deployment's history",
        "Returns all transitions and undeployments of the deployment, in the order of recording. Each row has a hash that depends on \
         the row before it.",
    )
    .returns("The history.", list_of::<HistoryEntry>(), examples::history())
    .refuses([examples::removed()])
}

/// Returns all transitions and undeployments of a deployment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    streaming::array(&call, call.tracker().history_pages(call.id()?)).await
}
