//! What a removal refuses, and what it retains.

use chrono::TimeDelta;
use deploytrack_core::{
    clock::Clock as _,
    deployment::{Change, NewDeployment},
    digest::Digest,
    error::Error,
    query::{DeploymentFilter, PageRequest},
    retention::LEAST_AGE,
    status::Status,
    text::Description,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;

use super::{AGE, age, aged, by, is_removed, new, remove, request};
use crate::given::{succeeded, with_clock};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removal_needs_an_age_and_the_tag_of_its_preview(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _, _) = aged(&database, 5).await;
    for (age, keep_last) in [(LEAST_AGE - TimeDelta::seconds(1), 1), (AGE, 0)] {
        let refused = tracker.preview_removal(age, keep_last).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let preview = tracker.preview_removal(AGE, 1).await.unwrap();
    assert_eq!(
        (preview.deployments, preview.retained, preview.cell_count),
        (3, 3, 1)
    );
    assert_eq!(
        (preview.cells[0].deployments, preview.cells[0].retained),
        (3, 2)
    );
    let mut young = request(&preview);
    young.rule.before += TimeDelta::days(300);
    let refused = tracker.remove(young, &by()).await;
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    let mut other = request(&preview);
    other.tag = Digest::of(b"another");
    let refused = tracker.remove(other, &by()).await;
    assert!(matches!(refused, Err(Error::PreviewChanged)), "{refused:?}");
    // A new deployment in the cell makes an old one the third newest: the preview is outdated.
    let preview = tracker.preview_removal(AGE, 3).await.unwrap();
    succeeded(&tracker, "v6").await;
    let refused = tracker.remove(request(&preview), &by()).await;
    assert!(matches!(refused, Err(Error::PreviewChanged)), "{refused:?}");
    assert!(tracker.verify().await.unwrap().ok);
    assert_eq!(remove(&tracker, 3).await.deployments, 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_is_ahead_makes_nothing_old(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for number in 1..=5 {
        clock.advance(TimeDelta::days(1));
        succeeded(&tracker, &format!("v{number}")).await;
    }
    clock.advance(TimeDelta::days(3650));
    assert_eq!(
        tracker.preview_removal(AGE, 1).await.unwrap().deployments,
        0
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deployments_about_which_anything_is_young_are_retained(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    clock.advance(TimeDelta::days(1));
    let old = succeeded(&tracker, "v1").await;
    let described = succeeded(&tracker, "v2").await;
    let undone = succeeded(&tracker, "v3").await;
    let waiting = tracker
        .record(new("api", "production", "v4"), &by())
        .await
        .unwrap();
    clock.advance(TimeDelta::days(1));
    succeeded(&tracker, "v5").await;
    succeeded(&tracker, "v6").await;
    succeeded(&tracker, "v7").await;
    age(&tracker, &clock).await;
    let change = Change {
        description: Some(Some(Description::new("found in an audit").unwrap())),
        ..Change::default()
    };
    tracker.update(described.id, change, &by()).await.unwrap();
    // Recorded now, and about the past.
    let late = Change {
        occurred_at: Some(undone.occurred_at + TimeDelta::hours(1)),
        ..Change::to(Status::RolledBack)
    };
    tracker.update(undone.id, late, &by()).await.unwrap();
    let imported = NewDeployment {
        status: Status::Succeeded,
        occurred_at: Some(old.occurred_at),
        ..new("api", "production", "v0")
    };
    let imported = tracker.record(imported, &by()).await.unwrap();
    let outcome = remove(&tracker, 1).await;
    assert_eq!(outcome.deployments, 2, "v1 and v5");
    assert!(is_removed(&tracker.deployment(old.id).await));
    for retained in [described.id, undone.id, waiting.id, imported.id] {
        tracker.deployment(retained).await.unwrap();
    }
    assert!(clock.now() > old.occurred_at);
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_interrupted_removal_leaves_whole_batches_and_the_next_one_goes_on(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for _ in 0..450 {
        clock.advance(TimeDelta::hours(1));
        succeeded(&tracker, "latest").await;
    }
    age(&tracker, &clock).await;
    // The second removal fails, as if the program was killed before its commit.
    let (fail, mend) = if database.is_sqlite() {
        (
            "create trigger fail before insert on removals when new.number = 2 begin select raise(abort, 'full'); end",
            "drop trigger fail",
        )
    } else {
        (
            "alter table removals add constraint fail check (number <> 2)",
            "alter table removals drop constraint fail",
        )
    };
    database.execute(fail).await.unwrap();
    let preview = tracker.preview_removal(AGE, 20).await.unwrap();
    assert_eq!(preview.deployments, 430);
    assert!(tracker.remove(request(&preview), &by()).await.is_err());
    database.execute(mend).await.unwrap();
    let filter = DeploymentFilter::default();
    let list = tracker.list(&filter, PageRequest::default());
    assert_eq!(
        list.await.unwrap().total,
        251,
        "one batch of 200 is removed"
    );
    let found = tracker.verify().await.unwrap();
    assert!(found.ok && found.removed == 200, "{found}");
    let outcome = remove(&tracker, 20).await;
    assert_eq!((outcome.deployments, outcome.last_removal), (230, Some(3)));
    let found = tracker.verify().await.unwrap();
    assert!(found.ok && found.removed == 430, "{found}");
}
