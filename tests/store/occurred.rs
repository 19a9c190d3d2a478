//! The time of an occurrence decides what is newest, whatever the order of the reports.

use chrono::TimeDelta;
use deploytrack_core::{
    api::ImportLine,
    clock::Time,
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    digest::Digest,
    query::{DeploymentFilter, MatrixFilter, Order, PageRequest},
    status::Status,
    tracker::{IdempotentRequest, Terms, Tracker},
};
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, TestRunner},
};
use rstest::rstest;

use crate::given::{advance, by, new, noon, with_clock};

fn minute(minutes: i64) -> Time {
    noon() - TimeDelta::hours(10) + TimeDelta::minutes(minutes)
}

fn at(version: &str, status: Status, minutes: i64) -> NewDeployment {
    NewDeployment {
        status,
        occurred_at: Some(minute(minutes)),
        ..new("api", "production", version)
    }
}

async fn record_at(tracker: &Tracker, version: &str, status: Status, minutes: i64) -> Deployment {
    tracker
        .record(at(version, status, minutes), &by())
        .await
        .unwrap()
        .value
}

/// The unsettled deployments of all cells, as `component environment version`.
async fn unsettled(tracker: &Tracker) -> Vec<String> {
    let attempts = tracker.unsettled(&MatrixFilter::default()).await.unwrap();
    attempts
        .iter()
        .map(|one| {
            format!(
                "{} {} {}",
                one.component_name, one.environment_name, one.version
            )
        })
        .collect()
}

/// The versions of a list.
async fn versions(tracker: &Tracker, filter: DeploymentFilter) -> Vec<String> {
    let page = tracker
        .list(&filter, PageRequest::new(0, 100).unwrap())
        .await
        .unwrap();
    assert_eq!(page.total, page.data.len() as u64);
    page.data
        .iter()
        .map(|one| one.version.to_string())
        .collect()
}

