//! `GET /api/v1/environments/{id}`: one environment.

use deploytrack_core::{catalog::Environment, openapi::of};
use serde_json::json;

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::ENVIRONMENTS,
        "showEnvironment",
        "Read an environment",
        "Returns one environment.",
    )
    .returns(
        "The environment.",
        of::<Environment>(),
        json!(examples::staging()),
    )
}

/// Returns one environment.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    ok(&call.tracker().environment(call.id()?).await?)
}
