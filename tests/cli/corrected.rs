//! Values that cannot be recorded: an invalid optional value stops neither the record nor the
//! deploy.

use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _, process::Stdio};

use deploytrack_tests::program::Run;
use serde_json::{Value, json};

use crate::{
    given::Bench,
    wrapped::{assert_passed_through, home, listed, shown, spooled},
};

const NAMED: [&str; 7] = ["record", "-c", "api", "-e", "production", "--version", "v1"];

/// Runs a wrapped deployment with these options, which must be recorded. Returns the deployment and
/// standard error.
fn recorded(options: &[&str]) -> (Value, String) {
    let bench = Bench::new();
    let home = home(&bench);
    let run =
        home.deploytrack(&[&NAMED[..], options, &["--", "sh", "-c", "echo out; exit 3"]].concat());
    assert_passed_through(&run, 3, "out\n");
    assert_eq!(spooled(&home), 0, "{run:?}");
    let all = listed(&bench);
    assert_eq!(all.len(), 1, "{run:?}");
    (all[0].clone(), run.err)
}

#[test]
fn an_optional_value_is_left_out_or_cut_and_the_warning_names_flag_rule_and_remedy() {
    let long = "ä".repeat(5000);
    let cut = |most: usize| json!("ä".repeat(most - 1) + "…");
    for (options, field, value, said) in [
        (
            &["--commit-sha", "HEAD"][..],
            "commitSha",
            Value::Null,
            "--commit-sha must be 4 to 64 hexadecimal digits, not 'HEAD': it is left out",
        ),
        (
            &["--commit-sha=main"],
            "commitSha",
            Value::Null,
            "not 'main'",
        ),
        (
            &["--commit-sha", "abc"],
            "commitSha",
            Value::Null,
            "not 'abc'",
        ),
        (
            &["--commit-sha", ""],
            "commitSha",
            Value::Null,
            "--commit-sha is empty: it is left out",
        ),
        (
            &["--commit-sha", " ED52224\n"],
            "commitSha",
            json!("ED52224"),
            "",
        ),
        (
            &["--description", &long],
            "description",
            cut(4096),
            "--description must be at most 4096 characters long, not 'äää",
        ),
        (
            &["--deployed-by", ""],
            "deployedBy",
            json!("ci-bot"),
            "--deployed-by is empty: it is left out",
        ),
        (
            &["--deployed-by", " \t"],
            "deployedBy",
            json!("ci-bot"),
            "--deployed-by is empty",
        ),
        (
            &["--deployed-by"],
            "deployedBy",
            json!("ci-bot"),
            "--deployed-by is empty",
        ),
        (
            &["--deployed-by", "a\nb"],
            "deployedBy",
            json!("a b"),
            "--deployed-by must have no control characters",
        ),
        (
            &["--deployed-by", &long],
            "deployedBy",
            cut(255),
            "--deployed-by must be at most 255 characters long",
        ),
        (
            &["--meta", "nothing", "--meta", "a=b"],
            "metadata",
            json!({"a": "b"}),
            "--meta must be KEY=VALUE, not 'nothing': it is left out",
        ),
        (
            &["--meta", "", "--meta", "=x"],
            "metadata",
            json!({}),
            "--meta must be KEY=VALUE with a key that is not empty, not '=x'",
        ),
        (
            &["--idempotency-key", "build 7"],
            "status",
            json!("failed"),
            "replaced by its digest",
        ),
        (
            &["--id-file", ""],
            "status",
            json!("failed"),
            "--id-file is empty: it is left out",
        ),
        (
            &["--cacert="],
            "status",
            json!("failed"),
            "--cacert is empty: it is left out",
        ),
        (
            &["--idempotency-key="],
            "status",
            json!("failed"),
            "--idempotency-key is empty: it is left out",
        ),
        (
            &["--description", "- fixed\n- better"],
            "description",
            json!("- fixed\n- better"),
            "",
        ),
    ] {
        let (deployment, err) = recorded(options);
        assert_eq!(deployment[field], value, "{options:?}: {err}");
        assert!(
            err.contains(said) && err.is_empty() == said.is_empty(),
            "{options:?}: {err}"
        );
    }
}

