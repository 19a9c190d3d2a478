//! `GET /api/v1/session`: who is logged in.

use deploytrack_core::{clock::Time, session::Login, text::Label};
use utoipa::openapi::Ref;

use crate::{
    auth,
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
    .returns("The login.", Ref::from_schema_name("Login"))
}

/// Returns who is logged in.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let (claims, ends) = auth::login(call.app(), call.headers()).await?;
    ok(&login_of(claims.subject.clone(), claims.admin, ends))
}

pub(super) fn login_of(subject: Label, admin: bool, expires_at: Time) -> Login {
    let role = if admin { "admin" } else { "reader" };
    Login {
        subject,
        role: role.to_owned(),
        expires_at,
    }
}
