//! Helpers that the tests of the tracker share.

use std::sync::Arc;

use deploytrack_core::{
    clock::{ManualClock, Time, parse},
    deployment::{Change, Deployment, NewDeployment},
    matrix::Matrix,
    query::MatrixFilter,
    status::Status,
    text::Label,
    tracker::Tracker,
};

/// The subject that records in these tests.
pub(crate) fn by() -> Label {
    Label::new("ci-bot").unwrap()
}

/// The time of the manual clock at the start of a test.
pub(crate) fn noon() -> Time {
    parse("2025-06-01T12:00:00Z").unwrap()
}

/// A tracker with a manual clock, which stands still until a test advances it.
pub(crate) fn with_clock(tracker: &Tracker) -> (Tracker, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(noon()));
    (tracker.clone().with_clock(clock.clone()), clock)
}

pub(crate) fn new(component: &str, environment: &str, version: &str) -> NewDeployment {
    NewDeployment::named(component, environment, version).unwrap()
}

/// Records a deployment of `api` to `production` as succeeded.
pub(crate) async fn succeeded(tracker: &Tracker, version: &str) -> Deployment {
    let new = NewDeployment {
        status: Status::Succeeded,
        ..new("api", "production", version)
    };
    tracker.record(new, &by()).await.unwrap().value
}

pub(crate) async fn advance(
    tracker: &Tracker,
    deployment: &Deployment,
    status: Status,
) -> Deployment {
    tracker
        .update(deployment.id, Change::to(status), &by())
        .await
        .unwrap()
        .value
}

/// The version that the matrix shows for `api` in `production`.
pub(crate) async fn shown(tracker: &Tracker) -> Option<String> {
    shown_in(&tracker.matrix(&MatrixFilter::default()).await.unwrap())
}

/// The version that this matrix shows for `api` in `production`.
pub(crate) fn shown_in(matrix: &Matrix) -> Option<String> {
    matrix
        .iter()
        .find(|row| row.component_name.as_str() == "api")?
        .environments
        .get("production")
        .map(|cell| cell.version.to_string())
}
