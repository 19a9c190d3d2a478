//! `GET /healthz` and `GET /readyz`: health checks of the process and its database. Query parameters
//! are ignored, because probes add their own.

use deploytrack_core::openapi::of;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn live_doc() -> OperationDraft {
    OperationDraft::new(
        &group::SERVER,
        "live",
        "Check that the process runs",
        "Returns the version of the server. Query parameters are ignored, because probes add their own.",
    )
    .returns("The process runs; this is its version.", of::<Liveness>(), json!(Liveness::now()))
}

/// Reports that the process runs, and its version.
pub(crate) async fn live(_: Call) -> HandlerResult {
    ok(&Liveness::now())
}

pub(crate) fn ready_doc() -> OperationDraft {
    OperationDraft::new(
        &group::SERVER,
        "ready",
        "Check that the database can be read and written",
        "Reads and writes the database. Query parameters are ignored, because probes add their own.",
    )
    .returns("The database can be read and written.", of::<Readiness>(), json!(Readiness::now()))
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

/// Reports whether the database can be read and written.
pub(crate) async fn ready(call: Call) -> HandlerResult {
    call.tracker().ready().await?;
    ok(&Readiness::now())
}

/// The answer of a process that runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Liveness {
    /// Always `ok`.
    status: &'static str,
    /// The version of the server.
    version: &'static str,
}

impl Liveness {
    const fn now() -> Self {
        Self {
            status: "ok",
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The answer of a server whose database can be read and written.
#[derive(Serialize, ToSchema)]
pub(crate) struct Readiness {
    /// Always `ready`.
    status: &'static str,
}

impl Readiness {
    const fn now() -> Self {
        Self { status: "ready" }
    }
}
