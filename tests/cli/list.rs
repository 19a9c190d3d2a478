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
            .last()
            .is_some_and(|age| age.ends_with('y'))
    };
    let aged: Vec<_> = table
        .done()
        .lines()
        .filter(|line| line.contains("production"))
        .map(years)
        .collect();
    assert_eq!(aged, [true; 3], "{table:?}");
    let csv = bench.home.deploytrack(&["list", "-o", "csv"]);
    assert!(
        csv.done().lines().next().unwrap().ends_with(",occurredAt"),
        "{csv:?}"
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
            if args == "list" {
                assert!(
                    ids.iter().all(|id| bare.contains(id)),
                    "{columns} {args}:\n{text}"
                );
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
