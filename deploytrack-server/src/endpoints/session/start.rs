//! `POST /api/v1/session`: logs a browser in.

use deploytrack_core::{digest::Digest, session::StoredSession};
use http::{HeaderMap, StatusCode, header};

use super::show::login_of;
use crate::{
    App, auth,
    openapi::{OperationDraft, group, parameters::flag},
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, ok},
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
    .answers_login()
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
    let app = call.app();
    let id = session::random()?;
    let session = begin(app, call.headers(), Digest::of(id.as_bytes()), replace).await?;
    if let Some(former) = session::id(call.headers(), app.verifier.fingerprint()) {
        app.tracker.end_session(former).await?;
    }
    let mut response = ok(&login_of(
        session.subject.clone(),
        session.admin,
        session.expires_at,
    ))?;
    let cookie = session::cookie(
        call.headers(),
        app.verifier.fingerprint(),
        &id,
        app.tracker.clock().now(),
        session.expires_at,
    )?;
    response.headers_mut().remove(header::ETAG);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn begin(
    app: &App,
    headers: &HeaderMap,
    id: Digest,
    replace: bool,
) -> Result<StoredSession, Refusal> {
    let verifier = *app.verifier.fingerprint();
    let token = auth::bearer_token(headers)?;
    if token.starts_with(CODE) {
        let code = Digest::of(token.as_bytes());
        if !replace {
            check_former(app, headers, &code).await?;
        }
        let session = app.tracker.use_login_code(code, id, verifier).await?;
        return session.ok_or(Refusal::UsedCode);
    }
    let (claims, token_ends) = auth::check_token(app, token)?;
    let session = StoredSession {
        subject: claims.subject.clone(),
        admin: claims.admin,
        verifier,
        expires_at: token_ends,
        token_ends,
    };
    app.tracker.add_session(id, session.clone()).await?;
    Ok(session)
}

/// Refuses a code for another caller than the one that is logged in. A link must not change
/// unnoticed who uses a browser.
async fn check_former(app: &App, headers: &HeaderMap, code: &Digest) -> Result<(), Refusal> {
    let Ok((former, _)) = auth::session(app, headers).await else {
        return Ok(());
    };
    let verifier = app.verifier.fingerprint();
    match app.tracker.login_code(code, verifier).await? {
        Some(next) if (&next.subject, next.admin) != (&former.subject, former.admin) => {
            Err(Refusal::LoggedIn(former.subject.clone(), next.subject))
        }
        _ => Ok(()),
    }
}
