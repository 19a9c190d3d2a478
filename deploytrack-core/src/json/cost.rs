//! Tests of the cost of reading, in bytes of memory, and of the faults of nested bodies with many
//! duplicates.

use std::collections::HashSet;

use allocation_counter::{AllocationInfo, measure};
use proptest::prelude::*;

use super::*;
use crate::api::{FromBody, ImportLine};

const MIB: usize = 1024 * 1024;
/// The most bytes allocated in total for one byte of a body: each key and text is copied twice, and
/// their buffers grow.
const PER_BYTE: usize = 12;
/// The most bytes allocated besides: [`MOST_VALUES`] values, each of them an object, in lists that
/// grow.
const BESIDE: usize = MOST_VALUES * 1024;

/// A JSON value with its duplicate keys.
#[derive(Clone, Debug)]
enum Tree {
    Number,
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    fn write(&self, out: &mut String) {
        match self {
            Self::Number => out.push_str("1.5"),
            Self::Text(text) => out.push_str(&serde_json::to_string(text).unwrap()),
            Self::List(items) => joined(out, ('[', ']'), items, Self::write),
            Self::Object(entries) => joined(out, ('{', '}'), entries, |(key, value), out| {
                out.push_str(&serde_json::to_string(key).unwrap());
                out.push(':');
                value.write(out);
            }),
        }
    }

    /// Collects the pointers of all duplicates, without limits.
    fn duplicates(&self, pointer: &str, found: &mut Vec<String>) {
        match self {
            Self::Number | Self::Text(_) => {}
            Self::List(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(at, item)| item.duplicates(&format!("{pointer}/{at}"), found));
            }
            Self::Object(entries) => {
                let mut seen = HashSet::new();
                for (key, value) in entries {
                    let pointer =
                        format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
                    value.duplicates(&pointer, found);
                    if !seen.insert(key) {
                        found.push(pointer);
                    }
                }
            }
        }
    }
}

fn joined<T>(
    out: &mut String,
    (open, close): (char, char),
    parts: &[T],
    write: impl Fn(&T, &mut String),
) {
    out.push(open);
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(part, out);
    }
    out.push(close);
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![Just(Tree::Number), "[a-zé\"\\\\]{0,8}".prop_map(Tree::Text)];
    leaf.prop_recursive(6, 400, 40, |inner| {
        let key = prop_oneof![
            "[ab]",
            Just("a/~".to_owned()),
            Just(String::new()),
            "[a-c]{30}"
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..40).prop_map(Tree::List),
            prop::collection::vec((key, inner), 0..40).prop_map(Tree::Object),
        ]
    })
}

/// Reads a body and returns its faults and the cost.
fn read(body: &str) -> (Option<Vec<Fault>>, AllocationInfo) {
    let mut faults = None;
    let cost = measure(|| {
        faults = object(body.as_bytes())
            .and_then(ImportLine::from_body)
            .err();
    });
    (faults, cost)
}

fn assert_cheap(body: &str) {
    let (faults, cost) = read(body);
    let most = (PER_BYTE * body.len() + BESIDE) as u64;
    assert!(
        cost.bytes_total <= most && cost.bytes_max <= most,
        "{cost:?} for {}: {}",
        body.len(),
        body.get(..40).unwrap_or_default()
    );
    let bytes: usize = faults
        .iter()
        .flatten()
        .map(|fault| fault.to_string().len())
        .sum();
    assert!(
        faults.iter().flatten().count() <= 2 * (MOST_FAULTS + 1) && bytes < 256 * 1024,
        "{bytes} bytes of faults"
    );
}

/// Repeats a unit as often as it fits into a number of bytes.
fn repeated(unit: &str, bytes: usize) -> String {
    let units = unit.repeat(bytes / unit.len());
    units.trim_end_matches(',').to_owned()
}

