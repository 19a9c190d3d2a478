//! The OpenAPI document and Swagger UI. They do not change while the server runs, so each response
//! is built once.

use std::sync::OnceLock;

use http::StatusCode;

use crate::{
    encoding::{Representation, static_response},
    openapi,
    request::Call,
    response::{HandlerResult, tagged},
};

/// The OpenAPI document.
pub(crate) async fn document(call: &Call) -> HandlerResult {
    static DOCUMENT: OnceLock<Representation> = OnceLock::new();
    call.query().finish(Some(()))?;
    static_response(&DOCUMENT, call.headers(), || {
        tagged(StatusCode::OK, "application/json", openapi::document()?)
    })
    .await
}

/// A file of Swagger UI.
#[cfg(feature = "swagger")]
pub(crate) async fn page(call: &Call, file: &str) -> HandlerResult {
    let (representation, build) =
        crate::swagger_ui::file(file).ok_or(crate::refusal::Refusal::NoPath)?;
    static_response(representation, call.headers(), build).await
}

/// This build has no Swagger UI.
#[cfg(not(feature = "swagger"))]
pub(crate) async fn page(_: &Call, _: &str) -> HandlerResult {
    Err(crate::refusal::Refusal::NoPath)
}
