//! `POST /api/v1/session`: logs a browser in.

use deploytrack_core::{
    digest::Digest,
    session::{Login, StoredSession},
};
use http::{HeaderMap, StatusCode, header};

use super::{login_of, session_of};
use crate::{
    App, auth,
    openapi::{OperationDraft, group, parameters::flag},
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, untagged},
    session::{self, CODE},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::SERVER,
        "startSession",
        "Log a browser in",
        "Exchanges the token in `Authorization: Bearer <token>`, or in its place a code of `issueLoginCode`, for a session: a cookie \
         that the page's scripts cannot read. The session has the rights of the token for reading, and ends with it. A request of \
         another site's page is 403.",
    )
    .parameters([flag(
        "replace",
        "`true`: a code replaces the session of another caller. Otherwise that is 409, and the code stays valid.",
    )])
    .answers::<Login>(StatusCode::OK, "Logged in.")
    .refusals(&[
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::CONFLICT,
        StatusCode::SERVICE_UNAVAILABLE,
    ])
}

/// Logs a browser in with the token or the code of the request.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let replace = query.flag("replace");
    let replace = query.finish(Some(replace))?.unwrap_or(false);
    session::check_site(call.headers())?;
    let (app, headers) = (call.app(), call.headers());
    let verifier = app.verifier.fingerprint();
    let id = session::random()?;
    let session = begin(app, headers, Digest::of(id.as_bytes()), replace).await?;
    if let Some(former) = session::id(headers, verifier) {
        app.tracker.end_session(former).await?;
    }
    let now = app.tracker.clock().now();
    let cookie = session::cookie(headers, verifier, &id, now, session.expires_at)?;
    let mut response = untagged(StatusCode::OK, &login_of(session))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn begin(
    app: &App,
    headers: &HeaderMap,
    id: Digest,
    replace: bool,
) -> Result<StoredSession, Refusal> {
    let token = auth::bearer_token(headers)?;
    if !token.starts_with(CODE) {
        let claims = auth::check_token(app, token)?;
        let session = session_of(app, &claims)?;
        app.tracker.add_session(id, session.clone()).await?;
        return Ok(session);
    }
    let verifier = *app.verifier.fingerprint();
    let code = Digest::of(token.as_bytes());
    // Read first: a guessed code must not start a write.
    let next = app.tracker.login_code(&code, &verifier).await?;
    let next = next.ok_or(Refusal::UsedCode)?;
    if !replace {
        check_former(app, headers, next).await?;
    }
    let session = app.tracker.use_login_code(code, id, verifier).await?;
    session.ok_or(Refusal::UsedCode)
}

/// Refuses a code for another caller than the one that is logged in. A link must not change
/// unnoticed who uses a browser.
async fn check_former(app: &App, headers: &HeaderMap, next: StoredSession) -> Result<(), Refusal> {
    match auth::session(app, headers).await {
        Ok(former) if (&next.subject, next.admin) != (&former.subject, former.admin) => {
            Err(Refusal::LoggedIn(former.subject.clone(), next.subject))
        }
        _ => Ok(()),
    }
}
