//! Messages that arrive late, twice, or in another order.

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, history, id, shown, succeeded};

const TIME: &str = "2025-06-01T12:00:00Z";

/// A status, the one to record before it, and the message with the transition between them.
const STATUSES: [(&str, &str); 5] = [
    ("pending", "failed"),
    ("in_progress", "pending"),
    ("succeeded", "in_progress"),
    ("failed", "in_progress"),
    ("rolled_back", "succeeded"),
];

/// A deployment that has received the transition to this status once.
async fn after_transition(server: &Server, status: &str, before: &str) -> (Value, Value) {
    let body = json!({"component": "api", "environment": "production", "version": "v1", "status": before, "occurredAt": "2025-06-01T11:00:00Z", "metadata": {"run": 7}, "description": "first"});
    let deployment = server.admin().record(body).await;
    let message = json!({"status": status, "occurredAt": TIME, "reason": "as planned"});
    let told = server
        .admin()
        .patch(&at(&deployment), &message)
        .await
        .expect(200);
    (told, message)
}

/// A message with changed fields; null removes a field.
fn with(message: &Value, fields: &Value) -> Value {
    let mut message = message.clone();
    for (name, value) in fields.as_object().unwrap() {
        if value.is_null() {
            message.as_object_mut().unwrap().remove(name);
        } else {
            message[name] = value.clone();
        }
    }
    message
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeated_last_transition_changes_nothing_and_is_not_an_error(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (status, before) in STATUSES {
        let (deployment, message) = after_transition(&server, status, before).await;
        let (body, rows) = (
            server.reader().get(&at(&deployment)).await.body,
            history(&server, &deployment).await,
        );
        for fields in [
            json!({}),
            json!({"reason": null}),
            json!({"occurredAt": "2025-06-01T14:00:00.000000+02:00"}),
            json!({"metadata": {"run": 7}}),
            json!({"metadata": {"unknown": null}}),
            json!({"description": "first"}),
        ] {
            let again = server
                .admin()
                .patch(&at(&deployment), &with(&message, &fields))
                .await;
            assert_eq!(
                (again.status, &again.body),
                (200, &body),
                "{status} {fields}"
            );
            assert_eq!(
                server.reader().get(&at(&deployment)).await.body,
                body,
                "{status} {fields}"
            );
            assert_eq!(
                history(&server, &deployment).await,
                rows,
                "{status} {fields}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn finished_at_means_the_same_as_occurred_at(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (status, before) in [("succeeded", "in_progress"), ("failed", "in_progress")] {
        let (deployment, message) = after_transition(&server, status, before).await;
        let again = with(&message, &json!({"occurredAt": null, "finishedAt": TIME}));
        assert_eq!(
            server
                .admin()
                .patch(&at(&deployment), &again)
                .await
                .expect(200),
            deployment
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_with_any_difference_is_not_a_repetition(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (status, before) in STATUSES {
        let (deployment, message) = after_transition(&server, status, before).await;
        let rows = history(&server, &deployment).await;
        for fields in [
            json!({"occurredAt": "2025-06-01T12:00:00.000001Z"}),
            json!({"occurredAt": null}),
            json!({"reason": "another"}),
            json!({"metadata": {"run": 8}}),
            json!({"metadata": {"run": null}}),
            json!({"description": "second"}),
        ] {
            let refused = server
                .admin()
                .patch(&at(&deployment), &with(&message, &fields))
                .await;
            assert_eq!(
                (refused.status, &refused.json()["code"]),
                (400, &json!("invalid_transition")),
                "{status} {fields}"
            );
            assert_eq!(refused.json()["currentStatus"], status);
        }
        assert_eq!(
            server.reader().get(&at(&deployment)).await.expect(200),
            deployment,
            "{status}"
        );
        assert_eq!(history(&server, &deployment).await, rows, "{status}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_recorded_as_finished_is_repeated_by_its_time_too(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for status in ["pending", "in_progress", "succeeded", "failed"] {
        let body = json!({"component": "api", "environment": "production", "version": "v1", "status": status, "occurredAt": TIME});
        let deployment = server.admin().record(body).await;
        let again = server
            .admin()
            .patch(
                &at(&deployment),
                &json!({"status": status, "occurredAt": TIME}),
            )
            .await;
        assert_eq!(again.expect(200), deployment, "{status}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transition_before_the_last_one_is_not_replayed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (deployment, message) = after_transition(&server, "failed", "in_progress").await;
    for status in ["pending", "in_progress", "failed"] {
        server
            .admin()
            .patch(
                &at(&deployment),
                &json!({"status": status, "occurredAt": "2025-06-01T13:00:00Z"}),
            )
            .await
            .expect(200);
    }
    let rows = history(&server, &deployment).await;
    server
        .admin()
        .patch(&at(&deployment), &message)
        .await
        .expect(400);
    assert_eq!(history(&server, &deployment).await, rows);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_in_between_does_not_hide_the_last_transition(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (deployment, message) = after_transition(&server, "succeeded", "in_progress").await;
    let removed = server
        .admin()
        .post(&format!("{}/undeploy", at(&deployment)), &json!({}))
        .await
        .expect(200);
    assert_eq!(
        server
            .admin()
            .patch(&at(&deployment), &message)
            .await
            .expect(200),
        removed
    );
    assert_eq!(shown(&server, "").await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_success_reported_late_becomes_current_only_when_the_newer_one_is_rolled_back(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let slow =
        server.admin().record(json!({"component": "api", "environment": "production", "version": "v1", "status": "in_progress"})).await;
    let newer = succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    server
        .admin()
        .patch(
            &at(&slow),
            &json!({"status": "succeeded", "occurredAt": TIME}),
        )
        .await
        .expect(200);
    assert_eq!(shown(&server, "").await.as_deref(), Some("v2"));
    server.admin().advance(&id(&newer), "rolled_back").await;
    assert_eq!(shown(&server, "").await.as_deref(), Some("v1"));
    let matrix = server
        .reader()
        .get("/api/v1/deployments/matrix")
        .await
        .expect(200);
    assert_eq!(
        matrix[0]["environments"]["production"]["deployedAt"],
        "2025-06-01T12:00:00.000Z"
    );
    server
        .admin()
        .patch(
            &at(&slow),
            &json!({"status": "succeeded", "occurredAt": TIME}),
        )
        .await
        .expect(200);
    assert_eq!(shown(&server, "").await.as_deref(), Some("v1"));
}
