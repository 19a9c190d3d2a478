//! GET /api/v1/deployments/:id/history

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

use crate::given::at;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_change_of_status_is_a_row(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let deployment = admin
        .record(json!({"component": "api", "environment": "production", "version": "v1"}))
        .await;
    for body in [
        json!({"status": "in_progress"}),
        json!({"status": "failed", "reason": "exit code 3", "occurredAt": "2025-06-01T12:00:00Z"}),
        json!({"status": "pending"}),
    ] {
        admin.patch(&at(&deployment), &body).await.expect(200);
    }
    admin
        .patch(
            &at(&deployment),
            &json!({"description": "no change of status"}),
        )
        .await
        .expect(200);
    snapshot!(
        "history",
        server
            .reader()
            .get(&format!("{}/history", at(&deployment)))
            .await
            .whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_history_of_an_unknown_deployment_is_404(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let path = "/api/v1/deployments/00000000-0000-4000-8000-000000000000/history";
    assert_eq!(server.reader().get(path).await.status, 404);
}
