//! `GET /healthz` and `GET /readyz`: health checks of the process and its database. Query parameters
//! are ignored, because probes add their own.

use http::StatusCode;
use serde_json::json;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn live_doc() -> OperationDraft {
    let version = ObjectBuilder::new().schema_type(Type::String);
    let schema = status_schema("ok")
        .property("version", version)
        .required("version");
    OperationDraft::new(
        group::SERVER,
        "live",
        "Check that the process runs",
        "Query parameters are ignored, because probes add their own.",
    )
    .returns("The process runs; this is its version.", schema)
}

/// Reports that the process runs, and its version.
pub(crate) async fn live(_: Call) -> HandlerResult {
    ok(&json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

pub(crate) fn ready_doc() -> OperationDraft {
    OperationDraft::new(
        group::SERVER,
        "ready",
        "Check that the database can be read and written",
        "Query parameters are ignored, because probes add their own.",
    )
    .returns(
        "The database can be read and written.",
        status_schema("ready"),
    )
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

/// Reports whether the database can be read and written.
pub(crate) async fn ready(call: Call) -> HandlerResult {
    call.tracker().ready().await?;
    ok(&json!({ "status": "ready" }))
}

fn status_schema(word: &str) -> ObjectBuilder {
    let status = ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some([word]));
    ObjectBuilder::new()
        .property("status", status)
        .required("status")
}
