//! A pipeline that is cancelled at any step of a wrapped run: the server has the deployment once,
//! with the true outcome.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::program::Home;
use serde_json::Value;

use crate::{
    given::Bench,
    wrapped::{home_of, shown, spooled},
};

const SIGNALS: [(&str, i32); 3] = [("TERM", 15), ("INT", 2), ("HUP", 1)];
const PATIENCE: Duration = Duration::from_secs(20);

/// The traffic that a proxy holds back.
#[derive(Clone, Copy, Debug)]
enum HeldBack {
    Nothing,
    /// Requests with this method: they never reach the server.
    Request(&'static str),
    /// Answers to requests with this method: the server gets the request.
    Answer(&'static str),
}

/// A proxy in front of a server that holds back some traffic.
struct HoldingProxy {
    url: String,
    hold: Arc<Mutex<HeldBack>>,
    held: Receiver<()>,
}

impl HoldingProxy {
    fn of(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (rule, server) = (
            Arc::new(Mutex::new(HeldBack::Nothing)),
            server.trim_start_matches("http://").to_owned(),
        );
        let (sender, held) = channel();
        let shared = Arc::clone(&rule);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (server, rule, told) = (
                    TcpStream::connect(&server).unwrap(),
                    Arc::clone(&shared),
                    sender.clone(),
                );
                thread::spawn(move || relay(client, server, &rule, &told));
            }
        });
        Self {
            url,
            hold: rule,
            held,
        }
    }

    fn holds(&self, hold: HeldBack) {
        *self.hold.lock().unwrap() = hold;
        while self.held.try_recv().is_ok() {}
    }

    /// Waits until the proxy holds something back.
    fn wait(&self) {
        self.held.recv_timeout(PATIENCE).unwrap();
    }
}

/// Forwards both directions until the first request that must be held back, and nothing after it.
fn relay(mut client: TcpStream, mut server: TcpStream, rule: &Mutex<HeldBack>, told: &Sender<()>) {
    let withheld = Arc::new(AtomicBool::new(false));
    let back = (
        server.try_clone().unwrap(),
        client.try_clone().unwrap(),
        Arc::clone(&withheld),
        told.clone(),
    );
    thread::spawn(move || relay_answers(back));
    let (mut buffer, mut swallows) = ([0; 16 * 1024], false);
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let begins = |method: &str| buffer[..read].starts_with(method.as_bytes());
        match *rule.lock().unwrap() {
            HeldBack::Request(method) if begins(method) => {
                swallows = true;
                let _ = told.send(());
            }
            HeldBack::Answer(method) if begins(method) => withheld.store(true, Ordering::SeqCst),
            _ => {}
        }
        if !swallows && server.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

fn relay_answers(
    (mut server, mut client, withheld, told): (TcpStream, TcpStream, Arc<AtomicBool>, Sender<()>),
) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read @ 1..) = server.read(&mut buffer) {
        if withheld.load(Ordering::SeqCst) {
            let _ = told.send(());
        } else if client.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
}

/// A server, a proxy in front of it, and a home configured with the proxy.
struct Setup {
    bench: Bench,
    front: HoldingProxy,
    home: Home,
}

impl Setup {
    fn new() -> Self {
        let bench = Bench::new();
        let front = HoldingProxy::of(bench.server.url());
        Self {
            home: home_of(&front.url),
            front,
            bench,
        }
    }

    fn begin(&self, version: &str, script: &str) -> Child {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            version,
            "--send-timeout",
            "2s",
            "--",
            "sh",
            "-c",
            script,
        ];
        self.home
            .command("deploytrack", &args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    /// Status and reason of the only deployment of a version, after all queued events have been
    /// sent.
    fn told(&self, version: &str, kept: usize) -> (String, String) {
        assert_eq!(spooled(&self.home), kept, "{version}");
        self.front.holds(HeldBack::Nothing);
        assert_eq!(
            self.home.deploytrack(&["flush"]).done(),
            format!("{kept} sent, 0 kept, 0 refused\n"),
            "{version}"
        );
        assert_eq!(spooled(&self.home), 0);
        let answer = self
            .bench
            .home
            .deploytrack(&["list", "--version", version, "-o", "json"]);
        let page: Value = serde_json::from_str(answer.done()).unwrap();
        assert_eq!(page["total"], 1, "exactly once: {page}");
        let deployment = &page["data"][0];
        let story = shown(&self.bench, &deployment["id"]);
        let last = story["history"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["to"], deployment["status"], "{story}");
        (
            deployment["status"].as_str().unwrap().to_owned(),
            last["reason"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

fn send(signal: &str, child: &Child) {
    assert!(
        Command::new("kill")
            .args([&format!("-{signal}"), &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// The exit code, waited for with a limit.
fn code(mut child: Child) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(start.elapsed() < PATIENCE, "it does not end");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_signal_before_the_start_is_recorded_runs_nothing_and_is_recorded() {
    let stage = Setup::new();
    for (signal, number) in SIGNALS {
        for hold in [HeldBack::Request("POST"), HeldBack::Answer("POST")] {
            let version = format!("{signal}-{hold:?}").replace(['(', ')', '"'], "-");
            stage.front.holds(hold);
            let mark = stage.home.path().join(&version);
            let child = stage.begin(&version, &format!("touch {}", mark.display()));
            stage.front.wait();
            send(signal, &child);
            assert_eq!(code(child), Some(128 + number), "{version}");
            assert!(!mark.exists(), "{version}: the command ran");
            let (status, reason) = stage.told(&version, 1);
            assert_eq!(status, "failed", "{version}");
            assert!(
                reason.starts_with(&format!("called off by signal {number}")),
                "{reason}"
            );
        }
    }
}

#[test]
fn a_signal_reaches_the_running_command_and_its_end_is_recorded() {
    let stage = Setup::new();
    for (signal, number) in SIGNALS {
        let mut child = stage.begin(signal, "echo begun; exec sleep 30");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert_eq!(line, "begun\n");
        send(signal, &child);
        assert_eq!(code(child), Some(128 + number), "{signal}");
        let (status, reason) = stage.told(signal, 0);
        assert_eq!(status, "failed");
        assert!(
            reason.starts_with(&format!("ended by signal {number}")),
            "{reason}"
        );
    }
}

#[test]
fn a_signal_during_the_outcome_ends_with_the_code_of_the_command_and_queues_the_outcome() {
    let stage = Setup::new();
    for (signal, _) in SIGNALS {
        for hold in [HeldBack::Request("PATCH"), HeldBack::Answer("PATCH")] {
            for (exit, status) in [(0, "succeeded"), (7, "failed")] {
                let version = format!("{signal}-{hold:?}-{exit}").replace(['(', ')', '"'], "-");
                stage.front.holds(hold);
                let child = stage.begin(&version, &format!("exit {exit}"));
                stage.front.wait();
                let start = Instant::now();
                send(signal, &child);
                assert_eq!(code(child), Some(exit), "{version}");
                assert!(
                    start.elapsed() < Duration::from_millis(1500),
                    "{version}: it waits for the rest of its budget"
                );
                assert_eq!(stage.told(&version, 1).0, status, "{version}");
            }
        }
    }
}
