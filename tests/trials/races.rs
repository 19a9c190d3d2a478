//! Sixteen concurrent writers on one deployment: exactly one wins, and the refusals of the others
//! name the new status.

use deploytrack_tests::{caller::Caller, fold};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::bench::{Bench, Servers};

const CONTENDERS: usize = 16;
/// How many deployments share a cell before the next cell is used.
const PER_CELL: u64 = 50;

pub(crate) async fn run(bench: Bench) -> String {
    let database = bench.kind.database().await;
    let servers = Servers::start(bench.kind, &database);
    let admins = servers.admins();
    let (mut succeeded, mut failed) = (0, 0);
    for round in 0..bench.rounds {
        match race(&admins, round).await.as_str() {
            "succeeded" => succeeded += 1,
            _ => failed += 1,
        }
    }
    let tracker = database.tracker().await;
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    if bench.rounds <= 1000 {
        fold::check(&tracker).await;
    }
    format!(
        "{} requests, one winner each ({succeeded} succeeded, {failed} failed), {found}",
        bench.rounds * CONTENDERS as u64
    )
}

async fn race(admins: &[Caller], round: u64) -> String {
    let component = format!("component-{}", round / PER_CELL);
    let body = json!({"component": component, "environment": "production", "version": format!("v{round}"), "status": "in_progress"});
    let deployment = admins[0]
        .request("POST", "/api/v1/deployments?register=true")
        .json(&body)
        .send()
        .await
        .unwrap();
    let deployment: Value = deployment.json().await.unwrap();
    let path = format!("/api/v1/deployments/{}", deployment["id"].as_str().unwrap());
    let mut contenders = JoinSet::new();
    for index in 0..CONTENDERS {
        let (admin, path) = (admins[index % admins.len()].clone(), path.clone());
        let status = if fastrand::bool() {
            "succeeded"
        } else {
            "failed"
        };
        contenders
            .spawn(async move { (status, admin.patch(&path, &json!({"status": status})).await) });
    }
    let answers = contenders.join_all().await;
    let winners: Vec<_> = answers
        .iter()
        .filter(|(_, answer)| answer.status == 200)
        .collect();
    assert_eq!(winners.len(), 1, "{answers:#?}");
    let won = winners[0].0;
    for (_, lost) in answers.iter().filter(|(_, answer)| answer.status != 200) {
        let body = lost.expect(400);
        assert_eq!(
            body["currentStatus"], won,
            "who lost is told the status that won"
        );
    }
    let history = admins[0].get(&format!("{path}/history")).await.expect(200);
    assert_eq!(history.as_array().unwrap().len(), 3);
    assert_eq!(history[2]["to"], won);
    won.to_owned()
}