#[test]
fn metadata_that_do_not_fit_lose_the_largest_values() {
    let (large, larger) = (
        format!("large={}", "x".repeat(9_000)),
        format!("larger={}", "y".repeat(9_500)),
    );
    let (deployment, err) = recorded(&["--meta", "a=b", "--meta", &large, "--meta", &larger]);
    let keys: Vec<_> = deployment["metadata"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["a", "large"]);
    assert!(
        err.contains("16 KiB") && err.contains("larger, with 9500 characters, is left out"),
        "{err}"
    );
}

#[test]
fn the_last_lines_of_a_failure_are_cut_to_what_fits_beside_the_metadata() {
    let bench = Bench::new();
    let home = home(&bench);
    let large = format!("large={}", "x".repeat(14_000));
    let line = "one of the steps is done, and nothing of note was seen on the way to the next one, which is step";
    let script = format!("for i in $(seq 100); do echo '{line}' $i; done; exit 3");
    let run = home.deploytrack(
        &[
            &NAMED[..],
            &[
                "--meta",
                &large,
                "--output-tail",
                "100",
                "--",
                "sh",
                "-c",
                &script,
            ],
        ]
        .concat(),
    );
    assert_eq!((run.code, run.err.as_str(), spooled(&home)), (3, "", 0));
    let deployment = &listed(&bench)[0];
    let tail = deployment["metadata"]["outputTail"].as_str().unwrap();
    assert!(
        deployment["status"] == "failed" && tail.ends_with("step 100") && tail.lines().count() > 10,
        "{deployment}"
    );
}

#[test]
fn a_value_that_is_not_utf8_does_not_stop_the_command() {
    let bench = Bench::new();
    let home = home(&bench);
    for (flag, field, value) in [
        ("--description", "description", json!("caf\u{fffd}")),
        ("--commit-sha", "commitSha", Value::Null),
    ] {
        let mut command = home.command("deploytrack", &NAMED);
        command
            .arg(flag)
            .arg(OsStr::from_bytes(b"caf\xe9"))
            .args(["--", "sh", "-c", "exit 3"]);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            (output.status.code(), &listed(&bench)[0][field]),
            (Some(3), &value),
            "{said}"
        );
        assert!(
            said.contains(&format!("{flag} must be UTF-8 text")),
            "{said}"
        );
    }
}

#[test]
fn an_entry_that_cannot_be_recorded_stays_queued_until_it_is_corrected() {
    let bench = Bench::new();
    let home = home(&bench);
    for (args, set) in [
        (
            &["-c", "", "-e", "production", "--version", "v1"][..],
            "component=api",
        ),
        (
            &["-c", "api", "-e", "prod (eu)\u{1}", "--version", "v1"],
            "environment=production",
        ),
        (
            &["-c", "api", "-eprod\nuction", "--version", "v1"],
            "environment=production",
        ),
        (&["-c", "api", "-e", "production"], "version=v1"),
        (
            &["-c", "api", "-e", "production", "--version"],
            "version=v1",
        ),
        (&["-c", "api", "--version", "v1"], "environment=production"),
        (
            &[
                "-c",
                "api",
                "-e",
                "production",
                "--version",
                &"v".repeat(300),
            ],
            "version=v1",
        ),
    ] {
        let run = home.deploytrack(
            &[
                &["record"][..],
                args,
                &["--", "sh", "-c", "echo out; exit 3"],
            ]
            .concat(),
        );
        assert_passed_through(&run, 3, "out\n");
        assert!(
            run.err.contains("refused and kept in the spool") && spooled(&home) == 1,
            "{args:?}: {run:?}"
        );
        assert_eq!(
            home.deploytrack(&["flush", "--set", set]).done(),
            "1 sent, 0 kept, 0 refused\n",
            "{args:?}"
        );
        let one = &listed(&bench)[0];
        let named = ["componentName", "environmentName", "version", "status"]
            .map(|key| one[key].as_str().unwrap().to_owned());
        assert_eq!(named, ["api", "production", "v1", "failed"], "{args:?}");
    }
    assert_eq!(listed(&bench).len(), 7);
    let components: Value = serde_json::from_str(
        home.deploytrack(&["component", "list", "-o", "json"])
            .done(),
    )
    .unwrap();
    assert_eq!(
        components["total"], 1,
        "no stand-in reached the server: {components}"
    );
}

