//! A wrapped command whose deploytrack is killed goes on, and how it ended is told.

use std::{
    io::{BufRead as _, Read as _},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;

use crate::{
    wrapped::{home, listed, spooled, wrapped},
    *,
};

#[test]
fn a_killed_deploytrack_leaves_the_command_running_and_its_outcome_comes_with_the_next_call() {
    for (ending, status) in [("exit 0", "succeeded"), ("exit 3", "failed"), ("kill -KILL $$", "failed")] {
        let bench = Bench::new();
        let home = home(&bench);
        let script = format!("echo begun; sleep 1; {ending}");
        let mut command = home.command("deploytrack", &wrapped(&[], &["sh", "-c", &script]));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(home.deploytrack(&["flush"]).done(), "0 sent, 0 kept, 0 refused\n", "the command is still at work");
        assert_eq!(listed(&bench)[0]["status"], "in_progress");
        thread::sleep(Duration::from_millis(1500));
        let flushed = home.deploytrack(&["flush"]);
        assert_eq!((flushed.done(), flushed.err.as_str()), ("1 sent, 0 kept, 0 refused\n", ""));
        assert_eq!((&listed(&bench)[0]["status"], spooled(&home)), (&Value::from(status), 0));
    }
}

#[test]
fn when_its_keeper_is_killed_too_nobody_guesses() {
    let bench = Bench::new();
    let home = home(&bench);
    let mark = home.path().join("done");
    let script = format!("echo $PPID; sleep 1; touch {}", mark.display());
    let mut command = home.command("deploytrack", &wrapped(&[], &["sh", "-c", &script]));
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut keeper = String::new();
    std::io::BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut keeper).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(Command::new("kill").args(["-KILL", keeper.trim()]).status().unwrap().success());
    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(flushed.done(), "1 sent, 0 kept, 0 refused\n");
    assert!(flushed.err.contains("deploytrack update") && flushed.err.contains("not known"), "{flushed:?}");
    assert_eq!(listed(&bench)[0]["status"], "in_progress");
    thread::sleep(Duration::from_millis(1500));
    assert!(mark.exists(), "the command went on");
    assert_eq!(spooled(&home), 0);
}
