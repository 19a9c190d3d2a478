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

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_component_is_given_by_id_or_by_name(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let new = json!({"component": "Größe & Co", "environment": "production", "version": "v1", "status": "succeeded"});
    let deployment = server.admin().record(new).await;
    let id = deployment["componentId"].as_str().unwrap();
    let (path, name) = ("/api/v1/deployments/latest", "gr%C3%96%C3%9FE+%26+CO");
    let of = async |query: &str| server.reader().get(&format!("{path}?{query}")).await;
    let by_id = of(&format!("componentId={id}")).await.expect(200);
    assert_eq!(by_id, json!([deployment]));
    assert_eq!(of(&format!("component={name}")).await.expect(200), by_id);
    let past = of(&format!("component={name}&at=2020-01-01T00:00:00Z")).await;
    assert_eq!(past.expect(200), json!([]));
    let unknown = of("component=gr%C3%B6se").await;
    assert_eq!(
        (unknown.status, unknown.json()["kind"].as_str()),
        (404, Some("component"))
    );
    for query in [
        format!("componentId={id}&component={name}"),
        format!("componentId={id}&componentId={id}"),
        "component=".to_owned(),
    ] {
        assert_eq!(of(&query).await.status, 400, "{query}");
    }
    let both = of(&format!("componentId={id}&component={name}")).await;
    assert_eq!(
        both.json()["detail"],
        "componentId and component name the same thing; give one of them"
    );
}