const NONE: [&str; 0] = [];

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failure_reported_late_is_not_shown_beside_a_newer_success(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    record_at(&tracker, "v2", Status::Succeeded, 20).await;
    record_at(&tracker, "v1", Status::Failed, 10).await;
    assert_eq!(unsettled(&tracker).await, NONE);
    record_at(&tracker, "v3", Status::Failed, 30).await;
    assert_eq!(unsettled(&tracker).await, ["api production v3"]);
    record_at(&tracker, "v2.1", Status::InProgress, 25).await;
    assert_eq!(
        unsettled(&tracker).await,
        ["api production v3"],
        "the newest by when it happened"
    );
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_equal_times_the_one_recorded_last_is_newer(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let first = record_at(&tracker, "v1", Status::InProgress, 10).await;
    record_at(&tracker, "v2", Status::Failed, 10).await;
    assert_eq!(unsettled(&tracker).await, ["api production v2"]);
    let change = Change {
        occurred_at: Some(minute(10)),
        ..Change::to(Status::Failed)
    };
    tracker.update(first.id, change, &by()).await.unwrap();
    assert_eq!(
        unsettled(&tracker).await,
        ["api production v1"],
        "its transition was recorded last"
    );
    record_at(&tracker, "v3", Status::Succeeded, 10).await;
    assert_eq!(unsettled(&tracker).await, NONE);
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_settles_older_failures(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let serving = record_at(&tracker, "v1", Status::Succeeded, 10).await;
    record_at(&tracker, "v2", Status::Failed, 20).await;
    assert_eq!(unsettled(&tracker).await, ["api production v2"]);
    let undeploy = Undeploy {
        occurred_at: Some(minute(30)),
        ..Undeploy::default()
    };
    tracker.undeploy(serving.id, undeploy, &by()).await.unwrap();
    assert_eq!(unsettled(&tracker).await, NONE);
    assert_eq!(
        tracker.deployment(serving.id).await.unwrap().occurred_at,
        minute(10),
        "a removal is no transition"
    );
    record_at(&tracker, "v3", Status::Failed, 25).await;
    assert_eq!(unsettled(&tracker).await, NONE, "told late");
    record_at(&tracker, "v4", Status::Pending, 40).await;
    assert_eq!(unsettled(&tracker).await, ["api production v4"]);
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_transitions_set_occurred_at(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let deployment = tracker
        .record(new("api", "production", "v1"), &by())
        .await
        .unwrap()
        .value;
    assert_eq!(deployment.occurred_at, noon());
    for status in [
        Status::InProgress,
        Status::Succeeded,
        Status::RolledBack,
        Status::Pending,
        Status::Failed,
    ] {
        clock.advance(TimeDelta::minutes(1));
        assert_eq!(
            advance(&tracker, &deployment, status).await.occurred_at,
            noon() + TimeDelta::minutes(i64::from(deployment_minutes(status)))
        );
    }
    clock.advance(TimeDelta::minutes(1));
    let described = Change {
        description: Some(Some("x".parse().unwrap())),
        ..Change::default()
    };
    let described = tracker
        .update(deployment.id, described, &by())
        .await
        .unwrap();
    assert_eq!(
        (described.occurred_at, described.updated_at),
        (
            noon() + TimeDelta::minutes(5),
            noon() + TimeDelta::minutes(6)
        )
    );
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_import_has_the_same_result_in_any_order(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::default()
    });
    for _ in 0..8 {
        let lines = lines().new_tree(&mut runner).unwrap().current();
        let mut answers = Vec::new();
        for shuffled in [
            lines.clone(),
            lines.iter().rev().cloned().collect(),
            Just(lines)
                .prop_shuffle()
                .new_tree(&mut runner)
                .unwrap()
                .current(),
        ] {
            let another = database.another().await;
            let tracker = another.tracker().await;
            // In two halves: the second is reported after the first is recorded.
            for half in shuffled.chunks(shuffled.len().div_ceil(2)) {
                tracker
                    .import(half.iter().cloned().enumerate().collect(), &by())
                    .await
                    .unwrap();
            }
            fold::check(&tracker).await;
            let occurred = DeploymentFilter {
                order: Order::Occurred,
                ..DeploymentFilter::default()
            };
            let bounded = DeploymentFilter {
                occurred_after: Some(minute(5)),
                occurred_before: Some(minute(15)),
                ..occurred.clone()
            };
            answers.push((
                unsettled(&tracker).await,
                versions(&tracker, occurred).await,
                versions(&tracker, bounded).await,
            ));
            tracker.close().await;
        }
        assert!(
            answers.windows(2).all(|pair| pair[0] == pair[1]),
            "{answers:#?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn filters_by_when_it_happened_and_by_recording_are_two(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for (version, minutes) in [("v2", 20), ("v1", 10), ("v3", 30)] {
        clock.advance(TimeDelta::minutes(1));
        record_at(&tracker, version, Status::Succeeded, minutes).await;
    }
    let filter = |order| DeploymentFilter {
        order,
        ..DeploymentFilter::default()
    };
    assert_eq!(
        versions(&tracker, filter(Order::Created)).await,
        ["v3", "v1", "v2"]
    );
    assert_eq!(
        versions(&tracker, filter(Order::Occurred)).await,
        ["v3", "v2", "v1"]
    );
    for order in Order::ALL {
        let occurred = DeploymentFilter {
            occurred_after: Some(minute(10)),
            occurred_before: Some(minute(20)),
            ..filter(order)
        };
        assert_eq!(
            versions(&tracker, occurred).await,
            ["v1"],
            "from the first on, before the second"
        );
        let created = DeploymentFilter {
            created_after: Some(noon() + TimeDelta::minutes(3)),
            ..filter(order)
        };
        assert_eq!(versions(&tracker, created).await, ["v3"]);
        let both = DeploymentFilter {
            created_before: Some(noon() + TimeDelta::minutes(2)),
            occurred_after: Some(minute(25)),
            ..filter(order)
        };
        assert_eq!(versions(&tracker, both).await, NONE);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_from_before_the_migration_gets_its_times_from_its_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    record_at(&tracker, "v2", Status::Succeeded, 20).await;
    let undone = record_at(&tracker, "v3", Status::Succeeded, 30).await;
    clock.advance(TimeDelta::minutes(1));
    advance(&tracker, &undone, Status::RolledBack).await;
    let terms = Terms::by(by()).once(Some(IdempotentRequest {
        key: "once".parse().unwrap(),
        request: Digest::of(b"the same request"),
    }));
    let first = tracker
        .record(at("v4", Status::InProgress, 40), terms.clone())
        .await
        .unwrap();
    let before = fold::everything(&tracker).await;
    tracker.close().await;
    database.execute(BEFORE).await.unwrap();
    database.execute(&strip(&database)).await.unwrap();

    let (tracker, _clock) = with_clock(&database.tracker().await);
    assert_eq!(fold::everything(&tracker).await, before);
    fold::check(&tracker).await;
    let again = tracker
        .record(at("v4", Status::InProgress, 40), terms)
        .await
        .unwrap();
    assert_eq!(
        (again.replayed, &again.value),
        (true, &first.value),
        "an answer that was kept before has its time too"
    );
}

/// The minute of each status in a deployment that goes through all of them.
fn deployment_minutes(status: Status) -> u8 {
    match status {
        Status::InProgress => 1,
        Status::Succeeded => 2,
        Status::RolledBack => 3,
        Status::Pending => 4,
        Status::Failed => 5,
    }
}

/// Reverts the migration that added the time.
const BEFORE: &str = "
drop index deployments_occurred; drop index deployments_by_component_occurred; drop index deployments_by_environment_occurred;
drop index deployments_by_status_occurred; drop index deployments_by_cell_occurred;
create index deployments_by_cell on deployments (component_id, environment_id, created_at, id);
alter table deployments drop column occurred_at; alter table deployments drop column occurred_sequence;
delete from _sqlx_migrations where version = 9";

/// Removes the time from the stored answers.
fn strip(database: &deploytrack_tests::database::Database) -> String {
    let answer = if database.is_sqlite() {
        "json_remove(answer, '$.occurredAt')"
    } else {
        "(answer::jsonb - 'occurredAt')::text"
    };
    format!("update idempotency_keys set answer = {answer}")
}

/// Deployments with any statuses, all at different times.
fn lines() -> impl Strategy<Value = Vec<ImportLine>> {
    let place = || {
        (
            prop::sample::select(vec!["api", "web"]),
            prop::sample::select(vec!["staging", "production"]),
        )
    };
    let one = (place(), prop::sample::select(Status::ALL.to_vec()));
    prop::collection::vec(one, 2..24).prop_map(|all| {
        let all = all.into_iter().enumerate();
        all.map(|(number, ((component, environment), status))| {
            let occurred_at = Some(minute(i64::try_from(number).unwrap()));
            let version = format!("v{number}");
            NewDeployment {
                status,
                occurred_at,
                ..new(component, environment, &version)
            }
            .into()
        })
        .collect()
    })
}
