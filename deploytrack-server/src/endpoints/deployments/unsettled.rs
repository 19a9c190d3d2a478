//! `GET /api/v1/deployments/unsettled`: the unsettled deployments.

use deploytrack_core::{deployment::Deployment, openapi::list_of};

use super::filters;
use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::HandlerResult,
    streaming,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "listUnsettled",
        "Read the unsettled deployments",
        "Returns the newest deployment of each cell by `occurredAt`, if it is `pending`, `in_progress` or `failed`, and newer than the \
         current deployment and the last undeployment of the cell. The order is the one of the matrix: by the name of the \
         component, then by the order of the environments.",
    )
    .parameters(filters::of_cells_doc())
    .returns("The unsettled deployments.", list_of::<Deployment>(), examples::unsettled())
    .wrong_query("includeArchived=yes", |query| query.flag("includeArchived"))
}

/// Returns the unsettled deployment of each cell.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = filters::of_cells(&mut query);
    let filter = query.finish(Some(filter))?;
    streaming::array(&call, call.tracker().unsettled_pages(filter)).await
}
