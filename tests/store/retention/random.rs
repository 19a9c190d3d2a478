//! Random histories: what a removal must not change.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::Arc,
};

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{Clock as _, ManualClock, Time},
    deployment::{Change, Deployment, Metadata, NewDeployment, Undeploy},
    event::EventType,
    matrix::Matrix,
    query::{DeploymentFilter, MatrixFilter, Order, PageRequest},
    rollback,
    status::Status,
    tracker::Tracker,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use fastrand::Rng;
use rstest::rstest;

use super::{AGE, by, new, remove, with_clock};
use crate::given::noon;

const COMPONENTS: [&str; 2] = ["api", "web"];
const ENVIRONMENTS: [&str; 3] = ["testing", "staging", "production"];
const OPERATIONS: usize = 160;

/// Every deployment, page by page, the newest first.
async fn all(tracker: &Tracker) -> Vec<Deployment> {
    let filter = DeploymentFilter {
        order: Order::Occurred,
        ..DeploymentFilter::default()
    };
    let mut all = Vec::new();
    loop {
        let page = PageRequest::new(all.len() as u64, 100).unwrap();
        let page = tracker.list(&filter, page).await.unwrap();
        if page.data.is_empty() {
            assert_eq!(page.total, all.len() as u64, "the total counts what exists");
            return all;
        }
        all.extend(page.data);
    }
}

async fn operate(tracker: &Tracker, clock: &ManualClock, random: &mut Rng) {
    clock.advance(TimeDelta::hours(random.i64(1..100)));
    let known = all(tracker).await;
    let at = random.bool().then(|| {
        let hours = random.i64(0..2400);
        (clock.now() - TimeDelta::hours(hours)).max(noon())
    });
    let one = random.choice(&known).cloned();
    match (random.u8(0..10), one) {
        (0..=3, _) | (_, None) => {
            let status = *random.choice(&Status::ALL[..4]).unwrap();
            let fresh = NewDeployment {
                status,
                occurred_at: at,
                commit_sha: random.bool().then(|| "abcdef1".parse().unwrap()),
                ..any_new(random)
            };
            tracker.record(fresh, &by()).await.unwrap();
        }
        (4..=6, Some(one)) => {
            if let Some(to) = random.choice(one.status.allowed()) {
                let change = Change {
                    occurred_at: at.filter(|at| *at >= one.occurred_at),
                    ..Change::to(*to)
                };
                tracker.update(one.id, change, &by()).await.unwrap();
            }
        }
        (7, Some(one)) => {
            let undeploy = Undeploy {
                occurred_at: at,
                ..Undeploy::default()
            };
            // Refused where another one was current.
            drop(tracker.undeploy(one.id, undeploy, &by()).await);
        }
        (_, Some(one)) => roll_back(tracker, &one, random.bool()).await,
    }
}

fn any_new(random: &mut Rng) -> NewDeployment {
    let component = random.choice(COMPONENTS).unwrap();
    let environment = random.choice(ENVIRONMENTS).unwrap();
    new(component, environment, &format!("v{}", random.u8(0..12)))
}

/// Rolls the cell of a deployment back, as the command line does. The mark of the replaced one may
/// be missing.
async fn roll_back(tracker: &Tracker, like: &Deployment, marks: bool) {
    let (Some(from), Some(version)) = target(tracker, like).await else {
        return;
    };
    let map = [(rollback::OF.to_owned(), from.id.to_string().into())];
    let new = NewDeployment {
        status: Status::Succeeded,
        metadata: Metadata::new(map.into_iter().collect()).unwrap(),
        ..new(
            like.component_name.as_str(),
            like.environment_name.as_str(),
            &version,
        )
    };
    tracker.record(new, &by()).await.unwrap();
    if marks {
        let change = Change::to(Status::RolledBack);
        tracker.update(from.id, change, &by()).await.unwrap();
    }
}

/// What is current in the cell of a deployment, and the version that a rollback returns to.
async fn target(tracker: &Tracker, like: &Deployment) -> (Option<Deployment>, Option<String>) {
    let latest = tracker.latest(like.component_id, None).await.unwrap();
    let from = latest
        .into_iter()
        .find(|one| one.environment_id == like.environment_id);
    let mut cell = all(tracker).await;
    cell.retain(|one| {
        (one.component_id, one.environment_id) == (like.component_id, like.environment_id)
    });
    let found = rollback::candidates(from.as_ref(), &cell);
    let version = rollback::target(&found).map(|to| to.deployment.version.to_string());
    (from, version)
}

/// A deployment of the past, without what a removal deletes.
type Seen = (String, String, String, Status, i64, [Option<Time>; 4]);

fn seen(one: &Deployment) -> Seen {
    let times = [
        Some(one.created_at),
        one.started_at,
        one.finished_at,
        one.succeeded_at,
    ];
    let version = format!("{} {:?}", one.version, one.commit_sha);
    let id = format!("{} {} {}", one.id, one.deployed_by, one.updated_at);
    (
        id,
        version,
        one.environment_name.to_string(),
        one.status,
        one.attempt,
        times,
    )
}

