//! `GET /api/v1/openapi.json`: the OpenAPI document. It does not change while the server runs, so its
//! response is built once.

use std::sync::OnceLock;

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::Ref;

use super::TABLE;
use crate::{
    encoding::{Representation, static_response},
    openapi::{self, JSON, OperationDraft, Reader, group},
    refusal::Refusal,
    request::Call,
    response::{HandlerResult, tagged},
};

pub(crate) fn doc() -> OperationDraft {
    OperationDraft::new(
        &group::SERVER,
        "showOpenApi",
        "Read this document",
        "Returns the API as an OpenAPI 3.1 document.",
    )
    .returns(
        "The document.",
        Ref::from_schema_name("Document"),
        example(),
    )
}

/// The beginning of the document.
fn example() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {"title": "deploytrack", "version": env!("CARGO_PKG_VERSION")},
        "paths": {},
    })
}

/// Returns the OpenAPI document.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    static DOCUMENT: OnceLock<Representation> = OnceLock::new();
    call.query().finish(Some(()))?;
    static_response(&DOCUMENT, call.headers(), || {
        tagged(StatusCode::OK, JSON, document(Reader::Program)?)
    })
    .await
}

/// The document, as JSON. Rows without a description are no operations of the API: pages.
pub(super) fn document(reader: Reader) -> Result<String, Refusal> {
    let operations = TABLE.iter().filter_map(|row| {
        let draft = row.doc?();
        let path = draft.path(row.path);
        let operation = draft.build(path, row.access, row.conditions);
        Some((&row.method, path, operation))
    });
    openapi::document(operations, reader)
}
