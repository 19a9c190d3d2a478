//! `GET /api/v1/deployments`: a page of deployments.

use deploytrack_core::query::DeploymentFilter;

use super::filters;
use crate::{
    openapi::{
        OperationDraft, examples, group,
        parameters::{cursor, order, skip_and_take},
    },
    request::Call,
    response::{HandlerResult, page},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "listDeployments",
        "List deployments",
        "Returns a page of deployments, newest first by the time that `order` names. A deployment must match all filters; `total` \
         counts the matches. A `skip` of more than 10,000 that is still within the list is 400: use `cursor` for these pages.",
    )
    .parameters(filters::of_deployments_doc())
    .parameters(skip_and_take())
    .parameters([cursor(), order()])
    .returns_page("DeploymentPage", examples::page_of_deployments())
}

/// Returns a page of deployments, newest first, by `createdAt` or by `occurredAt`.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let filter = filters::of_deployments(&mut query);
    let filter = DeploymentFilter {
        order: query.one("order").unwrap_or_default(),
        ..filter
    };
    let request = query.page_or_cursor();
    let request = query.finish(request)?;
    page(
        call.tracker().list(&filter, request).await?,
        call.query_text(),
    )
}
