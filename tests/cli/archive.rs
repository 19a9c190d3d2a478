//! `archive`, by name and by pattern, and the output of a deployment to an archived environment.

use serde_json::Value;

use crate::given::Bench;

/// Three environments, of which one is in use.
fn filled() -> Bench {
    let bench = Bench::new();
    for (environment, at) in [
        ("review/1", "2020-01-01T12:00:00Z"),
        ("review/2", "2020-06-01T12:00:00Z"),
        ("production", "2020-01-01T12:00:00Z"),
    ] {
        bench.record_at("api", environment, "v1", "succeeded", at);
    }
    // Makes the registration old too.
    bench
}

/// The names of the archived environments.
fn archived(bench: &Bench) -> Vec<String> {
    let listed = bench
        .home
        .deploytrack(&["environment", "list", "--archived", "-o", "json"]);
    let page: Value = serde_json::from_str(listed.done()).unwrap();
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_pattern_is_previewed_archived_and_unarchived() {
    let bench = filled();
    let dry = bench
        .home
        .deploytrack(&["environment", "archive", "review/*", "--dry-run"]);
    assert!(
        dry.done().contains("review/1")
            && dry.out.contains("review/2")
            && !dry.out.contains("production"),
        "{dry:?}"
    );
    assert!(
        dry.err
            .contains("2 environments would be archived; run the command without --dry-run"),
        "{dry:?}"
    );
    assert_eq!(archived(&bench), [""; 0]);
    let done = bench
        .home
        .deploytrack(&["environment", "archive", "review/*"]);
    assert!(
        done.done().contains("review/1") && done.err.contains("2 environments were archived"),
        "{done:?}"
    );
    assert_eq!(archived(&bench), ["review/1", "review/2"]);
    let matrix = bench.home.deploytrack(&["matrix", "-o", "json"]);
    assert!(!matrix.done().contains("review/"), "{matrix:?}");
    let json =
        bench
            .home
            .deploytrack(&["environment", "archive", "review/*", "--undo", "-o", "json"]);
    let names: Vec<Value> = serde_json::from_str(json.done()).unwrap();
    assert_eq!(
        names
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["review/1", "review/2"]
    );
    assert_eq!(archived(&bench), [""; 0]);
    let nothing = bench
        .home
        .deploytrack(&["environment", "archive", "preview-*"]);
    assert_eq!(
        (nothing.done(), nothing.err.trim()),
        ("", "no environment that is in use matches preview-*")
    );
}

#[test]
fn older_than_does_not_archive_recently_registered_or_deployed_names() {
    let bench = filled();
    let young =
        bench
            .home
            .deploytrack(&["environment", "archive", "review/*", "--older-than", "7d"]);
    assert!(
        young.done().is_empty() && young.err.contains("without a deployment for that long"),
        "registered just now: {young:?}"
    );
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let _ = bench
        .home
        .deploytrack(&["record", "-c", "api", "-e", "review/2", "--version", "v2"])
        .done();
    let idle =
        bench
            .home
            .deploytrack(&["environment", "archive", "review/*", "--older-than", "1s"]);
    assert!(
        idle.done().contains("review/1") && idle.err.contains("1 environment was archived"),
        "{idle:?}"
    );
    assert_eq!(archived(&bench), ["review/1"]);
    let components =
        bench
            .home
            .deploytrack(&["component", "archive", "api", "--older-than", "30d"]);
    assert!(
        components
            .err
            .contains("no component that is in use matches api"),
        "{components:?}"
    );
    let wrong =
        bench
            .home
            .deploytrack(&["environment", "archive", "nowhere", "--older-than", "1d"]);
    assert_eq!(
        (
            wrong.code,
            wrong.err.contains("there is no environment nowhere")
        ),
        (1, true),
        "{wrong:?}"
    );
    let long = bench.home.deploytrack(&[
        "environment",
        "archive",
        "review/*",
        "--older-than",
        "300000y",
    ]);
    assert_eq!(
        (long.code, long.err.contains("--older-than")),
        (2, true),
        "{long:?}"
    );
}

#[test]
fn a_deployment_reports_that_its_environment_was_archived() {
    let bench = filled();
    let _ = bench
        .home
        .deploytrack(&["environment", "archive", "review/1"])
        .done();
    let _ = bench
        .home
        .deploytrack(&["component", "archive", "api"])
        .done();
    let past = [
        "record",
        "-c",
        "api",
        "-e",
        "review/1",
        "--version",
        "v0",
        "--status",
        "succeeded",
        "--occurred-at",
        "2019-01-01T12:00:00Z",
    ];
    let late = bench.home.deploytrack(&past);
    assert!(
        late.err.contains(
            "the environment review/1 is archived, so the matrix does not show this deployment"
        ),
        "{late:?}"
    );
    assert!(
        late.err.contains("the component api is archived"),
        "{late:?}"
    );
    assert_eq!(archived(&bench), ["review/1"]);
    let new = bench.home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "review/1",
        "--version",
        "v2",
        "--",
        "true",
    ]);
    assert_eq!(new.code, 0);
    assert!(
        new.err.contains(
            "the environment review/1 was archived; this deployment restored it from the archive"
        ),
        "{new:?}"
    );
    assert!(
        new.err.contains("the component api was archived"),
        "{new:?}"
    );
    assert_eq!(archived(&bench), [""; 0]);
    let rollback = |environment| {
        bench
            .home
            .deploytrack(&["rollback", "-c", "api", "-e", environment])
    };
    let _ = bench
        .home
        .deploytrack(&["environment", "archive", "review/1"])
        .done();
    let rolled_back = rollback("review/1");
    assert!(
        rolled_back
            .err
            .contains("the environment review/1 was archived"),
        "{rolled_back:?}"
    );
    assert_eq!(archived(&bench), [""; 0]);
}

