//! `deploytrack rollback`

use crate::given::Bench;

/// The exit code of a refusal.
const REFUSED: i32 = 1;

fn shown(bench: &Bench) -> String {
    let matrix = bench.home.deploytrack(&["matrix", "-o", "csv"]);
    matrix
        .done()
        .lines()
        .find(|line| line.starts_with("api,production"))
        .unwrap_or_default()
        .split(',')
        .nth(2)
        .unwrap_or_default()
        .to_owned()
}

fn statuses(bench: &Bench) -> Vec<String> {
    let listed = bench.home.deploytrack(&[
        "list",
        "--order",
        "created",
        "-o",
        "csv",
        "-c",
        "api",
        "-e",
        "production",
    ]);
    let column = |line: &str, at: usize| line.split(',').nth(at).unwrap_or_default().to_owned();
    listed
        .done()
        .lines()
        .skip(1)
        .map(|line| format!("{} {}", column(line, 3), column(line, 4)))
        .collect()
}

const ROLLBACK: [&str; 5] = ["rollback", "-c", "api", "-e", "production"];

#[test]
fn a_rollback_makes_the_previous_version_current() {
    let bench = Bench::new();
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    let run = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--reason", "errors"]].concat());
    assert_eq!(run.done(), "api in production went back from v2 to v1\n");
    assert_eq!(shown(&bench), "v1");
    assert_eq!(
        statuses(&bench),
        ["v1 succeeded", "v2 rolled_back", "v1 succeeded"]
    );
}

#[test]
fn a_command_that_fails_records_no_rollback() {
    let mut bench = Bench::new();
    bench.home.set("PATH", "/usr/bin:/bin");
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    let failed = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--", "sh", "-c", "exit 3"]].concat());
    assert_eq!(
        (failed.code, shown(&bench).as_str()),
        (3, "v2"),
        "{failed:?}"
    );
    let done = bench.home.deploytrack(
        &[
            &ROLLBACK[..],
            &["--", "sh", "-c", "echo $DEPLOYTRACK_VERSION"],
        ]
        .concat(),
    );
    assert_eq!((done.done(), shown(&bench).as_str()), ("v1\n", "v1"));
    assert_eq!(
        statuses(&bench),
        [
            "v1 succeeded",
            "v1 failed",
            "v2 rolled_back",
            "v1 succeeded"
        ]
    );
}

/// The last line of output of a rollback with these arguments, and the version that is current
/// afterwards.
fn roll_back(bench: &Bench, args: &[&str]) -> (String, String) {
    let run = bench.home.deploytrack(&[&ROLLBACK[..], args].concat());
    (run.done().to_owned(), shown(bench))
}

/// The message of a refused rollback, which must change nothing.
fn refused(bench: &Bench, args: &[&str]) -> String {
    let before = (shown(bench), statuses(bench));
    let run = bench.home.deploytrack(&[&ROLLBACK[..], args].concat());
    assert_eq!(
        (run.code, (shown(bench), statuses(bench))),
        (REFUSED, before),
        "{run:?}"
    );
    run.err
}

#[test]
fn repeated_rollbacks_walk_back_and_the_refusal_names_the_way_out() {
    for command in [&[][..], &["--", "true"]] {
        let mut bench = Bench::new();
        bench.home.set("PATH", "/usr/bin:/bin");
        for version in ["v1", "v2", "v3", "v4"] {
            bench.record("api", "production", version, "succeeded");
        }
        for version in ["v3", "v2", "v1"] {
            assert_eq!(roll_back(&bench, command).1, version);
        }
        let err = refused(&bench, command);
        assert!(
            err.contains("there is no other version than v1 of api to go back to in production"),
            "{err}"
        );
        assert!(
            err.contains("--to VERSION still accepts them: v2, v3, v4"),
            "{err}"
        );
        assert_eq!(
            roll_back(&bench, &["--to", "v4"]).1,
            "v4",
            "forward again, by name"
        );
        bench.record("api", "production", "v5", "succeeded");
        assert_eq!(
            roll_back(&bench, command).1,
            "v4",
            "v4 has succeeded again since it was rolled back"
        );
    }
}