#[test]
fn a_mistake_of_the_author_is_a_usage_error_before_anything_runs() {
    let bench = Bench::new();
    let home = home(&bench);
    let ran = |args: &[&str]| home.deploytrack(&[args, &["--", "echo", "ran"]].concat());
    for args in [
        &["record", "-e", "production", "--version", "v1"][..],
        &[
            "record",
            "-c",
            "api",
            "--enviroment",
            "production",
            "--version",
            "v1",
        ],
        &[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--version",
            "v2",
        ],
        &[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--send-timeout",
            "soon",
        ],
        &[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--on-error",
            "never",
        ],
        &[
            "record",
            "-c",
            "api",
            "-e",
            "production",
            "--version",
            "v1",
            "--on-error",
            "fail",
            "--commit-sha",
            "HEAD",
        ],
        // A rollback asks the server for the earlier version, so its names must be valid.
        &["rollback", "-c", "a\u{7}b", "-e", "production"],
    ] {
        let run = ran(args);
        assert_eq!(
            (run.code, run.out.as_str(), spooled(&home)),
            (2, "", 0),
            "{args:?}: {run:?}"
        );
    }
}

#[test]
fn a_record_by_hand_reports_its_faults() {
    let bench = Bench::new();
    let home = home(&bench);
    let long = "x".repeat(5000);
    let plain = |options: &[&str]| -> Run { home.deploytrack(&[&NAMED[..], options].concat()) };
    for wrong in [
        &["--commit-sha", "HEAD"][..],
        &["--description", &long],
        &["--deployed-by", ""],
        &["--meta", "x"],
        &["--occurred-at", "soon"],
    ] {
        let run = plain(wrong);
        assert_eq!(
            (run.code, run.out.as_str(), listed(&bench).len()),
            (2, "", 0),
            "{run:?}"
        );
        assert!(run.err.contains(wrong[0]), "{run:?}");
    }
    // A pipeline that continues on errors of the tracker records the valid values.
    let run = plain(&[
        "--on-error",
        "spool",
        "--commit-sha",
        "HEAD",
        "--description",
        &long,
        "--meta",
        "x",
        "--deployed-by",
        "",
    ]);
    assert_eq!(run.err.matches("warning").count(), 4, "{run:?}");
    let id = Value::from(run.done().trim());
    assert_eq!(
        (&shown(&bench, &id)["commitSha"], listed(&bench).len()),
        (&Value::Null, 1)
    );
    let update = home.deploytrack(&[
        "update",
        id.as_str().unwrap(),
        "failed",
        "--reason",
        &long,
        "--meta",
        "x",
        "--on-error",
        "spool",
    ]);
    assert!(
        update.code == 0
            && update
                .err
                .contains("--reason must be at most 1024 characters long"),
        "{update:?}"
    );
    assert_eq!(
        shown(&bench, &id)["history"][1]["reason"],
        Value::from("x".repeat(1023) + "…")
    );
    let late = home.deploytrack(&[
        "update",
        id.as_str().unwrap(),
        "pending",
        "--on-error",
        "spool",
        "--occurred-at",
        "soon",
    ]);
    assert_eq!((late.code, spooled(&home)), (2, 0), "{late:?}");
    // A time is not optional: with a wrong one the deployment could replace a newer one.
    let untimed = plain(&[
        "--on-error",
        "spool",
        "--occurred-at",
        "Sat Nov 28 2026",
        "--status",
        "succeeded",
    ]);
    assert_eq!(
        (untimed.code, listed(&bench).len(), spooled(&home)),
        (2, 1, 1),
        "{untimed:?}"
    );
    assert_eq!(
        home.deploytrack(&["flush", "--set", "occurredAt=2026-11-28T10:00:00Z"])
            .done(),
        "1 sent, 0 kept, 0 refused\n"
    );
    assert_eq!(
        listed(&bench)
            .iter()
            .filter(|one| one["status"] == "succeeded")
            .count(),
        1
    );
}

