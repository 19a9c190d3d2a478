//! The examples in the OpenAPI document: every answer has one, each is valid, and all of them show one
//! world.

use std::collections::{BTreeMap, BTreeSet};

use deploytrack_tests::{contract::Contract, database::Database, server::Server};
use serde_json::{Value, json};

/// A content in the document: its place, and the schema and the examples in it.
struct Content {
    place: String,
    media_type: String,
    schema: Value,
    examples: Vec<Value>,
}

/// A document, with its references resolved where a part is read.
struct Document {
    value: Value,
    contract: Contract,
}

impl Document {
    async fn read() -> Self {
        let database = Database::sqlite();
        let server = Server::start(&database).await;
        let path = "/api/v1/openapi.json";
        Self {
            value: server.anonymous().get(path).await.expect(200),
            contract: Contract::of(&server).await,
        }
    }

    /// The operations, each with its method and path.
    fn operations(&self) -> impl Iterator<Item = (String, &String, &Value)> {
        let paths = self.value["paths"].as_object().unwrap().iter();
        paths.flat_map(|(path, item)| {
            let operations = item.as_object().unwrap().iter();
            operations.map(move |(method, operation)| (method.to_uppercase(), path, operation))
        })
    }

    fn found<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().map(|at| at.trim_start_matches('#'));
        target.map_or(value, |at| self.value.pointer(at).unwrap())
    }

    /// The contents of a request or response.
    fn contents(&self, place: &str, of: &Value) -> Vec<Content> {
        let Some(contents) = self.found(of)["content"].as_object() else {
            return Vec::new();
        };
        let read = |(media_type, content): (&String, &Value)| {
            let many = content["examples"].as_object().into_iter().flatten();
            let many = many.map(|(_, example)| example["value"].clone());
            Content {
                place: format!("{place} {media_type}"),
                media_type: media_type.clone(),
                schema: content["schema"].clone(),
                examples: content
                    .get("example")
                    .cloned()
                    .into_iter()
                    .chain(many)
                    .collect(),
            }
        };
        contents.iter().map(read).collect()
    }

    /// All contents of requests and responses.
    fn all(&self) -> Vec<Content> {
        let mut all = Vec::new();
        for (method, path, operation) in self.operations() {
            let place = format!("{method} {path}");
            all.extend(self.contents(&place, &operation["requestBody"]));
            for (status, response) in operation["responses"].as_object().unwrap() {
                all.extend(self.contents(&format!("{place} {status}"), response));
            }
        }
        all
    }
}

impl Content {
    /// The JSON values in the examples: a text has one on each line, or in each event.
    fn values(&self) -> Vec<(Option<&'static str>, Value)> {
        let lines = |schema, prefix: &'static str| {
            let texts = self.examples.iter().map(|text| text.as_str().unwrap());
            let lines = texts.flat_map(str::lines);
            let json = lines.filter_map(move |line| line.strip_prefix(prefix));
            json.map(|line| (Some(schema), serde_json::from_str(line).unwrap()))
                .collect()
        };
        match &*self.media_type {
            "application/x-ndjson" => lines("ImportLine", ""),
            "text/event-stream" => lines("Event", "data: "),
            "image/svg+xml" => Vec::new(),
            _ => self
                .examples
                .iter()
                .map(|value| (None, value.clone()))
                .collect(),
        }
    }
}

#[tokio::test]
async fn every_content_has_an_example_that_is_valid() {
    let document = Document::read().await;
    let (all, mut values) = (document.all(), 0);
    for content in &all {
        let place = &content.place;
        assert!(!content.examples.is_empty(), "{place} has no example");
        for example in &content.examples {
            let faults = document.contract.faults(&content.schema, example);
            assert!(faults.is_empty(), "{place}: {faults:#?} {example:#}");
        }
        for (schema, value) in content.values() {
            values += 1;
            let faults = schema.map(|name| document.contract.faults_of(name, &value));
            assert!(
                faults.is_none_or(|faults| faults.is_empty()),
                "{place}: {value:#}"
            );
        }
    }
    assert!(all.len() > 300 && values > 300, "{} {values}", all.len());
}

#[tokio::test]
async fn the_examples_of_types_are_valid() {
    let document = Document::read().await;
    let mut seen = 0;
    for (name, schema) in document.value["components"]["schemas"].as_object().unwrap() {
        for example in schema["examples"].as_array().into_iter().flatten() {
            let faults = document.contract.faults_of(name, example);
            assert!(faults.is_empty(), "{name}: {faults:#?}");
            seen += 1;
        }
    }
    assert!(seen >= 12, "{seen}");
}

#[tokio::test]
async fn every_parameter_has_an_example_that_is_valid() {
    let document = Document::read().await;
    for (method, path, operation) in document.operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = document.found(parameter);
            let place = format!("{method} {path} {}", parameter["name"]);
            let example = parameter.get("example");
            let example = example.unwrap_or_else(|| panic!("{place} has no example"));
            let faults = document.contract.faults(&parameter["schema"], example);
            assert!(faults.is_empty(), "{place}: {faults:#?}");
        }
    }
}

#[tokio::test]
async fn a_problem_in_the_document_belongs_to_its_status_and_path() {
    let document = Document::read().await;
    for (method, path, operation) in document.operations() {
        for (status, response) in operation["responses"].as_object().unwrap() {
            let is_shared = response["$ref"].is_string();
            for content in document.contents(&format!("{method} {path} {status}"), response) {
                if content.media_type != "application/problem+json" {
                    continue;
                }
                for problem in &content.examples {
                    let place = &content.place;
                    assert_eq!(problem["status"].to_string(), *status, "{place}");
                    let start = path.split('{').next().unwrap();
                    let instance = problem["instance"].as_str().unwrap();
                    assert!(
                        is_shared || instance.starts_with(start),
                        "{place}: {instance}"
                    );
                    assert!(!instance.contains('{'), "{place}: {instance}");
                    let of_client = problem["code"] == "invalid_request";
                    assert_eq!(of_client, problem["errors"].is_array(), "{place}");
                }
            }
        }
    }
}

