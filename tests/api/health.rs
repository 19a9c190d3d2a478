//! /healthz and /readyz

use crate::*;

on_both! {
    async fn health_needs_no_token(database) {
        let server = Server::start(&database).await;
        for path in ["/healthz", "/readyz"] {
            assert_eq!(server.anonymous().get(path).await.status, 200, "{path}");
        }
    }

    async fn a_server_says_its_version_to_anybody(database) {
        let server = Server::start(&database).await;
        assert_eq!(server.anonymous().get("/healthz").await.json()["version"], env!("CARGO_PKG_VERSION"));
    }

    async fn without_its_database_a_server_is_healthy_and_not_ready(database) {
        let server = Server::start(&database).await;
        server.tracker().close().await;
        assert_eq!(server.anonymous().get("/healthz").await.status, 200);
        for path in ["/readyz", "/api/v1/deployments"] {
            let answer = server.reader().get(path).await;
            assert_eq!(answer.status, 503, "{path}: {}", answer.body);
            assert!(answer.header("retry-after").is_some(), "{path}");
            let body = answer.body.to_lowercase();
            assert!(!["sqlx", "pool", "sqlite", "postgres"].iter().any(|word| body.contains(word)), "{body}");
        }
    }
}
