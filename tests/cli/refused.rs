//! Refused records are not lost: the deployment has happened, so its record stays in the spool
//! until it is corrected.

use std::{
    fs,
    io::Read as _,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use deploytrack_tests::{
    caller::{self, Caller, SECRET},
    program::{Home, Process, Run},
};
use serde_json::{Value, json};

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, listed, shown, spooled, wrapped},
};

const COMMAND: [&str; 4] = ["--", "sh", "-c", "echo out; exit 3"];

/// Wraps a command that fails with 3, as a deployment of this version to this environment.
fn deploy(home: &Home, environment: &str, version: &str) -> Run {
    home.deploytrack(
        &[
            &[
                "record",
                "-c",
                "api",
                "-e",
                environment,
                "--version",
                version,
            ][..],
            &COMMAND,
        ]
        .concat(),
    )
}

/// A token that may only read.
fn reader_token() -> String {
    caller::token(
        &json!({"sub": "rosa", "exp": caller::seconds() + 600}),
        SECRET,
    )
}

fn spool(home: &Home) -> Vec<Value> {
    let list = home.deploytrack(&["spool", "list", "-o", "json"]);
    serde_json::from_str::<Value>(list.done())
        .unwrap()
        .as_array()
        .unwrap()
        .clone()
}

fn folder(home: &Home, run: &Value) -> PathBuf {
    home.path()
        .join(".local/state/deploytrack/spool")
        .join(run["run"].as_str().unwrap())
}

fn statuses(bench: &Bench, of: &str) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let all = listed(bench);
    all.iter()
        .filter(|one| one["version"] == of)
        .map(|one| (text(one, "environmentName"), text(one, "status")))
        .collect()
}

/// A server on the same database that does not register new names.
fn strict_server(bench: &Bench, home: &Home, url: &str) -> Process {
    let mut command = home.command(
        "deploytrack-server",
        &["--listen", url.trim_start_matches("http://")],
    );
    command
        .args([
            "--database-url",
            bench.database.url(),
            "--registration",
            "strict",
        ])
        .env("DEPLOYTRACK_JWT_SECRET", SECRET);
    Process::started(command)
}

#[test]
fn a_name_that_is_refused_is_corrected_and_the_deployment_is_recorded_with_its_times() {
    let bench = Bench::filled();
    let home = home(&bench);
    let run = deploy(&home, "prodution", "v3");
    assert_passed_through(&run, 3, "out\n");
    assert!(run.err.contains("refused and kept in the spool: there is no environment prodution; did you mean production?"), "{run:?}");
    let kept = spool(&home);
    let (name, refused) = (
        kept[0]["run"].as_str().unwrap().to_owned(),
        kept[0]["refused"].clone(),
    );
    assert_eq!(
        (kept.len(), &kept[0]["state"], &kept[0]["events"]),
        (1, &json!("refused"), &json!(2)),
        "start and outcome: {kept:?}"
    );
    assert_eq!(
        (&refused["status"], &refused["code"]),
        (&json!(409), &json!("near_miss")),
        "{refused}"
    );
    let text = home.deploytrack(&["spool", "list"]);
    assert!(
        text.done().contains("refused")
            && text.err.contains("did you mean production?")
            && text.err.contains(&format!("flush {name}")),
        "{text:?}"
    );
    let detail = home.deploytrack(&["spool", "show", &name]);
    let events: Value = serde_json::from_str(detail.done()).unwrap();
    assert_eq!(
        (
            &events[0]["refused"]["code"],
            &events[1]["ask"]["update"]["body"]["status"]
        ),
        (&json!("near_miss"), &json!("failed"))
    );
    let doctor = home.deploytrack(&["doctor"]);
    assert!(
        doctor.done().contains("refused") && doctor.out.contains("--set environment=NAME"),
        "{doctor:?}"
    );

    // No other command sends it, deletes it or waits for it.
    let other = home.deploytrack(&wrapped(&[], &["true"]));
    assert_passed_through(&other, 0, "");
    assert_eq!(
        (other.err.as_str(), spool(&home)[0]["refused"].clone()),
        ("", refused),
        "nothing was asked again"
    );
    let again = home.deploytrack(&["flush"]);
    assert_eq!(
        (again.code, again.out.as_str()),
        (1, "0 sent, 0 kept, 1 refused\n"),
        "{again:?}"
    );
    assert!(
        again.err.contains("stay in the spool") && spooled(&home) == 1,
        "{again:?}"
    );

    let began = events[0]["ask"]["record"]["body"]["occurredAt"]
        .as_str()
        .unwrap()[..19]
        .to_owned();
    assert_eq!(
        home.deploytrack(&["flush", "--set", "environment=production\n"])
            .done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        (statuses(&bench, "v3"), spooled(&home)),
        (vec![("production".to_owned(), "failed".to_owned())], 0)
    );
    let id = listed(&bench)
        .into_iter()
        .find(|one| one["version"] == "v3")
        .unwrap()["id"]
        .clone();
    let story = shown(&bench, &id);
    let start = &story["history"][1];
    // An event sent within a second is ordered by its arrival; the claimed time is stored beside
    // it.
    let times = [&start["claimedAt"], &start["occurredAt"]];
    assert!(
        times
            .iter()
            .any(|time| time.as_str().is_some_and(|time| time.starts_with(&began))),
        "{story}"
    );
    assert_eq!(story["history"][2]["reason"], "exit code 3");
}