#[test]
fn a_rollback_skips_deployments_of_the_same_version() {
    let bench = Bench::new();
    for version in ["v1", "v2", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    assert_eq!(
        roll_back(&bench, &[]),
        (
            "api in production went back from v2 to v1\n".to_owned(),
            "v1".to_owned()
        )
    );
    let err = refused(&bench, &[]);
    assert!(err.contains("the others were rolled back"), "{err}");
}

#[test]
fn a_rollback_to_a_named_version_needs_an_earlier_success_of_it() {
    let bench = Bench::new();
    for version in ["v1", "v2", "v3"] {
        bench.record("api", "production", version, "succeeded");
    }
    bench.record("api", "staging", "v9", "succeeded");
    bench.record("api", "production", "v4", "failed");
    assert_eq!(
        roll_back(&bench, &["--to", "v1"]),
        (
            "api in production went back from v3 to v1\n".to_owned(),
            "v1".to_owned()
        )
    );
    for version in ["v9", "v4"] {
        let err = refused(&bench, &["--to", version]);
        assert!(
            err.contains(&format!("{version} never succeeded for api in production")),
            "{err}"
        );
        assert!(err.contains("these versions did: v3, v2"), "{err}");
    }
    assert!(refused(&bench, &["--to", "v1"]).contains("v1 is already current"));
}

#[test]
fn explain_prints_the_plan_and_does_nothing() {
    let mut bench = Bench::new();
    bench.home.set("PATH", "/usr/bin:/bin");
    for version in ["v1", "v2", "v3", "v4"] {
        bench.record("api", "production", version, "succeeded");
    }
    roll_back(&bench, &[]);
    let before = statuses(&bench);
    let run = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--explain", "--", "echo", "ran"]].concat());
    assert!(
        run.done()
            .starts_with("api in production would go back from v3 to v2\n")
            && !run.out.contains("ran"),
        "{run:?}"
    );
    let csv = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--explain", "-o", "csv"]].concat());
    let judged: Vec<_> = csv
        .done()
        .lines()
        .skip(1)
        .map(|line| {
            [
                line.split(',').next().unwrap(),
                line.rsplit(',').next().unwrap(),
            ]
            .join(" ")
        })
        .collect();
    assert_eq!(
        judged,
        ["v3 current", "v4 rolled_back", "v2 target", "v1 older"]
    );
    let json = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--explain", "--to", "v4", "-o", "json"]].concat());
    let json: serde_json::Value = serde_json::from_str(json.done()).unwrap();
    let chosen: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["chosen"] == true)
        .map(|one| &one["version"])
        .collect();
    assert_eq!(chosen, ["v4"]);
    let named = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--explain", "--to", "v4"]].concat());
    assert!(
        named
            .done()
            .starts_with("api in production would go back from v3 to v4\n"),
        "{named:?}"
    );
    assert_eq!((statuses(&bench), shown(&bench).as_str()), (before, "v3"));
    for (version, why) in [("v9", "never succeeded"), ("v3", "is already current")] {
        assert!(
            refused(&bench, &["--to", version, "--explain"]).contains(why),
            "what cannot be is an error here too"
        );
    }
}

#[test]
fn after_an_undeployment_a_version_must_be_named() {
    let bench = Bench::new();
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    let _ = bench
        .home
        .deploytrack(&["undeploy", "-c", "api", "-e", "production"])
        .done();
    let err = refused(&bench, &[]);
    assert!(
        err.contains("no version of api is current in production")
            && err.contains("--to VERSION deploys one again"),
        "{err}"
    );
    assert!(err.contains("v2, v1"), "{err}");
    assert_eq!(
        roll_back(&bench, &["--to", "v2"]),
        (
            "api in production went back to v2\n".to_owned(),
            "v2".to_owned()
        )
    );
    assert_eq!(
        statuses(&bench),
        ["v2 succeeded", "v2 succeeded", "v1 succeeded"],
        "nothing was there to be marked"
    );
}

#[test]
fn a_late_report_takes_its_place_in_the_past() {
    let bench = Bench::new();
    bench.record_at(
        "api",
        "production",
        "v3",
        "succeeded",
        "2025-03-01T00:00:00Z",
    );
    bench.record_at(
        "api",
        "production",
        "v1",
        "succeeded",
        "2025-01-01T00:00:00Z",
    );
    bench.record_at(
        "api",
        "production",
        "v2",
        "succeeded",
        "2025-02-01T00:00:00Z",
    );
    bench.record_at(
        "api",
        "production",
        "v2.5",
        "failed",
        "2025-02-15T00:00:00Z",
    );
    for version in ["v2", "v1"] {
        assert_eq!(roll_back(&bench, &[]).1, version);
    }
}

#[test]
fn on_equal_times_the_one_recorded_last_is_current_and_the_other_is_the_past() {
    let bench = Bench::new();
    for version in ["v1", "v2", "v3"] {
        bench.record_at(
            "api",
            "production",
            version,
            "succeeded",
            "2025-01-01T00:00:00Z",
        );
    }
    for version in ["v2", "v1"] {
        assert_eq!(roll_back(&bench, &[]).1, version);
    }
    refused(&bench, &[]);
}

