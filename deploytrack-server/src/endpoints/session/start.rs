//! `POST /api/v1/session`: logs a browser in.

use deploytrack_core::{
    digest::Digest,
    session::{Login, StoredSession},
    text::Label,
};
use http::{HeaderMap, StatusCode, header};

use super::{login_of, login_of_wall, session_of};
use crate::{
    App, auth,
    openapi::{OperationDraft, examples, group, parameters::flag},
    refusal::{Refusal, internal},
    request::Call,
    response::{HandlerResult, untagged},
    session::{self, CODE, WALL},
    token::{Claims, Role},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SESSIONS,
        "startSession",
        "Log a browser in",
        "Exchanges the token in `Authorization: Bearer <token>`, or in its place a code of `issueLoginCode` or the secret of a wall's \
         link, for a session: a cookie that the page's scripts cannot read. The session has the rights of the token for reading, and \
         ends with it. That of a wall reads what its page shows, until the wall is revoked. A request of another site's page is 403.",
    )
    .parameters([flag(
        "replace",
        "`true`: a code or the link of a wall replaces the session of another caller. Otherwise that is 409, and the code stays valid.",
    )])
    .answers::<Login>(StatusCode::OK, "Logged in.", examples::login())
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
    .refuses([
        Refusal::BadToken,
        Refusal::UsedCode,
        Refusal::RevokedWall,
        Refusal::OtherSite,
        Refusal::LoggedIn(examples::ada(), examples::parsed("grace")),
    ])
}

/// Logs a browser in with the token or the code of the request.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let mut query = call.query();
    let replace = query.flag("replace");
    let replace = query.finish(Some(replace))?.unwrap_or(false);
    session::check_site(call.headers(), call.is_https())?;
    let (app, headers) = (call.app(), call.headers());
    let https = call.is_https() || session::is_https_page(headers);
    let verifier = &app.fingerprint();
    let token = auth::bearer_token(headers)?;
    if token.starts_with(WALL) {
        return begin_wall(&call, token, https, replace).await;
    }
    let id = session::random()?;
    let session = begin(app, headers, token, Digest::of(id.as_bytes()), replace).await?;
    call.log().note_session(&session);
    if let Some(former) = session::id(headers, verifier) {
        app.tracker.end_session(former).await?;
    }
    let now = app.tracker.clock().now();
    let cookie = session::cookie(https, verifier, &id, now, session.expires_at)?;
    let mut response = untagged(StatusCode::OK, &login_of(session))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

async fn begin(
    app: &App,
    headers: &HeaderMap,
    token: &str,
    id: Digest,
    replace: bool,
) -> Result<StoredSession, Refusal> {
    if !token.starts_with(CODE) {
        let claims = auth::check_token(app, token).await?;
        let session = session_of(app, &claims)?;
        app.tracker.add_session(id, session.clone()).await?;
        return Ok(session);
    }
    let verifier = app.fingerprint();
    let code = Digest::of(token.as_bytes());
    // Read first: a guessed code must not start a write.
    let next = app.tracker.login_code(&code, &verifier).await?;
    let next = next.ok_or(Refusal::UsedCode)?;
    let checked = auth::check_token_of(app, &next).await;
    checked.map_err(|refusal| match refusal {
        Refusal::NoToken => Refusal::UsedCode,
        other => other,
    })?;
    if !replace {
        check_former(app, headers, (&next.subject, next.admin, false)).await?;
    }
    let session = app.tracker.use_login_code(code, id, verifier).await?;
    session.ok_or(Refusal::UsedCode)
}

/// Begins the session of a wall. It is the same one for every browser, so this is no write for it;
/// a wrong secret ends at the read.
async fn begin_wall(call: &Call, secret: &str, https: bool, replace: bool) -> HandlerResult {
    let (app, headers) = (call.app(), call.headers());
    let verifier = &app.fingerprint();
    let id = session::wall_id(secret);
    let wall = app.tracker.wall(&Digest::of(id.as_bytes())).await?;
    let wall = wall.ok_or(Refusal::RevokedWall)?;
    let claims = Claims::of_wall(wall.clone()).map_err(internal)?;
    call.log().note_caller(&claims);
    let subject = claims.subject;
    if !replace {
        check_former(app, headers, (&subject, false, true)).await?;
    }
    if let Some(former) = session::id(headers, verifier) {
        app.tracker.end_session(former).await?;
    }
    app.tracker.note_wall_seen(&wall);
    let cookie = session::wall_cookie(https, verifier, &id)?;
    let mut response = untagged(StatusCode::OK, &login_of_wall(subject, &wall))?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// Refuses a code or a link for another caller than the one that is logged in. A link must not change
/// unnoticed who uses a browser. `next` is the subject, whether it is an admin, and whether it is a
/// wall.
async fn check_former(
    app: &App,
    headers: &HeaderMap,
    next: (&Label, bool, bool),
) -> Result<(), Refusal> {
    match auth::session(app, headers).await {
        Ok((former, _))
            if next
                != (
                    &former.subject,
                    former.role == Role::Admin,
                    former.wall.is_some(),
                ) =>
        {
            Err(Refusal::LoggedIn(former.subject.clone(), next.0.clone()))
        }
        _ => Ok(()),
    }
}
