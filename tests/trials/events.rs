//! Writers at every server, and readers of events that disconnect and resume at another server:
//! each reader gets each event once and in order, and the events equal the rows of the database.

mod reader;
mod writer;

use std::collections::HashMap;

use deploytrack_core::{query::PageRequest, tracker::Tracker};
use deploytrack_tests::{database::Database, fold};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use self::{
    reader::Reader,
    writer::{Done, Writers},
};
use crate::bench::{Bench, Servers};

const WRITERS: usize = 12;
/// Readers that read during the writes, and readers that start after them.
const READERS: usize = 8;
const LATE: usize = 2;
/// How many writes there are for each disconnection of a reader.
const WRITES_PER_BREAK: u64 = 10;
/// The version of the deployment that is recorded last.
const END: &str = "the-end";

pub(crate) async fn run(bench: Bench) -> String {
    let database = bench.kind.database().await;
    let servers = Servers::start(bench.kind, &database);
    let admins = servers.admins();
    let mut plans = plans(bench.rounds);
    let readers = |plans: Vec<Vec<usize>>| {
        plans
            .into_iter()
            .map(|plan| Reader::new(admins.clone()).read(plan))
            .collect::<JoinSet<_>>()
    };
    let late = plans.split_off(READERS);
    let early = readers(plans);
    let done = Writers::new(admins.clone(), bench.rounds)
        .write(WRITERS)
        .await;
    let end = json!({"component": "component-1", "environment": "production", "version": END});
    admins[0].record(end).await;
    let mut read = early.join_all().await;
    read.extend(readers(late).join_all().await);

    let told = read[0].told.clone();
    assert!(
        read.iter().all(|reader| reader.told == told),
        "every reader was told the same"
    );
    compare(&database, &told, done).await;
    let (breaks, hasty): (u64, u64) = read.iter().fold((0, 0), |(breaks, hasty), one| {
        (breaks + one.breaks, hasty + one.hasty)
    });
    let Done {
        recorded,
        moved,
        described,
        refused,
    } = done;
    format!(
        "{} writes, servers: {} ({recorded} recorded, {moved} moved, {described} described; {refused} lost a race), {} events read by {} readers \
         over {breaks} reconnects and {hasty} that did not wait for an answer: each once, in order, as the database has them",
        recorded + moved + described,
        admins.len(),
        told.len(),
        read.len()
    )
}

/// For each reader, the numbers of events after which it disconnects. Every write is at least one
/// event.
fn plans(writes: u64) -> Vec<Vec<usize>> {
    let mut plans = vec![Vec::new(); READERS + LATE];
    for number in 0..writes.div_ceil(WRITES_PER_BREAK) {
        let reader = usize::try_from(number).unwrap() % plans.len();
        plans[reader].push(fastrand::usize(..=usize::try_from(writes).unwrap()));
    }
    for plan in &mut plans {
        plan.sort_unstable();
    }
    plans
}

/// Compares the events of the readers with the histories, the names and the numbers in the
/// database.
async fn compare(database: &Database, told: &[String], done: Done) {
    let tracker = database.tracker().await;
    assert_eq!(
        database
            .text("select cast(count(*) as text) from events")
            .await,
        told.len().to_string()
    );
    let (mut histories, mut types) = (
        HashMap::<String, Vec<Value>>::new(),
        HashMap::<String, u64>::new(),
    );
    for event in told {
        let event: Value = serde_json::from_str(event).unwrap();
        *types
            .entry(event["type"].as_str().unwrap().to_owned())
            .or_default() += 1;
        if let Some(entry) = event.get("transition") {
            let created = entry["from"].is_null();
            assert_eq!(
                event["type"],
                if created {
                    "deployment.created"
                } else {
                    "deployment.transitioned"
                },
                "{event}"
            );
            histories
                .entry(event["deployment"]["id"].as_str().unwrap().to_owned())
                .or_default()
                .push(entry.clone());
        }
    }
    let all = fold::everything(&tracker).await;
    assert_eq!(
        all.len() as u64,
        done.recorded + 1,
        "what was acknowledged, and the end"
    );
    for (deployment, history) in all {
        let told = histories.remove(&deployment.id.to_string());
        assert_eq!(
            told.map(Value::from),
            Some(json!(history)),
            "the history of {}",
            deployment.id
        );
    }
    assert!(
        histories.is_empty(),
        "events of deployments that are not there: {histories:?}"
    );
    assert_eq!(
        types.get("deployment.updated").copied().unwrap_or(0),
        done.described
    );
    check_names(&tracker, &types).await;
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
}

async fn check_names(tracker: &Tracker, types: &HashMap<String, u64>) {
    let one = PageRequest::new(0, 1).unwrap();
    let (components, environments) = (
        tracker.components(None, one).await.unwrap(),
        tracker.environments(None, one).await.unwrap(),
    );
    assert_eq!(types["component.created"], components.total);
    assert_eq!(types["environment.created"], environments.total);
}
