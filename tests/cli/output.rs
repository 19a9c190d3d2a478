//! The output of commands: streams and formats.

use deploytrack_tests::snapshot;

use crate::given::Bench;

#[test]
fn every_form_of_the_matrix() {
    let bench = Bench::filled();
    for form in ["json", "csv", "markdown", "yaml", "jsonl"] {
        let run = bench.home.deploytrack(&["matrix", "-o", form]);
        assert_eq!(run.err, "", "{form}");
        snapshot!(format!("cli_matrix_{form}"), run.whole());
    }
}

#[test]
fn every_other_output_format_is_on_standard_output_only() {
    let bench = Bench::filled();
    let id = bench.record("api", "production", "v3", "failed");
    for command in [
        &["list"][..],
        &["show", &id],
        &["latest", "--component", "api"],
        &["component", "list"],
        &["environment", "list"],
    ] {
        for form in ["table", "json", "csv", "markdown", "yaml", "jsonl"] {
            let run = bench.home.deploytrack(&[command, &["-o", form]].concat());
            assert!(
                !run.done().is_empty() && run.err.is_empty(),
                "{command:?} {form}: {run:?}"
            );
            if form == "json" {
                assert!(
                    serde_json::from_str::<serde_json::Value>(&run.out).is_ok(),
                    "{command:?}: {}",
                    run.out
                );
            }
        }
    }
}

#[test]
fn lines_are_the_elements_of_the_json() {
    let bench = Bench::filled();
    let json = bench.home.deploytrack(&["list", "-o", "json"]);
    let page: serde_json::Value = serde_json::from_str(json.done()).unwrap();
    let run = bench.home.deploytrack(&["list", "-o", "jsonl"]);
    let lines: Vec<serde_json::Value> = run
        .done()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(serde_json::Value::from(lines), page["data"]);
    let one = bench.home.deploytrack(&[
        "show",
        page["data"][0]["id"].as_str().unwrap(),
        "-o",
        "jsonl",
    ]);
    assert_eq!(one.done().lines().count(), 1, "{one:?}");
}

#[test]
fn an_export_is_lines_in_both_spellings_of_the_format() {
    let bench = Bench::filled();
    let export = |form| bench.home.deploytrack(&["export", "-o", form]);
    assert_eq!(export("jsonl").done(), export("json").done());
    assert_eq!(export("yaml").code, 2);
}

#[test]
fn no_colour_without_a_terminal() {
    let mut bench = Bench::filled();
    for name in ["TERM", "NO_COLOR"] {
        bench.home.set(name, "xterm-256color");
        for args in [
            &["matrix"][..],
            &["list"],
            &["matrix", "--no-color"],
            &["show", "00000000-0000-4000-8000-000000000000"],
        ] {
            let run = bench.home.deploytrack(args);
            assert!(
                !format!("{}{}", run.out, run.err).contains('\u{1b}'),
                "{run:?}"
            );
        }
    }
}

#[test]
fn tables_fit_the_given_width() {
    let mut bench = Bench::filled();
    bench.record(
        "a-component-with-quite-a-long-name",
        "production",
        &"1.2.3-very-long-version".repeat(5),
        "succeeded",
    );
    bench.home.set("COLUMNS", "60");
    let run = bench.home.deploytrack(&["matrix"]);
    let widest = run.done().lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(60), "{widest:?}\n{}", run.out);
}

#[test]
fn an_empty_matrix_is_reported_on_standard_error_or_as_an_empty_table() {
    let bench = Bench::new();
    let run = bench.home.deploytrack(&["matrix", "-o", "json"]);
    assert_eq!(run.done().trim(), "[]");
    for args in [&["matrix"][..], &["matrix", "--since", "2h"]] {
        let run = bench.home.deploytrack(args);
        assert_eq!(run.done(), "");
        assert!(
            run.err.starts_with("the matrix is empty; record"),
            "{run:?}"
        );
    }
}

#[test]
fn nothing_from_outside_reaches_the_terminal_as_a_control_character() {
    let bench = Bench::new();
    let line = r#"{"component":"api","environment":"production","version":"v1","status":"succeeded","occurredAt":"2025-06-01T12:00:00Z","description":"\u001b[31mred\u001b[0m"}"#;
    let _ = bench
        .home
        .deploytrack_reading(&["import", "-"], line)
        .done();
    let listed = bench.home.deploytrack(&["list", "-o", "json"]);
    let page: serde_json::Value = serde_json::from_str(listed.done()).unwrap();
    let id = page.get("data").unwrap_or(&page)[0]["id"].as_str().unwrap();
    let run = bench.home.deploytrack(&["show", id]);
    assert!(!run.done().contains('\u{1b}'), "{run:?}");
}

#[test]
fn json_and_yaml_in_a_pipe_cannot_steer_the_terminal_at_its_end() {
    let bench = Bench::new();
    let steering = "a\u{9b}31m\u{202e}b\u{2066}c\u{7f}";
    let line = serde_json::json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded",
        "occurredAt": "2025-06-01T12:00:00Z", "description": steering});
    let _ = bench
        .home
        .deploytrack_reading(&["import", "-"], &line.to_string())
        .done();
    let listed: serde_json::Value =
        serde_json::from_str(bench.home.deploytrack(&["list", "-o", "json"]).done()).unwrap();
    assert_eq!(
        listed["data"][0]["description"], steering,
        "the value is the same"
    );
    let id = listed["data"][0]["id"].as_str().unwrap();
    for command in [
        &["list"][..],
        &["show", id],
        &["export"],
        &["latest", "-c", "api"],
    ] {
        for form in ["json", "jsonl", "yaml", "csv", "markdown", "table"] {
            let run = bench.home.deploytrack(&[command, &["-o", form]].concat());
            assert!(
                !run.out
                    .contains(['\u{9b}', '\u{202e}', '\u{2066}', '\u{7f}']),
                "{command:?} {form}: {run:?}"
            );
        }
    }
}

#[test]
fn the_help_of_the_program_and_of_a_command() {
    let home = deploytrack_tests::program::Home::new();
    let pages = [&["--help"][..], &["list", "--help"], &["component", "-h"]];
    let pages = pages.map(|page| home.deploytrack(page).done().to_owned());
    deploytrack_tests::snapshot!("cli_help", pages.join("\n----\n"));
}
