//! GET /api/v1/deployments/unsettled

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, shown};

const UNSETTLED: &str = "/api/v1/deployments/unsettled";

async fn recorded(
    server: &Server,
    component: &str,
    environment: &str,
    version: &str,
    status: &str,
) -> Value {
    let body = json!({"component": component, "environment": environment, "version": version, "status": status});
    server.admin().record(body).await
}

/// The unsettled deployments, as `component environment version status`.
async fn unsettled(server: &Server, query: &str) -> Vec<String> {
    let attempts = server
        .reader()
        .get(&format!("{UNSETTLED}?{query}"))
        .await
        .expect(200);
    let text = |attempt: &Value, name: &str| attempt[name].as_str().unwrap().to_owned();
    let line = |attempt| {
        ["componentName", "environmentName", "version", "status"]
            .map(|name| text(attempt, name))
            .join(" ")
    };
    attempts.as_array().unwrap().iter().map(line).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unsettled_lists_running_and_failed_deployments_beside_current_ones(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    assert_eq!(unsettled(&server, "").await, [""; 0]);
    recorded(&server, "web", "production", "v1", "succeeded").await;
    recorded(&server, "web", "production", "v2", "in_progress").await;
    recorded(&server, "web", "staging", "v3", "failed").await;
    recorded(&server, "api", "production", "v4", "pending").await;
    recorded(&server, "api", "staging", "v5", "succeeded").await;
    assert_eq!(
        unsettled(&server, "").await,
        [
            "api production v4 pending",
            "web staging v3 failed",
            "web production v2 in_progress"
        ]
    );
    assert_eq!(
        shown(&server, "").await,
        None,
        "an attempt is not what serves"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_the_newest_deployment_of_a_cell_is_unsettled(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    recorded(&server, "api", "production", "v1", "failed").await;
    let second = recorded(&server, "api", "production", "v2", "pending").await;
    assert_eq!(unsettled(&server, "").await, ["api production v2 pending"]);
    for (status, left) in [
        ("in_progress", &["api production v2 in_progress"][..]),
        ("succeeded", &[]),
        ("rolled_back", &[]),
    ] {
        server
            .admin()
            .patch(&at(&second), &json!({"status": status}))
            .await
            .expect(200);
        assert_eq!(unsettled(&server, "").await, left, "{status}");
    }
    let third = recorded(&server, "api", "production", "v3", "pending").await;
    server
        .admin()
        .patch(&at(&third), &json!({"status": "failed"}))
        .await
        .expect(200);
    assert_eq!(
        unsettled(&server, "").await,
        ["api production v3 failed"],
        "kept answers are not older than the writes"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_older_than_the_current_one_is_not_unsettled(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let lines = [
        ("v4", 40, "failed"),
        ("v3", 30, "succeeded"),
        ("v2", 20, "failed"),
        ("v1", 10, "in_progress"),
    ];
    let line = |(version, minute, status): (&str, u8, &str)| {
        json!({"component": "api", "environment": "production", "version": version, "status": status, "occurredAt": format!("2025-01-01T00:{minute}:00Z")}).to_string()
    };
    server.admin().import(line(lines[1])).await.expect(200);
    assert_eq!(unsettled(&server, "").await, [""; 0]);
    server
        .admin()
        .import(
            lines[2..]
                .iter()
                .map(|one| line(*one))
                .collect::<Vec<_>>()
                .join("\n"),
        )
        .await
        .expect(200);
    assert_eq!(
        unsettled(&server, "").await,
        [""; 0],
        "older failures, told late"
    );
    server.admin().import(line(lines[0])).await.expect(200);
    assert_eq!(unsettled(&server, "").await, ["api production v4 failed"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unsettled_shows_whole_deployments(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let pending = recorded(&server, "api", "production", "v1", "pending").await;
    assert_eq!(
        server.reader().get(UNSETTLED).await.expect(200),
        json!([server.reader().get(&at(&pending)).await.expect(200)])
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_filters_are_those_of_the_matrix_without_at(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server
        .admin()
        .post(
            "/api/v1/components",
            &json!({"name": "web", "owner": "team-a", "kind": "site", "lifecycle": "new"}),
        )
        .await
        .expect(201);
    for (component, environment) in [
        ("web", "production"),
        ("api", "staging"),
        ("api", "production"),
    ] {
        recorded(&server, component, environment, "v1", "failed").await;
    }
    for (query, expected) in [
        (
            "component=api",
            &["api staging v1 failed", "api production v1 failed"][..],
        ),
        (
            "component=api&component=web&environment=production",
            &["api production v1 failed", "web production v1 failed"],
        ),
        ("owner=team-a", &["web production v1 failed"]),
        ("kind=site&lifecycle=new", &["web production v1 failed"]),
        ("owner=nobody", &[]),
    ] {
        assert_eq!(unsettled(&server, query).await, expected, "{query}");
    }
    for query in [
        "at=2025-06-01T12:00:00Z",
        "colour=red",
        "component=%00x",
        "take=1",
    ] {
        assert_eq!(
            server
                .reader()
                .get(&format!("{UNSETTLED}?{query}"))
                .await
                .status,
            400,
            "{query}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unsettled_hides_archived_names_unless_requested(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let failed = recorded(&server, "api", "production", "v1", "failed").await;
    let component = format!(
        "/api/v1/components/{}",
        failed["componentId"].as_str().unwrap()
    );
    server
        .admin()
        .patch(&component, &json!({"archived": true}))
        .await
        .expect(200);
    assert_eq!(unsettled(&server, "").await, [""; 0]);
    assert_eq!(
        unsettled(&server, "includeArchived=true").await,
        ["api production v1 failed"]
    );
}
