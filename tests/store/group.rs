//! Writes that share a transaction: each has the same result as in a transaction of its own.

mod conflict;
mod crowd;
mod queue;
mod rivals;

use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    task::Poll,
    time::Duration,
};

use deploytrack_core::{
    deployment::{Change, Deployment, NewDeployment},
    digest::Digest,
    error::Error,
    history::HistoryEntry,
    query::{DeploymentFilter, PageRequest},
    status::Status,
    text::IdempotencyKey,
    tracker::{IdempotentRequest, Terms, Tracker, WriteOutcome},
};
use deploytrack_tests::database::Database;
use tokio::{task::JoinHandle, time::sleep};
use uuid::Uuid;

use crate::given::{by, new};

type Reply = Result<WriteOutcome<Deployment>, Error>;

/// Starts a write in the background; when this returns, the write is in the queue.
async fn enqueue<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> JoinHandle<T> {
    let mut work = Box::pin(work);
    match poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await {
        Poll::Ready(done) => tokio::spawn(async { done }),
        Poll::Pending => tokio::spawn(work),
    }
}

/// Starts to record a deployment on these terms.
async fn record(tracker: &Tracker, new: NewDeployment, terms: Terms) -> JoinHandle<Reply> {
    let tracker = tracker.clone();
    enqueue(async move { tracker.record(new, terms).await }).await
}

/// Starts a transition.
async fn transition(
    tracker: &Tracker,
    id: Uuid,
    status: Status,
    terms: Terms,
) -> JoinHandle<Reply> {
    let tracker = tracker.clone();
    enqueue(async move { tracker.update(id, Change::to(status), terms).await }).await
}

fn terms() -> Terms {
    Terms::by(by())
}

/// Terms with an idempotency key; two requests are the same when their texts are equal.
fn terms_with_key(key: &str, request: &str) -> Terms {
    terms().once(Some(IdempotentRequest {
        key: IdempotencyKey::new(key).unwrap(),
        request: Digest::of(request.as_bytes()),
    }))
}

/// A name that is not similar to any other.
fn name(number: usize) -> String {
    Digest::of(&number.to_be_bytes()).to_string()[..20].to_owned()
}

/// Starts a blocked write for every writer, so that all later writes wait in the queue together.
async fn block_writers(tracker: &Tracker, database: &Database) -> Vec<JoinHandle<Reply>> {
    let mut first = Vec::new();
    for number in 0..if database.is_sqlite() { 1 } else { 2 } {
        first.push(
            record(
                tracker,
                new("api", "production", &format!("first-{number}")),
                terms(),
            )
            .await,
        );
        sleep(Duration::from_millis(50)).await;
    }
    first
}

/// The names of all components and all environments.
async fn names(tracker: &Tracker) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = PageRequest::new(0, 100).unwrap();
    let components = tracker
        .components(None, all)
        .await
        .unwrap()
        .data
        .into_iter()
        .map(|component| component.name.to_string());
    let environments = tracker
        .environments(None, all)
        .await
        .unwrap()
        .data
        .into_iter()
        .map(|environment| environment.name.to_string());
    (components.collect(), environments.collect())
}

async fn history(tracker: &Tracker, id: Uuid) -> Vec<HistoryEntry> {
    tracker.history(id).await.unwrap()
}

fn statuses(history: &[HistoryEntry]) -> Vec<Status> {
    history.iter().map(|entry| entry.to).collect()
}

async fn total(tracker: &Tracker) -> u64 {
    tracker
        .list(&DeploymentFilter::default(), PageRequest::default())
        .await
        .unwrap()
        .total
}

/// A tracker with `api` and `production` registered.
async fn registered_tracker(database: &Database) -> Tracker {
    let tracker = database.tracker().await;
    tracker
        .record(new("api", "production", "v0"), &by())
        .await
        .unwrap();
    tracker
}
