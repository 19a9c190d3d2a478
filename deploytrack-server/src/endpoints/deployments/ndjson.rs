//! The format of imports and exports: newline-delimited JSON.

use utoipa::openapi::{
    Content,
    schema::{ObjectBuilder, Type},
};

use crate::openapi::{self, examples};

/// The media type.
pub(super) const NDJSON: &str = "application/x-ndjson";

/// The content in the OpenAPI document.
pub(super) fn content() -> Content {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("One `ImportLine` per line."));
    openapi::content(text, examples::import_lines())
}
