//! Every message of many pipelines up to three times, out of order, while connections are reset and
//! servers are killed: the records at the end equal those of the same messages in order, each once.
//!
//! A message is a request with its own time and idempotency key. The first copies of the messages
//! of one pipeline arrive in order, as a pipeline sends them. Pipelines run concurrently, and
//! further copies arrive at any later time.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use deploytrack_core::{
    clock::{self, Clock as _, SystemClock},
    store::Store,
    tracker::Tracker,
};
use deploytrack_tests::{caller::Caller, fold};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::RwLock,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    bench::{Bench, Servers},
    target::{Request, Target},
};

const PIPELINES: i32 = 60;
const AT_ONCE: usize = 8;
const KILLS: usize = 3;
const COMPONENTS: [&str; 4] = ["api", "frontend", "search-indexer", "worker"];
const ENVIRONMENTS: [&str; 2] = ["staging", "production"];

pub(crate) async fn run(bench: Bench) -> String {
    let mut done = Counts::default();
    for round in 0..bench.rounds {
        let pipelines = invent(round).await;
        let expected = in_order(&pipelines).await;
        let database = bench.kind.database().await;
        database.durable().await;
        let servers = Servers::start(bench.kind, &database);
        let net = Arc::new(Delivery {
            urls: RwLock::new(servers.admins()),
            done: Mutex::default(),
        });
        deliver(servers, &net, &pipelines).await;
        let tracker = database.tracker().await;
        fold::check(&tracker).await;
        let face = Target::Tracker(tracker);
        assert_eq!(
            face.cells(None).await,
            expected,
            "the cells against the messages in order"
        );
        assert_eq!(
            face.verified().await["deployments"],
            pipelines.len(),
            "each pipeline is one deployment"
        );
        done.add(&net.done.lock().unwrap());
        done.messages += pipelines
            .iter()
            .map(|pipeline| pipeline.len() as u64)
            .sum::<u64>();
    }
    let Counts {
        messages,
        sent,
        reset,
        replayed,
        kills,
    } = done;
    format!(
        "{messages} messages sent {sent} times ({reset} connections reset, {replayed} replays, {kills} kills); the cells equal those in order"
    )
}

#[derive(Debug, Default)]
struct Counts {
    messages: u64,
    sent: u64,
    reset: u64,
    replayed: u64,
    kills: u64,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.reset += other.reset;
        self.replayed += other.replayed;
        self.kills += other.kills;
    }
}

/// A request of a pipeline: the operation, the time when it happened, and the idempotency key.
#[derive(Clone, Debug)]
struct Message {
    what: Action,
    at: DateTime<Utc>,
    key: String,
}

#[derive(Clone, Debug)]
enum Action {
    Record {
        component: &'static str,
        environment: &'static str,
        version: String,
    },
    Move(&'static str),
    Undeploy,
}

type Pipeline = Vec<Message>;

impl Message {
    fn ask(&self, id: &str) -> Request {
        let at = clock::format_exact(&self.at);
        match &self.what {
            Action::Record {
                component,
                environment,
                version,
            } => Request::Record(
                json!({"component": component, "environment": environment, "version": version, "occurredAt": at}),
            ),
            Action::Move(status) => {
                Request::Update(id.to_owned(), json!({"status": status, "occurredAt": at}))
            }
            Action::Undeploy => Request::Undeploy(id.to_owned(), json!({"occurredAt": at})),
        }
    }

