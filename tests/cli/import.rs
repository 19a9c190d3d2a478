//! `deploytrack import` and `export`.

use std::io::Write as _;

use deploytrack_tests::snapshot;
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::given::Bench;

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
    snapshot!(
        "cli_import",
        bench.home.deploytrack(&["import", file]).whole()
    );
    snapshot!(
        "cli_import_again",
        bench.home.deploytrack(&["import", file]).whole()
    );
    assert_eq!(
        bench.home.deploytrack(&["export"]).done().lines().count(),
        2345
    );
}

#[test]
fn an_export_fills_an_empty_server_with_the_same_matrix() {
    let (bench, other) = (Bench::filled(), Bench::new());
    let export = bench.home.deploytrack(&["export"]).done().to_owned();
    let _ = other
        .home
        .deploytrack_reading(&["import", "-"], &export)
        .done();
    // The ids of deployments differ between servers.
    let matrix = |bench: &Bench| {
        let run = bench.home.deploytrack(&["matrix", "-o", "csv"]);
        let cells = run.done().lines().map(|line| line.split(',').take(6));
        cells
            .map(|cell| cell.collect::<Vec<_>>().join(","))
            .collect::<Vec<_>>()
    };
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
    let run = Bench::new()
        .home
        .deploytrack(&["import", "no-such-file.ndjson"]);
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("no-such-file.ndjson"), "{run:?}");
}

#[test]
fn export_filters() {
    let bench = Bench::filled();
    let export = bench
        .home
        .deploytrack(&["export", "--component", "web", "--status", "succeeded"]);
    assert_eq!(export.done().lines().count(), 1);
    assert!(export.out.contains("v7"));
}

/// Writes a file into the home of a bench.
fn file(bench: &Bench, name: &str, bytes: impl AsRef<[u8]>) -> String {
    let path = bench.home.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

fn deployment(version: &str, minute: u32) -> Value {
    json!({"component": "api", "environment": "production", "version": version, "status": "success",
        "occurredAt": format!("2025-06-01T12:{minute:02}:00Z"), "description": "naïve {, 日本"})
}

#[test]
fn two_deployments_are_two_in_whichever_form_they_come() {
    let two = [deployment("v1", 1), deployment("v2", 2)];
    let [a, b] = two.each_ref().map(ToString::to_string);
    let text = format!("{a}\n{b}\n");
    let utf_16: Vec<u8> = format!("\u{feff}{text}")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes()).unwrap();
    let table = "component;environment;version;status;occurred_at;description\r\n\
                 api;production;v1;success;2025-06-01T12:01:00Z;\"naïve {, 日本\"\r\n\
                 api;production;v2;success;2025-06-01T12:02:00Z;\"naïve {, 日本\"\r\n";
    let bench = Bench::new();
    let import = |name: &str, bytes: &[u8]| {
        bench
            .home
            .deploytrack(&["import", &file(&bench, name, bytes), "-o", "json"])
    };
    assert_eq!(
        import("lines", text.as_bytes()).done().trim(),
        r#"{"recorded":2,"skipped":0}"#
    );
    for (name, bytes) in [
        ("marked", format!("\u{feff}{text}").into_bytes()),
        ("utf-16", utf_16),
        ("array", format!("[{a},{b}]").into_bytes()),
        ("pretty", serde_json::to_vec_pretty(&two).unwrap()),
        ("glued", format!("{a}{b}").into_bytes()),
        ("commas", format!("{a},\r\n{b},\r\n").into_bytes()),
        (
            "comments",
            format!("# one\n{a} // two\n/* three */ {b}").into_bytes(),
        ),
        ("packed", packed.finish().unwrap()),
        ("table", table.as_bytes().to_vec()),
        ("marked table", format!("\u{feff}{table}").into_bytes()),
    ] {
        assert_eq!(
            import(name, &bytes).done().trim(),
            r#"{"recorded":0,"skipped":2}"#,
            "{name}"
        );
    }
}

