//! A primary that is killed, paused or cut off under load: another machine takes over.
//!
//! Three servers use the cluster, each in another way: by the list of hosts, through `HAProxy`, and
//! through `PgBouncer` in front of `HAProxy`.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_core::{query::MatrixFilter, store::Store, tracker::Tracker};
use deploytrack_tests::{
    caller::Caller,
    cluster::{Cluster, Machine},
    program::{Home, Process},
};
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::bench::{Bench, Kind};

/// How a primary fails, and how it comes back.
const FAULTS: [(&str, &str); 3] = [("kill", "start"), ("cut", "join"), ("pause", "resume")];
/// The time after which no request may fail any more, from when the new primary accepts writes.
const AGAIN: Duration = Duration::from_secs(5);
/// How long Patroni may take to choose a new primary. Its `ttl` is 20 s here.
const CHOSEN: Duration = Duration::from_mins(1);

pub(crate) async fn run(bench: Bench) -> String {
    if bench.kind == Kind::Sqlite {
        return "left out: SQLite is one file on one machine".into();
    }
    let mut cluster = match Cluster::start().await {
        Ok(cluster) => cluster,
        Err(why) => return format!("left out: {why}"),
    };
    let home = Home::new().with("DEPLOYTRACK_LOG_LEVEL", "off");
    let servers: Vec<_> = [
        cluster.url(),
        cluster.url_of_haproxy(),
        cluster.url_of_pgbouncer(),
    ]
    .iter()
    .map(|url| Process::server(&home, url))
    .collect();
    let load = Load::start(&servers);
    let faults: Vec<_> = FAULTS
        .into_iter()
        .filter(|(fault, _)| bench.only.is_none_or(|only| fault.contains(only)))
        .collect();
    let mut said = Vec::new();
    for round in 0..usize::try_from(bench.rounds).unwrap() {
        let (fault, way_back) = faults[round % faults.len()];
        sleep(Duration::from_millis(fastrand::u64(500..1500))).await;
        cluster.wait_until_whole().await;
        let old = primary_other_than(&cluster, None).await;
        cluster.tell(fault, old);
        let failed = Instant::now();
        let new = primary_other_than(&cluster, Some(old)).await;
        let chosen = Instant::now();
        sleep(AGAIN + Duration::from_secs(2)).await;
        let late = load.last_failures(chosen);
        said.push(format!(
            "{fault} of {old}: {new} is the primary after {:.1?}, the last failure of each server {late:.1?} later",
            chosen - failed
        ));
        println!("  {}", said.last().unwrap());
        assert!(late.iter().all(|late| *late <= AGAIN), "{said:#?}");
        cluster.tell(way_back, old);
    }
    let (acknowledged, failures) = load.stop().await;
    let tracker = Tracker::new(Store::open(&cluster.url()).await.unwrap());
    let cells = tracker.matrix(&MatrixFilter::default()).await.unwrap();
    for (component, version) in &acknowledged {
        let row = cells
            .iter()
            .find(|row| row.component_name.as_str() == component);
        let current = &row.expect("the component is there").environments["production"].version;
        assert_eq!(current.as_str(), format!("v{version}"), "{component}");
    }
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    let writes: u64 = acknowledged.iter().map(|(_, version)| version).sum();
    format!("{writes} acknowledged writes, none lost, {failures} requests failed; {found}")
}

async fn primary_other_than(cluster: &Cluster, old: Option<Machine>) -> Machine {
    let chosen = async {
        loop {
            match cluster.primary().await {
                Some(new) if Some(new) != old => return new,
                _ => sleep(Duration::from_millis(50)).await,
            }
        }
    };
    let Ok(new) = timeout(CHOSEN, chosen).await else {
        panic!(
            "no primary but {old:?}; Patroni says {:#?}",
            cluster.states().await
        )
    };
    new
}

/// Writers and readers at all servers.
struct Load {
    ends: Arc<AtomicBool>,
    failures: Arc<Mutex<Vec<(usize, Instant)>>>,
    writers: JoinSet<(String, u64)>,
    servers: usize,
}