/// The ids in a value, each with the name beside it.
fn names(value: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let Some(object) = value.as_object() else {
        let items = value.as_array().into_iter().flatten();
        return items.for_each(|item| names(item, found));
    };
    for (id, name) in [
        ("componentId", "componentName"),
        ("environmentId", "environmentName"),
        ("id", "name"),
        ("id", "version"),
        ("deploymentId", "version"),
    ] {
        if let (Some(id), Some(name)) = (object.get(id), object.get(name)) {
            let id = id.as_str().unwrap().to_owned();
            found
                .entry(id)
                .or_default()
                .insert(name.as_str().unwrap().to_owned());
        }
    }
    object.values().for_each(|inner| names(inner, found));
}

/// The times of each deployment that has succeeded, as they are in any example.
fn successes(value: &Value, found: &mut BTreeMap<String, BTreeSet<String>>) {
    let of = |id: &str, at: &str| Some((value.get(id)?.as_str()?, value.get(at)?.as_str()?));
    let here = [of("id", "succeededAt"), of("deploymentId", "deployedAt")];
    for (id, at) in here.into_iter().flatten() {
        found
            .entry(id.to_owned())
            .or_default()
            .insert(at.to_owned());
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| successes(item, found)),
        Value::Object(fields) => fields.values().for_each(|inner| successes(inner, found)),
        _ => {}
    }
}

#[tokio::test]
async fn all_examples_show_one_world() {
    let document = Document::read().await;
    let (mut named, mut succeeded) = (BTreeMap::new(), BTreeMap::new());
    for content in document.all() {
        for (_, value) in content.values() {
            names(&value, &mut named);
            successes(&value, &mut succeeded);
        }
    }
    for (id, names) in named.iter().chain(&succeeded) {
        assert_eq!(names.len(), 1, "{id}: {names:?}");
    }
    assert!(named.len() >= 10 && succeeded.len() >= 3, "{named:?}");
    let example = |path: &str, method: &str, pointer: &str| {
        let operation = &document.value["paths"][path][method];
        operation.pointer(pointer).unwrap().clone()
    };
    for (_, path, operation) in document
        .operations()
        // A revocation has no name.
        .filter(|(_, path, _)| path.contains("{id}") && !path.contains("/revocations/"))
    {
        let parameters = operation["parameters"].as_array().unwrap();
        let id = parameters.iter().find(|one| one["name"] == "id").unwrap();
        assert!(
            named.contains_key(id["example"].as_str().unwrap()),
            "{path}"
        );
    }
    let deployment = "/responses/201/content/application~1json/example";
    let recorded = example("/api/v1/deployments", "post", deployment);
    let body = "/requestBody/content/application~1json/example";
    let request = example("/api/v1/deployments", "post", body);
    for (of_request, of_answer) in [
        ("component", "componentName"),
        ("environment", "environmentName"),
        ("version", "version"),
        ("commitSha", "commitSha"),
        ("deployedBy", "deployedBy"),
    ] {
        assert_eq!(request[of_request], recorded[of_answer]);
    }
    let changed = example(
        "/api/v1/deployments/{id}",
        "patch",
        "/responses/200/content/application~1json/example",
    );
    assert_eq!(
        (&changed["id"], &changed["status"]),
        (&recorded["id"], &json!("in_progress"))
    );
}

/// The operations by their summaries.
fn by_summary(document: &Document) -> BTreeMap<&str, &Value> {
    let operations = document.operations();
    operations
        .map(|(_, _, operation)| (operation["summary"].as_str().unwrap(), operation))
        .collect()
}

/// The JSON in the answers of an operation.
fn answers(operation: &Value) -> Vec<&Value> {
    let responses = operation["responses"].as_object().unwrap().iter();
    let good = responses.filter(|(status, _)| status.starts_with('2'));
    let example = "/content/application~1json/example";
    good.filter_map(|(_, response)| response.pointer(example))
        .collect()
}

#[tokio::test]
async fn the_page_of_the_api_shows_every_operation_with_its_answer() {
    let (document, page) = (Document::read().await, include_str!("../../docs/api.md"));
    let section = page.split("\n## Requests and answers\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut operations = by_summary(&document);
    for part in section.split("\n### ").skip(1) {
        let (summary, text) = part.split_once('\n').unwrap();
        let operation = operations.remove(summary);
        let operation = operation.unwrap_or_else(|| panic!("there is no operation: {summary}"));
        assert!(text.contains("```sh\ncurl "), "{summary} has no request");
        let shown = text.split("```json\n").skip(1);
        let shown: Vec<Value> = shown
            .map(|block| serde_json::from_str(block.split("```").next().unwrap()).unwrap())
            .collect();
        assert_eq!(
            shown.iter().collect::<Vec<_>>(),
            answers(operation),
            "{summary}"
        );
    }
    assert!(operations.is_empty(), "{:?}", operations.keys());
}

#[tokio::test]
async fn the_page_of_the_api_lists_every_code() {
    let (document, page) = (Document::read().await, include_str!("../../docs/api.md"));
    for content in document.all() {
        for problem in content
            .examples
            .iter()
            .filter(|example| example["code"].is_string())
        {
            let (status, code) = (&problem["status"], problem["code"].as_str());
            let Some(code) = code.filter(|code| !code.starts_with("dtc_")) else {
                continue;
            };
            assert!(
                page.contains(&format!("| {status} | `{code}` | ")),
                "{status} {code}"
            );
        }
    }
}
