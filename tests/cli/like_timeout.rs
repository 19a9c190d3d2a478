//! A wrapped command starts, receives signals and ends as under timeout(1).

use std::{
    io::{BufRead as _, BufReader, Read as _},
    os::unix::{fs::PermissionsExt as _, process::ExitStatusExt as _},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::program::Home;

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, home_of, listed, shown, wrapped},
};

/// Writes an executable file.
fn program(home: &Home, name: &str, text: &[u8]) -> PathBuf {
    let path = home.path().join(name);
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

/// The same command under timeout(1).
fn under_timeout(home: &Home, command: &[&str]) -> (Option<i32>, Vec<u8>) {
    let mut timeout = Command::new("timeout");
    timeout
        .arg("60")
        .args(command)
        .env("PATH", format!("{}::/usr/bin:/bin", home.path().display()))
        .current_dir(home.path());
    let output = timeout.stdin(Stdio::null()).output().unwrap();
    (output.status.code(), output.stdout)
}

#[test]
fn it_starts_as_under_timeout() {
    let home = home_of("http://127.0.0.1:1");
    let path = format!("{}::/usr/bin:/bin", home.path().display());
    let home = home.with("PATH", path).with("DEPLOYTRACK_ON_ERROR", "warn");
    program(&home, "script", b"echo \"script $0 $*\"; exit 5\n");
    program(&home, "empty", b"");
    program(&home, "elsewhere", b"#!/no/such/interpreter\n");
    program(
        &home,
        "foreign",
        b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0",
    );
    std::fs::write(home.path().join("text"), "echo never\n").unwrap();
    std::fs::create_dir(home.path().join("folder")).unwrap();
    for command in [
        &["./script", "a b", ""][..],
        &["script", "c"],
        &["./empty"],
        &["./elsewhere"],
        &["./foreign"],
        &["./text"],
        &["text"],
        &["./folder"],
        &["folder"],
        &["./text/x"],
        &["no-such-command"],
        &["sh", "-c", "echo \"$0\"; kill -9 $$"],
    ] {
        for options in [
            &["--send-timeout", "1s"][..],
            &["--send-timeout", "1s", "--output-tail", "3"],
        ] {
            let (code, out) = under_timeout(&home, command);
            let run = home.deploytrack(&wrapped(options, command));
            let expected = (code.unwrap_or(137), String::from_utf8(out).unwrap());
            assert_eq!(
                (run.code, run.out.clone()),
                expected,
                "{command:?} {options:?}: {run:?}"
            );
        }
    }
}

const CATCHER: &str = "
import os, signal, time
def caught(number, frame):
    os.write(1, b'%d\\n' % number)
    os._exit(40)
for number in range(1, 65):
    try:
        signal.signal(number, caught)
    except (OSError, ValueError):
        pass
os.write(1, b'ready\\n')
while True:
    time.sleep(5)
";

#[test]
fn every_signal_that_can_be_caught_is_passed_on() {
    if deploytrack_tests::program::on_path("python3").is_none() {
        return;
    }
    let bench = Bench::new();
    let home = home(&bench);
    let signals =
        (1..=64).filter(|number| ![4, 5, 7, 8, 9, 11, 17, 19, 31, 32, 33].contains(number));
    let waiting: Vec<_> = signals
        .map(|number| {
            let args = wrapped(&[], &["python3", "-c", CATCHER]);
            let mut child = home
                .command("deploytrack", &args)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut out = BufReader::new(child.stdout.take().unwrap());
            out.read_line(&mut String::new()).unwrap();
            assert!(
                Command::new("kill")
                    .args([format!("-{number}"), child.id().to_string()])
                    .status()
                    .unwrap()
                    .success()
            );
            (number, child, out)
        })
        .collect();
    for (number, mut child, mut out) in waiting {
        let mut heard = String::new();
        out.read_line(&mut heard).unwrap();
        assert_eq!(
            (heard.trim(), child.wait().unwrap().code()),
            (number.to_string().as_str(), Some(40))
        );
    }
}

#[test]
fn a_closed_output_ends_the_command_as_without_a_tail() {
    let bench = Bench::new();
    let home = home(&bench);
    let mut command = home.command("deploytrack", &wrapped(&["--output-tail", "3"], &["yes"]));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 2]).unwrap();
    drop(out);
    let start = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(128 + 13));
    assert!(start.elapsed() < Duration::from_secs(10));
    let story = shown(&bench, &listed(&bench)[0]["id"]);
    assert_eq!(
        story["history"][2]["reason"],
        "ended by signal 13 (SIGPIPE)"
    );
}

