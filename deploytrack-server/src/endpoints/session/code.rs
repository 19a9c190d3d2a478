//! `POST /api/v1/session/code`: issues a code that a browser exchanges for a session.

use chrono::TimeDelta;
use deploytrack_core::{
    digest::Digest,
    session::{LoginCode, StoredSession},
};
use http::StatusCode;
use utoipa::openapi::{ContentBuilder, Ref};

use crate::{
    auth,
    body::{JSON, whole},
    openapi::{OperationDraft, group},
    refusal::internal,
    request::Call,
    response::HandlerResult,
    session::{CODE, random},
};

/// How long a code can be used.
const LIFETIME: TimeDelta = TimeDelta::seconds(60);

pub(crate) fn doc() -> OperationDraft {
    let code = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("LoginCode")))
        .build();
    OperationDraft::new(
        group::SERVER,
        "issueLoginCode",
        "Issue a code to log a browser in",
        "`startSession` accepts the code once, within a minute, in place of the token.",
    )
    .response(
        StatusCode::CREATED,
        "The code.",
        Some(("application/json", code)),
        &[],
    )
}

/// Issues a code for the token of the request.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let app = call.app();
    let token = auth::bearer_token(call.headers())?;
    let (claims, token_ends) = auth::check_token(app, token)?;
    let expires_at = token_ends.min(app.tracker.clock().now() + LIFETIME);
    let code = format!("{CODE}{}", random()?);
    let session = StoredSession {
        subject: claims.subject.clone(),
        admin: claims.admin,
        verifier: *app.verifier.fingerprint(),
        expires_at,
        token_ends,
    };
    app.tracker
        .add_login_code(Digest::of(code.as_bytes()), session)
        .await?;
    let body = serde_json::to_vec(&LoginCode { code, expires_at }).map_err(internal)?;
    Ok(whole(StatusCode::CREATED, JSON, body))
}
