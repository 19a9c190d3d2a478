//! Servers behind `HAProxy` that are restarted one after the other under load: no request fails, and
//! readers of events miss nothing.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    program::{Home, Process, RATES, on_path},
};
use futures_util::StreamExt as _;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    bench::{Bench, Kind},
    load::{self, Load},
};

const SERVERS: usize = 3;
/// `HAProxy` asks `/readyz` ten times meanwhile, and needs two answers.
const DRAIN_DELAY: &str = "2s";
/// How long a server may take to come back behind `HAProxy`.
const BACK: Duration = Duration::from_secs(20);

pub(crate) async fn run(bench: Bench) -> String {
    if bench.kind == Kind::Sqlite {
        return "left out: an SQLite file has one server".into();
    }
    let elsewhere =
        || Some("/usr/sbin/haproxy".into()).filter(|path: &std::path::PathBuf| path.exists());
    let Some(haproxy) = on_path("haproxy").or_else(elsewhere) else {
        return "left out: HAProxy is not installed".into();
    };
    let database = bench.kind.database().await;
    let home = Home::new();
    let start = |port: u16| server(&home, port, database.url());
    let mut servers: Vec<_> = (0..SERVERS).map(|_| start(0)).collect();
    let ports: Vec<u16> = servers.iter().map(|server| port(server.url())).collect();
    let balancer = Balancer::start(&haproxy, home.path(), &ports);
    balancer.wait_until_all_are_up().await;
    let load = Load::start(&vec![balancer.url(); SERVERS], "r");
    let streams = Streams::start(&balancer.url());
    let mut slowest = Duration::ZERO;
    for round in 0..usize::try_from(bench.rounds).unwrap() {
        let which = round % SERVERS;
        load.wait_for_writes(10).await;
        let stopped = Instant::now();
        let former = servers.remove(which);
        let ended = tokio::task::spawn_blocking(move || former.terminate().0);
        assert_eq!(ended.await.unwrap(), 0, "a clean end");
        servers.insert(which, start(ports[which]));
        balancer.wait_until_all_are_up().await;
        slowest = slowest.max(stopped.elapsed());
    }
    load.wait_for_writes(10).await;
    let done = load.stop().await;
    done.assert_no_failure();
    let last = Caller::reader(&balancer.url()).total().await;
    let (received, resumed) = streams.stop(last).await;
    drop(servers);
    let found = load::check_database(&database, &done.acknowledged).await;
    format!(
        "{} restarts of at most {slowest:.1?}, {} acknowledged writes, {} reads, {received} events, {resumed} streams resumed, no failed \
         request; {found}",
        bench.rounds,
        done.acknowledged.len(),
        done.read
    )
}

fn server(home: &Home, port: u16, database: &str) -> Process {
    let listen = format!("127.0.0.1:{port}");
    let args = [
        "--listen",
        &listen,
        "--database-url",
        database,
        "--drain-delay",
        DRAIN_DELAY,
    ];
    let mut command = home.command("deploytrack-server", &args);
    command
        .env("DEPLOYTRACK_JWT_SECRET", SECRET)
        .envs(RATES.map(|name| (name, "1000000000/s")))
        .env("RUST_LOG", "off");
    Process::started(command)
}

fn port(url: &str) -> u16 {
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// `HAProxy` in front of the servers, with a page of their states.
struct Balancer {
    process: Child,
    port: u16,
}

impl Balancer {
    fn start(haproxy: &Path, folder: &Path, ports: &[u16]) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let server =
            |port| format!("  server s{port} 127.0.0.1:{port} check inter 200ms fall 2 rise 1\n");
        let servers = ports.iter().map(server).collect::<Vec<_>>().concat();
        let text = format!(
            "defaults\n  mode http\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n  timeout check 10s\nlisten deploytrack\n  bind 127.0.0.1:{port}\n\
             \x20 balance leastconn\n  option httpchk GET /readyz\n  stats enable\n  stats uri /states\n{servers}"
        );
        let file = folder.join("haproxy.cfg");
        std::fs::write(&file, text).unwrap();
        let process = Command::new(haproxy)
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, port }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn wait_until_all_are_up(&self) {
        let states = Caller::anonymous(&self.url());
        let up = async {
            loop {
                let answer = states.request("GET", "/states;csv").send().await;
                let text = match answer {
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(_) => String::new(),
                };
                let is_up =
                    |line: &&str| line.starts_with("deploytrack,s") && line.contains(",UP,");
                if text.lines().filter(is_up).count() == SERVERS {
                    return;
                }
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(BACK, up).await.expect("all servers are up in time");
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Readers of events, which resume when their server ends.
struct Streams {
    readers: JoinSet<(u64, u64)>,
    ends: Arc<AtomicBool>,
}

impl Streams {
    fn start(url: &str) -> Self {
        let (mut readers, ends) = (JoinSet::new(), Arc::<AtomicBool>::default());
        for _ in 0..SERVERS {
            readers.spawn(follow(Caller::reader(url), ends.clone()));
        }
        Self { readers, ends }
    }

    /// Lets each reader read to its last event. Returns the events of all of them, of which there
    /// are at least as many as deployments, and how often one has resumed.
    async fn stop(self, deployments: u64) -> (u64, u64) {
        self.ends.store(true, Ordering::Relaxed);
        let mut sums = (0, 0);
        for (received, resumed) in self.readers.join_all().await {
            assert!(
                received >= deployments,
                "{received} events of {deployments} deployments"
            );
            sums = (sums.0 + received, sums.1 + resumed);
        }
        sums
    }
}

/// Reads events from the first one on. Each must have the next number.
async fn follow(reader: Caller, ends: Arc<AtomicBool>) -> (u64, u64) {
    let (mut last, mut resumed) = (0_u64, 0);
    let mut id = "0".to_owned();
    loop {
        let request = reader
            .request("GET", "/api/v1/events")
            .header("last-event-id", &id);
        let answer = request.send().await.expect("a stream is a request too");
        assert_eq!(answer.status(), 200, "after event {id}");
        let (mut stream, mut text) = (answer.bytes_stream(), String::new());
        loop {
            let chunk = match timeout(Duration::from_millis(500), stream.next()).await {
                Ok(Some(Ok(chunk))) => chunk,
                // The server has ended.
                Ok(_) => break,
                Err(_) if ends.load(Ordering::Relaxed) => return (last, resumed),
                Err(_) => continue,
            };
            text.push_str(&String::from_utf8_lossy(&chunk));
            while let Some((event, rest)) = text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                if let (Some(of_event), Some(_)) = (field("id: "), field("data: ")) {
                    of_event.clone_into(&mut id);
                    let number: u64 = id.split('@').next().unwrap().parse().unwrap();
                    assert_eq!(number, last + 1, "no gap and no repeat");
                    last = number;
                }
                text = rest.to_owned();
            }
        }
        resumed += 1;
    }
}