    fn request(&self, id: &str) -> (&'static str, String, Value) {
        match self.ask(id) {
            Request::Record(body) => ("POST", "/api/v1/deployments".to_owned(), body),
            Request::Update(id, body) => ("PATCH", format!("/api/v1/deployments/{id}"), body),
            Request::Undeploy(id, body) => {
                ("POST", format!("/api/v1/deployments/{id}/undeploy"), body)
            }
            Request::Import(_) | Request::Remove(_) => {
                unreachable!("no pipeline imports or removes")
            }
        }
    }
}

/// Pipelines with random outcomes and times, then some undeployments of deployments that were
/// current at some time.
async fn invent(round: u64) -> Vec<Pipeline> {
    let mut pipelines: Vec<_> = (0..PIPELINES)
        .map(|number| pipeline(round, number))
        .collect();
    let (face, ids) = expected_cells(&pipelines).await;
    let mut removed = HashSet::new();
    for number in 0..PIPELINES / 6 {
        let at = SystemClock.now() - TimeDelta::seconds(fastrand::i64(10..3600));
        let current = face.current_ids(at).await;
        let Some(id) = fastrand::choice(&current) else {
            continue;
        };
        let pipeline = ids.iter().position(|known| known == id).unwrap();
        // At most one undeployment for each cell: after the first one, a second one could be
        // invalid.
        if removed.insert(cell(&pipelines[pipeline])) {
            pipelines[pipeline].push(Message {
                what: Action::Undeploy,
                at,
                key: format!("{round}-removal-{number}"),
            });
        }
    }
    pipelines
}

fn cell(pipeline: &Pipeline) -> Option<(&'static str, &'static str)> {
    pipeline.iter().find_map(|message| match message.what {
        Action::Record {
            component,
            environment,
            ..
        } => Some((component, environment)),
        Action::Move(_) | Action::Undeploy => None,
    })
}

fn pipeline(round: u64, number: i32) -> Pipeline {
    const FATES: [&[&str]; 6] = [
        &["in_progress", "succeeded"],
        &["in_progress", "succeeded"],
        &["in_progress", "failed"],
        &[
            "in_progress",
            "failed",
            "pending",
            "in_progress",
            "succeeded",
        ],
        &["in_progress", "succeeded", "rolled_back"],
        &[
            "in_progress",
            "succeeded",
            "rolled_back",
            "pending",
            "in_progress",
            "succeeded",
        ],
    ];
    // No two messages of a round have the same time: then the order of recording would decide.
    let at = |step: i32| {
        let unique = TimeDelta::microseconds((number * 10 + step).into());
        SystemClock.now() - TimeDelta::seconds(3700 - fastrand::i64(0..60))
            + TimeDelta::seconds(540) * step
            + unique
    };
    let (component, environment) = (
        fastrand::choice(COMPONENTS).unwrap(),
        fastrand::choice(ENVIRONMENTS).unwrap(),
    );
    let first = Action::Record {
        component,
        environment,
        version: format!("v{number}"),
    };
    let moves = fastrand::choice(FATES)
        .unwrap()
        .iter()
        .map(|status| Action::Move(status));
    let whats = std::iter::once(first).chain(moves);
    (0..)
        .zip(whats)
        .map(|(step, what)| Message {
            what,
            at: at(step),
            key: format!("{round}-{number}-{step}"),
        })
        .collect()
}

/// The cells after all messages, in the order of the pipelines, each message once.
async fn in_order(pipelines: &[Pipeline]) -> fold::Cells {
    expected_cells(pipelines).await.0.cells(None).await
}

async fn expected_cells(pipelines: &[Pipeline]) -> (Target, Vec<String>) {
    let face = Target::Tracker(Tracker::new(Store::open("sqlite::memory:").await.unwrap()));
    let mut ids = Vec::new();
    let removals = |message: &&Message| matches!(message.what, Action::Undeploy);
    for pipeline in pipelines {
        let mut id = String::new();
        for message in pipeline.iter().filter(|message| !removals(message)) {
            let (status, body) = face.ask(&message.ask(&id)).await;
            assert!(status < 300, "{message:?}");
            body["id"].as_str().unwrap().clone_into(&mut id);
        }
        ids.push(id);
    }
    // Undeployments come last: all other messages decide what is current.
    let mut left: Vec<_> = pipelines
        .iter()
        .zip(&ids)
        .flat_map(|(pipeline, id)| {
            pipeline
                .iter()
                .filter(removals)
                .map(move |message| (message, id))
        })
        .collect();
    left.sort_by_key(|(message, _)| std::cmp::Reverse(message.at));
    for (message, id) in left {
        let (status, body) = face.ask(&message.ask(id)).await;
        assert!(status < 300, "{message:?}: {body}");
    }
    (face, ids)
}

/// The servers, and counts of the disturbances.
struct Delivery {
    urls: RwLock<Vec<Caller>>,
    done: Mutex<Counts>,
}

/// Delivers every message and its copies until they are acknowledged, while servers are killed.
async fn deliver(mut servers: Servers, net: &Arc<Delivery>, pipelines: &[Pipeline]) {
    let queue = Arc::new(Mutex::new(
        pipelines.iter().rev().cloned().collect::<Vec<_>>(),
    ));
    let sent = Arc::new(Mutex::new(Vec::<(Message, String)>::new()));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        workers.spawn(work(net.clone(), queue.clone(), sent.clone()));
    }
    for _ in 0..KILLS {
        sleep(Duration::from_millis(fastrand::u64(100..400))).await;
        servers = tokio::task::spawn_blocking(move || {
            servers.kill_one(fastrand::usize(..3));
            servers
        })
        .await
        .unwrap();
        *net.urls.write().await = servers.admins();
        net.done.lock().unwrap().kills += 1;
    }
    workers.join_all().await;
}

