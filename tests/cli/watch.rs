//! `deploytrack watch` and `matrix --watch`.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use deploytrack_tests::program::{Home, Process, binary};
use serde_json::Value;

use crate::given::Bench;

/// A running `watch` and its output. It is killed when this value is dropped.
struct Watcher(Child, BufReader<ChildStdout>);

impl Watcher {
    fn start(home: &Home, args: &[&str]) -> Self {
        let mut child = home
            .command("deploytrack", args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self(child, out)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).unwrap();
        line
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn record(home: &Home, component: &str, version: &str) {
    let args = [
        "record",
        "--component",
        component,
        "--environment",
        "production",
        "--version",
        version,
        "--status",
        "succeeded",
    ];
    let _ = home.deploytrack(&args).done();
}

/// A home configured with this server.
fn home_of(server: &Process) -> Home {
    Home::new().with("DEPLOYTRACK_URL", server.url()).with(
        "DEPLOYTRACK_TOKEN",
        deploytrack_tests::caller::Caller::admin_token(),
    )
}

#[test]
fn a_watch_misses_no_event_while_its_server_restarts() {
    let database = deploytrack_tests::database::Database::sqlite();
    let operator = Home::new();
    let mut server = Process::server(&operator, database.url());
    let home = home_of(&server);
    record(&home, "api", "v1");
    let mut watcher = Watcher::start(&home, &["watch", "--after", "0", "-o", "jsonl"]);
    let mut ids: Vec<i64> = (0..5)
        .map(|_| {
            serde_json::from_str::<Value>(&watcher.line()).unwrap()["id"]
                .as_i64()
                .unwrap()
        })
        .collect();
    for version in ["v2", "v3"] {
        let address = server.url().trim_start_matches("http://").to_owned();
        server.kill();
        server = Process::server_at(&address, &operator, database.url());
        record(&home, "api", version);
        ids.extend((0..3).map(|_| {
            serde_json::from_str::<Value>(&watcher.line()).unwrap()["id"]
                .as_i64()
                .unwrap()
        }));
    }
    assert_eq!(ids, (1..=11).collect::<Vec<_>>());
}

#[test]
fn a_watch_notices_that_a_backup_was_restored() {
    let database = deploytrack_tests::database::Database::sqlite();
    let operator = Home::new();
    let server = Process::server(&operator, database.url());
    let home = home_of(&server);
    let run = |args: &[&str]| {
        operator
            .deploytrack_server(&[args, &["--database-url", database.url()]].concat())
            .ok();
    };
    record(&home, "api", "v1");
    run(&["backup", "--to", "one.db"]);
    let mut child = home
        .command("deploytrack", &["watch", "--after", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
    let out = BufReader::new(child.stdout.take().unwrap());
    let mut watcher = Watcher(child, out);
    record(&home, "api", "v2");
    let has = |watcher: &mut Watcher, text: &str| (0..9).any(|_| watcher.line().contains(text));
    assert!(has(
        &mut watcher,
        "v2 in production: in_progress → succeeded"
    ));
    let address = server.url().trim_start_matches("http://").to_owned();
    drop(server);
    run(&["restore", "one.db"]);
    let _again = Process::server_at(&address, &operator, database.url());
    let note = notes.find(|line| line.as_ref().unwrap().contains("was replaced"));
    let note = note.unwrap().unwrap();
    assert!(
        note.contains("was replaced after event 8, as by a restore of a backup"),
        "{note}"
    );
    let again = notes.find(|line| line.as_ref().unwrap().contains("connected again"));
    assert!(again.is_some());
    // These events have the numbers of those of v2.
    record(&home, "api", "v3");
    assert!(watcher.line().contains("v3"));
}

#[test]
fn lines_for_people_name_the_event_and_the_cell() {
    let bench = Bench::new();
    bench.record("api", "production", "v1", "pending");
    let mut watcher = Watcher::start(
        &bench.home,
        &[
            "watch",
            "--after",
            "0",
            "--component",
            "api",
            "--status",
            "succeeded",
        ],
    );
    record(&bench.home, "web", "v1");
    record(&bench.home, "api", "v2");
    let line = watcher.line();
    assert!(
        line.contains("Z  api v2 in production: in_progress → succeeded  by "),
        "{line}"
    );
}

#[test]
fn watching_something_unwatchable_ends_at_once() {
    let bench = Bench::new();
    for (args, code, said) in [
        (&["watch", "--after", "99"][..], 1, "last one"),
        (&["watch", "-o", "csv"], 2, "jsonl"),
        (&["watch", "--type", "deployment"], 2, "type"),
        (&["matrix", "--watch"], 2, "deploytrack watch"),
        (
            &["matrix", "--watch", "--at", "2 days ago"],
            2,
            "cannot be used",
        ),
    ] {
        let run = bench.home.deploytrack(args);
        assert!(
            run.code == code && run.err.contains(said),
            "{args:?}: {run:?}"
        );
    }
}

#[test]
fn a_watched_matrix_is_redrawn_and_the_screen_is_restored() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Process::server(&Home::new(), database.url());
    let home = home_of(&server);
    record(&home, "api", "v1");
    // script(1) runs its command on a terminal, and ends it when its own input ends.
    let command = format!(
        "stty cols 80 rows 24; timeout -s INT 4 {} matrix --watch",
        binary("deploytrack").display()
    );
    let mut script = Command::new("script");
    script
        .args(["-qec", &command, "/dev/null"])
        .env_clear()
        .env("HOME", home.path())
        .env("PATH", std::env::var("PATH").unwrap());
    script.env("DEPLOYTRACK_URL", server.url()).env(
        "DEPLOYTRACK_TOKEN",
        deploytrack_tests::caller::Caller::admin_token(),
    );
    let child = script
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(1500));
    record(&home, "api", "v2");
    let drawn = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let (before, after) = drawn
        .split_once("v2")
        .unwrap_or_else(|| panic!("{drawn:?}"));
    assert!(
        before.contains("\x1b[?1049h") && before.contains("v1"),
        "{drawn:?}"
    );
    assert!(
        after.contains("live, ") && after.ends_with("\x1b[?25h\x1b[?1049l"),
        "{drawn:?}"
    );
}
