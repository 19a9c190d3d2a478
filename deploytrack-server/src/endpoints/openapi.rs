//! `GET /api/v1/openapi.json`: the OpenAPI document. It does not change while the server runs, so its
//! response is built once.

use std::sync::OnceLock;

use http::StatusCode;
use utoipa::openapi::schema::ObjectBuilder;

use super::TABLE;
use crate::{
    encoding::{Representation, static_response},
    openapi::{self, OperationDraft, group},
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, tagged},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        group::SERVER,
        "showOpenApi",
        "Read this document",
        "Returns the API as an OpenAPI 3.1 document.",
    )
    .returns("The document.", ObjectBuilder::new())
}

/// Returns the OpenAPI document.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    static DOCUMENT: OnceLock<Representation> = OnceLock::new();
    call.query().finish(Some(()))?;
    static_response(&DOCUMENT, call.headers(), || {
        tagged(StatusCode::OK, "application/json", document()?)
    })
    .await
}

/// The document, as JSON. Rows without a description are no operations of the API: pages and badges.
pub(super) fn document() -> Result<String, Refusal> {
    openapi::document(TABLE.iter().filter_map(|row| {
        let operation = row.doc?().build(row.path, row.access, row.conditions);
        Some((&row.method, row.path, operation))
    }))
}