impl Load {
    fn start(servers: &[Process]) -> Self {
        let callers: Vec<_> = servers
            .iter()
            .map(|server| Caller::admin(server.url()))
            .collect();
        let (ends, failures) = (Arc::default(), Arc::default());
        let mut writers = JoinSet::new();
        for writer in 0..2 * servers.len() {
            let writer = Writer {
                component: format!("writer-{writer}"),
                first: writer,
                callers: callers.clone(),
                ends: Arc::clone(&ends),
                failures: Arc::clone(&failures),
            };
            writers.spawn(writer.run());
        }
        Self {
            ends,
            failures,
            writers,
            servers: servers.len(),
        }
    }

    /// For each server, how long after a moment its last request failed.
    fn last_failures(&self, after: Instant) -> Vec<Duration> {
        let failures = self.failures.lock().unwrap();
        let of = |server| {
            let times = failures.iter().filter(|(at, _)| *at == server);
            let last = times.map(|(_, time)| *time).max();
            last.map_or(Duration::ZERO, |last| last.saturating_duration_since(after))
        };
        (0..self.servers).map(of).collect()
    }

    /// Each component with its last acknowledged version, and how many requests failed.
    async fn stop(self) -> (Vec<(String, u64)>, usize) {
        self.ends.store(true, Ordering::Relaxed);
        let acknowledged = self.writers.join_all().await;
        let failures = self.failures.lock().unwrap().len();
        (acknowledged, failures)
    }
}

/// Deploys one version of its component after the other. Only it writes to its cell.
struct Writer {
    component: String,
    first: usize,
    callers: Vec<Caller>,
    ends: Arc<AtomicBool>,
    failures: Arc<Mutex<Vec<(usize, Instant)>>>,
}

impl Writer {
    /// Returns the last acknowledged version.
    async fn run(self) -> (String, u64) {
        let (mut acknowledged, mut server) = (0, self.first);
        while !self.ends.load(Ordering::Relaxed) {
            // A version that failed is sent again with the same key, to the next server.
            while !self.write(server, acknowledged + 1).await {
                server += 1;
                sleep(Duration::from_millis(50)).await;
            }
            acknowledged += 1;
            self.read(server + 1, acknowledged).await;
            sleep(Duration::from_millis(20)).await;
        }
        (self.component, acknowledged)
    }

    async fn write(&self, server: usize, version: u64) -> bool {
        let (server, component) = (server % self.callers.len(), &self.component);
        let body = json!({"component": component, "environment": "production", "version": format!("v{version}"), "status": "succeeded"});
        let request = self.callers[server]
            .request("POST", "/api/v1/deployments")
            .header("Idempotency-Key", format!("\"{component}-{version}\""))
            .json(&body);
        let answer = request.timeout(Duration::from_secs(10)).send().await;
        let Ok(answer) = answer else {
            self.failed(server);
            return false;
        };
        let (status, said) = (answer.status(), answer.text().await.unwrap());
        if status == 201 {
            return true;
        }
        // The request before it with the same key still waits at the former primary.
        let is_known = status == 503 || said.contains("request_in_progress");
        assert!(is_known, "a write is refused: {said}");
        self.failed(server);
        false
    }

    /// An answer of any server shows the version that was acknowledged last.
    async fn read(&self, server: usize, acknowledged: u64) {
        let server = server % self.callers.len();
        let path = format!("/api/v1/deployments/matrix?component={}", self.component);
        let request = self.callers[server].request("GET", &path);
        let answer = request.timeout(Duration::from_secs(10)).send().await;
        let Ok(answer) = answer else {
            return self.failed(server);
        };
        match answer.status().as_u16() {
            200 => {
                let rows: serde_json::Value = answer.json().await.unwrap();
                let shown = &rows[0]["environments"]["production"]["version"];
                assert_eq!(
                    *shown,
                    json!(format!("v{acknowledged}")),
                    "a stale answer of server {server}"
                );
            }
            503 => self.failed(server),
            _ => panic!("a read is refused: {}", answer.text().await.unwrap()),
        }
    }

    fn failed(&self, server: usize) {
        self.failures.lock().unwrap().push((server, Instant::now()));
    }
}
