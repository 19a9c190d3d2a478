//! import and export

use crate::*;

fn lines(count: usize) -> String {
    (0..count)
        .map(|n| {
            format!(
                "{{\"component\":\"api\",\"environment\":\"production\",\"version\":\"v{n}\",\"status\":\"succeeded\",\"occurredAt\":\"2025-06-01T{:02}:{:02}:{:02}Z\"}}\n",
                n / 3600,
                n / 60 % 60,
                n % 60
            )
        })
        .collect::<Vec<_>>()
        .concat()
}

#[test]
fn the_same_file_twice_adds_nothing_however_long_it_is() {
    let bench = Bench::new();
    let file = bench.home.path().join("history.ndjson");
    std::fs::write(&file, lines(2345)).unwrap();
    let file = file.to_str().unwrap();
    snapshot!("cli_import", bench.home.deploytrack(&["import", file]).whole());
    snapshot!("cli_import_again", bench.home.deploytrack(&["import", file]).whole());
    assert_eq!(bench.home.deploytrack(&["export"]).done().lines().count(), 2345);
}

#[test]
fn an_export_fills_an_empty_server_with_the_same_matrix() {
    let (bench, other) = (Bench::filled(), Bench::new());
    let export = bench.home.deploytrack(&["export"]).done().to_owned();
    let _ = other.home.deploytrack_reading(&["import", "-"], &export).done();
    let matrix = |bench: &Bench| bench.home.deploytrack(&["matrix", "-o", "csv"]).done().to_owned();
    assert_eq!(matrix(&bench), matrix(&other));
    assert_eq!(other.home.deploytrack(&["export"]).done(), export);
}

#[test]
fn a_bad_line_is_named_by_its_number_in_the_file() {
    let bench = Bench::new();
    let text = format!("{}{{\"component\": \"api\"}}\n", lines(1500));
    let run = bench.home.deploytrack_reading(&["import", "-"], &text);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.err.contains("1501"), "{run:?}");
}

#[test]
fn a_file_that_is_not_there_is_2() {
    let run = Bench::new().home.deploytrack(&["import", "no-such-file.ndjson"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("no-such-file.ndjson"), "{run:?}");
}

#[test]
fn export_filters() {
    let bench = Bench::filled();
    let export = bench.home.deploytrack(&["export", "--component", "web", "--status", "succeeded"]);
    assert_eq!(export.done().lines().count(), 1);
    assert!(export.out.contains("v7"));
}
