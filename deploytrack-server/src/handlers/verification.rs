//! Whether everything that is kept is what the history says.

use crate::{
    request::Call,
    response::{Answer, ok},
};

/// Compares everything with the history.
pub(crate) async fn verify(call: &Call) -> Answer {
    call.query().finish(Some(()))?;
    ok(&call.tracker().verify().await?)
}
