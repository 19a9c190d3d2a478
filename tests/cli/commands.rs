//! Every command once, with its whole output.

use deploytrack_tests::{program::Home, snapshot};
use serde_json::Value;

use crate::given::Bench;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn record_prints_only_the_id() {
    let bench = Bench::new();
    let run = bench.home.deploytrack(&[
        "record",
        "--component",
        "api",
        "--environment",
        "production",
        "--version",
        "v1",
    ]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(uuid::Uuid::try_parse(run.out.trim()).is_ok(), "{run:?}");
    let shown = json(
        bench
            .home
            .deploytrack(&["show", run.out.trim(), "-o", "json"])
            .done(),
    );
    let deployment = shown.get("deployment").unwrap_or(&shown);
    assert_eq!(
        (&deployment["version"], &deployment["status"]),
        (&Value::from("v1"), &Value::from("pending"))
    );
}

#[test]
fn update_moves_a_deployment_on() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "pending");
    let _ = bench
        .home
        .deploytrack(&["update", &id, "in_progress"])
        .done();
    let _ = bench
        .home
        .deploytrack(&[
            "update",
            &id,
            "failed",
            "--reason",
            "exit code 3",
            "--meta",
            "run=7",
        ])
        .done();
    let shown = bench.home.deploytrack(&["show", &id]);
    assert!(shown.done().contains("exit code 3"), "{shown:?}");
    snapshot!(
        "cli_update_refused",
        bench
            .home
            .deploytrack(&["update", &id, "succeeded"])
            .whole()
    );
}

#[test]
fn list_filters_and_pages() {
    let bench = Bench::filled();
    let versions = |args: &[&str]| -> Vec<String> {
        let all = [&["list", "-o", "json"], args].concat();
        let page = json(bench.home.deploytrack(&all).done());
        let data = page.get("data").unwrap_or(&page);
        data.as_array()
            .unwrap()
            .iter()
            .map(|one| one["version"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(versions(&[]), ["v8", "v7", "v1", "v2"]);
    assert_eq!(versions(&["--component", "api"]), ["v1", "v2"]);
    assert_eq!(
        versions(&["--environment", "staging", "--status", "succeeded"]),
        ["v2"]
    );
    assert_eq!(versions(&["--skip", "1", "--take", "2"]), ["v7", "v1"]);
    assert_eq!(versions(&["--all"]), ["v8", "v7", "v1", "v2"]);
}

#[test]
fn names_and_uuids_serve_alike() {
    let bench = Bench::filled();
    let listed = json(
        bench
            .home
            .deploytrack(&["list", "--component", "api", "-o", "json"])
            .done(),
    );
    let id = listed.get("data").unwrap_or(&listed)[0]["componentId"]
        .as_str()
        .unwrap()
        .to_owned();
    let by = |component: &str| {
        bench
            .home
            .deploytrack(&["latest", "--component", component, "-o", "json"])
            .done()
            .to_owned()
    };
    assert_eq!(by("api"), by(&id));
    let by = |component: &str| {
        bench
            .home
            .deploytrack(&["list", "--component", component, "-o", "csv"])
            .done()
            .to_owned()
    };
    assert_eq!(by("api"), by(&id));
    let by = |component: &str| {
        bench
            .home
            .deploytrack(&["matrix", "--component", component, "-o", "csv"])
            .done()
            .to_owned()
    };
    assert_eq!(by("api"), by(&id));
}

#[test]
fn the_matrix_shows_cells_in_environment_order() {
    let bench = Bench::filled();
    let run = bench.home.deploytrack(&["matrix"]);
    let out = run.done();
    assert!(
        out.find("staging").unwrap() < out.find("production").unwrap(),
        "{out}"
    );
    for word in ["api", "web", "v1", "v2", "v7"] {
        assert!(out.contains(word), "{out}");
    }
    assert!(
        out.contains("◐ v8 in progress") && out.matches("v8").count() == 1,
        "a deployment that runs is not shown as current: {out}"
    );
    let only = bench.home.deploytrack(&[
        "matrix",
        "--environment",
        "staging",
        "--component",
        "api",
        "-o",
        "csv",
    ]);
    assert!(
        only.done().contains("v2") && !only.out.contains("production"),
        "{only:?}"
    );
}

#[test]
fn components_and_environments_are_managed_by_name() {
    let bench = Bench::new();
    for kind in ["component", "environment"] {
        let _ = bench.home.deploytrack(&[kind, "create", "staging"]).done();
        assert!(
            bench
                .home
                .deploytrack(&[kind, "list"])
                .done()
                .contains("staging")
        );
        let taken = bench.home.deploytrack(&[kind, "create", "staging"]);
        assert_eq!(taken.code, 1, "{taken:?}");
        let _ = bench
            .home
            .deploytrack(&[
                kind,
                "update",
                "staging",
                "--description",
                "before production",
            ])
            .done();
        assert!(
            bench
                .home
                .deploytrack(&[kind, "list", "-o", "json"])
                .done()
                .contains("before production")
        );
        let _ = bench.home.deploytrack(&[kind, "delete", "staging"]).done();
        assert!(
            !bench
                .home
                .deploytrack(&[kind, "list", "-o", "json"])
                .done()
                .contains("staging")
        );
    }
}

#[test]
fn a_component_with_deployments_is_not_deleted_and_the_answer_names_the_way_out() {
    let bench = Bench::filled();
    let run = bench.home.deploytrack(&["component", "delete", "api"]);
    assert_eq!(run.code, 1);
    assert!(run.err.contains("archive"), "{run:?}");
}

#[test]
fn help_names_every_command_that_exists() {
    let help = Home::new().deploytrack(&["--help"]);
    for command in [
        "serve",
        "record",
        "update",
        "list",
        "show",
        "latest",
        "matrix",
        "import",
        "export",
        "component",
        "environment",
        "undeploy",
        "verify",
    ] {
        assert!(help.done().contains(command), "{command}: {help:?}");
    }
}
