//! /healthz and /readyz

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn health_needs_no_token(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.anonymous().get(path).await.status, 200, "{path}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_reports_its_version_without_a_token(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    assert_eq!(
        server.anonymous().get("/healthz").await.json()["version"],
        env!("CARGO_PKG_VERSION")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_its_database_a_server_is_healthy_and_not_ready(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server.tracker().close().await;
    assert_eq!(server.anonymous().get("/healthz").await.status, 200);
    for path in ["/readyz", "/api/v1/deployments"] {
        let answer = server.reader().get(path).await;
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        assert!(answer.header("retry-after").is_some(), "{path}");
        let body = answer.body.to_lowercase();
        assert!(
            !["sqlx", "pool", "sqlite", "postgres"]
                .iter()
                .any(|word| body.contains(word)),
            "{body}"
        );
    }
}
