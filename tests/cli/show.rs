//! deploytrack show

use deploytrack_tests::snapshot;

use crate::given::Bench;

/// The output without ages and with single spaces: the ages, and so the columns, grow with the
/// years.
fn timeless(text: &str) -> String {
    let is_age = |word: &str| {
        word.strip_suffix(['y', 'd', 'h', 'm', 's'])
            .is_some_and(|number| number.parse::<u32>().is_ok())
    };
    let line = |line: &str| {
        let cells = line
            .split("  ")
            .map(|cell| cell.split(" (").next().unwrap_or_default().trim())
            .filter(|cell| !cell.is_empty());
        cells
            .map(|cell| if is_age(cell) { "<age>" } else { cell })
            .collect::<Vec<_>>()
            .join("  ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_retry_is_another_attempt_with_its_reason_and_duration() {
    let bench = Bench::new();
    let id = bench.record_at("api", "production", "v1", "pending", "2025-06-01T11:59:00Z");
    for (status, time, reason) in [
        ("in_progress", "2025-06-01T12:00:00Z", None),
        ("failed", "2025-06-01T12:02:03Z", Some("exit code 3")),
        ("pending", "2025-06-01T13:00:00Z", Some("a flaky registry")),
        ("in_progress", "2025-06-01T13:00:30Z", None),
        ("succeeded", "2025-06-01T14:01:30.250Z", Some("second try")),
    ] {
        let reason: &[&str] = if let Some(reason) = &reason {
            &["--reason", reason]
        } else {
            &[]
        };
        let _ = bench
            .home
            .deploytrack(&[&["update", &id, status, "--occurred-at", time], reason].concat())
            .done();
    }
    let run = bench.home.deploytrack(&["show", &id]);
    let out = deploytrack_tests::answer::redact(run.done());
    snapshot!("cli_show_attempts", timeless(&out));
    let json: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["show", &id, "-o", "json"]).done()).unwrap();
    assert_eq!(json["history"].as_array().unwrap().len(), 6);
    let csv = bench.home.deploytrack(&["show", &id, "-o", "csv"]);
    assert!(
        csv.done().starts_with(
            "id,sequence,attempt,event,from,to,occurredAt,recordedAt,recordedBy,reason,hash"
        ),
        "{csv:?}"
    );
}

#[test]
fn a_cell_shows_its_current_deployment_and_names_a_newer_one() {
    let bench = Bench::new();
    let current = bench.record("api", "production", "v1", "succeeded");
    let cell = || {
        bench
            .home
            .deploytrack(&["show", "api", "production", "-o", "json"])
    };
    let shown = cell();
    assert!(
        shown.done().contains(&current) && shown.err.is_empty(),
        "{shown:?}"
    );
    let newer = bench.record("api", "production", "v2", "failed");
    let shown = cell();
    assert!(shown.done().contains(&current), "{shown:?}");
    assert!(
        shown
            .err
            .contains(&format!("v2, is failed: deploytrack show {newer}")),
        "{shown:?}"
    );
    let only = bench.record("api", "staging", "v3", "failed");
    let shown = bench
        .home
        .deploytrack(&["show", "api", "staging", "-o", "json"]);
    assert!(
        shown.done().contains(&only) && shown.err.contains("no deployment is current"),
        "{shown:?}"
    );
    bench.record("web", "production", "v1", "succeeded");
    let gone = bench.record("web", "eu", "v1", "succeeded");
    bench
        .home
        .deploytrack(&["undeploy", "-c", "web", "-e", "eu"])
        .ok();
    let shown = bench.home.deploytrack(&["show", "web", "eu", "-o", "json"]);
    assert!(
        shown.done().contains(&gone) && shown.err.contains("no deployment is current"),
        "{shown:?}"
    );
    for (args, fault) in [
        (
            &["show", "web", "staging"][..],
            "web was never deployed to staging",
        ),
        (&["show", "api", "prodction"], "did you mean production"),
        (&["show", "api"], "deploytrack show COMPONENT ENVIRONMENT"),
    ] {
        let run = bench.home.deploytrack(args);
        assert!(run.code != 0 && run.err.contains(fault), "{run:?}");
    }
}
