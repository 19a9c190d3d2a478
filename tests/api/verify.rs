//! GET /api/v1/verify

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

use crate::given::{at, succeeded};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_without_differences_is_ok(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    server
        .admin()
        .post(&format!("{}/undeploy", at(&current)), &json!({}))
        .await
        .expect(200);
    server
        .admin()
        .record(json!({"component": "web", "environment": "staging", "version": "v7"}))
        .await;
    snapshot!("verify", server.admin().get("/api/v1/verify").await.whole());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_reports_differences(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    database
        .execute("update current_cells set version = 'v2'")
        .await
        .unwrap();
    snapshot!(
        "verify_difference",
        server.admin().get("/api/v1/verify").await.whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_concurrent_requests_are_each_carried_out_or_asked_to_retry(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let asked: Vec<_> = (0..16)
        .map(|_| {
            let admin = server.admin();
            tokio::spawn(async move { admin.get("/api/v1/verify").await })
        })
        .collect();
    let mut done = 0;
    for asked in asked {
        let answer = asked.await.unwrap();
        if answer.status == 200 {
            done += 1;
            assert_eq!(answer.json()["ok"], true);
        } else {
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (429, Some("10")),
                "{}",
                answer.body
            );
            assert_eq!(answer.json()["code"], "verification_in_progress");
        }
    }
    assert!(done >= 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn it_takes_no_parameters(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    assert_eq!(
        server
            .admin()
            .get("/api/v1/verify?repair=true")
            .await
            .status,
        400
    );
    assert_eq!(
        server.admin().call("POST", "/api/v1/verify").await.status,
        405
    );
}
