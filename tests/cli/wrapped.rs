//! `deploytrack record ... -- COMMAND`: the tracker never breaks the deploy, and no event is lost.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run},
};
use serde_json::Value;

use crate::given::Bench;

pub(crate) const RECORD: [&str; 7] = [
    "record",
    "--component",
    "api",
    "--environment",
    "production",
    "--version",
    "v1",
];

pub(crate) fn wrapped<'a>(options: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [&RECORD[..], options, &["--"], command].concat()
}

/// A home configured with the server at this address.
pub(crate) fn home_of(url: &str) -> Home {
    Home::new()
        .with("PATH", "/usr/bin:/bin")
        .with("DEPLOYTRACK_URL", url)
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
}

/// A home configured with the server of a bench, by a variable that a test can override.
pub(crate) fn home(bench: &Bench) -> Home {
    home_of(bench.server.url())
}

/// All deployments as JSON, the one recorded last first.
pub(crate) fn listed(bench: &Bench) -> Vec<Value> {
    let page: Value = serde_json::from_str(
        bench
            .home
            .deploytrack(&["list", "--all", "--order", "created", "-o", "json"])
            .done(),
    )
    .unwrap();
    page["data"].as_array().unwrap().clone()
}

pub(crate) fn shown(bench: &Bench, id: &Value) -> Value {
    serde_json::from_str(
        bench
            .home
            .deploytrack(&["show", id.as_str().unwrap(), "-o", "json"])
            .done(),
    )
    .unwrap()
}

pub(crate) fn spooled(home: &Home) -> usize {
    std::fs::read_dir(home.path().join(".local/state/deploytrack/spool")).map_or(0, |runs| {
        runs.flatten()
            .filter(|run| !run.file_name().to_string_lossy().starts_with('.'))
            .count()
    })
}

/// Checks the exit code and the output of the wrapped command; standard error may contain more.
pub(crate) fn assert_passed_through(run: &Run, code: i32, out: &str) {
    assert_eq!((run.code, run.out.as_str()), (code, out), "{run:?}");
}

#[test]
fn a_command_is_recorded_with_its_start_its_outcome_and_its_reason() {
    let bench = Bench::new();
    let home = home(&bench);
    let good = home.deploytrack(&wrapped(&[], &["echo", "deployed"]));
    assert_passed_through(&good, 0, "deployed\n");
    assert_eq!(good.err, "", "nothing is added to what the command says");
    assert_passed_through(
        &home.deploytrack(&wrapped(&[], &["sh", "-c", "echo wrong >&2; exit 3"])),
        3,
        "",
    );
    assert_passed_through(
        &home.deploytrack(&wrapped(&[], &["sh", "-c", "kill -TERM $$"])),
        143,
        "",
    );
    assert_passed_through(
        &home.deploytrack(&wrapped(&[], &["no-such-command"])),
        127,
        "",
    );
    let statuses: Vec<_> = listed(&bench)
        .iter()
        .rev()
        .map(|deployment| deployment["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["succeeded", "failed", "failed", "failed"]);
    let story = |index: usize| shown(&bench, &listed(&bench)[index]["id"])["history"].clone();
    assert_eq!(story(2)[2]["reason"], "exit code 3");
    assert_eq!(story(1)[2]["reason"], "ended by signal 15 (SIGTERM)");
    assert!(
        story(0)[2]["reason"]
            .as_str()
            .unwrap()
            .contains("could not be started")
    );
    assert_eq!((story(3).as_array().unwrap().len(), spooled(&home)), (3, 0));
}

#[test]
fn the_input_and_output_of_the_command_pass_through() {
    let bench = Bench::new();
    let home = home(&bench);
    let mut command = home.command(
        "deploytrack",
        &wrapped(
            &[],
            &["sh", "-c", "cat; echo $DEPLOYTRACK_URL; echo err >&2"],
        ),
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(&[0xff, 0x00, b'\n'])
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        output.stdout,
        [
            &[0xff, 0x00, b'\n'][..],
            bench.server.url().as_bytes(),
            b"\n"
        ]
        .concat()
    );
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(0), &b"err\n"[..])
    );
}

