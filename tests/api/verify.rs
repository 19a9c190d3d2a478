//! GET /api/v1/verify

use crate::*;

on_both! {
    async fn a_server_says_that_everything_agrees(database) {
        let server = Server::start(&database).await;
        let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
        server.admin().post(&format!("{}/undeploy", at(&current)), &json!({})).await.expect(200);
        server.admin().record(json!({"component": "web", "environment": "staging", "version": "v7"})).await;
        snapshot!("verify", server.admin().get("/api/v1/verify").await.whole());
    }

    async fn a_server_says_what_does_not_agree(database) {
        let server = Server::start(&database).await;
        succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
        database.execute("update current_cells set version = 'v2'").await.unwrap();
        snapshot!("verify_difference", server.admin().get("/api/v1/verify").await.whole());
    }

    async fn of_sixteen_at_once_each_is_done_or_told_to_come_back(database) {
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
                assert_eq!((answer.status, answer.header("retry-after")), (429, Some("10")), "{}", answer.body);
                assert_eq!(answer.json()["code"], "verification_in_progress");
            }
        }
        assert!(done >= 1);
    }

    async fn it_takes_no_parameters(database) {
        let server = Server::start(&database).await;
        assert_eq!(server.admin().get("/api/v1/verify?repair=true").await.status, 400);
        assert_eq!(server.admin().call("POST", "/api/v1/verify").await.status, 405);
    }
}
