//! Callers that record and read without pause, and what became of their requests.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_core::tracker::Tracker;
use deploytrack_tests::{
    answer::Answer,
    caller::{Caller, RequestBuilder},
    database::Database,
};
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};

/// How long a caller waits for an answer, and how long it rests after a failure.
const PATIENCE: Duration = Duration::from_secs(10);
const REST: Duration = Duration::from_millis(20);

/// Callers at some addresses, until they are stopped.
pub(crate) struct Load {
    writers: JoinSet<Vec<String>>,
    readers: JoinSet<()>,
    outcome: Arc<Outcome>,
}

#[derive(Default)]
struct Outcome {
    ends: AtomicBool,
    written: AtomicU64,
    read: AtomicU64,
    failures: Mutex<Vec<(Instant, String)>>,
}

/// The requests of a load that has ended.
pub(crate) struct Done {
    /// The ids of the deployments whose recording was acknowledged.
    pub(crate) acknowledged: Vec<String>,
    pub(crate) read: u64,
    pub(crate) failures: Vec<(Instant, String)>,
}

impl Load {
    /// Starts two writers and a reader at each address. The name is a part of the versions.
    pub(crate) fn start(urls: &[String], name: &str) -> Self {
        let outcome = Arc::<Outcome>::default();
        let (mut writers, mut readers) = (JoinSet::new(), JoinSet::new());
        for (number, url) in urls.iter().enumerate() {
            for writer in 0..2 {
                let name = format!("{name}.{number}.{writer}");
                writers.spawn(write(Caller::admin(url), name, outcome.clone()));
            }
            readers.spawn(read(Caller::reader(url), outcome.clone()));
        }
        Self {
            writers,
            readers,
            outcome,
        }
    }

    /// Waits until further recordings are acknowledged.
    pub(crate) async fn wait_for_writes(&self, further: u64) {
        let until = self.outcome.written.load(Ordering::Relaxed) + further;
        while self.outcome.written.load(Ordering::Relaxed) < until {
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn last_failure(&self) -> Option<(Instant, String)> {
        self.outcome.failures.lock().unwrap().last().cloned()
    }

    pub(crate) async fn stop(self) -> Done {
        self.outcome.ends.store(true, Ordering::Relaxed);
        let acknowledged = self
            .writers
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect();
        self.readers.join_all().await;
        let failures = std::mem::take(&mut *self.outcome.failures.lock().unwrap());
        Done {
            acknowledged,
            read: self.outcome.read.load(Ordering::Relaxed),
            failures,
        }
    }
}

impl Done {
    pub(crate) fn assert_no_failure(&self) {
        let (count, first) = (self.failures.len(), self.failures.first());
        assert!(
            first.is_none(),
            "{count} requests failed, the first one with {first:?}"
        );
    }
}

async fn write(admin: Caller, name: String, outcome: Arc<Outcome>) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        if outcome.ends.load(Ordering::Relaxed) {
            break;
        }
        let body = json!({"component": "api", "environment": "production", "version": format!("v{name}.{number}"), "status": "succeeded"});
        let request = admin.request("POST", "/api/v1/deployments?register=true");
        if let Some(answer) = outcome.answer(request.json(&body), 201).await {
            acknowledged.push(answer.json()["id"].as_str().unwrap().to_owned());
            outcome.written.fetch_add(1, Ordering::Relaxed);
        }
    }
    acknowledged
}

async fn read(reader: Caller, outcome: Arc<Outcome>) {
    while !outcome.ends.load(Ordering::Relaxed) {
        let request = reader.request("GET", "/api/v1/deployments/matrix");
        if outcome.answer(request, 200).await.is_some() {
            outcome.read.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Outcome {
    /// The answer with this status. Another one is a failure.
    async fn answer(&self, request: RequestBuilder, status: u16) -> Option<Answer> {
        let why = match request.timeout(PATIENCE).send().await {
            Ok(answer) if answer.status() == status => return Some(Answer::of(answer).await),
            Ok(answer) => format!(
                "{}: {}",
                answer.status(),
                answer.text().await.unwrap_or_default()
            ),
            Err(error) => format!("{error:?}"),
        };
        self.failures.lock().unwrap().push((Instant::now(), why));
        sleep(REST).await;
        None
    }
}

/// Checks that every acknowledged deployment is there and that the database verifies. Returns what
/// was verified.
pub(crate) async fn check(tracker: &Tracker, acknowledged: &[String]) -> String {
    for id in acknowledged {
        let found = tracker.deployment(id.parse().unwrap()).await;
        assert!(found.is_ok(), "{id} was acknowledged: {found:?}");
    }
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    found.to_string()
}

/// As [`check`], for a database without servers.
pub(crate) async fn check_database(database: &Database, acknowledged: &[String]) -> String {
    let tracker = database.tracker().await;
    let found = check(&tracker, acknowledged).await;
    tracker.close().await;
    found
}
