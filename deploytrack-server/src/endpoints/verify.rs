//! `GET /api/v1/verify`: verifies the database.

use deploytrack_core::{error::Error, openapi::of, verification::Verification};

use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SERVER,
        "verify",
        "Verify the database",
        "Checks every hash and every transition of the history, and compares deployments, cells and counts with the history. Only one \
         verification runs at a time.",
    )
    .returns("The result.", of::<Verification>(), examples::verification())
    .refuses([Error::Verifying])
}

/// Compares all derived data with the history.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    ok(&call.tracker().verify().await?)
}
