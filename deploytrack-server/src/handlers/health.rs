//! Whether the process and its database are well. Parameters are ignored, since probes add their own.

use serde_json::json;

use crate::{
    request::Call,
    response::{Answer, ok},
};

/// The process runs, and which version it is.
pub(crate) fn live() -> Answer {
    ok(&json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// The database can be read and written.
pub(crate) async fn ready(call: &Call) -> Answer {
    call.tracker().ready().await?;
    ok(&json!({ "status": "ready" }))
}
