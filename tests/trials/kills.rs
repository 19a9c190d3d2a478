//! `kill -9` during concurrent writes: every acknowledged write exists afterwards, and the database
//! verifies.

use std::time::{Duration, Instant};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Process},
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bench::Bench;

const WRITERS: usize = 4;

pub(crate) async fn run(bench: Bench) -> String {
    let database = bench.kind.database().await;
    database.durable().await;
    let (mut acknowledged, mut slowest) = (Vec::new(), Duration::ZERO);
    for round in 0..bench.rounds {
        let start = Instant::now();
        let mut server = Process::server(&Home::new(), database.url());
        slowest = slowest.max(start.elapsed());
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            writers.spawn(write_until_the_end(
                Caller::admin(server.url()),
                format!("{round}.{writer}"),
            ));
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(200..900))).await;
        server.kill();
        acknowledged.extend(writers.join_all().await.into_iter().flatten());
    }
    assert!(
        acknowledged.len() as u64 > bench.rounds,
        "the writers wrote"
    );
    let tracker = database.tracker().await;
    for (id, status) in &acknowledged {
        let kept = tracker
            .deployment(id.parse().unwrap())
            .await
            .expect("an acknowledged write is there");
        assert!(
            kept.status.as_str() == status || kept.status.as_str() == "rolled_back",
            "{id} was acknowledged as {status}, and is {}",
            kept.status
        );
    }
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    if database.is_sqlite() {
        assert_eq!(database.text("pragma integrity_check").await, "ok");
    }
    format!(
        "{} kills, {} acknowledged writes, none lost, ready again within {slowest:.2?}; {found}",
        bench.rounds,
        acknowledged.len()
    )
}

/// Writes until the server is killed. Returns the acknowledged ids, each with its last acknowledged
/// status.
async fn write_until_the_end(admin: Caller, name: String) -> Vec<(String, String)> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let body = json!({"component": "api", "environment": "production", "version": format!("v{name}.{number}"), "status": "succeeded"});
        let request = admin.request("POST", "/api/v1/deployments").json(&body);
        let Some(deployment) = answered(request, 201).await else {
            break;
        };
        let id = deployment["id"].as_str().unwrap().to_owned();
        acknowledged.push((id.clone(), "succeeded".to_owned()));
        if number % 3 == 0 {
            let request = admin
                .request("PATCH", &format!("/api/v1/deployments/{id}"))
                .json(&json!({"status": "rolled_back"}));
            if answered(request, 200).await.is_none() {
                break;
            }
            acknowledged.push((id, "rolled_back".to_owned()));
        }
    }
    acknowledged
}

/// The body of an answer, or `None` when the server has been killed.
async fn answered(
    request: deploytrack_tests::caller::RequestBuilder,
    expected: u16,
) -> Option<Value> {
    let answer = request.send().await.ok()?;
    assert_eq!(answer.status(), expected);
    answer.json().await.ok()
}
