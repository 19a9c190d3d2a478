//! The current deployment of a cell.

use chrono::TimeDelta;
use deploytrack_core::{
    deployment::{Change, NewDeployment, Undeploy},
    query::{DeploymentFilter, PageRequest},
    status::Status,
};
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use rstest::rstest;

use crate::given::{advance, by, new, noon, shown, succeeded, with_clock};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_current_until_something_succeeds(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let attempt = tracker
        .record(new("api", "production", "v1"), &by())
        .await
        .unwrap();
    assert_eq!(shown(&tracker).await, None);
    advance(&tracker, &attempt, Status::InProgress).await;
    assert_eq!(shown(&tracker).await, None);
    advance(&tracker, &attempt, Status::Succeeded).await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_running_or_failed_deployment_does_not_replace_the_current_one(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    let next = tracker
        .record(new("api", "production", "v2"), &by())
        .await
        .unwrap();
    for status in [Status::InProgress, Status::Failed, Status::Pending] {
        advance(&tracker, &next, status).await;
        assert_eq!(shown(&tracker).await.as_deref(), Some("v1"), "{status}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slow_deployment_that_succeeds_last_is_current(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let slow = tracker
        .record(
            NewDeployment {
                status: Status::InProgress,
                ..new("api", "production", "v1")
            },
            &by(),
        )
        .await
        .unwrap();
    clock.advance(TimeDelta::minutes(1));
    succeeded(&tracker, "v2").await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v2"));
    clock.advance(TimeDelta::minutes(1));
    advance(&tracker, &slow, Status::Succeeded).await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollback_makes_the_previous_success_current(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    succeeded(&tracker, "v1").await;
    let second = succeeded(&tracker, "v2").await;
    let third = succeeded(&tracker, "v3").await;
    advance(&tracker, &third, Status::RolledBack).await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v2"));
    advance(&tracker, &second, Status::RolledBack).await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rolling_back_the_only_success_empties_the_cell(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let only = succeeded(&tracker, "v1").await;
    advance(&tracker, &only, Status::RolledBack).await;
    assert_eq!(shown(&tracker).await, None);
    assert_eq!(tracker.latest(only.component_id, None).await.unwrap(), []);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rolling_back_a_deployment_that_is_not_current_does_not_change_the_cell(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let first = succeeded(&tracker, "v1").await;
    succeeded(&tracker, "v2").await;
    advance(&tracker, &first, Status::RolledBack).await;
    assert_eq!(shown(&tracker).await.as_deref(), Some("v2"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_retry_that_succeeds_is_current_from_its_new_success(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let first = succeeded(&tracker, "v1").await;
    clock.advance(TimeDelta::minutes(1));
    succeeded(&tracker, "v2").await;
    advance(&tracker, &first, Status::RolledBack).await;
    clock.advance(TimeDelta::minutes(1));
    for status in [Status::Pending, Status::InProgress, Status::Succeeded] {
        assert_eq!(shown(&tracker).await.as_deref(), Some("v2"));
        advance(&tracker, &first, status).await;
    }
    assert_eq!(shown(&tracker).await.as_deref(), Some("v1"));
    let again = tracker.deployment(first.id).await.unwrap();
    assert_eq!(
        (again.attempt, again.succeeded_at),
        (2, Some(noon() + TimeDelta::minutes(2)))
    );
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_then_b_then_a_again_shows_a(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for version in ["a", "b", "a"] {
        succeeded(&tracker, version).await;
        clock.advance(TimeDelta::seconds(1));
    }
    assert_eq!(shown(&tracker).await.as_deref(), Some("a"));
    let page = tracker
        .list(&DeploymentFilter::default(), PageRequest::default())
        .await
        .unwrap();
    assert_eq!(page.total, 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_earlier_success_that_is_reported_late_replaces_nothing(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    succeeded(&tracker, "v2").await;
    let late = NewDeployment {
        status: Status::Succeeded,
        occurred_at: Some(noon() - TimeDelta::days(1)),
        ..new("api", "production", "v1")
    };
    let late = tracker.record(late, &by()).await.unwrap();
    assert_eq!(late.succeeded_at, Some(noon() - TimeDelta::days(1)));
    assert_eq!(shown(&tracker).await.as_deref(), Some("v2"));
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_successes_at_one_moment_the_one_recorded_last_is_current(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    for version in ["v1", "v2", "v3"] {
        succeeded(&tracker, version).await;
    }
    assert_eq!(shown(&tracker).await.as_deref(), Some("v3"));
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_time_before_that_of_the_previous_transition_is_stored_as_given(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let attempt = tracker
        .record(
            NewDeployment {
                status: Status::InProgress,
                ..new("api", "production", "v1")
            },
            &by(),
        )
        .await
        .unwrap();
    let earlier = noon() - TimeDelta::hours(1);
    let change = Change {
        occurred_at: Some(earlier),
        ..Change::to(Status::Succeeded)
    };
    let done = tracker.update(attempt.id, change, &by()).await.unwrap();
    assert_eq!(
        (done.finished_at, done.succeeded_at),
        (Some(earlier), Some(earlier))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_success_slightly_ahead_of_the_clock_can_be_undeployed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let ahead = noon() + TimeDelta::minutes(4);
    let new = NewDeployment {
        status: Status::Succeeded,
        occurred_at: Some(ahead),
        ..new("api", "production", "v1")
    };
    let current = tracker.record(new, &by()).await.unwrap();
    tracker
        .undeploy(current.id, Undeploy::default(), &by())
        .await
        .unwrap();
    assert_eq!(shown(&tracker).await, None);
    assert_eq!(
        tracker
            .history(current.id)
            .await
            .unwrap()
            .last()
            .unwrap()
            .occurred_at,
        ahead
    );
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_time_more_than_five_minutes_ahead_is_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let at = |ahead| NewDeployment {
        occurred_at: Some(noon() + ahead),
        ..new("api", "production", "v1")
    };
    tracker
        .record(at(TimeDelta::minutes(5)), &by())
        .await
        .unwrap();
    tracker
        .record(
            at(TimeDelta::minutes(5) + TimeDelta::microseconds(1)),
            &by(),
        )
        .await
        .unwrap_err();
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_updates_in_any_order_end_in_the_same_cell(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let mut cells = Vec::new();
    for order in [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ] {
        let another = database.another().await;
        let (tracker, _clock) = with_clock(&another.tracker().await);
        for index in order {
            let occurred_at = Some(noon() - TimeDelta::hours(3 - index));
            let new = NewDeployment {
                status: Status::Succeeded,
                occurred_at,
                ..new("api", "production", &format!("v{index}"))
            };
            tracker.record(new, &by()).await.unwrap();
        }
        cells.push(shown(&tracker).await);
    }
    assert_eq!(cells, vec![Some("v2".to_owned()); 6]);
}
