//! The rules of the table, the paths that it matches, and the OpenAPI document that it makes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::{
    config,
    openapi::{Reader, group},
    refusal::Refusal,
};

const EVERY_METHOD: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

/// The endpoint of a request, and the text in place of its placeholder.
fn at(method: &str, path: &str) -> Result<(&'static Endpoint, String), Refusal> {
    find(&method.parse().unwrap(), path, config::Badges::Public)
        .map(|(endpoint, found)| (endpoint, found.value))
}

fn allow(method: &str, path: &str) -> &'static str {
    match find(&method.parse().unwrap(), path, config::Badges::Public) {
        Err(Refusal::Method(allow)) => allow,
        Ok((_, found)) => found.allow,
        Err(refusal) => panic!("{path}: {refusal:?}"),
    }
}

fn exists(path: &str) -> bool {
    !matches!(at("GET", path), Err(Refusal::NoPath))
}

/// The path of a row, with a text in place of its placeholder.
fn example(row: &Endpoint) -> String {
    let path = row.path.replace("{names}", "x/y");
    path.replace("{asset}", "main.js")
        .replace("{id}", "7")
        .replace("{wall}", "office")
        .replace("{file}", "x")
}

#[test]
fn a_write_needs_an_admin_or_to_one_deployment_a_writer_and_is_never_stored() {
    let is_write = |row: &&Endpoint| {
        row.method != GET && !row.path.starts_with(api::SESSION) && row.access != Identity
    };
    for row in TABLE.iter().filter(is_write) {
        let of_one = row.path.starts_with(api::DEPLOYMENTS) && row.path != api::IMPORT;
        let access = if of_one { Writer } else { Admin };
        assert_eq!(
            (row.access, row.caching),
            (access, No),
            "{} {}",
            row.method,
            row.path
        );
    }
}

#[test]
fn a_read_has_no_headers_of_a_write() {
    for row in TABLE.iter().filter(|row| row.method == GET) {
        assert!(row.conditions.is_empty(), "{}", row.path);
    }
}

/// A stored answer waits for the quotas of a subject, so its endpoint needs a token.
#[test]
fn a_stored_answer_needs_a_token() {
    for row in TABLE.iter().filter(|row| row.caching != No) {
        assert!(row.access.needs_token(), "{}", row.path);
    }
}

#[test]
fn below_api_v1_only_the_description_is_open_and_every_operation_is_described() {
    for row in TABLE {
        let is_api = row.path.starts_with("/api/v1/");
        let is_described = is_api || matches!(row.access, Health | Badges);
        assert_eq!(row.doc.is_some(), is_described, "{}", row.path);
        let checks_itself = matches!(row.access, Session | Identity);
        let needs_token = is_api && row.path != api::OPENAPI && !checks_itself;
        let is_metrics = row.path.starts_with("/metrics");
        assert_eq!(row.access == Metrics, is_metrics, "{}", row.path);
        assert_eq!(
            row.access.needs_token(),
            needs_token || is_metrics,
            "{}",
            row.path
        );
        let is_session = row.path == api::SESSION && row.method != GET;
        assert_eq!(row.access == Session, is_session, "{}", row.path);
    }
}

#[test]
fn a_row_is_found_by_its_method_and_path() {
    for row in TABLE {
        let (found, _) = at(row.method.as_str(), &example(row)).unwrap();
        assert!(std::ptr::eq(found, row), "{} {}", row.method, row.path);
    }
}

#[test]
fn allow_lists_exactly_the_methods_that_have_an_endpoint() {
    for row in TABLE {
        let path = example(row);
        let listed = allow("OPTIONS", &path);
        let is_accepted = |method: &&str| at(method, &path).is_ok();
        let accepted: Vec<_> = EVERY_METHOD.into_iter().filter(is_accepted).collect();
        assert_eq!(accepted.join(", "), listed, "{path}");
        for other in ["TRACE", "get", &"M".repeat(5000)] {
            assert!(at(other, &path).is_err(), "{path}");
            assert_eq!(allow(other, &path), listed, "{path}");
        }
    }
}

#[test]
fn a_path_without_a_placeholder_comes_first() {
    assert_eq!(allow("PATCH", api::MATRIX), "GET, HEAD, OPTIONS");
    assert_eq!(allow("GET", api::ENVIRONMENT_ORDER), "OPTIONS, PUT");
    let (row, id) = at("PATCH", "/api/v1/deployments/{id}").unwrap();
    assert_eq!((row.path, &*id), ("/api/v1/deployments/{id}", "{id}"));
}

