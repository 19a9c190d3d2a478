//! GET /api/v1/deployments/:id/history

use crate::*;

on_both! {
    async fn every_change_of_status_is_a_row(database) {
        let server = Server::start(&database).await;
        let admin = server.admin();
        let deployment = admin.record(json!({"component": "api", "environment": "production", "version": "v1"})).await;
        for body in [
            json!({"status": "in_progress"}),
            json!({"status": "failed", "reason": "exit code 3", "occurredAt": "2025-06-01T12:00:00Z"}),
            json!({"status": "pending"}),
        ] {
            admin.patch(&at(&deployment), &body).await.expect(200);
        }
        admin.patch(&at(&deployment), &json!({"description": "no change of status"})).await.expect(200);
        snapshot!("history", server.reader().get(&format!("{}/history", at(&deployment))).await.whole());
    }

    async fn the_history_of_nothing_is_404(database) {
        let server = Server::start(&database).await;
        let path = "/api/v1/deployments/00000000-0000-4000-8000-000000000000/history";
        assert_eq!(server.reader().get(path).await.status, 404);
    }
}