#[test]
fn faults_are_named_with_their_position_and_the_way_out() {
    let bench = Bench::new();
    let good = deployment("v1", 1);
    let refused = |text: &str, said: &[&str]| {
        let run = bench.home.deploytrack_reading(&["import", "-"], text);
        assert_ne!(run.code, 0, "{text}");
        for said in said {
            assert!(run.err.contains(said), "{said}: {}", run.err);
        }
    };
    refused(
        &serde_json::to_string_pretty(&[
            good.clone(),
            json!({"service": "api", "env": "eu", "tag": "v1", "deployed_by": "me"}),
        ])
        .unwrap(),
        &[
            "line 10 (item 2): service is not a known field; did you mean component?",
            "docs/import.md",
            "nothing of lines 2 to 10 was recorded",
        ],
    );
    refused(
        &json!({"total": 1, "data": [good.clone()]}).to_string(),
        &["the objects are in the field data: jq -c '.data[]' FILE | deploytrack import -"],
    );
    refused(
        &format!(
            "{good}\n{}\n",
            json!({"component": "api", "environment": "eu", "version": "v1", "status": "skipped", "occurredAt": "2025-06-01T12:00:00Z"})
        ),
        &["line 2: status is skipped: nothing was deployed: leave the line out"],
    );
    refused(
        &format!("{good}\n{{\"component\": \"api\"\n{good}\n"),
        &["line 3 begins an object before the one of line 2 has ended"],
    );
    refused(
        &format!("{good}\n{{\"component\": api}}\n"),
        &["line 2: the object is not valid JSON", "at column 15"],
    );
    refused(
        "component,env,version,date\napi,eu,v1,2025-06-01T12:00:00Z\n",
        &[
            "line 1 has columns that are not fields: env, date",
            "--columns 'component,version,environment=env,occurredAt=date'",
        ],
    );
    refused(
        "component,environment,version,occurredAt\napi,eu,v1,2025-06-01 12:00:00\n",
        &[
            "line 2: occurredAt must be an RFC 3339 time",
            "it has no time zone",
            "\"2025-06-01 12:00:00\"",
        ],
    );
    refused(
        &format!("{good}\n\0\0"),
        &["line 2 has a NUL byte", "tr -d"],
    );
    let zip = file(
        &bench,
        "a b.zip",
        b"PK\x03\x04aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.json",
    );
    let run = bench.home.deploytrack(&["import", &zip]);
    assert!(
        run.code == 2
            && run.err.contains("is a zip archive")
            && run
                .err
                .contains(&format!("unzip -p '{zip}' | deploytrack import -")),
        "{run:?}"
    );
    let run = bench
        .home
        .deploytrack(&["import", "--columns", "app=x", "-"]);
    assert!(
        run.code == 2 && run.err.contains("did you mean component?"),
        "{run:?}"
    );
    assert_eq!(bench.home.deploytrack(&["export"]).done(), "");
}

#[test]
fn an_empty_file_records_nothing_and_is_reported() {
    let bench = Bench::new();
    for text in ["", "\n\n", "[]"] {
        let run = bench.home.deploytrack_reading(&["import", "-"], text);
        assert!(
            run.done().starts_with("0 recorded")
                && run.err.contains("standard input has no deployments"),
            "{run:?}"
        );
    }
}

#[test]
fn an_undeployment_may_come_a_thousand_lines_before_its_deployment() {
    let bench = Bench::new();
    let removal = json!({"event": "undeployed", "component": "other", "environment": "production", "occurredAt": "2025-06-03T00:00:00Z"});
    let removed = json!({"component": "other", "environment": "production", "version": "v1", "status": "success", "occurredAt": "2025-06-02T00:00:00Z"});
    let text = format!("{removal}\n{}{removed}\n", lines(1200));
    assert_eq!(
        bench
            .home
            .deploytrack_reading(&["import", "-", "-o", "json"], &text)
            .done()
            .trim(),
        r#"{"recorded":1202,"skipped":0}"#
    );
    assert!(
        !bench
            .home
            .deploytrack(&["matrix", "-o", "csv"])
            .done()
            .contains("other")
    );
    let run = bench.home.deploytrack_reading(
        &["import", "-"],
        &format!(
            "{}\n{removal}\n",
            removal.to_string().replace("other", "unheard-of")
        ),
    );
    assert!(
        run.code == 1
            && run
                .err
                .contains("line 1: undeploys a component that never succeeded"),
        "{run:?}"
    );
}

#[test]
fn columns_of_another_program_are_mapped_by_a_flag() {
    let bench = Bench::new();
    let table = "id,repo,result,commit,finished\n1,api,SUCCESS,ed52224,2025-06-01 12:00:00\n2,web,FAILURE,ed52225,2025-06-01 12:01:00\n";
    let columns = "component=repo,environment=\"production\",version=\"build-{id}\",commitSha=commit,status=result,occurredAt=\"{finished} UTC\"";
    let _ = bench
        .home
        .deploytrack_reading(&["import", "--columns", columns, "-"], table)
        .done();
    let export = bench.home.deploytrack(&["export"]).done().to_owned();
    let told: Vec<Value> = export
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let fields = |line: &Value| {
        json!([
            line["component"],
            line["environment"],
            line["version"],
            line["status"],
            line["occurredAt"]
        ])
    };
    assert_eq!(
        told.iter().map(fields).collect::<Vec<_>>(),
        [
            json!([
                "api",
                "production",
                "build-1",
                "succeeded",
                "2025-06-01T12:00:00.000000Z"
            ]),
            json!([
                "web",
                "production",
                "build-2",
                "failed",
                "2025-06-01T12:01:00.000000Z"
            ])
        ]
    );
}

