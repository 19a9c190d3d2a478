//! `POST /api/v1/session/code`: issues a code that a browser exchanges for a session.

use chrono::TimeDelta;
use deploytrack_core::{
    digest::Digest,
    session::{LoginCode, StoredSession},
};
use http::StatusCode;

use super::session_of;
use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, untagged},
    session::{CODE, random},
};

/// How long a code can be used.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SESSIONS,
        "issueLoginCode",
        "Issue a code to log a browser in",
        "`startSession` accepts the code once, within a minute, in place of the token.",
    )
    .answers::<LoginCode>(StatusCode::CREATED, "The code.", examples::login_code())
}

/// Issues a code for the token of the request.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let app = call.app();
    let session = session_of(app, call.claims()?)?;
    let expires_at = session.token_ends.min(app.tracker.clock().now() + LIFETIME);
    let session = StoredSession {
        expires_at,
        ..session
    };
    let code = format!("{CODE}{}", random()?);
    app.tracker
        .add_login_code(Digest::of(code.as_bytes()), session)
        .await?;
    untagged(StatusCode::CREATED, &LoginCode { code, expires_at })
}
