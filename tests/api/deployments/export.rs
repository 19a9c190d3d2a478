//! GET /api/v1/deployments/export

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

use crate::given::id;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_export_imported_into_an_empty_database_gives_the_same_matrix(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    for (component, environment, version) in [
        ("api", "staging", "v1"),
        ("api", "production", "v1"),
        ("web", "staging", "v7"),
        ("api", "staging", "v2"),
    ] {
        admin.record(json!({"component": component, "environment": environment, "version": version, "status": "succeeded", "metadata": {"n": 1.5}})).await;
    }
    let undone = admin.record(json!({"component": "web", "environment": "staging", "version": "v8", "status": "succeeded"})).await;
    admin.advance(&id(&undone), "rolled_back").await;
    let export = server.reader().get("/api/v1/deployments/export").await;
    assert_eq!(
        (export.status, export.header("content-type")),
        (200, Some("application/x-ndjson"))
    );
    assert_eq!(export.body.lines().count(), 5);

    let another = database.another().await;
    let other = Server::start(&another).await;
    assert_eq!(
        other.admin().import(export.body.clone()).await.expect(200),
        json!({"recorded": 5, "skipped": 0})
    );
    assert_eq!(
        other.admin().import(export.body.clone()).await.expect(200),
        json!({"recorded": 0, "skipped": 5})
    );
    let matrix = async |server: &Server| {
        let mut matrix = server
            .reader()
            .get("/api/v1/deployments/matrix")
            .await
            .expect(200);
        for row in matrix.as_array_mut().unwrap() {
            row.as_object_mut().unwrap().remove("componentId");
            for cell in row["environments"].as_object_mut().unwrap().values_mut() {
                cell.as_object_mut().unwrap().remove("deploymentId");
            }
        }
        matrix
    };
    assert_eq!(matrix(&server).await, matrix(&other).await);
    assert_eq!(
        other.reader().get("/api/v1/deployments/export").await.body,
        export.body
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn filters_choose_what_is_exported(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (version, status) in [("v1", "succeeded"), ("v2", "failed")] {
        let time = "2025-06-01T12:00:00Z";
        server
            .admin()
            .record(json!({"component": "api", "environment": "staging", "version": version, "status": status, "occurredAt": time}))
            .await;
    }
    snapshot!(
        "export",
        server
            .reader()
            .get("/api/v1/deployments/export?status=failed")
            .await
            .whole()
    );
    assert_eq!(
        server
            .reader()
            .get("/api/v1/deployments/export?status=done")
            .await
            .status,
        400
    );
}
