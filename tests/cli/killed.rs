//! When `deploytrack` is killed, its wrapped command goes on, and the outcome is still reported.

use std::{
    io::{BufRead as _, Read as _},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::program::Home;

use crate::{
    given::Bench,
    wrapped::{home, listed, shown, spooled, wrapped},
};

/// Starts a wrapped command and waits until it runs.
fn begun(home: &Home, options: &[&str], script: &str) -> Child {
    let script = format!("echo begun; {script}");
    let mut command = home.command("deploytrack", &wrapped(options, &["sh", "-c", &script]));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut [0; 6])
        .unwrap();
    child
}

/// The process id of the keeper: the only child of a `deploytrack` that waits for a command.
fn keeper_of(child: &Child) -> String {
    let found = Command::new("pgrep")
        .args(["-P", &child.id().to_string()])
        .output()
        .unwrap();
    String::from_utf8(found.stdout).unwrap().trim().to_owned()
}

/// Kills a process and waits until it has ended: its locks and open files are released only then.
fn kill(pid: &str) {
    assert!(
        Command::new("kill")
            .args(["-KILL", pid])
            .status()
            .unwrap()
            .success()
    );
    let start = Instant::now();
    while runs(pid) {
        assert!(start.elapsed() < Duration::from_secs(20), "{pid} runs on");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a thread of the process has not ended. A process that no parent has waited for has ended too.
fn runs(pid: &str) -> bool {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
        return false;
    };
    threads.flatten().any(|thread| {
        std::fs::read_to_string(thread.path().join("stat"))
            .unwrap_or_default()
            .rsplit_once(") ")
            .is_some_and(|(_, fields)| !fields.starts_with(['Z', 'X']))
    })
}

/// Status and last reason of the only deployment, once it is no longer in progress.
fn settled(bench: &Bench) -> (String, String) {
    let start = Instant::now();
    while listed(bench)[0]["status"] == "in_progress" {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "it stays in progress"
        );
        thread::sleep(Duration::from_millis(100));
    }
    let deployment = listed(bench)[0].clone();
    let story = shown(bench, &deployment["id"]);
    let reason = story["history"].as_array().unwrap().last().unwrap()["reason"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    (deployment["status"].as_str().unwrap().to_owned(), reason)
}

const ENDINGS: [(&str, &str); 3] = [
    ("exit 0", "succeeded"),
    ("exit 3", "failed"),
    ("kill -KILL $$", "failed"),
];

#[test]
fn a_killed_deploytrack_leaves_the_command_running_and_its_outcome_is_still_sent() {
    for (ending, status) in ENDINGS {
        let bench = Bench::new();
        let home = home(&bench);
        let mut child = begun(&home, &[], &format!("sleep 1; {ending}"));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(
            home.deploytrack(&["flush"]).done(),
            "0 sent, 0 kept, 0 refused\n",
            "the command is still at work"
        );
        assert_eq!(listed(&bench)[0]["status"], "in_progress");
        // A machine that is deleted after the job has no next call.
        assert_eq!(settled(&bench).0, status);
        thread::sleep(Duration::from_millis(300));
        assert_eq!(spooled(&home), 0);
    }
}

#[test]
fn without_a_server_the_outcome_is_sent_by_the_next_call() {
    for (ending, status) in ENDINGS {
        let mut bench = Bench::new();
        let (home, url) = (home(&bench), bench.server.url().to_owned());
        let mut child = begun(&home, &[], &format!("sleep 0.5; {ending}"));
        bench.server.kill();
        child.kill().unwrap();
        child.wait().unwrap();
        let keeps = || {
            Command::new("pgrep")
                .args(["-f", &format!("keep {}", home.path().display())])
                .output()
                .unwrap()
                .status
                .success()
        };
        while keeps() {
            thread::sleep(Duration::from_millis(200));
        }
        bench.restart(&url);
        assert_eq!(listed(&bench)[0]["status"], "in_progress");
        assert_eq!(
            home.deploytrack(&["flush"]).done(),
            "1 sent, 0 kept, 0 refused\n"
        );
        assert_eq!((settled(&bench).0.as_str(), spooled(&home)), (status, 0));
    }
}

#[test]
fn a_killed_keeper_changes_no_outcome() {
    for (ending, code, status) in [
        ("exit 0", Some(0), "succeeded"),
        ("exit 3", Some(3), "failed"),
        ("kill -KILL $$", Some(137), "failed"),
    ] {
        let bench = Bench::new();
        let home = home(&bench);
        // Background processes of the command do not count as the command.
        let mut child = begun(
            &home,
            &[],
            &format!("(sleep 0.3; exit 9) & sleep 1; {ending}"),
        );
        kill(&keeper_of(&child));
        thread::sleep(Duration::from_millis(300));
        assert_eq!(
            listed(&bench)[0]["status"],
            "in_progress",
            "the command runs on"
        );
        assert_eq!(child.wait().unwrap().code(), code);
        let (found, reason) = settled(&bench);
        assert_eq!(found, status, "{reason}");
        assert!(!reason.contains("not known"), "{reason}");
    }
}

#[test]
fn a_command_without_its_keeper_still_gets_signals_and_has_its_limit() {
    for (options, expected) in [
        (&[][..], (43, "exit code 43")),
        (&["--command-timeout", "2s"], (124, "longer than 2s")),
    ] {
        let bench = Bench::new();
        let home = home(&bench);
        let mut child = begun(
            &home,
            options,
            "trap 'exit 43' TERM; while :; do sleep 0.1; done",
        );
        kill(&keeper_of(&child));
        thread::sleep(Duration::from_millis(300));
        if options.is_empty() {
            assert!(
                Command::new("kill")
                    .arg(child.id().to_string())
                    .status()
                    .unwrap()
                    .success()
            );
        }
        assert_eq!(child.wait().unwrap().code(), Some(expected.0));
        assert!(
            settled(&bench).1.contains(expected.1),
            "{:?}",
            settled(&bench)
        );
    }
}

#[test]
fn when_every_process_is_killed_the_next_call_records_an_unknown_outcome() {
    let bench = Bench::new();
    let home = home(&bench);
    let mut child = begun(&home, &[], "echo $$; exec sleep 60");
    let mut command = String::new();
    std::io::BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut command)
        .unwrap();
    let keeper = keeper_of(&child);
    child.kill().unwrap();
    kill(&keeper);
    kill(command.trim());
    child.wait().unwrap();
    let _ = home.deploytrack(&["flush"]).done();
    let (status, reason) = settled(&bench);
    assert_eq!((status.as_str(), spooled(&home)), ("failed", 0));
    assert!(
        reason.contains("not known") && reason.contains("killed"),
        "{reason}"
    );
}

#[test]
fn when_the_keeper_is_killed_too_no_outcome_is_guessed() {
    // As soon as the command runs, also before the keeper has stored its process, and later.
    for pause in [0, 300] {
        no_outcome_is_guessed(Duration::from_millis(pause));
    }
}

fn no_outcome_is_guessed(pause: Duration) {
    let bench = Bench::new();
    let home = home(&bench);
    let [go, done] = ["go", "done"].map(|name| home.path().join(name));
    let script = format!(
        "echo $PPID; until test -e {}; do sleep 0.1; done; touch {}",
        go.display(),
        done.display()
    );
    let mut command = home.command("deploytrack", &wrapped(&[], &["sh", "-c", &script]));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keeper = String::new();
    std::io::BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut keeper)
        .unwrap();
    thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    kill(keeper.trim());
    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(flushed.done(), "1 sent, 0 kept, 0 refused\n");
    assert!(
        flushed.err.contains("deploytrack update") && flushed.err.contains("not known"),
        "{flushed:?}"
    );
    assert_eq!(listed(&bench)[0]["status"], "in_progress");
    std::fs::write(go, "").unwrap();
    let start = Instant::now();
    while !done.exists() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "the command went on"
        );
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(spooled(&home), 0);
}
