//! GET /api/v1/deployments/latest

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

use crate::given::api_in_production;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn latest_is_one_deployment_per_environment_in_environment_order(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    for (environment, version) in [
        ("production", "v1"),
        ("staging", "v2"),
        ("production", "v3"),
    ] {
        admin.record(json!({"component": "api", "environment": environment, "version": version, "status": "succeeded"})).await;
    }
    let running = admin
        .record(json!({"component": "api", "environment": "development", "version": "v4"}))
        .await;
    let component = running["componentId"].as_str().unwrap();
    snapshot!(
        "latest",
        server
            .reader()
            .get(&format!(
                "/api/v1/deployments/latest?componentId={component}"
            ))
            .await
            .whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_component_is_required_and_must_exist(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    snapshot!(
        "latest_without_component",
        server
            .reader()
            .get("/api/v1/deployments/latest")
            .await
            .whole()
    );
    assert_eq!(
        server
            .reader()
            .get("/api/v1/deployments/latest?componentId=x")
            .await
            .status,
        400
    );
    let unknown = "/api/v1/deployments/latest?componentId=00000000-0000-4000-8000-000000000000";
    assert_eq!(server.reader().get(unknown).await.status, 404);
    let (component, _) = api_in_production(&server).await;
    let none = server
        .reader()
        .get(&format!(
            "/api/v1/deployments/latest?componentId={component}"
        ))
        .await
        .expect(200);
    assert_eq!(none, json!([]));
}
