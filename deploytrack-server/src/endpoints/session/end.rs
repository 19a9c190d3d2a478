//! `DELETE /api/v1/session`: logs the browser out.

use http::{StatusCode, header};

use crate::{
    auth,
    body::no_content,
    openapi::{OperationDraft, group},
    refusal::Refusal,
    request::Call,
    response::HandlerResult,
    session,
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SESSIONS,
        "endSession",
        "Log the browser out",
        "Ends the session of the cookie, if there is one, and removes the cookie. Other sessions of the subject continue. A request \
         of another site's page is 403.",
    )
    .response(StatusCode::NO_CONTENT, "Logged out.", None, &[])
    .refusals(&[StatusCode::SERVICE_UNAVAILABLE])
    .refuses([Refusal::OtherSite])
}

/// Ends the session of the cookie.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    call.query().finish(Some(()))?;
    session::check_site(call.headers(), call.is_https())?;
    let verifier = &call.app().fingerprint();
    if let Some(id) = session::id(call.headers(), verifier) {
        if let Ok((claims, _)) = auth::session(call.app(), call.headers()).await {
            call.log().note_caller(&claims);
        }
        call.tracker().end_session(id).await?;
    }
    let mut response = no_content();
    for cookie in session::removal(verifier)? {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
