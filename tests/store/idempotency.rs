//! How long an answer is stored under its idempotency key.

use chrono::TimeDelta;
use deploytrack_core::{
    deployment::Deployment,
    digest::Digest,
    text::IdempotencyKey,
    tracker::{IdempotentRequest, Terms, Tracker, WriteOutcome},
};
use deploytrack_tests::database::{
    Database,
    DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;

use crate::given::{by, new, succeeded, with_clock};

/// Records a deployment once under a key.
async fn once(tracker: &Tracker, key: &str) -> WriteOutcome<Deployment> {
    let once = IdempotentRequest {
        key: IdempotencyKey::new(key).unwrap(),
        request: Digest::of(b"the same request"),
    };
    tracker
        .record(
            new("api", "production", "v1"),
            Terms::by(by()).once(Some(once)),
        )
        .await
        .unwrap()
}

async fn stored_answers(database: &Database) -> usize {
    database
        .text("select cast(count(*) as text) from idempotency_keys")
        .await
        .parse()
        .unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stored_answer_is_replayed_until_it_expires(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let tracker = tracker.with_retention(TimeDelta::hours(1));
    let first = once(&tracker, "7").await;
    assert!(!first.replayed);
    clock.advance(TimeDelta::hours(1) - TimeDelta::microseconds(1));
    let again = once(&tracker, "7").await;
    assert_eq!((again.replayed, again.value), (true, first.value.clone()));
    clock.advance(TimeDelta::microseconds(1));
    let anew = once(&tracker, "7").await;
    assert!(!anew.replayed && anew.id != first.id);
    assert_eq!(
        stored_answers(&database).await,
        1,
        "in the place of the one before"
    );
    clock.advance(TimeDelta::minutes(59));
    assert_eq!(
        once(&tracker, "7").await.value,
        anew.value,
        "for an hour of its own"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_outlives_the_server_that_gave_it(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    let first = once(&tracker, "7").await;
    tracker.close().await;
    let (tracker, clock) = with_clock(&database.tracker().await);
    clock.advance(TimeDelta::hours(24) - TimeDelta::microseconds(1));
    let again = once(&tracker, "7").await;
    assert_eq!(
        (again.replayed, again.value),
        (true, first.value),
        "24 hours, unless told otherwise"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_stays_as_long_as_it_was_to_stay(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    once(&tracker.clone().with_retention(TimeDelta::hours(2)), "7").await;
    clock.advance(TimeDelta::minutes(90));
    assert!(
        once(&tracker.with_retention(TimeDelta::hours(1)), "7")
            .await
            .replayed
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn expired_answers_are_deleted_in_small_batches(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    for number in 0..40 {
        once(&tracker, &format!("old-{number}")).await;
    }
    clock.advance(TimeDelta::hours(23));
    once(&tracker, "young").await;
    assert_eq!(stored_answers(&database).await, 41, "nothing has expired");
    clock.advance(TimeDelta::hours(7));
    succeeded(&tracker, "v2").await;
    assert_eq!(
        stored_answers(&database).await,
        41,
        "a write without a key sweeps nothing"
    );
    let mut counts = Vec::new();
    for number in 0..6 {
        once(&tracker, &format!("new-{number}")).await;
        counts.push(stored_answers(&database).await);
    }
    assert_eq!(
        counts,
        [34, 27, 20, 13, 6, 7],
        "eight are removed for each that is added, and then none is left"
    );
    assert!(
        once(&tracker, "young").await.replayed,
        "what has not expired stays"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_outlives_a_clock_that_is_set(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock) = with_clock(&database.tracker().await);
    let first = once(&tracker, "7").await;
    for (turn, days) in [1, -1, -1, 400].into_iter().enumerate() {
        let step = TimeDelta::days(days);
        clock.set_by(step);
        let other = once(&tracker, &format!("other-{turn}")).await;
        let again = once(&tracker, "7").await;
        assert_eq!(
            (again.replayed, &again.value, other.replayed),
            (true, &first.value, false),
            "{step}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_outlives_a_server_that_runs_a_day_ahead(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _) = with_clock(&database.tracker().await);
    let first = once(&tracker, "7").await;
    let (ahead, clock) = with_clock(&database.tracker().await);
    clock.advance(TimeDelta::hours(25));
    for number in 0..3 {
        once(&ahead, &format!("ahead-{number}")).await;
    }
    let again = once(&tracker, "7").await;
    assert_eq!((again.replayed, again.value), (true, first.value));
}
