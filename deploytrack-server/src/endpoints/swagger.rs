//! `GET /api/docs/`: Swagger UI, and redirects to it.

use std::sync::OnceLock;

use http::{HeaderValue, Response, StatusCode, header};

use super::openapi::document;
use crate::{
    body::{Body, no_content},
    encoding::{Representation, static_response},
    openapi::{JSON, Reader},
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, tagged},
    swagger_ui,
};

/// Returns a file of Swagger UI, or its page if the path names none. The pages have their own form of
/// the OpenAPI document.
pub(crate) async fn file(call: Call) -> HandlerResult {
    static DOCUMENT: OnceLock<Representation> = OnceLock::new();
    if call.path_value() == swagger_ui::DOCUMENT {
        return static_response(&DOCUMENT, call.headers(), || {
            tagged(StatusCode::OK, JSON, document(Reader::Pages)?)
        })
        .await;
    }
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

/// 308 to another location, which may be relative to the requested path.
fn moved(location: &'static str) -> Response<Body> {
    let mut response = no_content();
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response
        .headers_mut()
        .insert(header::LOCATION, HeaderValue::from_static(location));
    response
}
