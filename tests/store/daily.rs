//! Deployments counted by day.

use chrono::TimeDelta;
use deploytrack_core::{
    clock::parse,
    daily::{DailyFilter, DayCounts},
    deployment::{Deployment, NewDeployment},
    status::Status,
    tracker::Tracker,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use crate::given::{advance, by, new, with_clock};

async fn record(
    tracker: &Tracker,
    (component, environment): (&str, &str),
    status: Status,
    occurred_at: &str,
) -> Deployment {
    let new = NewDeployment {
        status,
        occurred_at: Some(parse(occurred_at).unwrap()),
        register: true,
        ..new(component, environment, "v1")
    };
    tracker.record(new, &by()).await.unwrap().value
}

/// The days that are not empty, each as its date and its numbers of deployments that succeeded,
/// failed and were rolled back.
async fn counted(tracker: &Tracker, filter: &DailyFilter) -> Vec<String> {
    let line = |day: &DayCounts| {
        let DayCounts {
            date,
            succeeded,
            failed,
            rolled_back,
        } = day;
        format!("{date} {succeeded} {failed} {rolled_back}")
    };
    let days = tracker.daily(filter).await.unwrap();
    let lines = days.iter().map(line);
    lines.filter(|line| !line.ends_with(" 0 0 0")).collect()
}

const API: (&str, &str) = ("api", "production");

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_counts_on_the_day_of_the_status_that_it_has_now(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for (status, occurred_at) in [
        (Status::Succeeded, "2025-05-18T23:59:59Z"),
        (Status::Succeeded, "2025-05-19T00:00:00Z"),
        (Status::Succeeded, "2025-05-31T08:00:00Z"),
        (Status::Failed, "2025-05-31T23:59:59Z"),
        (Status::InProgress, "2025-05-31T09:00:00Z"),
        (Status::Pending, "2025-05-31T09:30:00Z"),
    ] {
        record(&tracker, API, status, occurred_at).await;
    }
    let undone = record(&tracker, API, Status::Succeeded, "2025-05-30T09:00:00Z").await;
    advance(&tracker, &undone, Status::RolledBack).await;

    let days = tracker.daily(&DailyFilter::default()).await.unwrap();
    let dates: Vec<_> = days.iter().map(|day| day.date.to_string()).collect();
    assert_eq!((dates.len(), dates.is_sorted()), (14, true), "{dates:?}");
    assert_eq!((&*dates[0], &*dates[13]), ("2025-05-19", "2025-06-01"));
    assert_eq!(
        counted(&tracker, &DailyFilter::default()).await,
        ["2025-05-19 1 0 0", "2025-05-31 1 1 0", "2025-06-01 0 0 1"]
    );
    let all = DailyFilter {
        days: "90".parse().unwrap(),
        ..DailyFilter::default()
    };
    assert_eq!(tracker.daily(&all).await.unwrap().len(), 90);
    assert_eq!(counted(&tracker, &all).await[0], "2025-05-18 1 0 0");

    clock.advance(TimeDelta::hours(12));
    let days = tracker.daily(&DailyFilter::default()).await.unwrap();
    assert_eq!(days[13].date.to_string(), "2025-06-02", "a new day began");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_offset_moves_a_deployment_into_another_day(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    record(&tracker, API, Status::Succeeded, "2025-05-31T22:30:00Z").await;
    record(&tracker, API, Status::Failed, "2025-06-01T00:10:00Z").await;
    for (offset, days) in [
        ("Z", vec!["2025-05-31 1 0 0", "2025-06-01 0 1 0"]),
        ("+01:29", vec!["2025-05-31 1 0 0", "2025-06-01 0 1 0"]),
        ("+01:30", vec!["2025-06-01 1 1 0"]),
        ("-00:10", vec!["2025-05-31 1 0 0", "2025-06-01 0 1 0"]),
        ("-00:11", vec!["2025-05-31 1 1 0"]),
    ] {
        let filter = DailyFilter {
            utc_offset: offset.parse().unwrap(),
            ..DailyFilter::default()
        };
        assert_eq!(counted(&tracker, &filter).await, days, "{offset}");
    }
    let far = DailyFilter {
        days: "1".parse().unwrap(),
        utc_offset: "+14:00".parse().unwrap(),
        ..DailyFilter::default()
    };
    let days = tracker.daily(&far).await.unwrap();
    assert_eq!(days[0].date.to_string(), "2025-06-02", "today is there");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_counts_are_those_of_the_deployments_that_match(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    for (cell, times) in [
        (("api", "production"), 1),
        (("api", "staging"), 2),
        (("web", "production"), 4),
        (("web", "prod-eu"), 8),
    ] {
        for _ in 0..times {
            record(&tracker, cell, Status::Succeeded, "2025-06-01T10:00:00Z").await;
        }
    }
    for (component, environment, environment_type, count) in [
        (None, None, None, 15),
        (Some("api"), None, None, 3),
        (None, Some("Production"), None, 5),
        (Some("web"), Some("production"), None, 4),
        (None, None, Some("production"), 13),
        (Some("web"), None, Some("production"), 12),
        (Some("web"), Some("production"), Some("staging"), 0),
        (Some("unknown"), None, None, 0),
    ] {
        let filter = DailyFilter {
            component: component.map(|name| name.parse().unwrap()),
            environment: environment.map(|name| name.parse().unwrap()),
            environment_type: environment_type.map(|one| one.parse().unwrap()),
            ..DailyFilter::default()
        };
        let days = tracker.daily(&filter).await.unwrap();
        assert_eq!((days.len(), days[13].succeeded), (14, count), "{filter:?}");
    }
}
