//! PATCH and GET /api/v1/deployments/:id

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, id};

async fn recorded(server: &Server, status: &str) -> Value {
    server.admin().record(json!({"component": "api", "environment": "production", "version": "v1", "status": status})).await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_status_moves_on_and_the_answer_is_the_deployment(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = recorded(&server, "in_progress").await;
    let body = json!({"status": "succeeded", "finishedAt": "2025-06-01T12:00:00Z", "metadata": {"url": "https://ci/7"}});
    let answer = server.admin().patch(&at(&deployment), &body).await;
    snapshot!("update", answer.whole());
    assert_eq!(
        server.reader().get(&at(&deployment)).await.expect(200),
        answer.json()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn metadata_is_merged_key_by_key(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({"component": "api", "environment": "production", "version": "v1", "metadata": {"a": 1, "b": {"c": 2}}});
    let deployment = server.admin().record(body).await;
    let changed = server
        .admin()
        .patch(
            &at(&deployment),
            &json!({"metadata": {"a": null, "b": {"d": 3}, "e": 4}}),
        )
        .await
        .expect(200);
    assert_eq!(changed["metadata"], json!({"b": {"d": 3}, "e": 4}));
    assert_eq!(changed["status"], "pending");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_description_is_changed_and_removed(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = recorded(&server, "pending").await;
    let changed = server
        .admin()
        .patch(&at(&deployment), &json!({"description": "hotfix"}))
        .await
        .expect(200);
    assert_eq!(changed["description"], "hotfix");
    let changed = server
        .admin()
        .patch(&at(&deployment), &json!({"description": null}))
        .await
        .expect(200);
    assert_eq!(changed["description"], Value::Null);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_retry_clears_the_outcome_and_starts_the_next_attempt(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = recorded(&server, "failed").await;
    let retried = server.admin().advance(&id(&deployment), "pending").await;
    assert_eq!(
        (&retried["attempt"], &retried["finishedAt"]),
        (&json!(2), &Value::Null)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_change_of_nothing_is_400(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = recorded(&server, "pending").await;
    snapshot!(
        "update_nothing",
        server
            .admin()
            .patch(&at(&deployment), &json!({}))
            .await
            .whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn times_that_contradict_are_refused(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = recorded(&server, "in_progress").await;
    let time = "2025-06-01T12:00:00Z";
    for body in [
        json!({"occurredAt": time}),
        json!({"status": "succeeded", "occurredAt": time, "finishedAt": time}),
        json!({"status": "succeeded", "occurredAt": "2999-01-01T00:00:00Z"}),
        json!({"reason": "cancelled"}),
    ] {
        let answer = server.admin().patch(&at(&deployment), &body).await;
        assert_eq!(answer.status, 400, "{body}: {}", answer.body);
    }
    assert_eq!(
        server.reader().get(&at(&deployment)).await.json(),
        deployment
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_id_is_404_and_an_invalid_one_400(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let nobody = "/api/v1/deployments/00000000-0000-4000-8000-000000000000";
    snapshot!(
        "deployment_unknown",
        server.reader().get(nobody).await.whole()
    );
    assert_eq!(
        server
            .admin()
            .patch(nobody, &json!({"status": "failed"}))
            .await
            .status,
        404
    );
    snapshot!(
        "deployment_not_a_uuid",
        server
            .reader()
            .get("/api/v1/deployments/nonsense")
            .await
            .whole()
    );
    for odd in [
        "00000000000040008000000000000000",
        "%7B00000000-0000-4000-8000-000000000000%7D",
        "urn:uuid:00000000-0000-4000-8000-000000000000",
        "00000000-0000-4000-8000-00000000000g",
    ] {
        assert_eq!(
            server
                .reader()
                .get(&format!("/api/v1/deployments/{odd}"))
                .await
                .status,
            400,
            "{odd}"
        );
    }
}
