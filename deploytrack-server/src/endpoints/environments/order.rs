//! `PUT /api/v1/environments/order`: sets the order of the environments.

use deploytrack_core::{api::EnvironmentOrder, catalog::Environment, openapi::list_of};
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::ContentBuilder;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    let all = ContentBuilder::new()
        .schema(Some(list_of::<Environment>()))
        .build();
    OperationDraft::new(
        group::ENVIRONMENTS,
        "orderEnvironments",
        "Order the environments",
        "Sets the order of the environments. The body must list the ids of all of them.",
    )
    .body::<EnvironmentOrder>(
        true,
        json!({"ids": ["0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f"]}),
    )
    .response(
        StatusCode::OK,
        "The environments, in their order.",
        Some(("application/json", all)),
        &["ETag"],
    )
    .refusals(&[StatusCode::NOT_FOUND])
}

/// Sets the order of the environments. The body must list the ids of all of them.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), EnvironmentOrder { ids }, terms) = call.read(query).await?;
    ok(&tracker.reorder_environments(ids, terms.author()).await?)
}
