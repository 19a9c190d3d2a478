//! deploytrack undeploy

use deploytrack_tests::snapshot;

use crate::given::Bench;

#[test]
fn an_undeployment_is_announced_and_its_cell_empties() {
    let bench = Bench::filled();
    let run = bench.home.deploytrack(&[
        "undeploy",
        "--component",
        "api",
        "--environment",
        "production",
        "--reason",
        "moved to another cluster",
    ]);
    assert_eq!(
        (run.done(), run.err.as_str()),
        ("api v1 left production\n", "")
    );
    let matrix = bench
        .home
        .deploytrack(&["matrix", "--component", "api", "-o", "csv"]);
    assert!(
        !matrix.done().contains("production") && matrix.out.contains("staging"),
        "{matrix:?}"
    );
    let listed = bench.home.deploytrack(&[
        "list",
        "--component",
        "api",
        "--environment",
        "production",
        "-o",
        "csv",
    ]);
    let id = listed
        .done()
        .lines()
        .nth(1)
        .unwrap()
        .split(',')
        .next()
        .unwrap()
        .to_owned();
    let shown = bench.home.deploytrack(&["show", &id]);
    assert!(
        shown.done().contains("EVENT")
            && shown.out.contains("undeployed")
            && shown.out.contains("moved to another cluster"),
        "{shown:?}"
    );
    assert!(shown.out.contains("succeeded"), "the status stays");
}

#[test]
fn undeploy_of_an_empty_cell_is_an_error() {
    let bench = Bench::filled();
    let args = ["undeploy", "-c", "web", "-e", "staging"];
    snapshot!(
        "cli_undeploy_nothing",
        bench.home.deploytrack(&args).whole()
    );
    let _ = bench
        .home
        .deploytrack(&["undeploy", "-c", "web", "-e", "production"])
        .done();
    assert_eq!(
        bench
            .home
            .deploytrack(&["undeploy", "-c", "web", "-e", "production"])
            .code,
        1,
        "it has left already"
    );
    let unknown = bench
        .home
        .deploytrack(&["undeploy", "-c", "web", "-e", "prodution"]);
    assert_eq!(unknown.code, 1);
    assert!(unknown.err.contains("production"), "{unknown:?}");
}

#[test]
fn an_undeployment_reported_late_takes_its_place_in_the_past() {
    let bench = Bench::new();
    for (version, time) in [
        ("v1", "2025-06-01T12:00:00Z"),
        ("v2", "2025-06-03T12:00:00Z"),
    ] {
        bench.record_at("api", "production", version, "succeeded", time);
    }
    let args = [
        "undeploy",
        "-c",
        "api",
        "-e",
        "production",
        "--occurred-at",
        "2025-06-02T12:00:00Z",
        "-o",
        "json",
    ];
    let removed: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&args).done()).unwrap();
    assert_eq!(removed["version"], "v1");
    let at = |moment: &str| {
        bench
            .home
            .deploytrack(&["matrix", "-o", "csv", "--at", moment])
            .done()
            .to_owned()
    };
    assert!(
        at("2025-06-02").contains("v1")
            && !at("2025-06-03").contains("production")
            && at("2025-06-04").contains("v2")
    );
    let before = bench.home.deploytrack(&[
        "undeploy",
        "-c",
        "api",
        "-e",
        "production",
        "--occurred-at",
        "2025-05-01T00:00:00Z",
    ]);
    assert_eq!(before.code, 1);
    assert!(
        before.err.contains("was current at that time"),
        "{before:?}"
    );
}
