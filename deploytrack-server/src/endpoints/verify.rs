//! `GET /api/v1/verify`: verifies the database.

use deploytrack_core::{openapi::of, verification::Verification};
use http::StatusCode;

use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::SERVER,
        "verify",
        "Verify the database",
        "Checks every hash and every transition of the history, and compares deployments, cells and counts with the history. Only one \
         verification runs at a time.",
    )
    .returns("The result.", of::<Verification>())
    .refusals(&[StatusCode::TOO_MANY_REQUESTS])
}

/// Compares all derived data with the history.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    ok(&call.tracker().verify().await?)
}
