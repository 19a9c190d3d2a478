//! `--at`: the versions that were current at a time.

use deploytrack_tests::{program::Home, snapshot};

use crate::given::Bench;

fn filled() -> Bench {
    let bench = Bench::new();
    bench.record_at("api", "staging", "v2", "succeeded", "2025-06-01T06:00:00Z");
    bench.record_at(
        "api",
        "production",
        "v1",
        "succeeded",
        "2025-06-01T12:00:00Z",
    );
    bench.record_at(
        "web",
        "production",
        "v7",
        "succeeded",
        "2025-06-02T12:00:00Z",
    );
    bench.record_at(
        "api",
        "production",
        "v2",
        "succeeded",
        "2025-06-03T12:00:00Z",
    );
    bench
}

#[test]
fn the_matrix_of_a_date_shows_ages_as_they_were() {
    let bench = filled();
    snapshot!(
        "cli_matrix_at",
        bench
            .home
            .deploytrack(&["matrix", "--at", "2025-06-03"])
            .whole()
    );
    for moment in [
        "2025-06-03 00:00",
        "2025-06-03T02:00:00+02:00",
        "2025-06-02T24:00:00Z",
    ] {
        let run = bench.home.deploytrack(&["matrix", "--at", moment]);
        let expected = bench.home.deploytrack(&["matrix", "--at", "2025-06-03"]);
        if moment.contains("T24") {
            assert_eq!(run.code, 2, "no clock shows that: {run:?}");
        } else {
            assert_eq!(run.done(), expected.done(), "{moment}");
        }
    }
}

#[test]
fn a_moment_may_be_so_long_ago() {
    let bench = filled();
    let now = bench.home.deploytrack(&["matrix", "-o", "csv"]);
    assert_eq!(
        bench
            .home
            .deploytrack(&["matrix", "-o", "csv", "--at", "2 days ago"])
            .done(),
        now.done()
    );
    let before = bench
        .home
        .deploytrack(&["matrix", "-o", "csv", "--at", "40 years ago"]);
    assert_eq!(before.done().lines().count(), 1, "{before:?}");
}

#[test]
fn changes_since_a_time_are_shown_in_every_form() {
    let bench = filled();
    let since = |form| {
        let args = ["matrix", "--since", "2025-06-02", "-o", form];
        bench.home.deploytrack(&args)
    };
    for form in ["csv", "markdown", "json"] {
        snapshot!(format!("cli_matrix_since_{form}"), since(form).whole());
    }
    let table = since("table");
    assert!(
        table.done().contains("v1 → v2") && table.out.contains("- → v7"),
        "{table:?}"
    );
    assert!(!table.out.contains("staging"), "no change there: {table:?}");
    let unchanged = bench.home.deploytrack(&["matrix", "--since", "yesterday"]);
    assert_eq!(unchanged.done(), "");
    assert!(
        unchanged.err.starts_with("no version has changed since "),
        "{unchanged:?}"
    );
    let json = ["matrix", "--since", "yesterday", "-o", "json"];
    assert_eq!(bench.home.deploytrack(&json).done().trim(), "[]");
}

#[test]
fn since_excludes_at_and_watch() {
    let home = Home::new();
    for other in [&["--at", "2h"][..], &["--watch"]] {
        let run = home.deploytrack(&[&["matrix", "--since", "2h"], other].concat());
        assert_eq!(run.code, 2, "{run:?}");
        assert!(run.err.contains("cannot be used with"), "{run:?}");
    }
}

#[test]
fn an_invalid_time_is_2() {
    let home = Home::new();
    for moment in ["nonsense", "tomorrow", "2", "2025-13-01", ""] {
        for command in [&["matrix"][..], &["latest", "--component", "api"]] {
            let run = home.deploytrack(&[command, &["--at", moment]].concat());
            assert_eq!((run.code, run.out.as_str()), (2, ""), "{moment}: {run:?}");
            assert!(run.err.contains("--at"), "{run:?}");
        }
    }
}

#[test]
fn latest_is_of_a_moment_too() {
    let bench = filled();
    let versions = |args: &[&str]| {
        let run = bench
            .home
            .deploytrack(&[&["latest", "--component", "api", "-o", "json"], args].concat());
        let latest: serde_json::Value = serde_json::from_str(run.done()).unwrap();
        latest
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["version"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(versions(&[]), ["v2", "v2"]);
    assert_eq!(versions(&["--at", "2025-06-02"]), ["v2", "v1"]);
    assert_eq!(versions(&["--at", "2025-06-01T06:00:00Z"]), ["v2"]);
    snapshot!(
        "cli_latest_at",
        bench
            .home
            .deploytrack(&["latest", "--component", "api", "--at", "2025-06-03"])
            .whole()
    );
    snapshot!(
        "cli_latest_at_nothing",
        bench
            .home
            .deploytrack(&["latest", "--component", "api", "--at", "2025-01-01"])
            .whole()
    );
}
