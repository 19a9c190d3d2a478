//! A server that is down at the start or at the end of a keyless job, and what later jobs send.

use std::{path::Path, process::Stdio, time::Duration};

use deploytrack_tests::{
    caller::Caller,
    issuer::claims,
    program::{Home, Run},
};
use rusqlite::Connection;
use serde_json::{Value, json};

use super::jobs::{Tracker, carry_spool, record};
use crate::wrapped::{assert_passed_through, spooled};

/// A command that says that it runs, and waits for leave to end.
const WAITING: &str = "touch running; while [ ! -e go ]; do sleep 0.05; done; echo deployed";

/// Records a version around a command, and does something while the command runs.
fn during(home: &Home, version: &str, meanwhile: impl FnOnce()) -> Run {
    let mut command = home.command("deploytrack", &record(version, &["sh", "-c", WAITING]));
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&home.path().join("running"));
    meanwhile();
    std::fs::write(home.path().join("go"), "").unwrap();
    let run = Run::of(&child.wait_with_output().unwrap());
    for file in ["running", "go"] {
        std::fs::remove_file(home.path().join(file)).unwrap();
    }
    run
}

fn wait_for(path: &Path) {
    for _ in 0..1200 {
        if path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("{} does not exist", path.display());
}

fn states(home: &Home) -> Vec<String> {
    let list = home.deploytrack(&["spool", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(list.done()).unwrap();
    let lines = list.as_array().unwrap().iter();
    lines
        .map(|line| line["state"].as_str().unwrap().to_owned())
        .collect()
}

fn succeeded(versions: &[&str]) -> Vec<(String, String)> {
    versions
        .iter()
        .map(|version| ((*version).to_owned(), "succeeded".to_owned()))
        .collect()
}

/// The claims of another job of the same repository that no rule accepts.
fn pull_request() -> Value {
    claims::github_pull_request()
}

#[test]
fn a_server_that_comes_back_during_the_command_gets_everything() {
    let mut tracker = Tracker::new();
    tracker.stop();
    let home = tracker.github_job(claims::github(), "1");
    let run = during(&home, "v1", || tracker.start());
    assert_passed_through(&run, 0, "deployed\n");
    assert_eq!(tracker.recorded(), succeeded(&["v1"]), "{run:?}");
    assert_eq!(spooled(&home), 0);
}

#[test]
fn a_token_that_ended_during_the_command_is_exchanged_anew() {
    let mut tracker = Tracker::new();
    let home = tracker.github_job(claims::github(), "1");
    let run = during(&home, "v1", || {
        tracker.stop();
        let database = Connection::open(tracker.database_file()).unwrap();
        assert!(database.execute("delete from tokens", []).unwrap() > 0);
        drop(database);
        tracker.start();
    });
    assert_passed_through(&run, 0, "deployed\n");
    assert!(!run.err.contains("warning"), "{run:?}");
    assert_eq!(tracker.recorded(), succeeded(&["v1"]));
    assert_eq!(tracker.issuer.requests().mint, 2);
}

#[test]
fn a_later_step_of_the_same_job_sends_what_the_server_missed() {
    let mut tracker = Tracker::new();
    tracker.stop();
    let home = tracker.github_job(claims::github(), "1");
    assert_passed_through(&home.deploytrack(&record("v1", &["true"])), 0, "");
    assert_eq!(states(&home), ["waiting"]);
    tracker.start();
    home.deploytrack(&["flush"]).ok();
    assert_eq!(tracker.recorded(), succeeded(&["v1"]));
}

#[test]
fn a_job_of_the_same_rule_on_another_machine_sends_what_was_begun_with_the_server() {
    let mut tracker = Tracker::new();
    let first = tracker.github_job(claims::github(), "1");
    let run = during(&first, "v1", || tracker.stop());
    assert_passed_through(&run, 0, "deployed\n");
    assert_eq!(spooled(&first), 1, "{run:?}");
    tracker.start();

    // A pull request restores the same cache, and so does a job with a token.
    let pull = tracker.github_job(pull_request(), "2");
    carry_spool(&first, &pull);
    assert_eq!(pull.deploytrack(&["flush"]).code, 4);
    let person = tracker.admin();
    carry_spool(&first, &person);
    let flushed = person.deploytrack(&["flush"]);
    assert!(
        flushed.code == 1 && flushed.out.contains("1 not trusted"),
        "{flushed:?}"
    );
    assert_ne!(tracker.recorded(), succeeded(&["v1"]));

    let next = tracker.github_job(claims::github(), "3");
    carry_spool(&first, &next);
    assert_passed_through(&next.deploytrack(&record("v2", &["true"])), 0, "");
    assert_eq!(tracker.recorded(), succeeded(&["v1", "v2"]));
    assert_eq!(spooled(&next), 0);
}

#[test]
fn after_a_job_without_the_server_only_its_machine_and_identity_prove_who_wrote_the_entry() {
    let mut tracker = Tracker::new();
    tracker.stop();
    let mut machine = tracker.github_job(claims::github(), "1");
    assert_passed_through(&machine.deploytrack(&record("v1", &["true"])), 0, "");
    tracker.start();

    let elsewhere = tracker.github_job(claims::github(), "2");
    carry_spool(&machine, &elsewhere);
    let flushed = elsewhere.deploytrack(&["flush"]);
    assert!(
        flushed.code == 1 && flushed.out.contains("1 not trusted"),
        "{flushed:?}"
    );
    assert_eq!(
        (states(&elsewhere), tracker.recorded()),
        (vec!["not trusted".to_owned()], vec![])
    );

    let staging = claims::with(claims::github(), &json!({"environment": "staging"}));
    tracker.set_github_job(&mut machine, staging, "3");
    let flushed = machine.deploytrack(&["flush"]);
    assert!(
        flushed.code == 1 && flushed.out.contains("1 not trusted"),
        "{flushed:?}"
    );

    tracker.set_github_job(&mut machine, claims::github(), "4");
    machine.deploytrack(&["flush"]).ok();
    assert_eq!(tracker.recorded(), succeeded(&["v1"]));

    // A person has looked at the other copy, whose events have the same keys.
    tracker.issuer.serve_job(claims::github());
    let entry = std::fs::read_dir(elsewhere.path().join(".local/state/deploytrack/spool"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .find(|name| !name.starts_with('.'))
        .unwrap();
    elsewhere.deploytrack(&["flush", &entry, "--trust"]).ok();
    assert_eq!(tracker.recorded(), succeeded(&["v1"]));
}

#[test]
fn a_protected_job_never_sends_the_entry_of_a_pull_request_on_its_machine() {
    let tracker = Tracker::new();
    let mut machine = tracker.github_job(pull_request(), "1");
    let run = machine.deploytrack(&record("v-evil", &["true"]));
    assert_passed_through(&run, 0, "");
    assert_eq!(states(&machine), ["refused"]);
    tracker.set_github_job(&mut machine, claims::github(), "2");
    let run = machine.deploytrack(&record("v1", &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(run.err.contains("is not trusted and not sent"), "{run:?}");
    assert_eq!(tracker.recorded(), succeeded(&["v1"]));
    let mut person = machine;
    person.set("DEPLOYTRACK_TOKEN", Caller::admin_token());
    assert_eq!(person.deploytrack(&["flush"]).code, 1);
    assert_eq!(tracker.recorded(), succeeded(&["v1"]));
}