#[test]
fn without_a_server_the_command_runs_and_the_record_comes_later_exactly_once() {
    let mut bench = Bench::new();
    let mut home = home(&bench);
    home.set("DEPLOYTRACK_URL", "http://127.0.0.1:1");
    let start = Instant::now();
    let run = home.deploytrack(&wrapped(&[], &["sh", "-c", "exit 7"]));
    assert_passed_through(&run, 7, "");
    assert!(
        run.err.contains("kept in the spool") && run.err.contains("deploytrack flush"),
        "{run:?}"
    );
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "{:?}",
        start.elapsed()
    );
    assert_eq!(spooled(&home), 1);

    // Events for one server are not sent to another.
    home.set("DEPLOYTRACK_URL", bench.server.url());
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "0 sent, 1 kept, 0 refused\n"
    );
    assert_eq!(listed(&bench).len(), 0);

    // The server restarts at the same address.
    let gone = bench.server.url().to_owned();
    bench.server.kill();
    home.set("DEPLOYTRACK_URL", &gone);
    assert_passed_through(
        &home.deploytrack(&wrapped(&[], &["sh", "-c", "exit 8"])),
        8,
        "",
    );
    bench.restart(&gone);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 1 kept, 0 refused\n"
    );
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "0 sent, 1 kept, 0 refused\n"
    );
    let all = listed(&bench);
    assert_eq!((all.len(), &all[0]["status"]), (1, &Value::from("failed")));
    assert_eq!(
        shown(&bench, &all[0]["id"])["history"][2]["reason"],
        "exit code 8"
    );
}

#[test]
fn a_server_that_dies_in_the_middle_of_a_deploy_gets_the_outcome_afterwards() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    let mut command = home.command(
        "deploytrack",
        &wrapped(&[], &["sh", "-c", "echo begun; read line; exit 5"]),
    );
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut begun = [0; 6];
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut begun)
        .unwrap();
    bench.server.kill();
    drop(child.stdin.take());
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(5));
    assert_eq!(spooled(&home), 1);
    let kept: Value =
        serde_json::from_str(home.deploytrack(&["spool", "list", "-o", "json"]).done()).unwrap();
    assert_eq!(
        (
            &kept[0]["component"],
            &kept[0]["version"],
            &kept[0]["events"]
        ),
        (&"api".into(), &"v1".into(), &1.into())
    );
    bench.restart(&url);
    // The next command sends it, whatever it is.
    assert_passed_through(&home.deploytrack(&wrapped(&[], &["true"])), 0, "");
    assert_eq!(spooled(&home), 0);
    let statuses: Vec<_> = listed(&bench)
        .iter()
        .map(|deployment| deployment["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["succeeded", "failed"]);
}

#[test]
fn a_server_that_hangs_or_answers_nonsense_costs_at_most_the_budget() {
    let nonsense = |answer: &'static [u8]| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            let mut open = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                if !answer.is_empty() {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer);
                    continue;
                }
                open.push(stream);
            }
        });
        url
    };
    for answer in [
        &b""[..],
        b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        b"HTTP/1.1 201 Created\r\nContent-Length: 1000\r\n\r\n{\"id\":",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"SSH-2.0-OpenSSH\r\n",
    ] {
        let home = home_of(&nonsense(answer));
        let start = Instant::now();
        let run = home.deploytrack(&wrapped(
            &["--send-timeout", "1s"],
            &["sh", "-c", "echo out; exit 4"],
        ));
        assert_passed_through(&run, 4, "out\n");
        assert!(
            run.err.contains("warning") && spooled(&home) == 1,
            "{run:?}"
        );
        assert!(
            start.elapsed() < Duration::from_secs(8),
            "{:?}: {run:?}",
            start.elapsed()
        );
    }
}

