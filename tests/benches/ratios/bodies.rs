//! The bodies that cost most to read, each against a flat one of the same size: one long text. All of them are refused, so
//! that the reading alone is measured.

use deploytrack_core::api::{DEPLOYMENTS, IMPORT};

use crate::{
    load::{Load, always},
    run::{Run, Server},
    settings::Kind,
    table::Line,
};

/// A byte of a flat text is copied; a byte of the others may be a value of its own, or half of a key.
const TIMES: f64 = 40.0;
/// A little below the limits of a body and of an import.
const SIZES: [(&str, &str, usize, usize); 2] = [("1 MB", DEPLOYMENTS, 1_000_000, 1), ("8 MB in two lines", IMPORT, 4_000_000, 2)];
const WORST: [&str; 6] = ["duplicates under a long key", "items under a long key", "unknown keys", "objects", "numbers", "deep"];

/// Every line of it.
pub(crate) fn run(run: &mut Run) {
    let name = |what: &str, size: &str| format!("worst body of {size}, {what}, against a flat one");
    let names: Vec<_> = WORST.iter().flat_map(|what| SIZES.map(|(size, ..)| name(what, size))).collect();
    if !run.wants(Kind::Sqlite, names.iter().map(String::as_str)) {
        return;
    }
    let server = run.server(Kind::Sqlite, run.settings.rows());
    for (size, path, bytes, lines) in SIZES {
        for what in WORST.iter().filter(|what| run.settings.wants(&name(what, size))) {
            let load = |body: &str| load(&server, path, &vec![body; lines].join("\n"));
            let (ours, floor) = (load(&worst(what, bytes)), load(&flat(bytes)));
            run.compare(&Line::cost(name(what, size), TIMES), || run.cost(&ours), || run.cost(&floor));
        }
    }
}

fn load(server: &Server, path: &str, body: &str) -> Load {
    server.load(1, 400, always(server.writer("POST")(path, body)))
}

fn flat(bytes: usize) -> String {
    format!(r#"{{"description":"{}"}}"#, "x".repeat(bytes))
}

fn worst(what: &str, bytes: usize) -> String {
    let long = "k".repeat(bytes / 2);
    let repeated = |unit: &str, bytes: usize| unit.repeat(bytes / unit.len()).trim_end_matches(',').to_owned();
    let inside = |list: String| format!(r#"{{"metadata":{{"a":[{list}]}}}}"#);
    match what {
        "duplicates under a long key" => format!(r#"{{"{long}":{{{}}}}}"#, repeated(r#""a":0,"#, bytes / 2)),
        "items under a long key" => format!(r#"{{"{long}":[{}]}}"#, repeated("0,", bytes / 2)),
        "unknown keys" => {
            let keys: Vec<_> = (0..bytes / 11).map(|number| format!("\"{number:07}\":0")).collect();
            format!("{{{}}}", keys.join(","))
        }
        "objects" => inside(repeated(r#"{"":0},"#, bytes)),
        "numbers" => inside(repeated("0.1234567890123456789,", bytes)),
        "deep" => {
            let objects = repeated(r#"{"a":0,"a":0},"#, bytes - 1000);
            format!("{}[{objects}]{}", r#"{"a":"#.repeat(100), "}".repeat(100))
        }
        other => unreachable!("{other} is no line"),
    }
}
