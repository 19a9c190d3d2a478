//! Messages that come late, twice, or in another order.

use crate::*;

const TIME: &str = "2025-06-01T12:00:00Z";

/// A status, the one to record before it, and the message that moves there.
const STATUSES: [(&str, &str); 5] = [
    ("pending", "failed"),
    ("in_progress", "pending"),
    ("succeeded", "in_progress"),
    ("failed", "in_progress"),
    ("rolled_back", "succeeded"),
];

/// A deployment that has been told of a move into this status once.
async fn told(server: &Server, status: &str, before: &str) -> (Value, Value) {
    let body = json!({"component": "api", "environment": "production", "version": "v1", "status": before, "occurredAt": "2025-06-01T11:00:00Z", "metadata": {"run": 7}, "description": "first"});
    let deployment = server.admin().record(body).await;
    let message = json!({"status": status, "occurredAt": TIME, "reason": "as planned"});
    let told = server.admin().patch(&at(&deployment), &message).await.expect(200);
    (told, message)
}

/// A message with other fields; null takes one away.
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

on_both! {
    async fn the_last_move_told_again_changes_nothing_and_is_no_error(database) {
        let server = Server::start(&database).await;
        for (status, before) in STATUSES {
            let (deployment, message) = told(&server, status, before).await;
            let (body, rows) = (server.reader().get(&at(&deployment)).await.body, history(&server, &deployment).await);
            for fields in [
                json!({}),
                json!({"reason": null}),
                json!({"occurredAt": "2025-06-01T14:00:00.000000+02:00"}),
                json!({"metadata": {"run": 7}}),
                json!({"metadata": {"unknown": null}}),
                json!({"description": "first"}),
            ] {
                let again = server.admin().patch(&at(&deployment), &with(&message, &fields)).await;
                assert_eq!((again.status, &again.body), (200, &body), "{status} {fields}");
                assert_eq!(server.reader().get(&at(&deployment)).await.body, body, "{status} {fields}");
                assert_eq!(history(&server, &deployment).await, rows, "{status} {fields}");
            }
        }
    }

    async fn finished_at_says_the_same_as_occurred_at(database) {
        let server = Server::start(&database).await;
        for (status, before) in [("succeeded", "in_progress"), ("failed", "in_progress")] {
            let (deployment, message) = told(&server, status, before).await;
            let again = with(&message, &json!({"occurredAt": null, "finishedAt": TIME}));
            assert_eq!(server.admin().patch(&at(&deployment), &again).await.expect(200), deployment);
        }
    }

    async fn what_says_anything_new_is_no_repetition(database) {
        let server = Server::start(&database).await;
        for (status, before) in STATUSES {
            let (deployment, message) = told(&server, status, before).await;
            let rows = history(&server, &deployment).await;
            for fields in [
                json!({"occurredAt": "2025-06-01T12:00:00.000001Z"}),
                json!({"occurredAt": null}),
                json!({"reason": "another"}),
                json!({"metadata": {"run": 8}}),
                json!({"metadata": {"run": null}}),
                json!({"description": "second"}),
            ] {
                let refused = server.admin().patch(&at(&deployment), &with(&message, &fields)).await;
                assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("invalid_transition")), "{status} {fields}");
                assert_eq!(refused.json()["currentStatus"], status);
            }
            assert_eq!(server.reader().get(&at(&deployment)).await.expect(200), deployment, "{status}");
            assert_eq!(history(&server, &deployment).await, rows, "{status}");
        }
    }

    async fn what_was_recorded_as_it_stands_is_repeated_by_its_time_too(database) {
        let server = Server::start(&database).await;
        for status in ["pending", "in_progress", "succeeded", "failed"] {
            let body = json!({"component": "api", "environment": "production", "version": "v1", "status": status, "occurredAt": TIME});
            let deployment = server.admin().record(body).await;
            let again = server.admin().patch(&at(&deployment), &json!({"status": status, "occurredAt": TIME})).await;
            assert_eq!(again.expect(200), deployment, "{status}");
        }
    }

    async fn a_move_before_the_last_one_is_not_repeated(database) {
        let server = Server::start(&database).await;
        let (deployment, message) = told(&server, "failed", "in_progress").await;
        for status in ["pending", "in_progress", "failed"] {
            server.admin().patch(&at(&deployment), &json!({"status": status, "occurredAt": "2025-06-01T13:00:00Z"})).await.expect(200);
        }
        let rows = history(&server, &deployment).await;
        server.admin().patch(&at(&deployment), &message).await.expect(400);
        assert_eq!(history(&server, &deployment).await, rows);
    }

    async fn a_removal_in_between_does_not_hide_the_last_move(database) {
        let server = Server::start(&database).await;
        let (deployment, message) = told(&server, "succeeded", "in_progress").await;
        let removed = server.admin().post(&format!("{}/undeploy", at(&deployment)), &json!({})).await.expect(200);
        assert_eq!(server.admin().patch(&at(&deployment), &message).await.expect(200), removed);
        assert_eq!(shown(&server, "").await, None);
    }

    async fn a_success_told_late_displaces_nothing_and_comes_forward_when_the_newer_one_is_rolled_back(database) {
        let server = Server::start(&database).await;
        let slow = server.admin().record(json!({"component": "api", "environment": "production", "version": "v1", "status": "in_progress"})).await;
        let newer = succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
        server.admin().patch(&at(&slow), &json!({"status": "succeeded", "occurredAt": TIME})).await.expect(200);
        assert_eq!(shown(&server, "").await.as_deref(), Some("v2"));
        server.admin().advance(&id(&newer), "rolled_back").await;
        assert_eq!(shown(&server, "").await.as_deref(), Some("v1"));
        let matrix = server.reader().get("/api/v1/deployments/matrix").await.expect(200);
        assert_eq!(matrix[0]["environments"]["production"]["deployedAt"], "2025-06-01T12:00:00.000Z");
        server.admin().patch(&at(&slow), &json!({"status": "succeeded", "occurredAt": TIME})).await.expect(200);
        assert_eq!(shown(&server, "").await.as_deref(), Some("v1"));
    }
}