/// Bodies of about this size with the highest cost per byte.
fn worst(bytes: usize) -> Vec<String> {
    let long = "k".repeat(bytes / 2);
    let distinct = |from: &str| {
        (0..bytes / 12)
            .map(|number| format!("\"{from}{number:x}\":0"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let deep = |inner: &str| format!("{}{inner}{}", r#"{"a":"#.repeat(100), "}".repeat(100));
    vec![
        format!(r#"{{"{long}":{{{}}}}}"#, repeated(r#""a":0,"#, bytes / 2)),
        format!(r#"{{"{long}":[{}]}}"#, repeated("0,", bytes / 2)),
        format!(
            r#"{{"{long}":[{}]}}"#,
            repeated(r#"{"a":0,"a":0},"#, bytes / 2)
        ),
        format!(
            "{{{}}}",
            repeated(&format!("\"{}\":0,", "/~".repeat(50)), bytes)
        ),
        format!("{{{}}}", repeated(r#""\u0000\n":0,"#, bytes)),
        format!("{{{}}}", distinct("")),
        format!(
            "{{{}}}",
            distinct(&"x".repeat(1000))
                .chars()
                .take(bytes)
                .collect::<String>()
                .rsplit_once(',')
                .unwrap()
                .0
        ),
        format!(
            r#"{{"metadata":{{"a":[{}]}}}}"#,
            repeated(r#"{"":0},"#, bytes)
        ),
        format!(r#"{{"metadata":{{"a":[{}]}}}}"#, repeated("[[]],", bytes)),
        format!(
            r#"{{"metadata":{{"a":[{}]}}}}"#,
            repeated("0.1234567890123456789,", bytes)
        ),
        format!(r#"{{"metadata":{{"a":0.{}}}}}"#, "1".repeat(bytes)),
        deep(&format!("[{}]", repeated(r#"{"a":0,"a":0},"#, bytes))),
        format!("[{}]", repeated(r#"{"a":0},"#, bytes)),
        "[".repeat(bytes),
        r#"{"a":"#.repeat(bytes / 5),
        " ".repeat(bytes),
        format!(r#"{{"description":"{}"}}"#, "é".repeat(bytes / 2)),
        format!(r#"{{"description":"{}"}}"#, r"\u00e9".repeat(bytes / 6)),
    ]
}

#[test]
fn the_cost_of_the_worst_bodies_is_linear_in_their_size() {
    for bytes in [64 * 1024, MIB] {
        for body in worst(bytes) {
            assert_cheap(&body);
        }
    }
}

#[test]
fn a_body_of_twice_the_size_costs_at_most_twice_as_much() {
    for (one, two) in worst(MIB).iter().zip(worst(2 * MIB)) {
        let (one, two) = (read(one).1, read(&two).1);
        assert!(
            two.bytes_total <= 2 * one.bytes_total + MIB as u64,
            "{one:?} {two:?}"
        );
        assert!(
            two.count_total <= 2 * one.count_total + 1000,
            "{one:?} {two:?}"
        );
    }
}

#[test]
fn the_number_of_values_is_limited() {
    let list = |values: usize| format!(r#"{{"a":[{}]}}"#, vec!["0"; values - 2].join(","));
    assert!(object(list(MOST_VALUES).as_bytes()).is_ok());
    let faults = object(list(MOST_VALUES + 1).as_bytes()).unwrap_err();
    assert_eq!(
        faults.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["the body has more than 32768 values"]
    );
}

#[test]
fn the_number_of_levels_is_limited() {
    let nested = |levels: usize| format!("{}0{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
    assert!(object(nested(127).as_bytes()).is_ok());
    let faults = object(nested(128).as_bytes()).unwrap_err();
    assert!(
        faults[0]
            .detail
            .starts_with("the body is not valid JSON: recursion limit exceeded"),
        "{faults:?}"
    );
}

#[test]
fn the_list_of_faults_stops_at_the_limit_and_reports_that_there_are_more() {
    let faults = object(format!("{{{}}}", repeated(r#""a":0,"#, 6000)).as_bytes()).unwrap_err();
    assert_eq!(faults.len(), MOST_FAULTS + 1);
    let message = crate::error::Error::Invalid(faults).to_string();
    assert_eq!(
        message,
        "/a is given twice; /a is given twice; /a is given twice; and at least 98 more"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn the_reader_finds_the_same_duplicates_as_a_reader_without_limits(entries in prop::collection::vec(("[a-d]", trees()), 0..8)) {
        let tree = Tree::Object(entries);
        let (mut body, mut duplicates) = (String::new(), Vec::new());
        tree.write(&mut body);
        tree.duplicates("", &mut duplicates);
        duplicates.truncate(MOST_FAULTS + 1);
        let read = object(body.as_bytes());
        if duplicates.is_empty() {
            prop_assert_eq!(Value::Object(read.unwrap()), serde_json::from_str::<Value>(&body).unwrap());
        } else {
            let found: Vec<_> = read.unwrap_err().into_iter().filter_map(|fault| fault.pointer).collect();
            prop_assert_eq!(found, duplicates);
        }
        assert_cheap(&body);
    }

    #[test]
    fn any_text_is_within_the_limits(unit in "[\\[\\]{}\":,0-9a\\\\. e-]{1,40}", times in 1..500_usize) {
        assert_cheap(&format!("{{\"metadata\":{}", unit.repeat(times)));
    }
}
