//! Helpers that the tests of the pages share.

use deploytrack_tests::{caller::Caller, database::Database, server::Server};
use serde_json::{Value, json};

/// A server, and its database, which must live as long.
pub(crate) async fn served() -> (Database, Server) {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    (database, server)
}

/// The address of a page, after the `/`, with the token of an admin, which
/// [`Browser::open`](deploytrack_tests::browser::Browser::open) exchanges for a code.
pub(crate) fn logged_in(page: &str) -> String {
    let to: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
    format!("#token={}&to={to}", Caller::admin_token())
}

/// Records a deployment through the API.
pub(crate) async fn record(
    server: &Server,
    component: &str,
    environment: &str,
    version: &str,
    status: &str,
) -> Value {
    server.admin().record(json!({"component": component, "environment": environment, "version": version, "status": status})).await
}

/// Records two components in three environments: one with an older version, one with a failed
/// deployment.
pub(crate) async fn filled(server: &Server) {
    for environment in ["development", "staging", "production"] {
        record(server, "api", environment, "v1.0.0", "succeeded").await;
        record(server, "web", environment, "v7", "succeeded").await;
    }
    record(server, "api", "development", "v1.1.0", "succeeded").await;
    record(server, "web", "staging", "v8", "failed").await;
    record(server, "web", "production", "v8", "in_progress").await;
}

/// A JavaScript expression: the text of a cell in the row of a component. Column 0 is the name of
/// the component.
pub(crate) fn cell(component: &str, column: usize) -> String {
    format!(
        "[...document.querySelectorAll('.matrix tbody tr')].find((row) => row.children[0].textContent === '{component}')?.children[{column}].innerText"
    )
}
