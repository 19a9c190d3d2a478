//! Helpers that the tests of the API share.

use deploytrack_tests::server::Server;
use serde_json::{Value, json};

/// The `id` in an answer.
pub(crate) fn id(answer: &Value) -> String {
    answer["id"]
        .as_str()
        .unwrap_or_else(|| panic!("no id in {answer}"))
        .to_owned()
}

/// The path of one deployment.
pub(crate) fn at(deployment: &Value) -> String {
    format!("/api/v1/deployments/{}", id(deployment))
}

/// Registers a component and an environment, and returns their ids.
pub(crate) async fn api_in_production(server: &Server) -> (String, String) {
    let admin = server.admin();
    let component = admin
        .post("/api/v1/components", &json!({"name": "api"}))
        .await
        .expect(201);
    let environment = admin
        .post("/api/v1/environments", &json!({"name": "production"}))
        .await
        .expect(201);
    (id(&component), id(&environment))
}

/// The version that the matrix shows for `api` in `production`, with this query.
pub(crate) async fn shown(server: &Server, query: &str) -> Option<String> {
    let matrix = server
        .reader()
        .get(&format!("/api/v1/deployments/matrix?{query}"))
        .await
        .expect(200);
    let row = matrix
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["componentName"] == "api")?;
    row["environments"]["production"]["version"]
        .as_str()
        .map(str::to_owned)
}

/// Records a version of `api` that succeeded in `production` at this time.
pub(crate) async fn succeeded(server: &Server, version: &str, time: &str) -> Value {
    let body = json!({"component": "api", "environment": "production", "version": version, "status": "succeeded", "occurredAt": time});
    server.admin().record(body).await
}

/// The history of a deployment, as text.
pub(crate) async fn history(server: &Server, deployment: &Value) -> String {
    let answer = server
        .reader()
        .get(&format!("{}/history", at(deployment)))
        .await;
    answer.expect(200);
    answer.body
}
