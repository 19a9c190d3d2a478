//! The headers of a response in the OpenAPI document.

use utoipa::openapi::{Ref, ResponseBuilder};

/// Adds these headers, those of the rate, and `X-Request-Id` to a response. Headers are described once for all
/// responses.
pub(super) fn with_headers(response: ResponseBuilder, headers: &[&str]) -> ResponseBuilder {
    headers
        .iter()
        .chain(&["RateLimit", "RateLimit-Policy", "X-Request-Id"])
        .fold(response, |response, name| {
            response.header_ref(*name, Ref::new(format!("#/components/headers/{name}")))
        })
}
