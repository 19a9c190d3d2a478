//! Random operations, legal and not, with random times, leave every view equal to a fold of the history.

use chrono::TimeDelta;
use deploytrack_core::error::Error;
use deploytrack_tests::{database::Database, fold};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use tokio::runtime::Runtime;

use crate::*;

/// Databases that are filled, and operations on each.
const CASES: u32 = 24;
const OPERATIONS: usize = 40;

#[derive(Clone, Debug)]
enum Operation {
    Record { component: usize, environment: usize, status: Status, minutes_ago: Option<i64> },
    Update { which: usize, status: Status, minutes_ago: Option<i64> },
    Describe { which: usize },
    Wait { seconds: i64 },
}

fn operation() -> impl Strategy<Value = Operation> {
    let status = || prop::sample::select(Status::ALL.to_vec());
    let minutes_ago = || prop::option::of(-5i64..60);
    prop_oneof![
        3 => (0..3usize, 0..3usize, status(), minutes_ago())
            .prop_map(|(component, environment, status, minutes_ago)| Operation::Record { component, environment, status, minutes_ago }),
        6 => (any::<prop::sample::Index>(), status(), minutes_ago())
            .prop_map(|(which, status, minutes_ago)| Operation::Update { which: which.index(1000), status, minutes_ago }),
        1 => (0..1000usize).prop_map(|which| Operation::Describe { which }),
        2 => (0..120i64).prop_map(|seconds| Operation::Wait { seconds }),
    ]
}

/// What the deployments should be, kept beside the tracker.
#[derive(Default)]
struct Model(Vec<(uuid::Uuid, Status)>);

impl Model {
    async fn perform(&mut self, tracker: &Tracker, clock: &ManualClock, operation: &Operation) {
        let time = |minutes_ago: Option<i64>| minutes_ago.map(|minutes| tracker.clock().now() - TimeDelta::minutes(minutes));
        match *operation {
            Operation::Record { component, environment, status, minutes_ago } => {
                self.record(tracker, component, environment, status, time(minutes_ago)).await;
            }
            Operation::Update { which, status, minutes_ago } => {
                let change = Change { occurred_at: time(minutes_ago), ..Change::to(status) };
                self.update(tracker, which, status, change).await;
            }
            Operation::Describe { which } => {
                let Some((id, _)) = self.pick(which) else { return };
                let change = Change { description: Some(Some("said again".parse().unwrap())), ..Change::default() };
                tracker.update(id, change, &by()).await.unwrap();
            }
            Operation::Wait { seconds } => clock.advance(TimeDelta::seconds(seconds)),
        }
    }

    async fn record(&mut self, tracker: &Tracker, component: usize, environment: usize, status: Status, occurred_at: Option<Time>) {
        let (component, environment) = (["api", "frontend", "worker"][component], ["dev", "qa", "production"][environment]);
        let new = NewDeployment { status, occurred_at, ..new(component, environment, &format!("v{}", self.0.len())) };
        match tracker.record(new, &by()).await {
            Ok(recorded) => {
                assert_ne!(status, Status::RolledBack);
                assert_eq!(recorded.status, status);
                self.0.push((recorded.id, status));
            }
            Err(Error::Invalid(_)) => assert_eq!(status, Status::RolledBack),
            Err(other) => panic!("{other}"),
        }
    }

    async fn update(&mut self, tracker: &Tracker, which: usize, status: Status, change: Change) {
        let Some((id, before)) = self.pick(which) else { return };
        match tracker.update(id, change, &by()).await {
            Ok(_) => {
                assert!(before.advance(status).is_ok());
                self.0.iter_mut().find(|known| known.0 == id).unwrap().1 = status;
            }
            Err(Error::Transition(refusal)) => assert_eq!(before.advance(status).unwrap_err(), refusal),
            Err(other) => panic!("{other}"),
        }
    }

    fn pick(&self, which: usize) -> Option<(uuid::Uuid, Status)> {
        self.0.get(which % self.0.len().max(1)).copied()
    }
}

async fn run(database: Database, operations: &[Operation]) {
    let (tracker, clock) = with_clock(&database.tracker().await);
    let mut model = Model::default();
    for half in operations.chunks(OPERATIONS / 2) {
        for operation in half {
            model.perform(&tracker, &clock, operation).await;
        }
        fold::check(&tracker).await;
    }
    for (id, status) in &model.0 {
        assert_eq!(tracker.deployment(*id).await.unwrap().status, *status);
    }
    tracker.close().await;
}

fn check(database: impl AsyncFn() -> Option<Database>) {
    let runtime = Runtime::new().unwrap();
    let config = Config { cases: CASES, max_shrink_iters: 200, failure_persistence: None, ..Config::default() };
    let operations = prop::collection::vec(operation(), OPERATIONS..=OPERATIONS);
    let outcome = TestRunner::new(config).run(&operations, |operations| {
        runtime.block_on(async {
            if let Some(database) = database().await {
                run(database, &operations).await;
            }
        });
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn every_view_is_a_fold_of_the_history_on_sqlite() {
    check(async || Some(Database::sqlite()));
}

#[test]
fn every_view_is_a_fold_of_the_history_on_postgres() {
    check(Database::postgres);
}
