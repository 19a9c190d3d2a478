//! JSON bodies that are the most expensive to parse for their size.

use std::fmt::Write as _;

/// The kinds of expensive bodies. All of them are refused after parsing.
pub const WORST: [&str; 6] = [
    "duplicates under a long key",
    "items under a long key",
    "unknown keys",
    "objects",
    "numbers",
    "deep",
];

/// A cheap body of the same size for comparison: one long text, which is refused for its length.
#[must_use]
pub fn flat(bytes: usize) -> String {
    format!(r#"{{"description":"{}"}}"#, "x".repeat(bytes))
}

/// A body of this kind and about this size in bytes.
///
/// # Panics
/// When the kind is unknown.
#[must_use]
pub fn worst(kind: &str, bytes: usize) -> String {
    let long = "k".repeat(bytes / 2);
    let inside = |list: String| format!(r#"{{"metadata":{{"a":[{list}]}}}}"#);
    match kind {
        "duplicates under a long key" => {
            format!(r#"{{"{long}":{{{}}}}}"#, repeated(r#""a":0,"#, bytes / 2))
        }
        "items under a long key" => format!(r#"{{"{long}":[{}]}}"#, repeated("0,", bytes / 2)),
        "unknown keys" => {
            let keys: Vec<_> = (0..bytes / 12)
                .map(|number| format!("\"{number:07}\":0"))
                .collect();
            format!("{{{}}}", keys.join(","))
        }
        "objects" => inside(repeated(r#"{"":0},"#, bytes)),
        "numbers" => inside(repeated("0.1234567890123456789,", bytes)),
        "deep" => {
            let objects = repeated(r#"{"a":0,"a":0},"#, bytes - 1000);
            format!("{}[{objects}]{}", r#"{"a":"#.repeat(100), "}".repeat(100))
        }
        other => panic!("{other} is no kind of body"),
    }
}

/// A valid import of about this size in bytes, with the maximal number of values in the metadata of
/// each line. Imports with different names record different deployments.
#[must_use]
pub fn many_values(name: &str, bytes: usize) -> String {
    let metadata = format!(r#"{{"a":[{}]}}"#, repeated(r#"{"":0},"#, 16 * 1024 - 16));
    let mut lines = String::new();
    for number in 0..bytes / (metadata.len() + 150) {
        let _ = writeln!(
            lines,
            r#"{{"component":"{name}","environment":"production","version":"v{number}","status":"succeeded","occurredAt":"2026-01-01T00:00:00Z","metadata":{metadata}}}"#
        );
    }
    lines
}

/// Repeats a unit up to this size, without the last comma.
fn repeated(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len())
        .trim_end_matches(',')
        .to_owned()
}
