//! `GET /api/v1/session`: who is logged in.

use deploytrack_core::{openapi::of, session::Login};

use super::{login_of, session_of};
use crate::{
    openapi::{OperationDraft, group},
    request::Call,
    response::{HandlerResult, ok},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::SERVER,
        "showSession",
        "Show who is logged in",
        "Returns the subject, the role and the end of the token or of the session.",
    )
    .returns("The login.", of::<Login>())
}

/// Returns who is logged in.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    ok(&login_of(session_of(call.app(), call.claims()?)?))
}