#[test]
fn a_current_deployment_from_a_clock_ahead_can_be_rolled_back() {
    for command in [&[][..], &["--", "true"]] {
        let mut bench = Bench::new();
        bench.home.set("PATH", "/usr/bin:/bin");
        for version in ["v1", "v2"] {
            bench.record("api", "production", version, "succeeded");
        }
        let ahead = deploytrack_core::clock::Clock::now(&deploytrack_core::clock::SystemClock)
            + chrono::TimeDelta::minutes(4);
        bench.record_at(
            "api",
            "production",
            "v3",
            "succeeded",
            &deploytrack_core::clock::format(&ahead),
        );
        for version in ["v2", "v1"] {
            assert_eq!(roll_back(&bench, command).1, version);
        }
    }
}

#[test]
fn a_mark_that_is_still_in_the_spool_brings_no_version_back() {
    let mut bench = Bench::new();
    bench.home.set("PATH", "/usr/bin:/bin");
    for version in ["v1", "v2", "v3"] {
        bench.record("api", "production", version, "succeeded");
    }
    let url = bench.server.url().to_owned();
    // The server stops while the command runs: outcome and mark are queued.
    let kill = format!("kill -9 {}", bench.server.id());
    let run = bench.home.deploytrack(
        &[
            &ROLLBACK[..],
            &["--send-timeout", "2s", "--", "sh", "-c", &kill],
        ]
        .concat(),
    );
    assert_eq!(run.code, 0, "{run:?}");
    bench.restart(&url);
    assert_eq!(shown(&bench), "v3", "nothing of it has arrived");
    let flushed = bench.home.deploytrack(&["flush"]);
    assert_eq!(
        (flushed.code, shown(&bench).as_str()),
        (0, "v2"),
        "{flushed:?}"
    );
    assert_eq!(
        statuses(&bench),
        [
            "v2 succeeded",
            "v3 rolled_back",
            "v2 succeeded",
            "v1 succeeded"
        ]
    );
    assert_eq!(roll_back(&bench, &[]).1, "v1");
}

#[test]
fn a_rollback_is_recorded_without_the_mark_of_the_rolled_back_deployment() {
    let bench = Bench::new();
    let mut last = String::new();
    for version in ["v1", "v2", "v3"] {
        last = bench.record("api", "production", version, "succeeded");
    }
    let of = format!("rollbackOf={last}");
    let args = [
        "record",
        "-c",
        "api",
        "-e",
        "production",
        "--version",
        "v2",
        "--status",
        "succeeded",
        "--meta",
        &of,
    ];
    assert_eq!(bench.home.deploytrack(&args).code, 0);
    assert_eq!(
        (shown(&bench).as_str(), statuses(&bench)[1].as_str()),
        ("v2", "v3 succeeded")
    );
    assert_eq!(
        roll_back(&bench, &[]).1,
        "v1",
        "v3 was rolled back, though nothing marks it"
    );
}

#[test]
fn more_failures_than_a_page_hide_no_version() {
    let bench = Bench::new();
    let line = |version: &str, status: &str, minute: usize| {
        let at = format!("2025-01-01T{:02}:{:02}:00Z", minute / 60, minute % 60);
        serde_json::json!({"component": "api", "environment": "production", "version": version, "status": status, "occurredAt": at})
            .to_string()
    };
    let mut lines = vec![line("v1", "succeeded", 0)];
    lines.extend((1..250).map(|number| line(&format!("f{number}"), "failed", number)));
    lines.push(line("v2", "succeeded", 300));
    let done = bench
        .home
        .deploytrack_reading(&["import", "-"], &lines.join("\n"));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(roll_back(&bench, &[]).1, "v1");
}

#[test]
fn a_rollback_without_an_earlier_version_does_nothing() {
    let mut bench = Bench::new();
    bench.home.set("PATH", "/usr/bin:/bin");
    bench.record("api", "production", "v1", "succeeded");
    let run = bench
        .home
        .deploytrack(&[&ROLLBACK[..], &["--", "echo", "ran"]].concat());
    assert_eq!(
        (run.code, run.out.as_str(), shown(&bench).as_str()),
        (1, "", "v1"),
        "{run:?}"
    );
}

#[test]
fn in_a_ci_a_wrapped_rollback_names_the_deployment_in_the_log_and_in_the_summary() {
    let mut bench = Bench::new();
    for version in ["v1", "v2"] {
        bench.record("api", "production", version, "succeeded");
    }
    let summary = bench.home.path().join("summary");
    bench.home.set("GITHUB_ACTIONS", "true");
    bench
        .home
        .set("GITHUB_STEP_SUMMARY", summary.to_str().unwrap());
    let run = bench
        .home
        .deploytrack(&["rollback", "-c", "api", "-e", "production", "--", "true"]);
    let line = "api v1 in production succeeded after 0s: ";
    assert!(run.code == 0 && run.err.contains(line), "{run:?}");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(
        summary.starts_with("- deploytrack: ✅ api v1 in production succeeded"),
        "{summary}"
    );
}
