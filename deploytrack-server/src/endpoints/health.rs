//! `GET /healthz` and `GET /readyz`: health checks of the process and its database. Query parameters
//! are ignored, because probes add their own.

use deploytrack_core::{
    api::{Liveness, Readiness},
    openapi::of,
};
use http::StatusCode;
use serde_json::json;
use uuid::Uuid;

use crate::{
    openapi::{OperationDraft, examples, group},
    refusal::Refusal,
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
    .returns("The process runs; this is its version.", of::<Liveness>(), json!(liveness()))
}

/// Reports that the process runs, and its version.
pub(crate) async fn live(_: Call) -> HandlerResult {
    ok(&liveness())
}

pub(crate) fn ready_doc() -> OperationDraft {
    OperationDraft::new(
        &group::SERVER,
        "ready",
        "Check that the database can be read and written",
        "Reads and writes the database. A server that is shutting down is not ready. `storeId` changes when a backup is restored. Query parameters are ignored, because probes add their own.",
    )
    .returns("The database can be read and written.", of::<Readiness>(), json!(readiness(examples::STORE)))
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
}

/// Reports whether the database can be read and written.
pub(crate) async fn ready(call: Call) -> HandlerResult {
    if call.app().draining.is_cancelled() {
        return Err(Refusal::ShuttingDown);
    }
    call.tracker().ready().await?;
    ok(&readiness(call.tracker().store_id().await?))
}

fn liveness() -> Liveness {
    Liveness {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn readiness(store_id: Uuid) -> Readiness {
    Readiness {
        status: "ready".to_owned(),
        store_id,
    }
}
