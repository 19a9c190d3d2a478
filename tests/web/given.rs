//! What the tests of the pages start from.

use deploytrack_tests::{caller::Caller, database::Database, server::Server};
use serde_json::{Value, json};

/// A server over a database that goes with it.
pub(crate) async fn served() -> (Database, Server) {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    (database, server)
}

/// A page as somebody with a token opens it who was sent its address.
pub(crate) fn logged_in(page: &str) -> String {
    let to: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
    format!("#token={}&to={to}", Caller::admin_token())
}

/// A deployment of a component, recorded elsewhere.
pub(crate) async fn record(server: &Server, component: &str, environment: &str, version: &str, status: &str) -> Value {
    server.admin().record(json!({"component": component, "environment": environment, "version": version, "status": status})).await
}

/// Two components in three environments: one lags behind, one has failed on its way.
pub(crate) async fn filled(server: &Server) {
    for environment in ["development", "staging", "production"] {
        record(server, "api", environment, "v1.0.0", "succeeded").await;
        record(server, "web", environment, "v7", "succeeded").await;
    }
    record(server, "api", "development", "v1.1.0", "succeeded").await;
    record(server, "web", "staging", "v8", "failed").await;
    record(server, "web", "production", "v8", "in_progress").await;
}

/// The text of the cell of a component in the column with this number, from 1; the first is the component's own.
pub(crate) fn cell(component: &str, column: usize) -> String {
    format!(
        "[...document.querySelectorAll('.matrix tbody tr')].find((row) => row.children[0].textContent === '{component}')?.children[{column}].innerText"
    )
}
