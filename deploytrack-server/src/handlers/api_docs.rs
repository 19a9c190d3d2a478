//! The description of the API, and the pages that show it. Neither changes while the server runs: each is made once.

use std::sync::OnceLock;

use http::StatusCode;

use crate::{
    openapi,
    representation::{Representation, once},
    request::Call,
    response::{Answer, tagged},
};

/// The OpenAPI document.
pub(crate) async fn document(call: &Call) -> Answer {
    static DOCUMENT: OnceLock<Representation> = OnceLock::new();
    call.query().finish(Some(()))?;
    once(&DOCUMENT, call.headers(), || tagged(StatusCode::OK, "application/json", openapi::document()?)).await
}

/// A file of the pages.
#[cfg(feature = "swagger")]
pub(crate) async fn page(call: &Call, file: &str) -> Answer {
    let (kept, make) = crate::docs::file(file).ok_or(crate::problem::Refusal::NoPath)?;
    once(kept, call.headers(), make).await
}

/// They are left out of this server.
#[cfg(not(feature = "swagger"))]
pub(crate) async fn page(_: &Call, _: &str) -> Answer {
    Err(crate::problem::Refusal::NoPath)
}
