//! Health checks of the process and its database. Query parameters are ignored, because probes add
//! their own.

use serde_json::json;

use crate::{
    request::Call,
    response::{HandlerResult, ok},
};

/// Reports that the process runs, and its version.
pub(crate) fn live() -> HandlerResult {
    ok(&json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// Reports whether the database can be read and written.
pub(crate) async fn ready(call: &Call) -> HandlerResult {
    call.tracker().ready().await?;
    ok(&json!({ "status": "ready" }))
}
