//! The API as an OpenAPI 3.1 document: what each route is, in the words of its callers.
//!
//! The routes are those of `route`, and the match over them has no wildcard: a route that is not described does not compile.
//! The schemas are those of the types that are written and read.

use utoipa::openapi::{
    Components, HttpMethod, Info, InfoBuilder, License, OpenApiBuilder, PathItem, Paths, RefOr,
    path::Operation,
    security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    tag::TagBuilder,
};

use self::described::{Described, TOKEN, unchanged};
use crate::{
    problem::Refusal,
    response::internal,
    route::{self, Route},
};

mod catalog;
mod deployments;
mod described;
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
        .tags(Some(GROUPS.map(|(name, what)| TagBuilder::new().name(name).description(Some(what)).build())));
    document.build().to_json().map_err(internal)
}

fn info() -> Info {
    InfoBuilder::new()
        .title("deploytrack")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(License::builder().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build()))
        .build()
}

const ABOUT: &str = "\
What runs where, since when, and who put it there.

JSON bodies in UTF-8 with unique keys, UUIDs, RFC 3339 times in UTC with milliseconds. A body has no fields and a query no \
parameters but the ones named here. Every path under `/api/v1` but this document's wants a token (JWT) as \
`Authorization: Bearer <token>`; writing needs the role `admin`. Errors are `application/problem+json` (RFC 9457) with a \
stable `code`. HEAD answers as GET without a body; OPTIONS, and 405 for another method, say in `Allow` which methods a path \
takes.";

const GROUPS: [(&str, &str); 4] = [
    (deployments::GROUP, "Recording deployments, moving them through their statuses, and what is current."),
    (catalog::COMPONENTS, "What is deployed."),
    (catalog::ENVIRONMENTS, "Where it is deployed to."),
    (server::GROUP, "Events, proof, health, and this document."),
];

fn paths() -> Paths {
    let operations =
        route::table().filter_map(|(method, path, route)| Some((http_method(&method)?, path, describe(&route)?.at(&route, path))));
    let mut paths = Paths::new();
    for (method, path, operation) in operations {
        add(&mut paths, path, method, operation);
    }
    paths
}

fn add(paths: &mut Paths, path: &str, method: HttpMethod, operation: Operation) {
    let item = PathItem::new(method, operation);
    match paths.paths.get_mut(path) {
        Some(there) => there.merge_operations(item),
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

/// What a route is. Pages and pictures for people, and what every path answers to OPTIONS, are no operations of the API.
fn describe(route: &Route) -> Option<Described> {
    Some(match route {
        Route::Docs(_) | Route::DocsAt(_) | Route::Badge(_) | Route::BadgeAsked | Route::Options(_) => return None,
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
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let token =
        token.description(Some("A token of this server: `deploytrack-server token`, or the profile that `deploytrack serve` writes."));
    let mut components =
        schemas::schemas().security_scheme(TOKEN, SecurityScheme::Http(token.build())).response("304", unchanged()).build();
    for (status, response) in refusals::all() {
        components.responses.insert(status.as_str().to_owned(), RefOr::T(response));
    }
    for (name, parameter) in parameters::headers_of_requests() {
        components.parameters.insert(name.to_owned(), RefOr::T(parameter));
    }
    for (name, header) in parameters::headers_of_answers() {
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    components
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    fn whole() -> Value {
        serde_json::from_str(&document().unwrap()).unwrap()
    }

    fn operations(document: &Value) -> Vec<(String, String, Value)> {
        let paths = document["paths"].as_object().unwrap().iter();
        let all = paths.flat_map(|(path, item)| {
            item.as_object().unwrap().iter().map(move |(method, operation)| (method.to_uppercase(), path.clone(), operation.clone()))
        });
        all.collect()
    }

    #[test]
    fn the_document_has_the_operations_of_the_route_table() {
        let described: BTreeSet<_> = operations(&whole()).into_iter().map(|(method, path, _)| (method, path)).collect();
        let routed: BTreeSet<_> = route::table().map(|(method, path, _)| (method.to_string(), path.to_owned())).collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn an_operation_asks_for_a_token_where_its_route_does() {
        let document = whole();
        for (method, path, route) in route::table() {
            let operation = &document["paths"][path][method.as_str().to_lowercase()];
            let open = route.access() == route::Access::Open;
            assert_eq!(operation["security"].is_null(), open, "{method} {path}");
            assert_eq!(operation["responses"]["401"].is_null(), open, "{method} {path}");
            assert_eq!(operation["responses"]["403"].is_null(), route.access() != route::Access::Admin, "{method} {path}");
        }
    }

    #[test]
    fn operations_have_names_of_their_own_and_say_what_they_do() {
        let operations = operations(&whole());
        let ids: BTreeSet<_> = operations.iter().map(|(_, _, operation)| operation["operationId"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), operations.len());
        for (method, path, operation) in &operations {
            for text in ["summary", "description"] {
                assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{text} of {method} {path}");
            }
            let group = operation["tags"][0].as_str().unwrap();
            assert!(GROUPS.iter().any(|(known, _)| *known == group), "{group}");
        }
    }

    #[test]
    fn everything_that_is_referred_to_is_there() {
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
        let (document, mut found) = (whole(), BTreeSet::new());
        references(&document, &mut found);
        assert!(found.len() > 30, "{found:?}");
        for reference in found {
            assert!(document.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
        }
    }
}