/// Runs pipelines to their end. Between their messages, sends copies of messages that were
/// acknowledged before.
async fn work(
    net: Arc<Delivery>,
    queue: Arc<Mutex<Vec<Pipeline>>>,
    sent: Arc<Mutex<Vec<(Message, String)>>>,
) {
    loop {
        let Some(pipeline) = queue.lock().unwrap().pop() else {
            return;
        };
        let mut id = String::new();
        for message in pipeline {
            if fastrand::u8(..3) == 0 {
                net.send_and_reset(&message, &id).await;
            }
            let of = id.clone();
            id = net.until_acknowledged(&message, &of).await;
            sent.lock().unwrap().push((message, of));
            if fastrand::bool() {
                let (copy, of) = fastrand::choice(&*sent.lock().unwrap()).cloned().unwrap();
                net.until_acknowledged(&copy, &of).await;
            }
        }
    }
}

impl Delivery {
    async fn someone(&self) -> Caller {
        let callers = self.urls.read().await;
        callers[fastrand::usize(..callers.len())].clone()
    }

    /// Sends a message until it is acknowledged, and returns the id of its deployment.
    async fn until_acknowledged(&self, message: &Message, id: &str) -> String {
        for _ in 0..2000 {
            let (method, path, body) = message.request(id);
            let request = self
                .someone()
                .await
                .request(method, &path)
                .header("idempotency-key", &message.key)
                .json(&body);
            self.done.lock().unwrap().sent += 1;
            let Ok(answer) = request.timeout(Duration::from_secs(20)).send().await else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            let (status, replayed) = (
                answer.status().as_u16(),
                answer.headers().contains_key("idempotency-replayed"),
            );
            let Ok(body) = answer.json::<Value>().await else {
                continue;
            };
            self.done.lock().unwrap().replayed += u64::from(replayed);
            match status {
                200 | 201 => return body["id"].as_str().unwrap().to_owned(),
                // Another copy holds the key, the server is busy, or the message that makes the
                // deployment current is missing yet.
                409 | 503 => sleep(Duration::from_millis(10)).await,
                other => panic!("{message:?} was answered {other}: {body}"),
            }
        }
        panic!("{message:?} was never acknowledged")
    }

    /// Sends a message and resets the connection before the answer arrives, or before the request
    /// is complete.
    async fn send_and_reset(&self, message: &Message, id: &str) {
        let (method, path, body) = message.request(id);
        let (caller, body) = (self.someone().await, body.to_string());
        let address = caller.url().trim_start_matches("http://").to_owned();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nIdempotency-Key: {}\r\nContent-Length: {}\r\n\r\n{body}",
            Caller::admin_token(),
            message.key,
            body.len()
        );
        let Ok(mut stream) = TcpStream::connect(address).await else {
            return;
        };
        let part = if fastrand::u8(..4) == 0 {
            fastrand::usize(..request.len())
        } else {
            request.len()
        };
        let _ = stream.write_all(&request.as_bytes()[..part]).await;
        let _ = timeout(
            Duration::from_micros(fastrand::u64(..5000)),
            stream.read_u8(),
        )
        .await;
        let _ = stream.set_zero_linger();
        let mut done = self.done.lock().unwrap();
        (done.sent, done.reset) = (done.sent + 1, done.reset + 1);
    }
}
