//! Rollback in two writes: the current version between them and after them.

use chrono::TimeDelta;
use deploytrack_core::{
    deployment::{Deployment, Metadata, NewDeployment},
    query::{DeploymentFilter, MatrixFilter, Order, PageRequest},
    rollback::{self, Verdict},
    status::Status,
    tracker::Tracker,
};
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use rstest::rstest;

use crate::given::{advance, by, new, noon, shown, succeeded, with_clock};

/// The deployments of the cell, as the command `rollback` reads them.
async fn all(tracker: &Tracker) -> Vec<Deployment> {
    let filter = DeploymentFilter {
        order: Order::Occurred,
        ..DeploymentFilter::default()
    };
    tracker
        .list(&filter, PageRequest::new(0, 100).unwrap())
        .await
        .unwrap()
        .data
}

async fn current(tracker: &Tracker, like: &Deployment) -> Option<Deployment> {
    tracker.latest(like.component_id, None).await.unwrap().pop()
}

/// The first write: records the earlier version again. Returns the deployment to mark as rolled
/// back, if there is an earlier version.
async fn go_back(tracker: &Tracker, like: &Deployment) -> Option<(Deployment, String)> {
    let (from, all) = (current(tracker, like).await?, all(tracker).await);
    let version = rollback::target(&rollback::candidates(Some(&from), &all))?
        .deployment
        .version
        .clone();
    let map = [(rollback::OF.to_owned(), from.id.to_string().into())]
        .into_iter()
        .collect();
    let new = NewDeployment {
        status: Status::Succeeded,
        metadata: Metadata::new(map).unwrap(),
        ..new("api", "production", version.as_str())
    };
    tracker.record(new, &by()).await.unwrap();
    Some((from, version.to_string()))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_cell_is_correct_between_the_writes_and_after_them(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    // The mark arrives at once, or only after the next rollback has begun.
    for late in [false, true] {
        let another = database.another().await;
        let (tracker, clock) = with_clock(&another.tracker().await);
        let mut like = None;
        for version in ["v1", "v2", "v3", "v4"] {
            clock.advance(TimeDelta::minutes(1));
            like = Some(succeeded(&tracker, version).await);
        }
        let (like, mut marks, mut walked) = (like.unwrap(), Vec::new(), Vec::new());
        clock.advance(TimeDelta::minutes(1));
        while let Some((from, version)) = go_back(&tracker, &like).await {
            assert_eq!(
                shown(&tracker).await.as_ref(),
                Some(&version),
                "between the two writes"
            );
            clock.advance(TimeDelta::minutes(1));
            marks.push(from);
            if !late {
                advance(&tracker, &marks.pop().unwrap(), Status::RolledBack).await;
            }
            assert_eq!(shown(&tracker).await.as_ref(), Some(&version), "after them");
            walked.push(version);
            clock.advance(TimeDelta::minutes(1));
        }
        assert_eq!(walked, ["v3", "v2", "v1"], "late: {late}");
        for mark in marks {
            advance(&tracker, &mark, Status::RolledBack).await;
            assert_eq!(
                shown(&tracker).await.as_deref(),
                Some("v1"),
                "whatever mark comes when"
            );
        }
        assert_eq!(
            tracker.unsettled(&MatrixFilter::default()).await.unwrap(),
            []
        );
        fold::check(&tracker).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_reported_late_is_a_rollback_target_at_its_own_time(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for (version, minutes) in [("v3", 30), ("v1", 10), ("v2", 20)] {
        clock.advance(TimeDelta::minutes(1));
        let occurred_at = Some(noon() - TimeDelta::hours(1) + TimeDelta::minutes(minutes));
        let new = NewDeployment {
            status: Status::Succeeded,
            occurred_at,
            ..new("api", "production", version)
        };
        tracker.record(new, &by()).await.unwrap();
    }
    let all = all(&tracker).await;
    let now = current(&tracker, &all[0]).await;
    let judged: Vec<_> = rollback::candidates(now.as_ref(), &all)
        .iter()
        .map(|one| (one.deployment.version.to_string(), one.verdict))
        .collect();
    let expected = [
        ("v3", Verdict::Current),
        ("v2", Verdict::Target),
        ("v1", Verdict::Older),
    ];
    assert_eq!(
        judged,
        expected.map(|(version, verdict)| (version.to_owned(), verdict))
    );
}
