//! Killing the server while it is written to loses no acknowledged write.

use std::time::{Duration, Instant};

use deploytrack_tests::{fold, on_both};
use serde_json::json;

use crate::*;

/// Kills; a release makes more of them.
const KILLS: usize = 4;

/// Writes until the server is gone, and gives the ids of what it acknowledged.
async fn write_until_the_end(admin: Caller, writer: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for n in 0.. {
        let body = json!({"component": "api", "environment": "production", "version": format!("v{writer}.{n}"), "status": "succeeded"})
            .to_string();
        let request = admin.request("POST", "/api/v1/deployments").header("content-type", "application/json").body(body);
        let Ok(answer) = request.send().await else { break };
        assert_eq!(answer.status(), 201);
        let Ok(deployment) = answer.json::<serde_json::Value>().await else { break };
        acknowledged.push(deployment["id"].as_str().unwrap().to_owned());
    }
    acknowledged
}

on_both! {
    async fn every_acknowledged_write_outlives_a_kill(database) {
        database.durable().await;
        let mut acknowledged = Vec::new();
        for kill in 0..KILLS {
            let start = Instant::now();
            let mut server = Process::server(&Home::new(), database.url());
            assert!(start.elapsed() < Duration::from_secs(20));
            let admin = Caller::admin(server.url());
            let writers: Vec<_> = (0..4).map(|writer| tokio::spawn(write_until_the_end(admin.clone(), kill * 4 + writer))).collect();
            tokio::time::sleep(Duration::from_millis(400 + 130 * kill as u64)).await;
            server.kill();
            for writer in writers {
                acknowledged.extend(writer.await.unwrap());
            }
        }
        assert!(acknowledged.len() > KILLS, "the writers wrote");
        let tracker = database.tracker().await;
        for id in &acknowledged {
            tracker.deployment(id.parse().unwrap()).await.expect("an acknowledged write is there");
        }
        fold::check(&tracker).await;
        if database.is_sqlite() {
            assert_eq!(database.text("pragma integrity_check").await, "ok");
        }
    }
}
