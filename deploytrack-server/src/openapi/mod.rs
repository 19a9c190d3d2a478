//! The OpenAPI 3.1 document of the API.
//!
//! The operations come from the routes in [`crate::route`]. The match over them has no wildcard, so
//! that a route without a description does not compile. The schemas come from the types that are
//! serialized and parsed.

use utoipa::openapi::{
    Components, HttpMethod, Info, InfoBuilder, License, OpenApiBuilder, PathItem, Paths, RefOr,
    path::Operation,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use self::operation::{OperationDraft, TOKEN, not_modified};
use crate::{
    refusal::{Refusal, internal},
    route::{self, Route},
};

mod catalog;
mod deployments;
mod headers;
mod operation;
mod parameters;
mod refusals;
mod schemas;
mod server;

/// The document, as JSON.
pub(crate) fn document() -> Result<String, Refusal> {
    let document = OpenApiBuilder::new()
        .info(info())
        .paths(paths())
        .components(Some(components()))
        .tags(Some(GROUPS.map(|(name, text)| {
            TagBuilder::new().name(name).description(Some(text)).build()
        })));
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
`Authorization: Bearer <token>`; writes require the role `admin`. Errors are `application/problem+json` (RFC 9457) with a \
stable `code`. HEAD returns the headers of GET. OPTIONS, and 405 for a wrong method, list the methods of a path in `Allow`.";

const GROUPS: [(&str, &str); 4] = [
    (
        deployments::GROUP,
        "Deployments, their statuses and histories, the matrix, import and export.",
    ),
    (
        catalog::COMPONENTS,
        "Components: deployable units with their own versions.",
    ),
    (
        catalog::ENVIRONMENTS,
        "Environments: named places in which components run.",
    ),
    (
        server::GROUP,
        "Events, verification, health checks, and this document.",
    ),
];

fn paths() -> Paths {
    let operations = route::table().filter_map(|(method, path, route)| {
        Some((
            http_method(&method)?,
            path,
            describe(&route)?.build(&route, path),
        ))
    });
    let mut paths = Paths::new();
    for (method, path, operation) in operations {
        add(&mut paths, path, method, operation);
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

/// The description of a route. Pages, badges and OPTIONS are not operations of the API.
fn describe(route: &Route) -> Option<OperationDraft> {
    Some(match route {
        Route::Docs(_)
        | Route::DocsRedirect(_)
        | Route::Badge(_)
        | Route::BadgeByQuery
        | Route::Options(_) => return None,
        #[cfg(feature = "dashboard")]
        Route::Dashboard(_) => return None,
        Route::Live => server::live(),
        Route::Ready => server::ready(),
        Route::OpenApi => server::document(),
        Route::Verify => server::verify(),
        Route::Events => server::events(),
        Route::ListDeployments => deployments::list(),
        Route::RecordDeployment => deployments::record(),
        Route::ShowDeployment(_) => deployments::show(),
        Route::UpdateDeployment(_) => deployments::update(),
        Route::History(_) => deployments::history(),
        Route::Undeploy(_) => deployments::undeploy(),
        Route::Matrix => deployments::matrix(),
        Route::Unsettled => deployments::unsettled(),
        Route::Latest => deployments::latest(),
        Route::Import => deployments::import(),
        Route::Export => deployments::export(),
        Route::ListComponents => catalog::list_components(),
        Route::CreateComponent => catalog::create_component(),
        Route::ShowComponent(_) => catalog::show_component(),
        Route::UpdateComponent(_) => catalog::update_component(),
        Route::DeleteComponent(_) => catalog::delete_component(),
        Route::ListEnvironments => catalog::list_environments(),
        Route::CreateEnvironment => catalog::create_environment(),
        Route::ShowEnvironment(_) => catalog::show_environment(),
        Route::UpdateEnvironment(_) => catalog::update_environment(),
        Route::DeleteEnvironment(_) => catalog::delete_environment(),
        Route::OrderEnvironments => catalog::order_environments(),
        Route::Archive(kind) => catalog::archive(*kind),
    })
}

fn components() -> Components {
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT");
    let token =
        token.description(Some("A token of this server: `deploytrack-server token`, or the profile that `deploytrack serve` writes."));
    let mut components = schemas::schemas()
        .security_scheme(TOKEN, SecurityScheme::Http(token.build()))
        .response("304", not_modified())
        .build();
    for (status, response) in refusals::all() {
        components
            .responses
            .insert(status.as_str().to_owned(), RefOr::T(response));
    }
    for (name, parameter) in parameters::headers_of_requests() {
        components
            .parameters
            .insert(name.to_owned(), RefOr::T(parameter));
    }
    for (name, header) in parameters::headers_of_responses() {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    components
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::auth::Access;

    fn parsed() -> Value {
        serde_json::from_str(&document().unwrap()).unwrap()
    }

    fn operations(document: &Value) -> Vec<(String, String, Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        let all = paths.flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .iter()
                .map(move |(method, operation)| {
                    (method.to_uppercase(), path.clone(), operation.clone())
                })
        });
        all.collect()
    }

    #[test]
    fn the_document_has_exactly_the_operations_of_the_route_table() {
        let described: BTreeSet<_> = operations(&parsed())
            .into_iter()
            .map(|(method, path, _)| (method, path))
            .collect();
        let routed: BTreeSet<_> = route::table()
            .map(|(method, path, _)| (method.to_string(), path.to_owned()))
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn an_operation_requires_a_token_if_its_route_does() {
        let document = parsed();
        for (method, path, route) in route::table() {
            let operation = &document["paths"][path][method.as_str().to_lowercase()];
            let open = route.access() == Access::Open;
            assert_eq!(operation["security"].is_null(), open, "{method} {path}");
            assert_eq!(
                operation["responses"]["401"].is_null(),
                open,
                "{method} {path}"
            );
            assert_eq!(
                operation["responses"]["403"].is_null(),
                route.access() != Access::Admin,
                "{method} {path}"
            );
        }
    }

    #[test]
    fn operations_have_unique_ids_texts_and_a_group() {
        let operations = operations(&parsed());
        let ids: BTreeSet<_> = operations
            .iter()
            .map(|(_, _, operation)| operation["operationId"].as_str().unwrap())
            .collect();
        assert_eq!(ids.len(), operations.len());
        for (method, path, operation) in &operations {
            for text in ["summary", "description"] {
                assert!(
                    operation[text]
                        .as_str()
                        .is_some_and(|text| !text.is_empty()),
                    "{text} of {method} {path}"
                );
            }
            let group = operation["tags"][0].as_str().unwrap();
            assert!(GROUPS.iter().any(|(known, _)| *known == group), "{group}");
        }
    }

    #[test]
    fn every_reference_has_a_target() {
        fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let (document, mut found) = (parsed(), BTreeSet::new());
        references(&document, &mut found);
        assert!(found.len() > 30, "{found:?}");
        for reference in found {
            assert!(
                document
                    .pointer(reference.trim_start_matches('#'))
                    .is_some(),
                "{reference}"
            );
        }
    }
}