#[test]
fn a_new_name_that_is_right_is_registered_and_a_run_that_is_not_wanted_is_dropped() {
    let bench = Bench::filled();
    let home = home(&bench);
    deploy(&home, "prodution", "v3");
    deploy(&home, "stagin", "v4");
    let kept = spool(&home);
    let runs: Vec<_> = kept
        .iter()
        .map(|run| run["run"].as_str().unwrap())
        .collect();
    let both = home.deploytrack(&["flush", "--set", "environment=production"]);
    assert_eq!(
        (both.code, both.out.as_str()),
        (2, ""),
        "one value would make one of them wrong: {both:?}"
    );
    assert!(
        both.err.contains("prodution, stagin") && both.err.contains("flush ENTRY --set"),
        "{both:?}"
    );
    assert_eq!(
        home.deploytrack(&["flush", runs[0], "--register"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        statuses(&bench, "v3"),
        [("prodution".to_owned(), "failed".to_owned())]
    );
    assert_eq!(
        home.deploytrack(&["spool", "drop", runs[1]]).done(),
        "dropped 1 entry\n"
    );
    assert_eq!((spooled(&home), statuses(&bench, "v4").len()), (0, 0));
    for (args, code) in [
        (&["flush", runs[1]][..], 1),
        (&["flush", "--set", "environment=production"], 1),
        (&["flush", "--set", "stage=x"], 2),
        (&["flush", "--set", "version="], 2),
    ] {
        assert_eq!(home.deploytrack(args).code, code, "{args:?}");
    }
}

#[test]
fn a_cause_outside_the_record_is_fixed_there_and_the_record_is_sent_unchanged() {
    let mut bench = Bench::filled();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    bench.server.kill();
    bench.server = strict_server(&bench, &home, &url);
    assert_passed_through(&deploy(&home, "canary", "v3"), 3, "out\n");
    assert_eq!(spool(&home)[0]["refused"]["status"], 404);
    let _ = bench
        .home
        .deploytrack(&["environment", "create", "canary"])
        .done();
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        statuses(&bench, "v3"),
        [("canary".to_owned(), "failed".to_owned())]
    );
}

#[test]
fn a_token_that_was_no_good_lends_its_record_to_no_other_subject() {
    let bench = Bench::filled();
    let mut home = home(&bench);
    for (token, status) in [(reader_token(), 403), ("not-a-token".to_owned(), 401)] {
        home.set("DEPLOYTRACK_TOKEN", token);
        let run = deploy(&home, "production", &format!("v{status}"));
        assert_passed_through(&run, 3, "out\n");
        assert!(
            run.err.contains("refused and kept") && run.err.contains("token of the same subject"),
            "{run:?}"
        );
        let kept = spool(&home);
        let last = kept.last().unwrap();
        assert_eq!(
            (&last["state"], &last["refused"]["status"], &last["events"]),
            (&json!("refused"), &json!(status), &json!(2))
        );
    }
    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(
        (flushed.code, flushed.out.as_str()),
        (4, "0 sent, 0 kept, 1 refused, 1 not trusted\n"),
        "{flushed:?}"
    );
    // An event of a read-only token must not be sent with the token of the next job.
    home.set("DEPLOYTRACK_TOKEN", Caller::admin_token());
    assert_passed_through(&home.deploytrack(&wrapped(&[], &["true"])), 0, "");
    assert_eq!(
        (
            spooled(&home),
            statuses(&bench, "v401").len(),
            statuses(&bench, "v403").len()
        ),
        (2, 0, 0)
    );
    let states: Vec<_> = spool(&home)
        .iter()
        .map(|run| {
            (
                run["state"].clone(),
                run["run"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    for (state, name) in states {
        assert_eq!(state, "not trusted");
        assert_eq!(
            home.deploytrack(&["flush", &name, "--trust"]).done(),
            "1 sent, 0 kept, 0 refused\n"
        );
    }
    assert_eq!(
        (
            spooled(&home),
            statuses(&bench, "v401").len(),
            statuses(&bench, "v403").len()
        ),
        (0, 1, 1)
    );
}

#[test]
fn an_outcome_that_another_caller_has_recorded_is_queued_with_the_reason() {
    let bench = Bench::new();
    let home = home(&bench);
    let mark = home.path().join("go");
    let script = format!(
        "echo begun; while ! test -e {}; do sleep 0.05; done",
        mark.display()
    );
    let mut command = home.command("deploytrack", &wrapped(&[], &["sh", "-c", &script]));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut [0; 6])
        .unwrap();
    let id = listed(&bench)[0]["id"].as_str().unwrap().to_owned();
    let _ = bench
        .home
        .deploytrack(&["update", &id, "failed", "--reason", "cancelled by hand"])
        .done();
    fs::write(mark, "").unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && said.contains("the outcome is refused and kept in the spool"),
        "{said}"
    );
    let kept = spool(&home);
    assert_eq!(
        (&kept[0]["events"], &kept[0]["refused"]["code"]),
        (&json!(1), &json!("invalid_transition"))
    );
    let corrected = home.deploytrack(&[
        "flush",
        kept[0]["run"].as_str().unwrap(),
        "--set",
        "environment=staging",
    ]);
    assert!(
        corrected.code == 1 && corrected.err.contains("no refused record"),
        "{corrected:?}"
    );
    // A retry by hand accepts the outcome.
    for status in ["pending", "in_progress"] {
        let _ = bench.home.deploytrack(&["update", &id, status]).done();
    }
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        (&listed(&bench)[0]["status"], spooled(&home)),
        (&json!("succeeded"), 0)
    );
}

#[test]
fn wrong_settings_cost_the_record_time_and_nothing_else() {
    let bench = Bench::filled();
    for (variable, value) in [
        ("DEPLOYTRACK_TOKEN_FILE", "/nowhere/token"),
        ("DEPLOYTRACK_PROFILE", "unknown"),
        ("DEPLOYTRACK_CACERT", "/nowhere/ca.pem"),
        ("DEPLOYTRACK_URL", "ht tp://odd"),
    ] {
        let mut home = Home::new()
            .with("PATH", "/usr/bin:/bin")
            .with("DEPLOYTRACK_URL", bench.server.url())
            .with(variable, value);
        let has_token = variable != "DEPLOYTRACK_TOKEN_FILE";
        home.set(
            "DEPLOYTRACK_TOKEN",
            if has_token {
                Caller::admin_token()
            } else {
                String::new()
            },
        );
        let run = deploy(&home, "production", variable);
        assert_passed_through(&run, 3, "out\n");
        assert!(run.err.contains("refused and kept"), "{run:?}");
        home.set(variable, "");
        home.set("DEPLOYTRACK_URL", bench.server.url());
        home.set("DEPLOYTRACK_TOKEN", Caller::admin_token());
        assert_eq!(
            (spool(&home).len(), &spool(&home)[0]["events"]),
            (1, &json!(2)),
            "{variable}"
        );
        let name = spool(&home)[0]["run"].as_str().unwrap().to_owned();
        // Anybody could have queued an event without a token.
        let flush = if has_token {
            &["flush"][..]
        } else {
            &["flush", &name, "--trust"]
        };
        assert_eq!(
            home.deploytrack(flush).done(),
            "1 sent, 0 kept, 0 refused\n",
            "{variable}"
        );
        assert_eq!(statuses(&bench, variable).len(), 1);
        home.set("DEPLOYTRACK_TOKEN", "");
        home.set(variable, value);
        let not_run = home.deploytrack(&wrapped(&["--on-error", "fail"], &["echo", "ran"]));
        assert_eq!((not_run.code, not_run.out.as_str()), (2, ""), "{not_run:?}");
    }
}

#[test]
fn a_refusal_outlives_a_deploytrack_that_is_killed_and_so_does_the_outcome() {
    let bench = Bench::filled();
    let home = home(&bench);
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "prodution",
        "--version",
        "v3",
        "--",
        "sh",
        "-c",
        "echo begun; sleep 1; exit 5",
    ];
    let mut child = home
        .command("deploytrack", &args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut [0; 6])
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(spool(&home)[0]["state"], "refused");
    assert_passed_through(&home.deploytrack(&wrapped(&[], &["true"])), 0, "");
    assert_eq!(
        home.deploytrack(&["flush", "--set", "environment=production"])
            .done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        statuses(&bench, "v3"),
        [("production".to_owned(), "failed".to_owned())]
    );
}

#[test]
fn a_refused_record_or_update_is_an_error_and_is_queued_under_on_error_spool() {
    let bench = Bench::filled();
    let home = home(&bench);
    let record = |more: &[&str]| {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "prodution",
            "--version",
            "v3",
            "--status",
            "in_progress",
            "--id-file",
            "id",
        ];
        home.deploytrack(&[&args[..], more].concat())
    };
    assert_eq!(
        (
            record(&[]).code,
            record(&["--on-error", "warn"]).code,
            spooled(&home)
        ),
        (1, 1, 0)
    );
    let kept = record(&["--on-error", "spool"]);
    assert_eq!(
        (kept.code, kept.out.as_str(), spooled(&home)),
        (1, "", 1),
        "{kept:?}"
    );
    assert!(
        kept.err.contains("kept in the spool as refused"),
        "{kept:?}"
    );
    let shown = home.deploytrack(&["show", "--id-file", "id"]);
    assert!(
        shown.code == 1
            && shown
                .err
                .contains("refused: there is no environment prodution"),
        "{shown:?}"
    );
    let update = home.deploytrack(&[
        "update",
        "--id-file",
        "id",
        "succeeded",
        "--on-error",
        "spool",
    ]);
    assert!(
        update.code == 1 && update.err.contains("this change behind it"),
        "{update:?}"
    );
    assert_eq!(
        home.deploytrack(&["flush", "--set", "environment=production"])
            .done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        statuses(&bench, "v3"),
        [("production".to_owned(), "succeeded".to_owned())]
    );
    let held = fs::read_to_string(home.path().join("id")).unwrap();
    assert!(
        home.deploytrack(&["show", held.trim()])
            .done()
            .contains("succeeded")
    );
}

