//! `PUT /api/v1/environments/order`: sets the order of the environments.

use deploytrack_core::{api::EnvironmentOrder, catalog::Environment, openapi::list_of};
use http::StatusCode;
use serde_json::json;

use crate::{
    openapi::{JSON, OperationDraft, content, examples, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    let all = content(list_of::<Environment>(), json!(examples::environments()));
    OperationDraft::new(
        &group::ENVIRONMENTS,
        "orderEnvironments",
        "Order the environments",
        "Sets the order of the environments. The body lists all of them, by `ids` or by `names`.",
    )
    .body::<EnvironmentOrder>(
        true,
        json!({"names": ["development", "staging", "production"]}),
    )
    .response(
        StatusCode::OK,
        "The environments, in their order.",
        Some((JSON, all)),
        &["ETag"],
    )
}

/// Sets the order of the environments. The body must list all of them.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    let ((), order, terms): (_, EnvironmentOrder, _) = call.read(query).await?;
    ok(&tracker.reorder_environments(order, terms.author()).await?)
}
