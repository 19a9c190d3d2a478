//! The schemas of the bodies of [`FromBody`](crate::api::FromBody). In an optional field, `null`
//! means absent, unless its description says that it removes a value.

mod catalog;
mod deployments;
mod fields;
mod import;
#[cfg(test)]
mod tests;
mod tokens;

use utoipa::openapi::{RefOr, schema::Schema};

/// The schemas that other schemas refer to and that have no type of their own, with their names.
#[must_use]
pub fn parts_of_bodies() -> [(&'static str, RefOr<Schema>); 5] {
    [
        (deployments::INITIAL_STATUS, deployments::initial_status()),
        (import::IMPORTED_DEPLOYMENT, import::imported_deployment()),
        (import::IMPORTED_ENTRY, import::past_entry()),
        (import::COMPONENT_LINE, import::component_line()),
        (import::ENVIRONMENT_LINE, import::environment_line()),
    ]
}