#[test]
fn a_refused_rollback_is_queued_and_ends_with_the_exit_code_of_its_command() {
    let bench = Bench::new();
    let mut home = home(&bench);
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    home.set("DEPLOYTRACK_TOKEN", reader_token());
    let run = home.deploytrack(&[
        "rollback",
        "-c",
        "api",
        "-e",
        "production",
        "--",
        "sh",
        "-c",
        "echo out",
    ]);
    assert_passed_through(&run, 0, "out\n");
    assert_eq!(
        (spool(&home).len(), &spool(&home)[1]["state"]),
        (2, &json!("refused")),
        "{run:?}"
    );
    home.set("DEPLOYTRACK_TOKEN", Caller::admin_token());
    for run in spool(&home) {
        assert_eq!(
            home.deploytrack(&["flush", run["run"].as_str().unwrap(), "--trust"])
                .done(),
            "1 sent, 0 kept, 0 refused\n"
        );
    }
    let all: Vec<_> = listed(&bench)
        .iter()
        .map(|one| one["status"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(all, ["succeeded", "rolled_back", "succeeded"]);
}

#[test]
fn one_run_that_fails_on_the_server_does_not_block_the_others() {
    use std::io::Write as _;

    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let home = crate::wrapped::home_of(&url);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 16 * 1024];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).into_owned();
            counted.fetch_add(usize::from(request.contains("\"v1\"")), Ordering::SeqCst);
            let status = match () {
                () if request.contains("v-large") => "413 Payload Too Large",
                () if request.contains("v-<script>") => "403 Forbidden",
                () if request.contains("v-crash") => "500 Internal Server Error",
                () => "503 Service Unavailable",
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Type: text/html\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    for version in ["v-large", "v-<script>", "v-crash", "v1"] {
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            version,
            "--send-timeout",
            "3s",
            "--",
            "true",
        ];
        assert_passed_through(&home.deploytrack(&args), 0, "");
    }
    let states: Vec<_> = spool(&home)
        .iter()
        .map(|run| run["state"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        states,
        ["refused", "refused", "waiting", "waiting"],
        "a body that a proxy finds too large stays so"
    );
    let before = asked.load(Ordering::SeqCst);
    let flushed = home.deploytrack(&["flush"]);
    assert_eq!(
        (flushed.code, flushed.out.as_str()),
        (4, "0 sent, 2 kept, 2 refused\n"),
        "{flushed:?}"
    );
    assert!(
        asked.load(Ordering::SeqCst) > before,
        "the last in the row is sent, too"
    );
}

#[test]
fn runs_of_a_program_from_before_are_read_and_refused_runs_are_bounded_like_any() {
    let bench = Bench::filled();
    let home = home(&bench);
    deploy(&home, "prodution", "v3");
    // Without the mark the run has the format of earlier versions.
    fs::remove_file(folder(&home, &spool(&home)[0]).join("refused")).unwrap();
    assert_eq!(spool(&home)[0]["state"], "waiting");
    assert_passed_through(&home.deploytrack(&wrapped(&[], &["true"])), 0, "");
    assert_eq!(
        spool(&home)[0]["state"],
        "refused",
        "it was sent, refused and kept"
    );
    let mode = Command::new("stat")
        .arg("-c%a")
        .arg(folder(&home, &spool(&home)[0]).join("refused"))
        .output()
        .unwrap();
    assert_eq!(mode.stdout, b"600\n");
}
