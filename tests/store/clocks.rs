//! Wrong clocks of callers, which send their time with each message, and of servers.

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{Clock as _, ManualClock, Time},
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    error::Error,
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    status::Status,
    text::IdempotencyKey,
    tracker::{IdempotentRequest, Terms, Tracker},
};
use deploytrack_tests::database::{
    Database,
    DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;

use crate::given::{advance, by, new, noon, shown, succeeded, with_clock};

/// The terms of a caller whose clock shows `present`.
fn sent_at(present: Time) -> Terms {
    Terms::by(by()).sent_at(Some(present))
}

fn minutes(minutes: i64) -> TimeDelta {
    TimeDelta::minutes(minutes)
}

/// A success that a caller with the clock at `present` reports immediately.
async fn report_live(tracker: &Tracker, version: &str, present: Time) -> Deployment {
    let new = NewDeployment {
        status: Status::Succeeded,
        occurred_at: Some(present),
        ..new("api", "production", version)
    };
    tracker.record(new, sent_at(present)).await.unwrap().value
}

/// A success that a caller with the clock at `present` reports after a delay.
async fn report_late(
    tracker: &Tracker,
    version: &str,
    present: Time,
    delay: TimeDelta,
) -> Deployment {
    let occurred_at = Some(present - delay);
    let new = NewDeployment {
        status: Status::Succeeded,
        occurred_at,
        ..new("api", "production", version)
    };
    tracker.record(new, sent_at(present)).await.unwrap().value
}

/// Checks the version in the matrix, and that the history agrees.
async fn assert_shown(tracker: &Tracker, version: &str) {
    assert_eq!(shown(tracker).await.as_deref(), Some(version));
    let found = tracker.verify().await.unwrap();
    assert_eq!(found.found, 0, "{:?}", found.differences);
}

/// Two trackers on one database, like two servers, with separate clocks.
async fn two_servers(database: &Database) -> [(Tracker, Arc<ManualClock>); 2] {
    [
        with_clock(&database.tracker().await),
        with_clock(&database.tracker().await),
    ]
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn live_deliveries_are_ordered_by_arrival_and_not_by_the_clocks_of_callers(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for (number, off) in [0, 17, -3, -10, 1440, -1440, 0].into_iter().enumerate() {
        clock.advance(TimeDelta::seconds(2));
        let version = format!("v{number}");
        let recorded = report_live(&tracker, &version, clock.now() + minutes(off)).await;
        assert_eq!(recorded.succeeded_at, Some(clock.now()), "{off}");
        assert_shown(&tracker, &version).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_live_update_is_ordered_by_its_arrival_and_stores_the_claimed_time(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let claimed = clock.now() - minutes(10);
    let started = NewDeployment {
        status: Status::InProgress,
        occurred_at: Some(claimed),
        ..new("api", "production", "v1")
    };
    let started = tracker.record(started, sent_at(claimed)).await.unwrap();
    succeeded(&tracker, "v0").await;
    clock.advance(minutes(1));
    let (claimed, reason) = (clock.now() - minutes(10), None);
    let change = Change {
        occurred_at: Some(claimed),
        reason,
        ..Change::to(Status::Succeeded)
    };
    let done = tracker
        .update(started.id, change.clone(), sent_at(claimed))
        .await
        .unwrap();
    assert_eq!(done.finished_at, Some(clock.now()));
    assert_shown(&tracker, "v1").await;
    let last = tracker.history(started.id).await.unwrap().pop().unwrap();
    assert_eq!(
        (last.occurred_at, last.claimed_at),
        (clock.now(), Some(claimed))
    );
    clock.advance(minutes(5));
    let again = tracker
        .update(started.id, change, sent_at(claimed + minutes(5)))
        .await
        .unwrap();
    assert_eq!(
        again.value, done.value,
        "the same message once more, sent later"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_event_spooled_for_hours_takes_its_place_in_the_past(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for off in [-1440, -10, 0, 17, 1440] {
        let (tracker, clock) = with_clock(&database.tracker().await);
        let (component, delay) = (format!("c{off}"), TimeDelta::hours(5));
        clock.advance(TimeDelta::hours(6));
        let of = |version: &str| NewDeployment {
            status: Status::Succeeded,
            register: true,
            ..new(&component, "production", version)
        };
        let newer = NewDeployment {
            occurred_at: Some(clock.now() - TimeDelta::hours(4)),
            ..of("newer")
        };
        tracker.record(newer, &by()).await.unwrap();
        let older = NewDeployment {
            occurred_at: Some(clock.now() + minutes(off) - delay),
            ..of("older")
        };
        let older = tracker
            .record(older, sent_at(clock.now() + minutes(off)))
            .await
            .unwrap();
        assert_eq!(older.succeeded_at, Some(clock.now() - delay), "{off}");
        let matrix = tracker.matrix(&MatrixFilter::default()).await.unwrap();
        let row = matrix
            .iter()
            .find(|row| row.component_name.as_str() == component)
            .unwrap();
        assert_eq!(
            row.environments["production"].version.as_str(),
            "newer",
            "{off}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_clock_that_is_set_back_hides_no_live_success(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    succeeded(&tracker, "v1").await;
    clock.set_by(TimeDelta::hours(-1));
    let second = succeeded(&tracker, "v2").await;
    assert_eq!(
        second.succeeded_at,
        Some(noon()),
        "not before what the cell has seen"
    );
    assert_shown(&tracker, "v2").await;
    report_live(&tracker, "v3", noon() + minutes(3)).await;
    assert_shown(&tracker, "v3").await;
    let fourth = tracker
        .record(new("api", "production", "v4"), &by())
        .await
        .unwrap();
    advance(&tracker, &fourth, Status::InProgress).await;
    let fourth = advance(&tracker, &fourth, Status::Succeeded).await;
    assert!(fourth.started_at.unwrap() <= fourth.finished_at.unwrap());
    assert_shown(&tracker, "v4").await;
    advance(&tracker, &fourth, Status::RolledBack).await;
    assert_shown(&tracker, "v3").await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_jump_of_a_day_and_back_freezes_no_cell(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    succeeded(&tracker, "v1").await;
    clock.set_by(TimeDelta::days(1));
    succeeded(&tracker, "v2").await;
    clock.set_by(TimeDelta::days(-1));
    for version in ["v3", "v4"] {
        clock.advance(minutes(1));
        succeeded(&tracker, version).await;
        assert_shown(&tracker, version).await;
    }
    report_late(&tracker, "v5", clock.now(), TimeDelta::seconds(3)).await;
    assert_shown(&tracker, "v5").await;
    let current = named(&tracker, "v5").await;
    tracker
        .undeploy(current.id, Undeploy::default(), &by())
        .await
        .unwrap();
    assert_eq!(
        shown(&tracker).await,
        None,
        "a live removal is not hidden either"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_with_different_clocks_keep_the_order_of_delivery(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let [(ahead, clock), (behind, _)] = two_servers(&database).await;
    clock.set_by(TimeDelta::seconds(10));
    for round in 0..3 {
        for (server, name) in [(&ahead, "ahead"), (&behind, "behind")] {
            let version = format!("{name}-{round}");
            succeeded(server, &version).await;
            assert_shown(server, &version).await;
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_failure_or_a_retry_behind_the_clock_is_not_older_than_what_is_current(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    succeeded(&tracker, "v1").await;
    clock.set_by(TimeDelta::hours(-1));
    let failed = tracker
        .record(
            NewDeployment {
                status: Status::Failed,
                ..new("api", "production", "v2")
            },
            &by(),
        )
        .await
        .unwrap();
    assert!(failed.finished_at >= Some(noon()));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_time_of_an_undeployment_is_corrected_by_the_clock_of_its_sender(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let first = succeeded(&tracker, "v1").await;
    clock.advance(minutes(30));
    let (present, claimed) = (clock.now() - minutes(17), clock.now() - minutes(17));
    let undeploy = Undeploy {
        occurred_at: Some(claimed),
        reason: None,
    };
    tracker
        .undeploy(first.id, undeploy.clone(), sent_at(present))
        .await
        .unwrap();
    assert_eq!(shown(&tracker).await, None);
    let history = tracker.history(first.id).await.unwrap();
    let last = history.last().unwrap();
    assert_eq!(
        (last.occurred_at, last.claimed_at),
        (clock.now(), Some(claimed))
    );
    clock.advance(minutes(1));
    tracker
        .undeploy(first.id, undeploy, sent_at(present + minutes(1)))
        .await
        .unwrap();
    assert_eq!(
        tracker.history(first.id).await.unwrap(),
        history,
        "the same message once more"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_a_time_in_the_future_of_both_clocks_is_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let at = |minute| NewDeployment {
        occurred_at: Some(clock.now() + minutes(minute)),
        ..new("api", "production", "v1")
    };
    assert!(matches!(
        tracker.record(at(17), &by()).await,
        Err(Error::Invalid(_))
    ));
    assert!(matches!(
        tracker.record(at(17), sent_at(clock.now())).await,
        Err(Error::Invalid(_))
    ));
    tracker
        .record(at(17), sent_at(clock.now() + minutes(17)))
        .await
        .unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repetition_under_its_key_is_one_message_whenever_it_is_sent(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let once = || IdempotentRequest {
        key: IdempotencyKey::new("7").unwrap(),
        request: deploytrack_core::digest::Digest::of(b"one"),
    };
    let mut recorded = Vec::new();
    for _ in 0..3 {
        clock.advance(minutes(1));
        let terms = sent_at(clock.now() - minutes(17)).once(Some(once()));
        recorded.push(
            tracker
                .record(new("api", "production", "v1"), terms)
                .await
                .unwrap()
                .id,
        );
    }
    recorded.dedup();
    assert_eq!(recorded.len(), 1);
}

async fn named(tracker: &Tracker, version: &str) -> Deployment {
    let filter = DeploymentFilter {
        version: Some(version.parse().unwrap()),
        ..DeploymentFilter::default()
    };
    tracker
        .list(&filter, PageRequest::default())
        .await
        .unwrap()
        .data
        .remove(0)
}
