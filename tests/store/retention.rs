//! Retention: a removal deletes deployments, and every question about the past has the same answer
//! as before.

mod damage;
mod limits;
mod past;
mod random;

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::{
    clock::ManualClock,
    deployment::Deployment,
    error::Error,
    retention::{RemovalOutcome, RemovalRequest, RetentionPreview, Rule},
    tracker::Tracker,
};
use deploytrack_tests::database::Database;

use crate::given::{by, new, succeeded, with_clock};

/// The age of the deployments that these tests remove.
const AGE: TimeDelta = TimeDelta::days(365);

/// The request that a preview asks for.
fn request(preview: &RetentionPreview) -> RemovalRequest {
    RemovalRequest {
        rule: Rule {
            before: preview.before,
            keep_last: preview.keep_last,
        },
        tag: preview.tag,
    }
}

/// Removes everything that is older than [`AGE`], but for the newest `keep_last` of each cell.
async fn remove(tracker: &Tracker, keep_last: u64) -> RemovalOutcome {
    let preview = tracker.preview_removal(AGE, keep_last).await.unwrap();
    let outcome = tracker.remove(request(&preview), &by()).await.unwrap();
    assert_eq!(
        (outcome.deployments, outcome.retained),
        (preview.deployments, 0)
    );
    outcome
}

/// A tracker whose cell `api` in `production` had `count` versions in the past, one each day, and
/// nothing for two years since.
async fn aged(database: &Database, count: usize) -> (Tracker, Arc<ManualClock>, Vec<Deployment>) {
    let (tracker, clock) = with_clock(&database.tracker().await);
    let mut all = Vec::new();
    for number in 1..=count {
        clock.advance(TimeDelta::days(1));
        all.push(succeeded(&tracker, &format!("v{number}")).await);
    }
    age(&tracker, &clock).await;
    (tracker, clock, all)
}

/// Lets two years pass. Ages count from the last row of the history, so another cell gets one.
async fn age(tracker: &Tracker, clock: &ManualClock) {
    clock.advance(TimeDelta::days(730));
    tracker
        .record(new("clock", "testing", "tick"), &by())
        .await
        .unwrap();
}

/// Whether an error says that retention removed the deployment.
fn is_removed<T>(answer: &Result<T, Error>) -> bool {
    matches!(answer, Err(Error::Removed { .. }))
}
