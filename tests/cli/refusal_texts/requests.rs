//! Requests that the server refuses.

use super::*;

#[test]
fn a_refusal_of_the_server_names_value_and_flag() {
    let bench = Bench::filled();
    let known = bench.record("billing-service", "staging-europe", "v1", "succeeded");
    let failed = bench.record("web", "staging", "v9", "failed");
    let keyed = [
        "record",
        "-c",
        "api",
        "-e",
        "staging",
        "--version",
        "v3",
        "--idempotency-key",
        "build-7",
    ];
    bench.home.deploytrack(&keyed).ok();
    let long = format!("x={}", "y".repeat(9_000));
    bench
        .home
        .deploytrack(&["update", &failed, "pending", "--meta", &long])
        .ok();
    let larger = long.replacen('x', "z", 1);
    let table: &[(&[&str], i32, &[&str])] = &[
        (
            &[
                "record",
                "-c",
                "billing-servcie",
                "-e",
                "staging",
                "--version",
                "v1",
            ],
            1,
            &["billing-servcie", "billing-service?", "--register"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "staging-eurpoe",
                "--version",
                "v1",
            ],
            1,
            &["staging-eurpoe", "staging-europe?", "--register"],
        ),
        (
            &["record", "-c", ID, "-e", "staging", "--version", "v1"],
            1,
            &["there is no component", ID, "component list"],
        ),
        (
            &["record", "-c", "api", "-e", ID, "--version", "v1"],
            1,
            &["there is no environment", ID, "environment list"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "staging",
                "--version",
                "v1",
                "--status",
                "rolled_back",
                "--occurred-at",
                "2999-01-01T00:00:00Z",
            ],
            1,
            &[
                "--status must not be rolled_back",
                "--occurred-at '2999-01-01T00:00:00Z' must not lie",
            ],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "staging",
                "--version",
                "v4",
                "--idempotency-key",
                "build-7",
            ],
            1,
            &[
                "--idempotency-key",
                "'build-7'",
                "give another",
                "deploytrack show",
            ],
        ),
        (
            &["update", &known, "pending"],
            1,
            &["succeeded", "pending", "rolled_back"],
        ),
        (&["update", ID, "failed"], 1, &[ID, "deploytrack list"]),
        (
            &["update", &failed, "in_progress", "--meta", &larger],
            1,
            &["--meta", "must be at most 16 KiB"],
        ),
        (&["show", ID], 1, &[ID, "deploytrack list"]),
        (&["wait", ID], 1, &[ID, "deploytrack list"]),
        (
            &["component", "create", "API"],
            1,
            &["component API exists already", "component show API"],
        ),
        (
            &["component", "update", "api", "--name", "web"],
            1,
            &["component web exists already"],
        ),
        (
            &["component", "delete", "api"],
            1,
            &["api has deployments", "component archive api"],
        ),
        (
            &["environment", "delete", "staging"],
            1,
            &["staging has deployments", "environment archive staging"],
        ),
        (
            &["environment", "create", "staging"],
            1,
            &["environment staging exists already"],
        ),
        (
            &["watch", "--after", "999999"],
            1,
            &["--after '999999' must be the number of an event"],
        ),
        (
            &["latest", "-c", "billing-servcie"],
            1,
            &["billing-servcie", "billing-service?"],
        ),
        (
            &["undeploy", "-c", "api", "-e", "staging-eurpoe"],
            1,
            &["staging-eurpoe", "staging-europe?"],
        ),
        (
            &["rollback", "-c", ID, "-e", "staging"],
            1,
            &["there is no component", ID],
        ),
        (&["list", "-c", ID], 1, &["there is no component", ID]),
        (&["export", "-e", ID], 1, &["there is no environment", ID]),
        (
            &["matrix", "-e", ID],
            1,
            &["there is no environment", ID, "environment list"],
        ),
        (
            &["matrix", "-c", "billing-servcie"],
            1,
            &["billing-service?"],
        ),
        (
            &["environment", "order", "staging", "prodution"],
            1,
            &["prodution"],
        ),
    ];
    for (args, code, parts) in table {
        assert_refusal(args, &bench.home.deploytrack(args), *code, parts);
    }
    let reads = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    let reads = reads.with(
        "DEPLOYTRACK_TOKEN",
        deploytrack_tests::caller::Caller::reader_token(),
    );
    let args = ["component", "create", "fresh"];
    assert_refusal(&args, &reads.deploytrack(&args), 4, &["role admin"]);
    let stranger = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    assert_refusal(
        &["list"],
        &stranger.deploytrack(&["list"]),
        4,
        &["DEPLOYTRACK_TOKEN", "deploytrack login", "--profile"],
    );
    let astray = Home::new()
        .with("DEPLOYTRACK_URL", format!("{}/api/v2", bench.server.url()))
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    assert_refusal(&["list"], &astray.deploytrack(&["list"]), 1, &["--url"]);
}

#[test]
fn every_command_reports_an_unknown_name_or_id() {
    let bench = Bench::filled();
    bench.record("billing-service", "staging-europe", "v1", "succeeded");
    for (args, part) in [
        (&["watch", "-c", "billing-servcie"][..], "billing-service?"),
        (&["watch", "-e", "staging-eurpoe"], "staging-europe?"),
        (&["watch", "-e", "staging", "-e", ID], ID),
        (
            &["open", "--print", "-c", "billing-servcie"],
            "billing-service?",
        ),
        (&["open", "--print", "-e", ID], "environment list"),
    ] {
        assert_refusal(args, &bench.home.deploytrack(args), 1, &[part]);
    }
    let component: Value = serde_json::from_str(
        bench
            .home
            .deploytrack(&["component", "show", "api", "-o", "json"])
            .done(),
    )
    .unwrap();
    let opened =
        bench
            .home
            .deploytrack(&["open", "--print", "-c", component["id"].as_str().unwrap()]);
    assert!(opened.done().contains("component%3Dapi"), "{opened:?}");
}

#[test]
fn a_name_in_the_form_of_an_id_works_in_a_wrapped_command_and_from_the_spool() {
    let bench = Bench::new();
    for kind in ["component", "environment"] {
        bench.home.deploytrack(&[kind, "create", ID]).ok();
    }
    let home = crate::wrapped::home(&bench);
    let record = [
        "record",
        "-c",
        ID,
        "-e",
        ID,
        "--version",
        "v1",
        "--idempotency-key",
        "leg-1",
        "--",
    ];
    let run = |command: &[&str]| home.deploytrack(&[&record[..], command].concat());
    assert_eq!(
        (
            run(&["sh", "-c", "exit 3"]).code,
            crate::wrapped::spooled(&home)
        ),
        (3, 0)
    );
    // Repeated with its key, the step resumes the deployment that failed.
    assert_eq!(
        (run(&["true"]).code, crate::wrapped::spooled(&home)),
        (0, 0)
    );
    let all = crate::wrapped::listed(&bench);
    assert_eq!(
        (all.len(), &all[0]["status"], &all[0]["componentName"]),
        (1, &"succeeded".into(), &ID.into()),
        "{all:?}"
    );
    let away = crate::wrapped::home_of("http://127.0.0.1:1").with(
        "XDG_STATE_HOME",
        home.path().join("state").display().to_string(),
    );
    let spooled = away.deploytrack(&[
        "record",
        "-c",
        ID,
        "-e",
        ID,
        "--version",
        "v2",
        "--send-timeout",
        "1s",
        "--",
        "true",
    ]);
    assert_eq!(spooled.code, 0, "{spooled:?}");
}
