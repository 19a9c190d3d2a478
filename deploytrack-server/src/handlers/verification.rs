//! Verification of the database.

use crate::{
    request::Call,
    response::{HandlerResult, ok},
};

/// Compares all derived data with the history.
pub(crate) async fn verify(call: &Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    ok(&call.tracker().verify().await?)
}