#[test]
fn an_unusable_value_of_the_ci_is_reported_with_its_variable() {
    let bench = Bench::new();
    let home = home(&bench)
        .with("GITLAB_CI", "true")
        .with("CI_ENVIRONMENT_NAME", "prod\u{7}eu")
        .with("CI_COMMIT_SHA", "not-a-commit")
        .with("GITLAB_USER_LOGIN", "ä".repeat(300))
        .with(
            "CI_PIPELINE_URL",
            format!("https://ci/{}", "folder/".repeat(60)),
        )
        .with("CI_COMMIT_REF_NAME", "x".repeat(3_000))
        .with("CI_COMMIT_TAG", "v1\n");
    let run = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--",
        "sh",
        "-c",
        "echo out; exit 3",
    ]);
    assert_passed_through(&run, 3, "out\n");
    for said in [
        "CI_COMMIT_SHA must be 4 to 64 hexadecimal digits, not 'not-a-commit': it is left out",
        "GITLAB_USER_LOGIN must be at most 255 characters long, not 'äää",
        "CI_COMMIT_REF_NAME must be at most 2048 characters on one line, not 'xxx",
    ] {
        assert!(run.err.contains(said), "{said}: {run:?}");
    }
    assert!(
        !run.err.contains("CI_ENVIRONMENT_NAME"),
        "a flag gives it: {run:?}"
    );
    let one = &listed(&bench)[0];
    let cut = Value::from("ä".repeat(254) + "…");
    assert_eq!(
        one["metadata"]["ci"]["runUrl"].as_str().unwrap().len(),
        431,
        "{one}"
    );
    assert_eq!(
        (&one["version"], &one["deployedBy"], &one["commitSha"]),
        (&Value::from("v1"), &cut, &Value::Null)
    );

    let large = format!("large={}", "x".repeat(16_300));
    let run = home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--meta",
        &large,
        "--",
        "true",
    ]);
    assert_passed_through(&run, 0, "");
    assert!(
        run.err
            .contains("16 KiB: ci, with the data of the CI run, is left out"),
        "{run:?}"
    );

    let run = home.deploytrack(&["record", "-c", "api", "--", "sh", "-c", "echo out; exit 3"]);
    assert_passed_through(&run, 3, "out\n");
    assert!(
        run.err.contains("CI_ENVIRONMENT_NAME must") && spooled(&home) == 1,
        "{run:?}"
    );
    assert_eq!(
        home.deploytrack(&["flush", "--set", "environment=production"])
            .done(),
        "1 sent, 0 kept, 0 refused\n"
    );
}

#[test]
fn a_rollback_with_a_reason_that_is_too_long_is_made_with_a_shorter_one() {
    let bench = Bench::new();
    let home = home(&bench);
    let before = bench.record("api", "production", "v1", "succeeded");
    let present = bench.record("api", "production", "v2", "succeeded");
    let args = [
        "rollback",
        "-c",
        "api",
        "-e",
        "production",
        "--reason",
        &"x".repeat(2000),
        "--",
        "sh",
        "-c",
        "echo out",
    ];
    let run = home.deploytrack(&args);
    assert_passed_through(&run, 0, "out\n");
    assert!(
        run.err
            .contains("--reason must be at most 1024 characters long")
            && !before.is_empty(),
        "{run:?}"
    );
    let story = shown(&bench, &Value::from(present))["history"].clone();
    assert_eq!(
        story.as_array().unwrap().last().unwrap()["reason"],
        Value::from("x".repeat(1023) + "…")
    );
}

#[test]
fn a_variable_that_is_not_set_leaves_an_empty_value_and_the_command_runs() {
    let bench = Bench::new();
    for (name, value) in [
        ("DEPLOYTRACK_ON_ERROR", ""),
        ("DEPLOYTRACK_ON_ERROR", " \n"),
        ("DEPLOYTRACK_PROFILE", ""),
    ] {
        let home = home(&bench).with(name, value);
        assert_passed_through(
            &home.deploytrack(&[&NAMED[..], &["--", "echo", "ran"]].concat()),
            0,
            "ran\n",
        );
    }
    let home = home(&bench);
    let options = [
        "--on-error",
        "--send-timeout",
        "--output-tail",
        "--timeout",
        "--command-timeout",
        "--url",
        "--profile",
        "--cacert",
        "--id-file",
    ];
    for option in options {
        let run = home.deploytrack(&[&NAMED[..], &[option, "", "--", "echo", "ran"]].concat());
        assert_passed_through(&run, 0, "ran\n");
        assert!(!run.err.contains("spool"), "{option}: {run:?}");
    }
    assert_eq!(listed(&bench).len(), 3 + options.len());
    let wrong = home
        .with("DEPLOYTRACK_ON_ERROR", "never")
        .deploytrack(&[&NAMED[..], &["--", "echo", "ran"]].concat());
    assert_eq!((wrong.code, wrong.out.as_str()), (2, ""), "{wrong:?}");
    assert!(
        wrong.err.contains("'never'") && wrong.err.contains("DEPLOYTRACK_ON_ERROR"),
        "{wrong:?}"
    );
}
