//! `deploytrack list`: ordered by the time of the occurrence.

use deploytrack_tests::program::Home;

use crate::given::Bench;

/// Records deployments in another order than they happened.
fn filled() -> Bench {
    let bench = Bench::new();
    for (version, at) in [
        ("v2", "2016-06-01T12:00:00Z"),
        ("v1", "2016-01-01T12:00:00Z"),
        ("v3", "2017-01-01T12:00:00Z"),
    ] {
        bench.record_at("api", "production", version, "succeeded", at);
    }
    bench
}

/// The versions that a list shows.
fn versions(bench: &Bench, args: &[&str]) -> Vec<String> {
    let listed = bench
        .home
        .deploytrack(&[&["list", "-o", "json"], args].concat());
    let page: serde_json::Value = serde_json::from_str(listed.done()).unwrap();
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_list_is_ordered_by_occurred_at_by_default() {
    let bench = filled();
    assert_eq!(versions(&bench, &[]), ["v3", "v2", "v1"]);
    assert_eq!(versions(&bench, &["--all"]), ["v3", "v2", "v1"]);
    assert_eq!(
        versions(&bench, &["--order", "created"]),
        ["v3", "v1", "v2"]
    );
    assert_eq!(versions(&bench, &["--skip", "1", "--take", "1"]), ["v2"]);
    let wrong = bench.home.deploytrack(&["list", "--order", "newest"]);
    assert_eq!(
        (wrong.code, wrong.err.contains("created, occurred")),
        (2, true),
        "{wrong:?}"
    );
}

#[test]
fn the_age_of_a_backfilled_deployment_is_that_of_its_occurrence() {
    let bench = filled();
    let table = bench.home.deploytrack(&["list"]);
    let years = |line: &str| {
        line.split_whitespace()
            .nth(5)
            .is_some_and(|age| age.ends_with('y'))
    };
    let aged: Vec<_> = table
        .done()
        .lines()
        .filter(|line| line.contains("production"))
        .map(years)
        .collect();
    assert_eq!(aged, [true; 3], "{table:?}");
    let csv = bench
        .home
        .deploytrack(&["list", "-o", "csv", "--columns", "age"]);
    assert!(csv.done().starts_with("occurredAt\n2017-"), "{csv:?}");
}

#[test]
fn rows_are_sorted_and_columns_selected_in_every_form() {
    let bench = filled();
    let listed = |args: &[&str]| {
        let run = bench.home.deploytrack(&[&["list"], args].concat());
        run.done().to_owned()
    };
    let selected = ["--columns", "version,status"];
    let sorted = ["--sort", "version"];
    assert_eq!(
        listed(&[&selected[..], &sorted, &["--no-headers"]].concat()),
        "v1  succeeded\nv2  succeeded\nv3  succeeded\n"
    );
    assert_eq!(
        listed(&[&selected[..], &sorted, &["--reverse", "-o", "csv"]].concat()),
        "version,status\nv3,succeeded\nv2,succeeded\nv1,succeeded\n"
    );
    assert!(
        listed(&[&selected[..], &["-o", "markdown"]].concat())
            .starts_with("| version | status |\n")
    );
    assert_eq!(versions(&bench, &sorted), ["v1", "v2", "v3"]);
    assert_eq!(versions(&bench, &["--reverse"]), ["v1", "v2", "v3"]);
    let lines = listed(&[&sorted[..], &["-o", "jsonl"]].concat());
    assert!(lines.lines().next().unwrap().contains("\"v1\""), "{lines}");
    for command in [
        "component list",
        "environment list",
        "latest -c api",
        "profile list",
        "spool list",
        "wall list",
    ] {
        let words: Vec<_> = command.split(' ').collect();
        for (flag, fault) in [
            (
                ["--columns", "size"],
                "there is no column size; the columns are ",
            ),
            (
                ["--sort", "size"],
                "there is no column size; the columns are ",
            ),
        ] {
            let run = bench.home.deploytrack(&[&words[..], &flag].concat());
            assert_eq!(
                (run.code, run.err.contains(fault)),
                (2, true),
                "{command}: {run:?}"
            );
        }
    }
    for args in [
        ["--columns", "version", "-o", "json"],
        ["--no-headers", "-o", "jsonl", "--all"],
    ] {
        let run = bench.home.deploytrack(&[&["list"], &args[..]].concat());
        assert_eq!((run.code, run.err.contains(args[0])), (2, true), "{run:?}");
    }
}

#[test]
fn every_command_takes_the_beginning_of_an_id() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "in_progress");
    let other = bench.record("api", "staging", "v1", "in_progress");
    // The ids of this test may have been made in the same millisecond.
    let beginning = (13..36)
        .map(|length| &id[..length])
        .find(|beginning| !other.starts_with(beginning))
        .unwrap();
    let shown = bench.home.deploytrack(&["show", beginning, "-o", "json"]);
    assert!(shown.done().contains(&id), "{shown:?}");
    let updated = bench.home.deploytrack(&["update", beginning, "succeeded"]);
    assert_eq!(updated.done(), "api v1 in production is succeeded\n");
    bench.home.deploytrack(&["wait", beginning]).ok();
    for (beginning, fault) in [
        (&id[..4], "several deployments have ids that begin with"),
        ("ffff", "there is no deployment whose id begins with ffff"),
    ] {
        for command in [&["show"][..], &["wait"], &["update"]] {
            let status = if command == ["update"] {
                &["failed"][..]
            } else {
                &[]
            };
            let run = bench
                .home
                .deploytrack(&[command, &[beginning], status].concat());
            assert_eq!((run.code, run.err.contains(fault)), (1, true), "{run:?}");
        }
    }
    let args = ["--url", "http://127.0.0.1:1", "update", beginning, "failed"];
    let down = bench.home.deploytrack(&args);
    assert_eq!(down.code, 3, "{down:?}");
    let down = bench
        .home
        .deploytrack(&[&args[..], &["--on-error", "spool"]].concat());
    assert_eq!(
        (down.code, down.err.contains("a whole id")),
        (0, true),
        "{down:?}"
    );
}