#[test]
fn a_deployment_from_the_spool_reports_it_too() {
    let mut bench = filled();
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let kept = bench.home.deploytrack(&[
        "record",
        "-c",
        "api",
        "-e",
        "review/1",
        "--version",
        "v2",
        "--",
        "true",
    ]);
    assert_eq!(kept.code, 0, "{kept:?}");
    bench.restart(&url);
    let _ = bench
        .home
        .deploytrack(&["environment", "archive", "review/1"])
        .done();
    let flushed = bench.home.deploytrack(&["flush"]);
    assert!(
        flushed.err.contains("the environment review/1 is archived"),
        "it happened before the archiving: {flushed:?}"
    );
    assert_eq!(archived(&bench), ["review/1"]);
}

#[test]
fn an_empty_matrix_names_its_archived_names() {
    let bench = filled();
    let _ = bench
        .home
        .deploytrack(&["component", "archive", "api"])
        .done();
    let matrix = |args: &[&str]| bench.home.deploytrack(&[&["matrix"], args].concat());
    let empty = matrix(&[]);
    assert!(
        empty
            .err
            .contains("1 components are archived: --include-archived shows them"),
        "{empty:?}"
    );
    let named = matrix(&["-c", "api"]);
    assert_eq!(
        (
            named.code,
            named.err.contains("the component api is archived")
        ),
        (1, true),
        "{named:?}"
    );
    assert!(
        matrix(&["-c", "api", "--include-archived"])
            .done()
            .contains("v1")
    );
    assert!(
        matrix(&["-c", "api", "--at", "2020-03-01"])
            .done()
            .contains("v1"),
        "it was not archived then"
    );
    let _ = bench
        .home
        .deploytrack(&["component", "archive", "api", "--undo"])
        .done();
    let _ = bench
        .home
        .deploytrack(&["environment", "archive", "review/*"])
        .done();
    let past = matrix(&["--at", "2020-03-01", "-o", "csv"]);
    assert!(
        past.done().contains("review/1") && !past.out.contains("review/2"),
        "{past:?}"
    );
    let past = matrix(&["--at", "2020-03-01"]);
    assert!(
        past.done().contains("review/1"),
        "a table has the same environments: {past:?}"
    );
}
