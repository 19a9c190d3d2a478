//! The OpenAPI 3.1 document of the API.
//!
//! The operations come from the table of endpoints, see `endpoints`: each endpoint describes its own.
//! The schemas come from the types that are serialized and parsed. This module has what operations
//! share.

use utoipa::openapi::{
    Components, HttpMethod, Info, InfoBuilder, License, OpenApiBuilder, PathItem, Paths, RefOr,
    path::Operation,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use self::operation::{TOKEN, not_modified};
pub(crate) use self::{
    operation::{JSON, OperationDraft, content},
    reader::Reader,
};
use crate::refusal::{Refusal, internal};

pub(crate) mod examples;
pub(crate) mod group;
mod headers;
mod operation;
pub(crate) mod parameters;
mod reader;
mod refusals;
mod schemas;

/// The document of these operations, each with its method and path, as JSON.
pub(crate) fn document<'a>(
    operations: impl Iterator<Item = (&'a http::Method, &'a str, Operation)>,
    reader: Reader,
) -> Result<String, Refusal> {
    let tags = group::ALL.map(|group| {
        let tag = TagBuilder::new().name(group.name);
        tag.description(Some(group.description)).build()
    });
    let document = OpenApiBuilder::new()
        .info(info())
        .servers(Some([reader.server()]))
        .paths(paths(operations, reader))
        .components(Some(components(reader)))
        .tags(Some(tags));
    document.build().to_json().map_err(internal)
}

fn info() -> Info {
    InfoBuilder::new()
        .title("deploytrack")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(
            License::builder()
                .name("MIT OR Apache-2.0")
                .identifier(Some("MIT OR Apache-2.0"))
                .build(),
        ))
        .build()
}

const ABOUT: &str = "\
deploytrack records which version of a component runs in which environment, since when, and who deployed it.

Bodies are JSON in UTF-8 with unique keys. Ids are UUIDs, times are RFC 3339 in UTC with milliseconds. Unknown fields and \
unknown query parameters are errors. Every path under `/api/v1` except the one of this document requires a token (JWT) as \
`Authorization: Bearer <token>`; writes of deployments require the role `writer`, other writes the role `admin`. Errors are \
`application/problem+json` (RFC 9457) with a stable `code`. HEAD returns the headers of GET. OPTIONS, and 405 for a wrong method, list the methods of a path in `Allow`.";

fn paths<'a>(
    operations: impl Iterator<Item = (&'a http::Method, &'a str, Operation)>,
    reader: Reader,
) -> Paths {
    let mut paths = Paths::new();
    for (method, path, mut operation) in operations {
        reader.adapt(operation.parameters.iter_mut().flatten());
        if let Some(method) = http_method(method) {
            add(&mut paths, path, method, operation);
        }
    }
    paths
}

fn add(paths: &mut Paths, path: &str, method: HttpMethod, operation: Operation) {
    let item = PathItem::new(method, operation);
    match paths.paths.get_mut(path) {
        Some(existing) => existing.merge_operations(item),
        None => {
            paths.paths.insert(path.to_owned(), item);
        }
    }
}

fn http_method(method: &http::Method) -> Option<HttpMethod> {
    Some(match method.as_str() {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => return None,
    })
}

fn components(reader: Reader) -> Components {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT");
    let token =
        token.description(Some("A token of this server: `deploytrack-server token`, or the profile that `deploytrack serve` writes."));
    let mut components = schemas::schemas();
    let scheme = SecurityScheme::Http(token.build());
    components
        .security_schemes
        .insert(TOKEN.to_owned(), RefOr::T(scheme));
    let not_modified = RefOr::T(not_modified());
    components
        .responses
        .insert("NotModified".to_owned(), not_modified);
    for (name, response) in refusals::all() {
        components.responses.insert(name, RefOr::T(response));
    }
    for (name, parameter) in parameters::headers_of_requests() {
        components
            .parameters
            .insert(name.to_owned(), RefOr::T(parameter));
    }
    reader.adapt(components.parameters.values_mut());
    for (name, header) in parameters::headers_of_responses() {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    components
}