#[test]
fn since_and_until_select_by_occurred_at_in_list_and_export() {
    let bench = filled();
    assert_eq!(
        versions(
            &bench,
            &[
                "--since",
                "2016-06-01 12:00",
                "--until",
                "2017-01-01T12:00:00Z"
            ]
        ),
        ["v2"]
    );
    assert_eq!(versions(&bench, &["--since", "2 days ago"]), [""; 0]);
    assert_eq!(
        versions(&bench, &["--until", "2 days ago"]),
        ["v3", "v2", "v1"]
    );
    assert_eq!(
        versions(&bench, &["--created-after", "2020-01-01T00:00:00Z"]),
        ["v3", "v2", "v1"],
        "recorded now"
    );
    let exported = bench.home.deploytrack(&["export", "--since", "2016-02-01"]);
    assert_eq!(exported.done().lines().count(), 2);
    for recent in ["today", "yesterday", "2h", "3d"] {
        assert_eq!(versions(&bench, &["--since", recent]), [""; 0], "{recent}");
        assert_eq!(
            versions(&bench, &["--created-before", recent]),
            [""; 0],
            "{recent}"
        );
    }
    let wrong = bench.home.deploytrack(&["list", "--since", "tomorrow"]);
    assert_eq!(
        (wrong.code, wrong.err.contains("--since")),
        (2, true),
        "{wrong:?}"
    );
}

/// The output of a command on a terminal of this width; 0 is an unknown width.
fn on_terminal(home: &Home, columns: u16, args: &str) -> String {
    let program = deploytrack_tests::program::binary("deploytrack")
        .display()
        .to_string();
    let inner = home.command("deploytrack", &[]);
    let mut command = std::process::Command::new("script");
    command
        .args([
            "-qec",
            &format!("stty cols {columns}; {program} --no-color {args}"),
            "/dev/null",
        ])
        .env_clear();
    command
        .envs(
            inner
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(home.path());
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&output.stdout).replace("\r\n", "\n")
}

#[test]
fn a_terminal_of_any_width_shows_every_row_and_every_column() {
    // script(1) of util-linux runs a command on a terminal.
    if deploytrack_tests::program::on_path("script").is_none() {
        return;
    }
    let bench = Bench::new();
    let home = crate::wrapped::home(&bench);
    let version = "ed52224333bd2591ebd3e2f1eea9768c6b925305";
    let components = [
        "本番環境サービス",
        "notification-worker-with-a-rather-long-name",
        "api",
    ];
    let ids: Vec<_> = components
        .iter()
        .map(|component| bench.record(component, "Produktion 環境", version, "succeeded"))
        .collect();
    for component in components {
        let args = [
            "--url",
            "http://127.0.0.1:1",
            "record",
            "-c",
            component,
            "-e",
            "eu",
            "--version",
            version,
            "--send-timeout",
            "1s",
        ];
        home.deploytrack(&[&args[..], &["--", "true"]].concat())
            .ok();
    }
    let entries = home.deploytrack(&[
        "spool",
        "list",
        "-o",
        "csv",
        "--columns",
        "run",
        "--no-headers",
    ]);
    let entries: Vec<_> = entries.done().lines().map(str::to_owned).collect();
    for columns in [0, 12, 20, 40, 49, 60, 80, 200] {
        for (args, rows, whole) in [
            (
                "list".to_owned(),
                3,
                &[version, "succeeded", "Produktion環境"][..],
            ),
            ("matrix".to_owned(), 3, &[version]),
            ("component list".to_owned(), 3, &["false"]),
            (
                "spool list".to_owned(),
                3,
                &[version, "waiting", "http://127.0.0.1:1"],
            ),
            (
                format!("show {}", ids[1]),
                1,
                &[
                    version,
                    "Produktion環境",
                    "notification-worker-with-a-rather-long-name",
                ],
            ),
            ("latest -c api".to_owned(), 1, &[version, "ci-bot"]),
        ] {
            let text = on_terminal(&home, columns, &args);
            let bare: String = text.split_whitespace().collect();
            // Where there are columns, an id is as short as it is unique.
            let shown = |id: &String| match columns {
                0 | 50.. => bare.contains(&id[..13]),
                _ => bare.contains(id),
            };
            if args == "list" {
                assert!(ids.iter().all(shown), "{columns} {args}:\n{text}");
            }
            if args == "spool list" {
                assert!(entries.iter().all(shown), "{columns} {args}:\n{text}");
            }
            if columns < 50 {
                for part in whole {
                    assert!(
                        bare.matches(part).count() >= rows,
                        "{part} {columns} {args}:\n{text}"
                    );
                }
            }
            let ascii = text
                .lines()
                .filter(|line| columns > 0 && line.is_ascii() && !line.contains("deploytrack"));
            for line in ascii {
                assert!(
                    line.len() <= usize::from(columns),
                    "{columns} {args}: {line}"
                );
            }
        }
    }
}
