//! Timeouts: `--timeout` limits a request, `--send-timeout` the requests around a command,
//! `--command-timeout` the command with all its processes, and `--wait-timeout` a wait.

use std::{
    io::BufRead as _,
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::{caller::Caller, program::Home};

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, home_of, listed, shown, wrapped},
};

/// A server that accepts connections and never answers.
fn silent() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

#[test]
fn a_timeout_that_may_mean_two_things_is_refused_before_anything_runs() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "pending");
    let rollback = ["rollback", "-c", "api", "-e", "production"];
    for (args, flag) in [
        (
            wrapped(&["--timeout", "30m"], &["echo", "ran"]),
            "--command-timeout 30m",
        ),
        (
            wrapped(&["--timeout=30m", "--send-timeout", "5s"], &["echo", "ran"]),
            "--command-timeout 30m",
        ),
        (
            [&["--timeout", "30m"][..], &rollback, &["--", "echo", "ran"]].concat(),
            "--command-timeout 30m",
        ),
        (vec!["wait", &id, "--timeout", "30m"], "--wait-timeout 30m"),
    ] {
        let run = bench.home.deploytrack(&args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}: {run:?}");
        assert!(
            run.err.contains(flag) && run.err.contains("one answer of the server"),
            "{args:?}: {run:?}"
        );
    }
    assert_eq!(listed(&bench).len(), 1, "nothing was recorded");
    let clear = wrapped(
        &["--timeout", "5s", "--command-timeout", "30m"],
        &["echo", "ran"],
    );
    assert_passed_through(&bench.home.deploytrack(&clear), 0, "ran\n");
}

