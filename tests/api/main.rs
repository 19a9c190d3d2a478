//! The HTTP contract, over a real server; foldered like the URLs.

#![expect(clippy::unwrap_used, reason = "a test says what is wrong by panicking")]

mod components;
mod deployments;
mod environments;
mod errors;
mod hang_ups;
mod health;
mod hostile;
mod tokens;

pub use deploytrack_tests::{on_both, server::Server, snapshot};
pub use serde_json::{Value, json};

/// The id of whatever an answer shows.
fn id(answer: &Value) -> String {
    answer["id"].as_str().unwrap_or_else(|| panic!("no id in {answer}")).to_owned()
}

/// The path of one deployment.
fn at(deployment: &Value) -> String {
    format!("/api/v1/deployments/{}", id(deployment))
}

/// A component and an environment as their ids, registered for a test.
async fn api_in_production(server: &Server) -> (String, String) {
    let admin = server.admin();
    let component = admin.post("/api/v1/components", &json!({"name": "api"})).await.expect(201);
    let environment = admin.post("/api/v1/environments", &json!({"name": "production"})).await.expect(201);
    (id(&component), id(&environment))
}