#[test]
fn the_csv_of_list_can_be_imported_and_has_no_formulas() {
    let (bench, other) = (Bench::new(), Bench::new());
    for version in ["=HYPERLINK(1)", "-v1", "@v2", "-1", "v3"] {
        let line = json!({"component": "+api", "environment": "production", "version": version, "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
        let _ = bench
            .home
            .deploytrack_reading(&["import", "-"], &line.to_string())
            .done();
    }
    let table = bench
        .home
        .deploytrack(&["list", "--all", "-o", "csv"])
        .done()
        .to_owned();
    for cell in [
        ",'+api,",
        ",'=HYPERLINK(1),",
        ",'-v1,",
        ",'@v2,",
        ",-1,",
        ",v3,",
    ] {
        assert!(table.contains(cell), "{cell}: {table}");
    }
    let _ = other
        .home
        .deploytrack_reading(&["import", "-"], &table)
        .done();
    let versions = |bench: &Bench| {
        let page: Value =
            serde_json::from_str(bench.home.deploytrack(&["list", "-o", "json"]).done()).unwrap();
        let mut versions: Vec<_> = page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["version"].to_string())
            .collect();
        versions.sort();
        versions
    };
    assert_eq!(versions(&bench), versions(&other));
}

#[test]
fn an_export_contains_attempts_reasons_and_times() {
    let (bench, other) = (Bench::filled(), Bench::new());
    let id = bench.record("api", "production", "v9", "in_progress");
    for (status, reason) in [
        ("failed", "exit code 3"),
        ("pending", "again"),
        ("in_progress", ""),
        ("succeeded", ""),
    ] {
        let reason = if reason.is_empty() {
            vec![]
        } else {
            vec!["--reason", reason]
        };
        let _ = bench
            .home
            .deploytrack(&[vec!["update", &id, status], reason].concat())
            .done();
    }
    let _ = bench
        .home
        .deploytrack(&[
            "undeploy",
            "-c",
            "web",
            "-e",
            "production",
            "--reason",
            "moved",
        ])
        .done();
    let export = bench.home.deploytrack(&["export"]).done().to_owned();
    let _ = other
        .home
        .deploytrack_reading(&["import", "-"], &export)
        .done();
    assert_eq!(other.home.deploytrack(&["export"]).done(), export);
    assert!(
        export.contains("exit code 3") && export.contains("undeployed") && export.contains("moved"),
        "{export}"
    );
    let _ = other.home.deploytrack(&["verify"]).done();
}

/// A value for each column that `--columns` maps, by its field.
fn row_for(columns: &str) -> Vec<(String, &'static str)> {
    let mut row = Vec::new();
    for pair in columns.split(',') {
        let (field, source) = pair.split_once('=').unwrap_or((pair, pair));
        for one in source.split('|') {
            let in_text = one
                .split_once('{')
                .and_then(|(_, rest)| Some(rest.split_once('}')?.0));
            let value = match (field, in_text) {
                ("occurredAt" | "startedAt", Some(_)) => "2025-06-01 12:00:00",
                ("occurredAt" | "startedAt", None) => "2025-06-01T12:00:00.000+00:00",
                ("status", _) => "SUCCESS",
                _ => "ed52224",
            };
            let name = in_text.unwrap_or(one);
            if !name.starts_with('"') && row.iter().all(|(known, _)| known != name) {
                row.push((name.to_owned(), value));
            }
        }
    }
    row
}

#[test]
fn every_flag_on_the_page_is_accepted() {
    let bench = Bench::new();
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/import.md")).unwrap();
    let flags: Vec<_> = page
        .split("--columns '")
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('\'')?.0))
        .collect();
    assert!(flags.len() > 4, "{flags:?}");
    for columns in flags {
        let (header, cells): (Vec<_>, Vec<_>) = row_for(columns).into_iter().unzip();
        let table = format!("{}\n{}\n", header.join(","), cells.join(","));
        let run = bench
            .home
            .deploytrack_reading(&["import", "--columns", columns, "-"], &table);
        assert_eq!(run.code, 0, "{columns}: {run:?}");
    }
}
