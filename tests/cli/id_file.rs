//! `--id-file`: a step of a pipeline passes a deployment on to the next step, even when the server
//! is unreachable.

use std::{fs, os::unix::fs::PermissionsExt};

use deploytrack_tests::{caller::Caller, program::Home};

use crate::given::Bench;

const RECORD: [&str; 9] = [
    "record",
    "--component",
    "api",
    "--environment",
    "production",
    "--version",
    "v1",
    "--id-file",
    "id",
];

fn record(home: &Home, more: &[&str]) -> deploytrack_tests::program::Run {
    home.deploytrack(&[&RECORD[..], more].concat())
}

/// A home configured with the server of a bench, by a variable that a test can override.
fn home(bench: &Bench) -> Home {
    Home::new()
        .with("PATH", "/usr/bin:/bin")
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token())
}

fn id_in_file(home: &Home) -> String {
    fs::read_to_string(home.path().join("id")).unwrap_or_default()
}

/// The statuses in the history of the only deployment, in order.
fn statuses(bench: &Bench) -> Vec<String> {
    let page: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["list", "-o", "json"]).done()).unwrap();
    assert_eq!(page["total"], 1, "{page}");
    let id = page["data"][0]["id"].as_str().unwrap();
    let shown: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["show", id, "-o", "json"]).done()).unwrap();
    shown["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["to"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_id_of_a_record_is_used_by_the_next_steps() {
    let bench = Bench::new();
    let home = home(&bench);
    let run = record(&home, &[]);
    assert_eq!(id_in_file(&home), run.done());
    let mode = fs::metadata(home.path().join("id"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o644);
    let _ = home
        .deploytrack(&["update", "--id-file", "id", "in_progress"])
        .done();
    let _ = home
        .deploytrack(&[
            "update",
            "succeeded",
            "--reason",
            "all is well",
            "--id-file",
            "id",
        ])
        .done();
    assert!(
        home.deploytrack(&["show", "--id-file", "id"])
            .done()
            .contains("all is well")
    );
    let _ = home.deploytrack(&["wait", "--id-file", "id"]).done();
    // An id may come before a flag.
    let _ = home
        .deploytrack(&[
            "update",
            run.done().trim(),
            "--reason",
            "wrong",
            "rolled_back",
        ])
        .done();
    assert_eq!(
        fs::read_dir(home.path())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().path().is_file())
            .count(),
        1
    );
}

#[test]
fn a_command_that_is_wrapped_finds_the_id_of_its_own_deployment() {
    let bench = Bench::new();
    let home = home(&bench);
    fs::write(
        home.path().join("id"),
        "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50\n",
    )
    .unwrap();
    let run = record(&home, &["--", "cat", "id"]);
    assert_eq!(
        (run.done(), run.err.as_str()),
        (id_in_file(&home).as_str(), "")
    );
    assert!(
        home.deploytrack(&["show", "--id-file", "id"])
            .done()
            .contains("succeeded")
    );
}

#[test]
fn a_file_that_names_no_deployment_is_a_usage_error() {
    let home = Home::new().with("DEPLOYTRACK_URL", "http://127.0.0.1:1");
    fs::write(home.path().join("empty"), "\n").unwrap();
    fs::write(home.path().join("other"), "v1\n").unwrap();
    for command in [&["show"][..], &["wait"], &["update", "succeeded"]] {
        for (file, said) in [
            ("none", "there is no file none"),
            ("empty", "empty is empty"),
            ("other", "other holds no"),
            (".", "cannot read ."),
        ] {
            let run = home.deploytrack(&[command, &["--id-file", file]].concat());
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
            assert!(
                run.err.contains(said) && run.err.contains("record"),
                "{run:?}"
            );
        }
    }
    for args in [
        &["show"][..],
        &["wait"],
        &["update", "succeeded"],
        &[
            "update",
            "--id-file",
            "f",
            "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50",
        ],
    ] {
        assert_eq!(home.deploytrack(args).code, 2, "{args:?}");
    }
    assert!(
        home.deploytrack(&["update", "succeeded"])
            .err
            .contains("no deployment is named")
    );
    assert!(
        home.deploytrack(&["update", "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50"])
            .err
            .contains("no status is given")
    );
    assert_eq!(
        home.deploytrack(&[
            "show",
            "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50",
            "--id-file",
            "f"
        ])
        .code,
        2
    );
}

