//! Writers that record deployments and change the status of each other's deployments.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use deploytrack_tests::caller::Caller;
use fastrand::Rng;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const COMPONENTS: usize = 20;
const ENVIRONMENTS: [&str; 4] = ["development", "testing", "staging", "production"];
/// How many of the newest deployments a writer chooses from: few, so that writers collide.
const NEWEST: usize = 40;

/// The acknowledged writes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Done {
    pub(super) recorded: u64,
    pub(super) moved: u64,
    pub(super) described: u64,
    /// Transitions that were refused because another writer was faster. They do not count as
    /// writes.
    pub(super) refused: u64,
}

/// The state that writers share.
pub(super) struct Writers {
    servers: Vec<Caller>,
    left: AtomicU64,
    /// Ids with the last known status.
    deployments: Mutex<Vec<(String, &'static str)>>,
    done: Mutex<Done>,
}

impl Writers {
    pub(super) fn new(servers: Vec<Caller>, writes: u64) -> Arc<Self> {
        Arc::new(Self {
            servers,
            left: AtomicU64::new(writes),
            deployments: Mutex::default(),
            done: Mutex::default(),
        })
    }

    /// Carries out all writes, this many at a time.
    pub(super) async fn write(self: Arc<Self>, at_once: usize) -> Done {
        let writers: JoinSet<_> = (0..at_once)
            .map(|writer| self.clone().work(writer, Rng::new()))
            .collect();
        writers.join_all().await;
        *self.done.lock().unwrap()
    }

    async fn work(self: Arc<Self>, writer: usize, mut random: Rng) {
        let mut number = 0;
        while self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok()
        {
            // A refused transition is not a write; another operation is tried instead.
            while !self.one(&format!("{writer}.{number}"), &mut random).await {
                number += 1;
            }
            number += 1;
        }
    }

    /// Records a deployment, or changes a status or a description. Returns whether it was accepted.
    async fn one(&self, version: &str, random: &mut Rng) -> bool {
        let server = &self.servers[random.usize(..self.servers.len())];
        match (self.choose(random), random.u8(..10)) {
            (None, _) | (_, 0..3) => self.record(server, version, random).await,
            (Some((id, _)), 3) => {
                server
                    .patch(&path(&id), &json!({"description": version}))
                    .await
                    .expect(200);
                self.note(|done| done.described += 1)
            }
            (Some((id, status)), _) => self.advance(server, &id, next(status, random)).await,
        }
    }

    fn choose(&self, random: &mut Rng) -> Option<(String, &'static str)> {
        let deployments = self.deployments.lock().unwrap();
        let newest = deployments.len().saturating_sub(NEWEST);
        random.choice(&deployments[newest..]).cloned()
    }

    async fn record(&self, server: &Caller, version: &str, random: &mut Rng) -> bool {
        // A deployment that is recorded with a later status is several events at once.
        let status = *random
            .choice(&["pending", "in_progress", "succeeded"])
            .unwrap();
        let (component, environment) = (
            format!("component-{}", random.usize(..COMPONENTS)),
            random.choice(&ENVIRONMENTS).unwrap(),
        );
        let body = json!({"component": component, "environment": environment, "version": version, "status": status});
        let recorded: Value = server
            .post("/api/v1/deployments?register=true", &body)
            .await
            .expect(201);
        self.deployments
            .lock()
            .unwrap()
            .push((recorded["id"].as_str().unwrap().to_owned(), status));
        self.note(|done| done.recorded += 1)
    }

    async fn advance(&self, server: &Caller, id: &str, status: &'static str) -> bool {
        let answer = server.patch(&path(id), &json!({"status": status})).await;
        if answer.status == 400 {
            self.note(|done| done.refused += 1);
            return false;
        }
        answer.expect(200);
        if let Some(known) = self
            .deployments
            .lock()
            .unwrap()
            .iter_mut()
            .rev()
            .find(|(known, _)| known == id)
        {
            known.1 = status;
        }
        self.note(|done| done.moved += 1)
    }

    fn note(&self, what: impl FnOnce(&mut Done)) -> bool {
        what(&mut self.done.lock().unwrap());
        true
    }
}

fn path(id: &str) -> String {
    format!("/api/v1/deployments/{id}")
}

/// A status that a deployment may move to.
fn next(status: &str, random: &mut Rng) -> &'static str {
    let next: &[_] = match status {
        "pending" => &["in_progress", "failed"],
        "in_progress" => &["succeeded", "failed"],
        "succeeded" => &["rolled_back"],
        _ => &["pending"],
    };
    random.choice(next).copied().unwrap()
}
