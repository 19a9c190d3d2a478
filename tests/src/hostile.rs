//! The JSON bodies that cost a server most for their size.

use std::fmt::Write as _;

/// The kinds of bodies that are refused after they have been read.
pub const WORST: [&str; 6] = ["duplicates under a long key", "items under a long key", "unknown keys", "objects", "numbers", "deep"];

/// A body of one long text, which is refused too: its length is over the limit of its field.
#[must_use]
pub fn flat(bytes: usize) -> String {
    format!(r#"{{"description":"{}"}}"#, "x".repeat(bytes))
}

/// A body of this kind and of about so many bytes.
///
/// # Panics
/// When there is no such kind.
#[must_use]
pub fn worst(kind: &str, bytes: usize) -> String {
    let long = "k".repeat(bytes / 2);
    let inside = |list: String| format!(r#"{{"metadata":{{"a":[{list}]}}}}"#);
    match kind {
        "duplicates under a long key" => format!(r#"{{"{long}":{{{}}}}}"#, repeated(r#""a":0,"#, bytes / 2)),
        "items under a long key" => format!(r#"{{"{long}":[{}]}}"#, repeated("0,", bytes / 2)),
        "unknown keys" => {
            let keys: Vec<_> = (0..bytes / 12).map(|number| format!("\"{number:07}\":0")).collect();
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

/// A valid import of about so many bytes, with as many values as metadata can have. Imports of different names record
/// different deployments.
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

/// As many units as fit, without the last comma.
fn repeated(unit: &str, bytes: usize) -> String {
    unit.repeat(bytes / unit.len()).trim_end_matches(',').to_owned()
}
