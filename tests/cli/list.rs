//! `deploytrack list`: by when things happened.

use crate::*;

/// Told in another order than it happened.
fn filled() -> Bench {
    let bench = Bench::new();
    for (version, at) in [("v2", "2016-06-01T12:00:00Z"), ("v1", "2016-01-01T12:00:00Z"), ("v3", "2017-01-01T12:00:00Z")] {
        bench.record_at("api", "production", version, "succeeded", at);
    }
    bench
}

/// The versions that a list shows.
fn versions(bench: &Bench, args: &[&str]) -> Vec<String> {
    let listed = bench.home.deploytrack(&[&["list", "-o", "json"], args].concat());
    let page: serde_json::Value = serde_json::from_str(listed.done()).unwrap();
    page["data"].as_array().unwrap().iter().map(|one| one["version"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_goes_by_when_things_happened_unless_asked_otherwise() {
    let bench = filled();
    assert_eq!(versions(&bench, &[]), ["v3", "v2", "v1"]);
    assert_eq!(versions(&bench, &["--all"]), ["v3", "v2", "v1"]);
    assert_eq!(versions(&bench, &["--order", "created"]), ["v3", "v1", "v2"]);
    assert_eq!(versions(&bench, &["--skip", "1", "--take", "1"]), ["v2"]);
    let wrong = bench.home.deploytrack(&["list", "--order", "newest"]);
    assert_eq!((wrong.code, wrong.err.contains("created, occurred")), (2, true), "{wrong:?}");
}

#[test]
fn the_age_of_a_backfill_is_that_of_what_happened() {
    let bench = filled();
    let table = bench.home.deploytrack(&["list"]);
    let years = |line: &str| line.split_whitespace().last().is_some_and(|age| age.ends_with('y'));
    let aged: Vec<_> = table.done().lines().filter(|line| line.contains("production")).map(years).collect();
    assert_eq!(aged, [true; 3], "{table:?}");
    let csv = bench.home.deploytrack(&["list", "-o", "csv"]);
    assert!(csv.done().lines().next().unwrap().ends_with(",occurredAt"), "{csv:?}");
}

#[test]
fn since_and_until_are_of_what_happened_in_list_and_export() {
    let bench = filled();
    assert_eq!(versions(&bench, &["--since", "2016-06-01 12:00", "--until", "2017-01-01T12:00:00Z"]), ["v2"]);
    assert_eq!(versions(&bench, &["--since", "2 days ago"]), [""; 0]);
    assert_eq!(versions(&bench, &["--until", "2 days ago"]), ["v3", "v2", "v1"]);
    assert_eq!(versions(&bench, &["--created-after", "2020-01-01T00:00:00Z"]), ["v3", "v2", "v1"], "recorded now");
    let exported = bench.home.deploytrack(&["export", "--since", "2016-02-01"]);
    assert_eq!(exported.done().lines().count(), 2);
    let wrong = bench.home.deploytrack(&["list", "--since", "yesterday"]);
    assert_eq!((wrong.code, wrong.err.contains("--since")), (2, true), "{wrong:?}");
}
