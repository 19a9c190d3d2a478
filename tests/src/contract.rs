//! Checks real answers against the OpenAPI document.

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{answer::Answer, server::Server};

/// Headers that the document must list for every answer that has them.
const NAMED: [&str; 7] = [
    "etag",
    "location",
    "link",
    "idempotency-replayed",
    "retry-after",
    "www-authenticate",
    "x-request-id",
];

/// The OpenAPI document of a server.
#[derive(Clone, Debug)]
pub struct Contract {
    document: Value,
}

impl Contract {
    /// Reads the document from a server.
    ///
    /// # Panics
    /// When the answer is not 200.
    pub async fn of(server: &Server) -> Self {
        let document = server
            .anonymous()
            .get("/api/v1/openapi.json")
            .await
            .expect(200);
        Self {
            document: closed(document),
        }
    }

    /// The description of an operation.
    ///
    /// # Panics
    /// When the document does not have the operation.
    #[must_use]
    pub fn operation(&self, method: &str, path: &str) -> &Value {
        let operation = &self.document["paths"][path][method.to_lowercase()];
        assert!(
            operation.is_object(),
            "{method} {path} is not in the document"
        );
        operation
    }

    /// Checks an answer against its operation: status, media type, headers and body.
    ///
    /// # Panics
    /// When one of them differs from the document.
    pub fn check(&self, method: &str, path: &str, answer: &Answer) {
        let what = format!("{method} {path} answers {}: {}", answer.status, answer.body);
        let response =
            self.found(&self.operation(method, path)["responses"][answer.status.to_string()]);
        assert!(
            response.is_object(),
            "the status is not in the document; {what}"
        );
        for name in NAMED
            .iter()
            .filter(|name| answer.headers.contains_key(**name))
        {
            let named = response["headers"].as_object().is_some_and(|headers| {
                headers
                    .keys()
                    .any(|header| header.eq_ignore_ascii_case(name))
            });
            assert!(named, "the header {name} is not in the document; {what}");
        }
        let Some(content) = response["content"].as_object() else {
            assert!(
                answer.body.is_empty(),
                "the body is not in the document; {what}"
            );
            return;
        };
        let kind = answer.header("content-type").unwrap_or_default();
        let schema =
            content
                .get(kind)
                .unwrap_or_else(|| panic!("the media type {kind} is not in the document; {what}"))
                ["schema"]
                .clone();
        let body = if kind.ends_with("json") && !kind.ends_with("ndjson") {
            answer.json()
        } else {
            json!(answer.body)
        };
        let faults = self.faults(&schema, &body);
        assert!(faults.is_empty(), "{faults:#?}; {what}");
    }

    /// The faults of a request body by the schema of its operation.
    ///
    /// # Panics
    /// When the operation takes no JSON body.
    #[must_use]
    pub fn faults_of_body(&self, method: &str, path: &str, body: &Value) -> Vec<String> {
        let schema =
            &self.operation(method, path)["requestBody"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{method} {path} has no body");
        self.faults(schema, body)
    }

    /// The faults of a value by the schema of this name.
    #[must_use]
    pub fn faults_of(&self, name: &str, value: &Value) -> Vec<String> {
        self.faults(
            &json!({"$ref": format!("#/components/schemas/{name}")}),
            value,
        )
    }

    /// The faults of a value by a schema of the document.
    #[must_use]
    pub fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let errors = self.validator(schema);
        errors
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }

    fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({"components": self.document["components"], "allOf": [schema]});
        jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&whole)
            .unwrap()
    }

    /// Resolves a reference; another value is returned unchanged.
    fn found<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value["$ref"]
            .as_str()
            .and_then(|reference| self.document.pointer(reference.trim_start_matches('#')));
        reference.unwrap_or(value)
    }
}

/// The document with `additionalProperties: false` in every object: a client must ignore unknown
/// fields, but the server must not send a field that is missing in the document.
fn closed(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            if map.get("type") == Some(&json!("object")) && map.contains_key("properties") {
                map.entry("additionalProperties").or_insert(json!(false));
            }
            map.values_mut()
                .for_each(|inner| *inner = closed(inner.take()));
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|inner| *inner = closed(inner.take())),
        _ => {}
    }
    value
}
