//! The threat model in `SECURITY.md`: the tests that it names exist.

use std::{collections::BTreeSet, fs, path::Path};

/// The code spans in the last column of a table that are names of tests, and the lines that have
/// neither a name nor the word *trust*.
fn named(text: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut names, mut bare) = (BTreeSet::new(), Vec::new());
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let proof = line.trim_end_matches('|').rsplit(" | ").next().unwrap();
        if proof.trim() == "Proof" {
            continue;
        }
        let found: Vec<_> = proof
            .split('`')
            .skip(1)
            .step_by(2)
            .map(ToOwned::to_owned)
            .collect();
        if found.is_empty() && !proof.contains("*trust*") {
            bare.push(line.to_owned());
        }
        names.extend(found);
    }
    (names, bare)
}

/// The names of all functions in the sources below a folder that are tests.
fn tests_below(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            tests_below(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let mut after_test = false;
            for line in text.lines().map(str::trim) {
                after_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
                let name = line
                    .strip_prefix("async ")
                    .unwrap_or(line)
                    .strip_prefix("fn ");
                if let (Some(name), true) = (name, after_test) {
                    let end = name.find(['(', '<']).unwrap_or(name.len());
                    found.insert(name[..end].to_owned());
                    after_test = false;
                }
            }
        }
    }
}

#[test]
fn every_line_of_the_threat_model_names_tests_that_exist_or_is_trust() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let (names, bare) = named(&text);
    assert_eq!(bare, Vec::<String>::new(), "lines without a proof");
    assert!(names.len() > 40, "{}", names.len());
    let mut tests = BTreeSet::new();
    for folder in [
        "deploytrack-core",
        "deploytrack-server",
        "deploytrack-cli",
        "tests",
    ] {
        tests_below(&root.join(folder), &mut tests);
    }
    let missing: Vec<_> = names.difference(&tests).collect();
    assert_eq!(missing, Vec::<&String>::new(), "no test has these names");
}

#[test]
fn a_line_without_a_proof_and_an_unknown_test_are_found() {
    let table = "| May not | Because | Proof |\n|---|---|---|\n| a | b | `some_test`, `other` |\n| c | d | *trust* |\n| e | f | g |\n";
    let (names, bare) = named(table);
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["other", "some_test"]
    );
    assert_eq!(bare, ["| e | f | g |"]);
}