#[test]
fn a_timeout_limits_each_request_of_every_command() {
    let (_listener, url) = silent();
    let id = "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50";
    let commands: [&[&str]; 16] = [
        &["list"],
        &["show", id],
        &["matrix"],
        &["latest", "-c", "api"],
        &[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--no-ci",
        ],
        &["update", id, "failed"],
        &["undeploy", "-c", "api", "-e", "production"],
        &["rollback", "-c", "api", "-e", "production"],
        &[
            "rollback",
            "-c",
            "api",
            "-e",
            "production",
            "--command-timeout",
            "9m",
            "--",
            "echo",
            "ran",
        ],
        &["component", "list"],
        &["environment", "create", "staging"],
        &["export"],
        &["verify"],
        &["open", "--print"],
        &["matrix", "-c", "api"],
        &["watch", "-c", "api"],
    ];
    for args in commands {
        let by_flag = Home::new()
            .with("DEPLOYTRACK_URL", &url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let by_variable = Home::new()
            .with("DEPLOYTRACK_URL", &url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let by_variable = by_variable.with("DEPLOYTRACK_TIMEOUT", " 250ms\n");
        for run in [
            by_flag.deploytrack(&[&["--timeout", "250ms"], args].concat()),
            by_variable.deploytrack(args),
        ] {
            assert_eq!((run.code, run.out.as_str()), (3, ""), "{args:?}: {run:?}");
            assert!(
                run.err.contains("did not answer within 0.25s") && run.err.contains("--timeout"),
                "{args:?}: {run:?}"
            );
        }
    }
}

#[test]
fn a_flush_and_a_wrapped_command_wait_no_longer_for_an_answer() {
    let (_listener, url) = silent();
    let home = home_of(&url).with("DEPLOYTRACK_TIMEOUT", "250ms");
    // All retries together would take a minute.
    let run = home.deploytrack(&wrapped(
        &["--send-timeout", "1m"],
        &["sh", "-c", "echo out; exit 5"],
    ));
    assert_passed_through(&run, 5, "out\n");
    assert!(run.err.contains("did not answer within 0.25s"), "{run:?}");
    let flushed = home.deploytrack(&["flush"]);
    assert!(
        flushed.code == 3 && flushed.err.contains("did not answer within 0.25s"),
        "{flushed:?}"
    );
}

#[test]
fn a_watch_reconnects_after_a_timeout() {
    let (_listener, url) = silent();
    let home = home_of(&url);
    let mut command = home.command("deploytrack", &["watch", "--timeout", "250ms"]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufReader::new(child.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        line.contains("did not answer within 0.25s; connecting again"),
        "{line}"
    );
}

#[test]
fn a_variable_with_an_invalid_duration_is_named_and_does_not_stop_the_deploy() {
    let bench = Bench::new();
    let home = home(&bench).with("DEPLOYTRACK_TIMEOUT", "soon");
    let run = home.deploytrack(&["list"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
    assert!(
        run.err.contains(
            "DEPLOYTRACK_TIMEOUT must be a duration with a unit, such as 10s or 2m, not 'soon'"
        ),
        "{run:?}"
    );
    let wrapped = home.deploytrack(&wrapped(&[], &["sh", "-c", "echo out; exit 3"]));
    assert_passed_through(&wrapped, 3, "out\n");
    assert!(
        wrapped.err.contains("DEPLOYTRACK_TIMEOUT must be"),
        "{wrapped:?}"
    );
    let checked = home.deploytrack(&["doctor"]);
    assert!(
        checked.code == 2 && checked.out.contains("DEPLOYTRACK_TIMEOUT"),
        "{checked:?}"
    );
    let flag = home.deploytrack(&["list", "--timeout", "5s"]);
    assert_eq!(flag.code, 0, "a flag goes before the variable: {flag:?}");
}

#[test]
fn a_limit_needs_a_command_and_a_unit() {
    let home = home_of("http://127.0.0.1:1");
    let plain = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v1",
        "--command-timeout",
        "5m",
    ]);
    assert!(
        plain.code == 2 && plain.err.contains("COMMAND"),
        "{plain:?}"
    );
    for wrong in ["soon", "30", "0s", "-5s"] {
        let run = home.deploytrack(&wrapped(
            &[&format!("--command-timeout={wrong}")],
            &["echo", "ran"],
        ));
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
        assert!(
            run.err.contains("--command-timeout") && run.err.contains("such as 10s or 2m"),
            "{run:?}"
        );
    }
}

/// A script whose processes leave their parent in every possible way.
const FAMILY: &str = "
sleep 1000 &
(sleep 1000 &)
setsid sleep 1000 &
setsid -f sleep 1000
nohup sleep 1000 >/dev/null 2>&1 &
(setsid sh -c '(sleep 1000 &); exit 0')
sh -c 'trap \"\" TERM; sleep 1000' &
sleep 2000
";

/// The processes with this variable in their environment, without zombies.
fn alive(mark: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let with_it = processes.filter(|process| {
        let environment = std::fs::read(process.path().join("environ")).unwrap_or_default();
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == format!("MARK={mark}").as_bytes())
    });
    with_it
        .filter_map(|process| std::fs::read_to_string(process.path().join("cmdline")).ok())
        .filter(|line| !line.is_empty())
        .collect()
}

/// Runs the script until its timeout; `before` are the words in front of `deploytrack`.
fn ends_all_when_started(mark: &str, before: &[&str], options: &[&str]) {
    let bench = Bench::new();
    let home = home(&bench).with("MARK", mark).with("TERM", "xterm");
    let program = deploytrack_tests::program::binary("deploytrack")
        .display()
        .to_string();
    let script = home.path().join("family.sh");
    std::fs::write(&script, FAMILY).unwrap();
    let args = wrapped(
        &[&["--command-timeout", "1s"], options].concat(),
        &["sh", "./family.sh"],
    );
    let quoted = args
        .iter()
        .map(|arg| format!("'{arg}'"))
        .collect::<Vec<_>>()
        .join(" ");
    let line = format!("{program} {quoted}");
    let inner = home.command("deploytrack", &[]);
    let mut command = Command::new(before[0]);
    command
        .args(before[1..].iter().map(|word| word.replace("LINE", &line)))
        .env_clear()
        .current_dir(home.path());
    command.envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let log = home.path().join("log");
    let file = std::fs::File::create(&log).unwrap();
    command.stdout(file.try_clone().unwrap()).stderr(file);
    // script(1) ends its command when its own input ends.
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let input = child.stdin.take();
    child.wait().unwrap();
    drop(input);
    let text = String::from_utf8_lossy(&std::fs::read(log).unwrap()).into_owned();
    // A background job may outlive the shell that started it.
    let until = Instant::now() + Duration::from_secs(40);
    while !alive(mark).is_empty() && Instant::now() < until {
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(alive(mark), [""; 0], "{before:?} {options:?}: {text}");
    let one = &listed(&bench)[0];
    assert_eq!(
        (&one["status"], one["version"].as_str()),
        (&"failed".into(), Some("v1")),
        "{before:?}: {text}"
    );
    let reason = shown(&bench, &one["id"])["history"][2]["reason"].clone();
    assert_eq!(
        reason, "the command was ended, since it took longer than 1s",
        "{before:?}: {text}"
    );
}

#[test]
fn a_limit_ends_all_that_the_command_has_started_without_a_terminal() {
    ends_all_when_started("plain", &["sh", "-c", "LINE"], &[]);
    ends_all_when_started("tail", &["sh", "-c", "LINE"], &["--output-tail", "3"]);
    ends_all_when_started("nohup", &["nohup", "sh", "-c", "LINE"], &[]);
    ends_all_when_started("setsid", &["setsid", "--wait", "sh", "-c", "LINE"], &[]);
    ends_all_when_started("background", &["sh", "-c", "LINE & wait"], &[]);
}

#[test]
fn a_limit_ends_all_without_a_keeper() {
    ends_all_when_started("alone", &["sh", "-c", "LINE"], &["--on-error", "warn"]);
}

#[test]
fn a_limit_ends_all_on_a_terminal() {
    // script(1) of util-linux runs a command on a terminal.
    if deploytrack_tests::program::on_path("script").is_none() {
        return;
    }
    ends_all_when_started("terminal", &["script", "-qec", "LINE", "/dev/null"], &[]);
    ends_all_when_started(
        "alone-there",
        &["script", "-qec", "LINE", "/dev/null"],
        &["--on-error", "warn"],
    );
    ends_all_when_started(
        "job",
        &["script", "-qec", "bash -ic \"LINE & wait\"", "/dev/null"],
        &[],
    );
    ends_all_when_started(
        "own-session",
        &["script", "-qec", "setsid --wait LINE", "/dev/null"],
        &[],
    );
}

#[test]
fn a_limit_ends_all_where_deploytrack_is_the_first_process() {
    let unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];
    let may = Command::new(unshare[0])
        .args(&unshare[1..])
        .arg("true")
        .status()
        .is_ok_and(|status| status.success());
    if may {
        ends_all_when_started(
            "first",
            &[&unshare[..], &["sh", "-c", "exec LINE"]].concat(),
            &[],
        );
    }
}

#[test]
fn a_limit_does_not_kill_processes_that_ran_before() {
    let bench = Bench::new();
    let home = home(&bench);
    let program = deploytrack_tests::program::binary("deploytrack")
        .display()
        .to_string();
    for options in ["", "--on-error warn"] {
        // The shell becomes deploytrack, and its child a child of deploytrack.
        let line = format!(
            "(sleep 1.5; echo other >mark) & exec {program} record -c api -e production --version v1 --command-timeout 500ms {options} -- \
             sh -c 'sleep 30'"
        );
        let inner = home.command("deploytrack", &[]);
        let mut command = Command::new("sh");
        command
            .args(["-c", &line])
            .env_clear()
            .current_dir(home.path());
        command.envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        assert_eq!(
            command.stdin(Stdio::null()).status().unwrap().code(),
            Some(124)
        );
        let mark = home.path().join("mark");
        let until = Instant::now() + Duration::from_secs(20);
        while !mark.exists() && Instant::now() < until {
            thread::sleep(Duration::from_millis(50));
        }
        std::fs::remove_file(mark).expect("the other process was left alone");
    }
}

#[test]
fn a_command_that_ends_in_time_leaves_its_daemons_running() {
    let bench = Bench::new();
    let home = home(&bench);
    let mark = home.path().join("mark");
    let script = format!(
        "setsid -f sh -c 'sleep 1; touch {}' >/dev/null 2>&1",
        mark.display()
    );
    assert_passed_through(
        &home.deploytrack(&wrapped(
            &["--command-timeout", "30s"],
            &["sh", "-c", &script],
        )),
        0,
        "",
    );
    let until = Instant::now() + Duration::from_secs(20);
    while !mark.exists() && Instant::now() < until {
        thread::sleep(Duration::from_millis(50));
    }
    assert!(mark.exists());
}

#[test]
fn a_cancelled_command_gets_one_signal_and_ten_seconds_to_clean_up() {
    let bench = Bench::new();
    let home = home(&bench);
    let script = "trap 'echo told; sh -c \"sleep 1; echo cleaned\"; exit 0' TERM; while :; do sleep 0.1; done";
    let run = home.deploytrack(&wrapped(
        &["--command-timeout", "500ms"],
        &["sh", "-c", script],
    ));
    assert_passed_through(&run, 124, "told\ncleaned\n");
}
