//! POST /api/v1/deployments/:id/undeploy

use deploytrack_tests::{
    answer::Answer,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, history, id, shown, succeeded};

async fn undeploy(server: &Server, deployment: &Value, body: &Value) -> Answer {
    server
        .admin()
        .post(&format!("{}/undeploy", at(deployment)), body)
        .await
}

/// The versions of a deployment's component that are current, or were at a time.
async fn latest(server: &Server, deployment: &Value, query: &str) -> Vec<String> {
    let path = format!(
        "/api/v1/deployments/latest?componentId={}{query}",
        deployment["componentId"].as_str().unwrap()
    );
    let latest = server.reader().get(&path).await.expect(200);
    latest
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap().to_owned())
        .collect()
}

/// The whole matrix at a time, without ids.
async fn matrix_at(server: &Server, moment: &str) -> Value {
    let mut matrix = server
        .reader()
        .get(&format!("/api/v1/deployments/matrix?at={moment}"))
        .await
        .expect(200);
    for row in matrix.as_array_mut().unwrap() {
        row.as_object_mut().unwrap().remove("componentId");
        for cell in row["environments"].as_object_mut().unwrap().values_mut() {
            cell.as_object_mut().unwrap().remove("deploymentId");
        }
    }
    matrix
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_empties_the_cell_and_is_in_the_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let current = succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    let answer = undeploy(
        &server,
        &current,
        &json!({"reason": "moved to another cluster", "occurredAt": "2025-06-03T12:00:00Z"}),
    )
    .await;
    snapshot!("undeploy", answer.whole());
    assert_eq!(shown(&server, "").await, None);
    assert_eq!(latest(&server, &current, "").await, [""; 0]);
    assert_eq!(
        server.reader().get(&at(&current)).await.expect(200),
        answer.json()
    );
    snapshot!(
        "undeploy_history",
        server
            .reader()
            .get(&format!("{}/history", at(&current)))
            .await
            .whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_later_success_fills_the_cell_and_one_from_before_the_removal_does_not(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    undeploy(
        &server,
        &current,
        &json!({"occurredAt": "2025-06-03T12:00:00Z"}),
    )
    .await
    .expect(200);
    succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    assert_eq!(shown(&server, "").await, None, "told late");
    succeeded(&server, "v3", "2025-06-04T12:00:00Z").await;
    assert_eq!(shown(&server, "").await.as_deref(), Some("v3"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cell_stays_empty_when_the_undeployed_deployment_is_rolled_back(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let current = succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    undeploy(&server, &current, &json!({})).await.expect(200);
    server.admin().advance(&id(&current), "rolled_back").await;
    assert_eq!(shown(&server, "").await, None);
    let again = server.admin().advance(&id(&current), "pending").await;
    server.admin().advance(&id(&again), "in_progress").await;
    server.admin().advance(&id(&again), "succeeded").await;
    assert_eq!(
        shown(&server, "").await.as_deref(),
        Some("v2"),
        "a retry fills it again"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_that_is_not_current_cannot_be_undeployed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let current = succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    let refused = undeploy(&server, &first, &json!({})).await;
    snapshot!("undeploy_not_current", refused.whole());
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains(&id(&current)),
        "{}",
        refused.body
    );
    assert_eq!(shown(&server, "").await.as_deref(), Some("v2"));
    undeploy(&server, &current, &json!({})).await.expect(200);
    for deployment in [&first, &current] {
        let refused = undeploy(&server, deployment, &json!({})).await;
        assert_eq!(
            (refused.status, &refused.json()["code"]),
            (409, &json!("not_current")),
            "{}",
            refused.body
        );
        assert!(
            refused
                .body
                .contains("no deployment of api is current in production"),
            "{}",
            refused.body
        );
    }
    let before = json!({"occurredAt": "2025-05-01T12:00:00Z"});
    assert_eq!(
        undeploy(&server, &first, &before).await.status,
        409,
        "nothing was current then"
    );
    let running = server
        .admin()
        .record(json!({"component": "api", "environment": "staging", "version": "v3"}))
        .await;
    assert_eq!(
        undeploy(&server, &running, &json!({})).await.status,
        409,
        "nothing has succeeded there"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_reported_late_takes_its_place_in_the_past(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let current = succeeded(&server, "v2", "2025-06-03T12:00:00Z").await;
    let removal = json!({"occurredAt": "2025-06-02T12:00:00Z"});
    assert_eq!(
        undeploy(&server, &current, &removal).await.status,
        409,
        "v1 was current then"
    );
    let removed = undeploy(&server, &first, &removal).await.expect(200);
    assert_eq!(
        (&removed["status"], removed["version"].as_str()),
        (&json!("succeeded"), Some("v1"))
    );
    assert_eq!(
        shown(&server, "").await.as_deref(),
        Some("v2"),
        "what came after is not taken away"
    );
    for (moment, version) in [
        ("2025-06-01T12:00:00Z", Some("v1")),
        ("2025-06-02T11:59:59Z", Some("v1")),
        ("2025-06-02T12:00:00Z", None),
        ("2025-06-03T12:00:00Z", Some("v2")),
    ] {
        assert_eq!(
            shown(&server, &format!("at={moment}")).await.as_deref(),
            version,
            "{moment}"
        );
    }
    server.admin().advance(&id(&current), "rolled_back").await;
    assert_eq!(
        shown(&server, "").await,
        None,
        "before v2 there was nothing"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_undeployment_changes_nothing(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let removal = json!({"occurredAt": "2025-06-02T12:00:00Z", "reason": "gone"});
    let first = undeploy(&server, &current, &removal).await;
    first.expect(200);
    let rows = history(&server, &current).await;
    let again = undeploy(&server, &current, &removal).await;
    assert_eq!((again.status, again.body), (200, first.body));
    succeeded(&server, "v2", "2025-06-03T12:00:00Z").await;
    undeploy(&server, &current, &removal).await.expect(200);
    assert_eq!(history(&server, &current).await, rows);
    assert_eq!(shown(&server, "").await.as_deref(), Some("v2"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_concurrent_undeployments_one_is_made(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let path = format!("{}/undeploy", at(&current));
    let removals: Vec<_> = (0..16)
        .map(|_| {
            let (admin, path) = (server.admin(), path.clone());
            tokio::spawn(async move { admin.post(&path, &json!({})).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for removal in removals {
        statuses.push(removal.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[409; 15]].concat());
    let rows: Value = serde_json::from_str(&history(&server, &current).await).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 4);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_undeployments_at_one_moment_are_each_replayed_as_their_own(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let time = "2025-06-01T12:00:00Z";
    for version in ["v1", "v2", "v3"] {
        let current = succeeded(&server, version, time).await;
        for _ in 0..2 {
            undeploy(&server, &current, &json!({"occurredAt": time}))
                .await
                .expect(200);
            assert_eq!(shown(&server, "").await, None, "{version}");
        }
        let rows: Value = serde_json::from_str(&history(&server, &current).await).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 4, "{version}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_body_and_an_empty_one_are_alike(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for body in [None, Some("{}")] {
        let current =
            server.admin().record(json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded"})).await;
        let path = format!("{}/undeploy", at(&current));
        let answer = if let Some(body) = body {
            server.admin().send("POST", &path, body).await
        } else {
            server.admin().call("POST", &path).await
        };
        answer.expect(200);
        assert_eq!(shown(&server, "").await, None, "{body:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invalid_undeployment_is_refused(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let rows = history(&server, &current).await;
    for body in [
        json!({"occurredAt": "2999-01-01T00:00:00Z"}),
        json!({"status": "succeeded"}),
        json!({"reason": "x".repeat(1025)}),
        json!({"occurredAt": "yesterday"}),
        json!([]),
    ] {
        assert_eq!(
            undeploy(&server, &current, &body).await.status,
            400,
            "{body}"
        );
    }
    let path = format!("{}/undeploy", at(&current));
    assert_eq!(server.reader().post(&path, &json!({})).await.status, 403);
    assert_eq!(
        server.admin().get(&path).await.header("allow"),
        Some("OPTIONS, POST")
    );
    let nobody = "/api/v1/deployments/00000000-0000-4000-8000-000000000000/undeploy";
    assert_eq!(server.admin().post(nobody, &json!({})).await.status, 404);
    assert_eq!(
        server
            .admin()
            .post("/api/v1/deployments/nonsense/undeploy", &json!({}))
            .await
            .status,
        400
    );
    assert_eq!(history(&server, &current).await, rows);
    assert_eq!(shown(&server, "").await.as_deref(), Some("v1"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_export_contains_undeployments_and_an_import_rebuilds_the_same_past(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    undeploy(
        &server,
        &first,
        &json!({"occurredAt": "2025-06-02T12:00:00Z", "reason": "for a week"}),
    )
    .await
    .expect(200);
    let second = succeeded(&server, "v2", "2025-06-03T12:00:00Z").await;
    succeeded(&server, "v3", "2025-06-04T12:00:00Z").await;
    undeploy(
        &server,
        &second,
        &json!({"occurredAt": "2025-06-03T18:00:00Z"}),
    )
    .await
    .expect(200);
    server.admin().record(json!({"component": "web", "environment": "staging", "version": "v7", "status": "succeeded", "occurredAt": "2025-06-02T00:00:00Z"})).await;
    let export = server.reader().get("/api/v1/deployments/export").await;
    snapshot!("undeploy_export", export.whole());

    let another = database.another().await;
    let other = Server::start(&another).await;
    assert_eq!(
        other.admin().import(export.body.clone()).await.expect(200),
        json!({"recorded": 4, "skipped": 0})
    );
    assert_eq!(
        other.admin().import(export.body.clone()).await.expect(200),
        json!({"recorded": 0, "skipped": 4})
    );
    assert_eq!(
        other.reader().get("/api/v1/deployments/export").await.body,
        export.body
    );
    for day in 1..6 {
        for time in ["00:00:00Z", "12:00:00Z", "18:00:00Z", "23:59:59Z"] {
            let moment = format!("2025-06-0{day}T{time}");
            assert_eq!(
                matrix_at(&server, &moment).await,
                matrix_at(&other, &moment).await,
                "{moment}"
            );
        }
    }
    assert_eq!(
        matrix_at(&server, "2026-01-01T00:00:00Z").await,
        matrix_at(&other, "2026-01-01T00:00:00Z").await
    );
    other.admin().get("/api/v1/verify").await.expect(200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_of_nothing_is_refused_by_its_line(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let removal = json!({"event": "undeployed", "component": "api", "environment": "production", "occurredAt": "2025-06-02T12:00:00Z"});
    let deployment = json!({"component": "web", "environment": "production", "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
    snapshot!(
        "import_removal_of_nothing",
        server
            .admin()
            .import(format!("{deployment}\n\n{removal}\n"))
            .await
            .whole()
    );
    assert_eq!(server.reader().total().await, 0);
    let timeless = json!({"event": "undeployed", "component": "web", "environment": "production"});
    let answer = server
        .admin()
        .import(format!("{deployment}\n{timeless}\n"))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["line"]),
        (400, &json!(2)),
        "{}",
        answer.body
    );
    for field in ["version", "status", "metadata"] {
        let mut odd = removal.clone();
        odd[field] = json!("v1");
        let answer = server
            .admin()
            .import(format!("{deployment}\n{odd}\n"))
            .await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["line"]),
            (400, &json!(2)),
            "{}",
            answer.body
        );
    }
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_line_of_an_undeployment_is_skipped(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
    let removal = json!({"event": "undeployed", "component": "api", "environment": "production", "occurredAt": "2025-06-02T12:00:00Z"});
    let answer = server
        .admin()
        .import(format!("{deployment}\n{removal}\n{removal}\n"))
        .await;
    assert_eq!(answer.expect(200), json!({"recorded": 2, "skipped": 1}));
    assert_eq!(shown(&server, "").await, None);
    assert_eq!(
        server.admin().import(removal.to_string()).await.expect(200),
        json!({"recorded": 0, "skipped": 1})
    );
    let page = server.reader().get("/api/v1/deployments").await.expect(200);
    let rows: Value = serde_json::from_str(&history(&server, &page["data"][0]).await).unwrap();
    assert_eq!(rows.as_array().unwrap().len(), 4);
}