/// All answers about the past and the present.
#[derive(Debug, PartialEq)]
struct Views {
    now: Matrix,
    past: Vec<(Time, Matrix)>,
    latest: Vec<(Option<Time>, Vec<Seen>)>,
    unsettled: Vec<Deployment>,
    targets: BTreeMap<String, Option<String>>,
}

async fn views(tracker: &Tracker, moments: &[Time]) -> Views {
    let matrix = async |at| {
        let filter = MatrixFilter {
            at,
            gaps: true,
            ..MatrixFilter::default()
        };
        tracker.matrix(&filter).await.unwrap()
    };
    let mut views = Views {
        now: matrix(None).await,
        past: Vec::new(),
        latest: Vec::new(),
        unsettled: tracker.unsettled(&MatrixFilter::default()).await.unwrap(),
        targets: BTreeMap::new(),
    };
    for at in moments {
        views.past.push((*at, matrix(Some(*at)).await));
    }
    let present = [None].into_iter();
    for at in present.chain(moments.iter().step_by(4).copied().map(Some)) {
        for row in &views.now {
            let latest = tracker.latest(row.component_id, at).await.unwrap();
            views.latest.push((at, latest.iter().map(seen).collect()));
        }
    }
    for like in all(tracker).await {
        let cell = format!("{} {}", like.component_name, like.environment_name);
        if let Entry::Vacant(unknown) = views.targets.entry(cell) {
            unknown.insert(target(tracker, &like).await.1);
        }
    }
    views
}

/// The numbers and the deployments of all events but those of removals.
async fn events(tracker: &Tracker) -> Vec<(i64, Option<uuid::Uuid>)> {
    let (mut reader, mut read) = (tracker.events(Some(0)).await.unwrap(), Vec::new());
    let last = tracker.events(None).await.unwrap().position();
    while reader.position() < last {
        for event in reader.next().await.unwrap() {
            if event.r#type == EventType::RetentionRemoved {
                continue;
            }
            read.push((event.id, event.deployment.as_ref().map(|of| of.id)));
        }
    }
    read
}

/// The lines of an export with their numbers.
async fn exported(tracker: &Tracker) -> Vec<(usize, deploytrack_core::api::ImportLine)> {
    let (mut lines, mut after) = (Vec::new(), None);
    let filter = DeploymentFilter::default();
    while let Some((next, page)) = tracker.export_page(&filter, after, 50).await.unwrap() {
        lines.extend(page);
        after = Some(next);
    }
    (1..).zip(lines).collect()
}

async fn round(tracker: &Tracker, clock: &Arc<ManualClock>, seed: u64) {
    let mut random = Rng::with_seed(seed);
    for operation in 0..OPERATIONS {
        operate(tracker, clock, &mut random).await;
        if operation == OPERATIONS / 2 {
            clock.advance(TimeDelta::days(300));
        }
    }
    let hours = (clock.now() - noon()).num_hours();
    let moments: Vec<_> = (0..40)
        .map(|_| noon() + TimeDelta::hours(random.i64(0..hours)))
        .collect();
    let lines = exported(tracker).await;
    let (before, heard, existing) = (
        views(tracker, &moments).await,
        events(tracker).await,
        all(tracker).await,
    );
    let keep_last = random.u64(1..4);
    let first = remove(tracker, keep_last).await;
    assert!(first.deployments > 0, "something is old");
    let rest = all(tracker).await;
    assert_eq!(rest.len() as u64 + first.deployments, existing.len() as u64);
    assert_eq!(views(tracker, &moments).await, before, "after the removal");
    let is_left = |id: &Option<uuid::Uuid>| id.is_none_or(|id| rest.iter().any(|one| one.id == id));
    let mut expected = heard;
    expected.retain(|(_, id)| is_left(id));
    assert!(events(tracker).await == expected, "events of what is left");
    assert_eq!(remove(tracker, keep_last).await.deployments, 0, "twice");
    let found = tracker.verify().await.unwrap();
    assert!(found.ok && found.removed == first.deployments, "{found}");
    // A late redelivery of everything.
    let count = lines.len() as u64;
    let imported = tracker.import(lines, &by()).await.unwrap().value;
    assert_eq!((imported.recorded, imported.skipped), (0, count));
    assert_eq!(views(tracker, &moments).await, before, "after an import");
    // Life goes on, and more becomes old.
    for _ in 0..OPERATIONS / 2 {
        operate(tracker, clock, &mut random).await;
    }
    clock.advance(AGE);
    operate(tracker, clock, &mut random).await;
    let before = views(tracker, &moments).await;
    let second = remove(tracker, 1).await;
    assert_eq!(
        views(tracker, &moments).await,
        before,
        "after the second one"
    );
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    assert_eq!(found.removed, first.deployments + second.deployments);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_question_about_the_past_has_the_same_answer_after_a_removal(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let rounds = if database.is_sqlite() { 5 } else { 2 };
    for _ in 0..rounds {
        let seed = fastrand::u64(..);
        println!("seed {seed}");
        let another = database.another().await;
        let (tracker, clock) = with_clock(&another.tracker().await);
        round(&tracker, &clock, seed).await;
    }
}