#[test]
fn an_unwritable_file_is_reported_after_the_record_was_made() {
    let bench = Bench::new();
    let home = home(&bench);
    fs::create_dir(home.path().join("id")).unwrap();
    let plain = record(&home, &[]);
    assert_eq!((plain.code, plain.out.trim().len()), (2, 36), "{plain:?}");
    assert!(
        plain.err.contains("cannot write id") && plain.err.contains(plain.out.trim()),
        "{plain:?}"
    );
    let wrapped = record(&home, &["--", "sh", "-c", "exit 5"]);
    assert_eq!(wrapped.code, 5, "{wrapped:?}");
    assert!(
        wrapped.err.contains("warning: cannot write id"),
        "{wrapped:?}"
    );
}

#[test]
fn events_without_a_server_are_sent_in_order_once_there_is_one() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let first = record(&home, &["--on-error", "spool"]);
    assert_eq!(
        (first.done(), id_in_file(&home).starts_with("run:")),
        ("", true),
        "{first:?}"
    );
    for status in ["in_progress", "succeeded"] {
        let run = home.deploytrack(&["update", "--id-file", "id", status, "--on-error", "spool"]);
        assert!(
            run.done().is_empty() && run.err.contains("kept in the spool"),
            "{run:?}"
        );
    }
    assert_eq!(
        home.deploytrack(&["update", "--id-file", "id", "failed"])
            .code,
        3,
        "what fails leaves nothing behind"
    );
    let shown = home.deploytrack(&["show", "--id-file", "id"]);
    assert!(
        shown.code == 3 && shown.err.contains("deploytrack flush"),
        "{shown:?}"
    );
    bench.restart(&url);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(statuses(&bench), ["pending", "in_progress", "succeeded"]);
    // The process that sent the event wrote the id into the file.
    assert!(!id_in_file(&home).contains("run:"));
    let _ = home
        .deploytrack(&["update", "--id-file", "id", "rolled_back"])
        .done();
}

#[test]
fn an_update_sends_the_queued_record_first() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let _ = record(&home, &["--on-error", "spool"]).done();
    let _ = home
        .deploytrack(&[
            "update",
            "--id-file",
            "id",
            "in_progress",
            "--on-error",
            "spool",
        ])
        .done();
    bench.restart(&url);
    let _ = home
        .deploytrack(&["update", "--id-file", "id", "failed", "--reason", "no"])
        .done();
    assert_eq!(statuses(&bench), ["pending", "in_progress", "failed"]);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "0 sent, 0 kept, 0 refused\n"
    );
    let _ = home.deploytrack(&["show", "--id-file", "id"]).done();
}

#[test]
fn a_queued_wrapped_deployment_gets_its_id_when_it_is_sent() {
    let mut bench = Bench::new();
    let home = home(&bench);
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let run = record(&home, &["--send-timeout", "1s", "--", "true"]);
    assert!(
        run.done().is_empty() && id_in_file(&home).starts_with("run:"),
        "{run:?}"
    );
    bench.restart(&url);
    assert_eq!(
        home.deploytrack(&["flush"]).done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert!(
        home.deploytrack(&["show", "--id-file", "id"])
            .done()
            .contains("succeeded")
    );
}

#[test]
fn an_update_of_nothing_does_not_break_a_pipeline_that_goes_on_without_the_tracker() {
    let home = Home::new()
        .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    fs::write(
        home.path().join("id"),
        "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50\n",
    )
    .unwrap();
    let _ = record(&home, &["--on-error", "warn"]).done();
    assert_eq!(
        id_in_file(&home),
        "",
        "the id of an earlier deployment would be a wrong one"
    );
    for on_error in ["warn", "spool"] {
        let run = home.deploytrack(&[
            "update",
            "--id-file",
            "id",
            "succeeded",
            "--on-error",
            on_error,
        ]);
        assert!(
            run.done().is_empty() && run.err.contains("nothing is recorded: there is no file id"),
            "{run:?}"
        );
    }
}