#[test]
fn without_badges_their_paths_do_not_exist() {
    for method in EVERY_METHOD {
        for path in ["/badges/x/y.svg", "/badge.svg"] {
            let found = find(&method.parse().unwrap(), path, config::Badges::Off);
            assert!(matches!(found, Err(Refusal::NoPath)), "{method} {path}");
        }
    }
}

#[test]
fn a_badge_gets_its_names_from_the_path() {
    let names = |path| at("GET", path).unwrap().1;
    assert_eq!(
        names("/badges/eu%2Fapi/production.svg"),
        "eu%2Fapi/production"
    );
    assert_eq!(names("/badges/api/v1.svg.svg"), "api/v1.svg");
    assert_eq!(
        names("/badges/eu/api/production.svg"),
        "eu/api/production",
        "a proxy decoded it"
    );
}

#[test]
fn pages_have_paths_only_with_their_features() {
    for path in ["/api/docs", "/api-docs", "/api/docs/", "/api/docs/x"] {
        assert_eq!(exists(path), cfg!(feature = "swagger"), "{path}");
    }
    for path in ["/", "/assets/main.js"] {
        assert_eq!(exists(path), cfg!(feature = "dashboard"), "{path}");
    }
}

#[test]
fn a_path_must_match_exactly() {
    for path in [
        "",
        "*",
        "//",
        "/index.html",
        "/assets/",
        "/assets/../index.html",
        "/api/v1",
        "/healthz/",
        "/badges/x/y",
        "/badges/x/y.png",
        "/badges/x.svg",
        "/badges/x/.svg",
        "/badges//y.svg",
        "/badges/../y.svg",
        "/badges/x/...svg",
        "/badges/x/y.svg/",
        "/api/v1/deployments/",
        "/api/v1//deployments",
        "//api/v1/deployments",
        "/api/v1/deployments/x/",
        "/api/v1/deployments//history",
        "/api/v1/deployments/x/history/",
        "/api/v1/deployments/x/other",
        "/api/v1/deployments/.",
        "/api/v1/deployments/..",
        "/api/v1/deployments/../components",
        "/api/v1/components/x/history",
        "/api/v1/components/x/undeploy",
        "/api/v1/verify/",
        "/api/v1/environments/order/x",
        "/api/v1/Deployments",
        "/api/v1/deployments%2Fmatrix",
        "/api/v2/deployments",
    ] {
        assert!(!exists(path), "{path}");
    }
}

fn document() -> Value {
    serde_json::from_str(&openapi::document(Reader::Program).unwrap()).unwrap()
}

/// The operations of the document: method, path and description.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| {
            (method.to_uppercase(), path.clone(), operation.clone())
        })
    });
    all.collect()
}

/// The path of a row in the document, if it is described.
fn path(row: &Endpoint) -> Option<&'static str> {
    Some(row.doc?().path(row.path))
}

#[test]
fn the_document_has_exactly_the_rows_with_a_description() {
    let described: BTreeSet<_> = operations(&document())
        .into_iter()
        .map(|(method, path, _)| (method, path))
        .collect();
    let rows: BTreeSet<_> = TABLE
        .iter()
        .filter_map(|row| Some((row.method.to_string(), path(row)?.to_owned())))
        .collect();
    assert_eq!(described, rows);
}

#[test]
fn an_operation_requires_a_token_if_its_row_does() {
    let document = document();
    for row in TABLE {
        let Some(path) = path(row) else { continue };
        let operation = &document["paths"][path][row.method.as_str().to_lowercase()];
        let open = !row.access.needs_token();
        let has = |status| !operation["responses"][status].is_null();
        assert_eq!(operation["security"].is_null(), open, "{}", row.path);
        let checks_itself = matches!(row.access, Session | Identity) && row.method == POST;
        assert_eq!(
            has("401"),
            !open || checks_itself,
            "{} {}",
            row.method,
            row.path
        );
        let forbids = matches!(row.access, Writer | Admin | Session);
        assert_eq!(has("403"), forbids, "{}", row.path);
    }
}

#[test]
fn operations_have_unique_ids_texts_and_a_group() {
    let operations = operations(&document());
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
        assert!(
            group::ALL.iter().any(|known| known.name == group),
            "{group}"
        );
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
    let (document, mut found) = (document(), BTreeSet::new());
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