#[test]
fn background_processes_of_the_command_are_not_waited_for_and_can_write_on() {
    let bench = Bench::new();
    let home = home(&bench);
    let go = home.path().join("go");
    let script = format!(
        "(for round in $(seq 200); do test -e {} && break; sleep 0.1; done; echo late; echo later >&2) & echo early; exit 7",
        go.display()
    );
    let mut command = home.command(
        "deploytrack",
        &wrapped(&["--output-tail", "3"], &["sh", "-c", &script]),
    );
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    assert_eq!(child.wait().unwrap().code(), Some(7));
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
    std::fs::write(go, "").unwrap();
    let (mut out, mut err) = (String::new(), String::new());
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    assert_eq!((out.as_str(), err.as_str()), ("early\nlate\n", "later\n"));
}

#[test]
fn streams_that_go_to_the_same_place_stay_in_order() {
    let bench = Bench::new();
    let home = home(&bench);
    let script =
        "for number in 1 2 3 4 5 6 7 8 9; do echo out $number; echo err $number >&2; done; exit 1";
    let log = home.path().join("log");
    let (out, err) = (
        std::fs::File::create(&log).unwrap(),
        std::fs::File::options().append(true).open(&log).unwrap(),
    );
    let mut command = home.command(
        "deploytrack",
        &wrapped(&["--output-tail", "4"], &["sh", "-c", script]),
    );
    assert_eq!(
        command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .status()
            .unwrap()
            .code(),
        Some(1)
    );
    let expected = (1..10)
        .map(|number| format!("out {number}\nerr {number}\n"))
        .collect::<Vec<_>>()
        .concat();
    assert_eq!(std::fs::read_to_string(log).unwrap(), expected);
    assert_eq!(
        listed(&bench)[0]["metadata"]["outputTail"],
        "out 8\nerr 8\nout 9\nerr 9"
    );
}

#[test]
fn everything_a_command_wrote_arrives_however_slowly_it_is_read() {
    let home = home_of("http://127.0.0.1:1").with("DEPLOYTRACK_ON_ERROR", "warn");
    let args = wrapped(
        &["--output-tail", "1", "--send-timeout", "1s"],
        &["sh", "-c", "yes | head -c 3000000"],
    );
    let mut child = home
        .command("deploytrack", &args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_secs(3));
    let mut all = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut all).unwrap();
    assert_eq!(
        (all.len(), child.wait().unwrap().code()),
        (3_000_000, Some(0))
    );
}

#[test]
fn a_child_signal_that_was_ignored_costs_no_outcome() {
    let bench = Bench::new();
    let home = home(&bench);
    let program = deploytrack_tests::program::binary("deploytrack")
        .display()
        .to_string();
    let script = format!("trap '' CHLD; exec {program} \"$@\"");
    let args = wrapped(&[], &["sh", "-c", "exit 6"]);
    let inner = home.command("deploytrack", &[]);
    let mut command = Command::new("bash");
    command
        .args(["-c", &script, "bash"])
        .args(args)
        .env_clear()
        .current_dir(home.path());
    command.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let status = command.stdin(Stdio::null()).status().unwrap();
    assert_eq!((status.code(), status.signal()), (Some(6), None));
    assert_eq!(listed(&bench)[0]["status"], "failed");
}

#[test]
fn a_tail_makes_the_output_hardly_slower() {
    let bench = Bench::new();
    let home = home(&bench);
    let program = deploytrack_tests::program::binary("deploytrack")
        .display()
        .to_string();
    let inner = home.command("deploytrack", &[]);
    let timed = |writer: &str| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &format!("{writer} | head -c 1000000000 >/dev/null")])
            .env_clear();
        shell.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        let start = Instant::now();
        assert!(
            shell
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        );
        start.elapsed()
    };
    let tail = wrapped(&["--output-tail", "3"], &["yes"]).join(" ");
    let best = |writer: &str| (0..3).map(|_| timed(writer)).min().unwrap();
    // Generous, for a loaded machine: the test only catches a tail that inspects each line, which
    // would take more than a minute.
    assert!(best(&format!("{program} {tail}")) < best("yes") * 10 + Duration::from_secs(10));
    assert_passed_through(
        &home.deploytrack(&wrapped(&["--output-tail", "3"], &["true"])),
        0,
        "",
    );
}