#[test]
fn a_refusal_is_printed_and_the_command_runs() {
    let bench = Bench::filled();
    let mut home = home(&bench);
    let near = [
        "record",
        "--component",
        "api",
        "--environment",
        "prodution",
        "--version",
        "v1",
        "--",
        "sh",
        "-c",
        "exit 6",
    ];
    let run = home.deploytrack(&near);
    assert_passed_through(&run, 6, "");
    assert!(run.err.contains("production"), "{run:?}");
    assert_eq!(spooled(&home), 1, "it is kept as refused");

    home.set("DEPLOYTRACK_TOKEN", "not-a-token");
    let run = home.deploytrack(&wrapped(&[], &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(
        run.err.contains("warning") && !run.err.contains("not-a-token"),
        "{run:?}"
    );
    assert_eq!(spooled(&home), 2, "another token can");
    home.set("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(
        (flushed.code, flushed.out.as_str()),
        (1, "0 sent, 0 kept, 1 refused, 1 not trusted\n"),
        "{flushed:?}"
    );
}

#[test]
fn a_value_that_this_run_has_wrong_costs_the_record_and_not_the_deploy() {
    let bench = Bench::new();
    let home = home(&bench);
    let with = |options: &[&str]| {
        let named = [
            "record",
            "--component",
            "api",
            "--environment",
            "production",
        ];
        home.deploytrack(
            &[
                &named[..],
                options,
                &["--", "sh", "-c", "echo deployed; exit 3"],
            ]
            .concat(),
        )
    };
    for options in [
        &["--version="][..],
        &["--version=v1", "--meta=x"],
        &["--version=v1", "--deployed-by="],
    ] {
        let (run, wrong) = (with(options), options[options.len() - 1]);
        assert_passed_through(&run, 3, "deployed\n");
        assert!(
            run.err.contains(wrong.split_once('=').unwrap().0) && run.err.contains("warning"),
            "{run:?}"
        );
    }
    assert_eq!(
        (listed(&bench).len(), spooled(&home)),
        (2, 1),
        "without a version it is kept until it has one"
    );
    // Mistakes of the author of a pipeline are errors at once, and so are refusals that must stop
    // it.
    for wrong in [
        &["--version", "v1", "--send-timeout=x"][..],
        &["--version", "v1", "--no-such-flag"],
        &["--version=", "--on-error=fail"],
    ] {
        let run = with(wrong);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
    }
}

#[test]
fn a_home_that_cannot_be_used_costs_a_warning() {
    let bench = Bench::new();
    let nowhere = home(&bench).with("XDG_STATE_HOME", "/proc/nowhere");
    let run = nowhere.deploytrack(&wrapped(&[], &["sh", "-c", "exit 9"]));
    assert_passed_through(&run, 9, "");
    assert!(run.err.contains("spool"), "{run:?}");
    assert_eq!(
        listed(&bench)[0]["status"],
        "failed",
        "it is told from memory"
    );

    let home = home(&bench);
    std::fs::create_dir_all(home.path().join(".config/deploytrack")).unwrap();
    std::fs::write(
        home.path().join(".config/deploytrack/config.toml"),
        "not toml at all",
    )
    .unwrap();
    let run = home.deploytrack(&wrapped(&[], &["sh", "-c", "echo out; exit 2"]));
    assert_passed_through(&run, 2, "out\n");
    assert!(run.err.contains("config.toml"), "{run:?}");
}

#[test]
fn a_signal_reaches_the_command_and_the_outcome_is_recorded() {
    for (signal, code) in [("TERM", 42), ("INT", 43), ("HUP", 44)] {
        let bench = Bench::new();
        let home = home(&bench);
        let script = "trap 'exit 42' TERM; trap 'exit 43' INT; trap 'exit 44' HUP; echo begun; while :; do sleep 0.05; done";
        let mut command = home.command("deploytrack", &wrapped(&[], &["bash", "-c", script]));
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
        assert!(
            Command::new("kill")
                .args([&format!("-{signal}"), &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(child.wait().unwrap().code(), Some(code), "{signal}");
        assert_eq!(listed(&bench)[0]["status"], "failed");
    }
}

#[test]
fn a_pipeline_that_is_cancelled_before_the_command_does_not_run_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = home_of(&format!("http://{}", listener.local_addr().unwrap()));
    let mark = home.path().join("ran");
    let mut command = home.command(
        "deploytrack",
        &wrapped(&[], &["touch", mark.to_str().unwrap()]),
    );
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _accepted_and_silent = listener.accept().unwrap();
    let kill = || {
        assert!(
            Command::new("kill")
                .args(["-TERM", &child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    };
    let start = Instant::now();
    kill();
    thread::sleep(Duration::from_millis(500));
    // Once more, while the outcome is being sent.
    kill();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(start.elapsed() < Duration::from_secs(5) && !mark.exists());
    let runs: Value =
        serde_json::from_str(home.deploytrack(&["spool", "list", "-o", "json"]).done()).unwrap();
    assert_eq!(runs[0]["events"], 2, "start and outcome are kept");
}

#[test]
fn a_command_over_its_time_limit_is_ended_and_recorded_as_failed() {
    let bench = Bench::new();
    let home = home(&bench);
    let start = Instant::now();
    let run = home.deploytrack(&wrapped(
        &["--command-timeout", "500ms"],
        &["sh", "-c", "trap 'echo told; exit 0' TERM; sleep 30 & wait"],
    ));
    assert_passed_through(&run, 124, "told\n");
    assert!(
        run.err.contains("longer than 500ms") && start.elapsed() < Duration::from_secs(10),
        "{run:?}"
    );
    let id = &listed(&bench)[0]["id"];
    assert_eq!(
        shown(&bench, id)["history"][2]["reason"],
        "the command was ended, since it took longer than 500ms"
    );
}

#[test]
fn the_last_lines_of_a_failure_are_recorded_without_secrets_on_request() {
    let bench = Bench::new();
    let home = home(&bench).with("DB_PASSWORD", "hunter2hunter2");
    let script = "echo one; echo two >&2; sleep 0.3; echo password $DB_PASSWORD; echo token $DEPLOYTRACK_TOKEN; exit 5";
    let run = home.deploytrack(&wrapped(&["--output-tail", "2"], &["sh", "-c", script]));
    assert_eq!((run.code, run.err.as_str()), (5, "two\n"));
    assert!(
        run.out
            .starts_with("one\npassword hunter2hunter2\ntoken ey"),
        "what the command says passes through: {run:?}"
    );
    assert_eq!(
        listed(&bench)[0]["metadata"]["outputTail"],
        "password ***\ntoken ***"
    );
    let _ = home
        .deploytrack(&wrapped(&["--output-tail", "2"], &["echo", "fine"]))
        .done();
    assert_eq!(listed(&bench)[0]["metadata"], serde_json::json!({}));
}

#[test]
fn many_deploys_at_once_with_a_server_that_restarts_are_each_recorded_once() {
    const DEPLOYS: usize = 24;
    let mut bench = Bench::new();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    let deploys: Vec<_> = (0..DEPLOYS)
        .map(|number| {
            let version = format!("v{number}");
            let args = [
                "record",
                "-c",
                "api",
                "-e",
                "production",
                "--version",
                &version,
                "--send-timeout",
                "3s",
                "--",
                "sh",
                "-c",
            ];
            let script = format!("sleep 0.{}; exit {}", number % 10, number % 3);
            let mut command = home.command("deploytrack", &[&args[..], &[&script]].concat());
            command
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for _ in 0..2 {
        thread::sleep(Duration::from_millis(400));
        bench.server.kill();
        thread::sleep(Duration::from_millis(200));
        bench.restart(&url);
    }
    for (number, mut deploy) in deploys.into_iter().enumerate() {
        assert_eq!(
            deploy.wait().unwrap().code(),
            Some(i32::try_from(number % 3).unwrap())
        );
    }
    let _ = home.deploytrack(&["flush"]).done();
    let mut found: Vec<_> = listed(&bench)
        .iter()
        .map(|deployment| {
            (
                deployment["version"].as_str().unwrap().to_owned(),
                deployment["status"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let outcome = |number: usize| {
        if number.is_multiple_of(3) {
            "succeeded"
        } else {
            "failed"
        }
    };
    let mut expected: Vec<_> = (0..DEPLOYS)
        .map(|number| (format!("v{number}"), outcome(number).to_owned()))
        .collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(spooled(&home), 0);
}

#[test]
fn on_error_decides_what_an_error_does() {
    let mut bench = Bench::new();
    let (home, url) = (home(&bench), bench.server.url().to_owned());
    let id = bench.record("api", "production", "v0", "in_progress");
    bench.server.kill();
    let plain = |choice: &[&str]| home.deploytrack(&[&RECORD[..], choice].concat());
    assert_eq!(plain(&[]).code, 3, "the default of a plain record");
    let warned = plain(&["--on-error", "warn"]);
    assert_eq!(
        (warned.code, warned.out.as_str(), spooled(&home)),
        (0, "", 0),
        "{warned:?}"
    );
    let kept = plain(&["--on-error", "spool"]);
    assert_eq!(
        (kept.code, kept.out.as_str(), spooled(&home)),
        (0, "", 1),
        "{kept:?}"
    );
    let update = home.deploytrack(&["update", &id, "succeeded", "--on-error", "spool"]);
    assert_eq!((update.code, spooled(&home)), (0, 2), "{update:?}");
    let not_run = home.deploytrack(&wrapped(
        &["--on-error", "fail", "--send-timeout", "1s"],
        &["echo", "ran"],
    ));
    assert_eq!((not_run.code, not_run.out.as_str()), (3, ""), "{not_run:?}");
    assert_passed_through(
        &home.deploytrack(&wrapped(&["--on-error", "warn"], &["echo", "ran"])),
        0,
        "ran\n",
    );

    bench.restart(&url);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "2 sent, 0 kept, 0 refused\n"
    );
    let statuses: Vec<_> = listed(&bench)
        .iter()
        .map(|deployment| deployment["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(statuses, ["pending", "succeeded"]);
    let refused = home.deploytrack(&["update", &id, "succeeded", "--on-error", "spool"]);
    assert_eq!(
        (refused.code, spooled(&home)),
        (1, 1),
        "a refusal is never passed over, and kept: {refused:?}"
    );
}

#[test]
fn the_spool_can_be_looked_at_and_dropped() {
    let home = home_of("http://127.0.0.1:1");
    assert_eq!(
        home.deploytrack(&["spool", "list", "-o", "json"]).done(),
        "[]\n"
    );
    for version in ["v1", "v2"] {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            version,
            "--",
            "true",
        ];
        assert_passed_through(&home.deploytrack(&args), 0, "");
    }
    let runs: Value =
        serde_json::from_str(home.deploytrack(&["spool", "list", "-o", "json"]).done()).unwrap();
    let versions: Vec<_> = runs
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["version"].as_str().unwrap())
        .collect();
    assert_eq!(
        (versions, &runs[0]["server"], &runs[0]["events"]),
        (
            vec!["v1", "v2"],
            &Value::from("http://127.0.0.1:1"),
            &Value::from(2)
        )
    );
    let run = runs[0]["run"].as_str().unwrap();
    let shown: Value =
        serde_json::from_str(home.deploytrack(&["spool", "show", run]).done()).unwrap();
    assert_eq!(shown[1]["ask"]["update"]["body"]["status"], "succeeded");
    assert_eq!(
        home.deploytrack(&["spool", "drop", run]).done(),
        "dropped 1 entry\n"
    );
    assert_eq!(home.deploytrack(&["spool", "drop", run]).code, 1);
    assert_eq!(
        home.deploytrack(&["spool", "drop"]).code,
        2,
        "all is said with --all"
    );
    assert_eq!(
        home.deploytrack(&["spool", "drop", "--all"]).done(),
        "dropped 1 entry\n"
    );
    assert_eq!(spooled(&home), 0);
}

#[test]
fn the_token_is_in_no_file_of_the_spool() {
    let home = home_of("http://127.0.0.1:1");
    assert_passed_through(&home.deploytrack(&wrapped(&[], &["true"])), 0, "");
    let token = Caller::admin_token();
    let signature = token.rsplit('.').next().unwrap();
    let found = Command::new("grep")
        .args(["-r", signature])
        .arg(home.path())
        .output()
        .unwrap();
    assert_eq!(
        (found.status.code(), spooled(&home)),
        (Some(1), 1),
        "{found:?}"
    );
}
