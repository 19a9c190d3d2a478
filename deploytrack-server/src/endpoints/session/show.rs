//! `GET /api/v1/session`: who is logged in.

use deploytrack_core::{openapi::of, session::Login, wall::Wall};
use http::{StatusCode, header};

use super::{login_of, login_of_wall, session_of};
use crate::{
    openapi::{OperationDraft, examples, group},
    request::Call,
    response::{HandlerResult, ok, untagged},
    session,
    token::Claims,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SESSIONS,
        "showSession",
        "Show who is logged in",
        "Returns the subject, the role and the end of the token or of the session. For the session of a wall also the wall; its cookie is \
         renewed for 400 days.",
    )
    .returns("The login.", of::<Login>(), examples::login())
}

/// Returns who is logged in.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    let claims = call.claims()?;
    match &claims.wall {
        None => ok(&Login {
            role: claims.role.as_str().to_owned(),
            ..login_of(session_of(call.app(), claims)?)
        }),
        Some(wall) => show_wall(&call, claims, wall),
    }
}

/// Shows the wall of the session, and prolongs its cookie.
fn show_wall(call: &Call, claims: &Claims, wall: &Wall) -> HandlerResult {
    call.tracker().note_wall_seen(wall);
    let login = login_of_wall(claims.subject.clone(), wall);
    // Without an entity tag: 304 would not have the cookie.
    let mut response = untagged(StatusCode::OK, &login)?;
    let verifier = &call.app().fingerprint();
    if let Some(cookie) = session::renewed_wall_cookie(call.headers(), verifier)? {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
