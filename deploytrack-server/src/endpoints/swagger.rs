//! `GET /api/docs/`: Swagger UI, and redirects to it.

use crate::{
    encoding::static_response,
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, moved},
    swagger_ui,
};

/// Returns a file of Swagger UI, or its page if the path names none.
pub(crate) async fn file(call: Call) -> HandlerResult {
    let (representation, build) = swagger_ui::file(call.path_value()).ok_or(Refusal::NoPath)?;
    static_response(representation, call.headers(), build).await
}

/// Redirects `/api/docs`. The location is relative: a proxy may serve the pages below another path.
pub(crate) async fn from_api_docs(_: Call) -> HandlerResult {
    Ok(moved("docs/"))
}

/// Redirects `/api-docs`.
pub(crate) async fn from_root(_: Call) -> HandlerResult {
    Ok(moved("api/docs/"))
}
