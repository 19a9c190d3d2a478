//! PATCH and GET /api/v1/deployments/:id

use crate::*;

async fn recorded(server: &Server, status: &str) -> Value {
    server.admin().record(json!({"component": "api", "environment": "production", "version": "v1", "status": status})).await
}

on_both! {
    async fn a_status_moves_on_and_the_answer_is_the_deployment(database) {
        let server = Server::start(&database).await;
        let deployment = recorded(&server, "in_progress").await;
        let body = json!({"status": "succeeded", "finishedAt": "2025-06-01T12:00:00Z", "metadata": {"url": "https://ci/7"}});
        let answer = server.admin().patch(&at(&deployment), &body).await;
        snapshot!("update", answer.whole());
        assert_eq!(server.reader().get(&at(&deployment)).await.expect(200), answer.json());
    }

    async fn metadata_is_merged_key_by_key(database) {
        let server = Server::start(&database).await;
        let body = json!({"component": "api", "environment": "production", "version": "v1", "metadata": {"a": 1, "b": {"c": 2}}});
        let deployment = server.admin().record(body).await;
        let changed = server.admin().patch(&at(&deployment), &json!({"metadata": {"a": null, "b": {"d": 3}, "e": 4}})).await.expect(200);
        assert_eq!(changed["metadata"], json!({"b": {"d": 3}, "e": 4}));
        assert_eq!(changed["status"], "pending");
    }

    async fn a_description_is_changed_and_removed(database) {
        let server = Server::start(&database).await;
        let deployment = recorded(&server, "pending").await;
        let changed = server.admin().patch(&at(&deployment), &json!({"description": "hotfix"})).await.expect(200);
        assert_eq!(changed["description"], "hotfix");
        let changed = server.admin().patch(&at(&deployment), &json!({"description": null})).await.expect(200);
        assert_eq!(changed["description"], Value::Null);
    }

    async fn a_retry_clears_the_outcome_and_starts_the_next_attempt(database) {
        let server = Server::start(&database).await;
        let deployment = recorded(&server, "failed").await;
        let retried = server.admin().advance(&id(&deployment), "pending").await;
        assert_eq!((&retried["attempt"], &retried["finishedAt"]), (&json!(2), &Value::Null));
    }

    async fn nothing_to_change_is_400(database) {
        let server = Server::start(&database).await;
        let deployment = recorded(&server, "pending").await;
        snapshot!("update_nothing", server.admin().patch(&at(&deployment), &json!({})).await.whole());
    }

    async fn times_that_contradict_are_refused(database) {
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
        assert_eq!(server.reader().get(&at(&deployment)).await.json(), deployment);
    }

    async fn what_is_not_there_is_404_and_what_is_no_uuid_400(database) {
        let server = Server::start(&database).await;
        let nobody = "/api/v1/deployments/00000000-0000-4000-8000-000000000000";
        snapshot!("deployment_unknown", server.reader().get(nobody).await.whole());
        assert_eq!(server.admin().patch(nobody, &json!({"status": "failed"})).await.status, 404);
        snapshot!("deployment_not_a_uuid", server.reader().get("/api/v1/deployments/nonsense").await.whole());
        for odd in ["00000000000040008000000000000000", "%7B00000000-0000-4000-8000-000000000000%7D", "urn:uuid:00000000-0000-4000-8000-000000000000", "00000000-0000-4000-8000-00000000000g"] {
            assert_eq!(server.reader().get(&format!("/api/v1/deployments/{odd}")).await.status, 400, "{odd}");
        }
    }
}
