//! The pages in `docs/pipelines`: their examples parse, and their commands and links exist.

use std::{fs, path::PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/pipelines"))
}

/// Every page by its file name, without the overview.
fn pages() -> Vec<(String, String)> {
    let files = fs::read_dir(folder())
        .unwrap()
        .map(|file| file.unwrap().path());
    let named = files.map(|path| {
        (
            path.file_name().unwrap().to_str().unwrap().to_owned(),
            fs::read_to_string(&path).unwrap(),
        )
    });
    named.filter(|(name, _)| name != "README.md").collect()
}

/// The fenced blocks of a page in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    page.split(opening.as_str())
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect()
}

/// The first `$` of a command that a shell would split into words.
fn unquoted(command: &str) -> Option<usize> {
    let (mut single, mut double) = (false, false);
    command.char_indices().find_map(|(at, character)| {
        match character {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            '$' if !single && !double => return Some(at),
            _ => {}
        }
        None
    })
}

#[test]
fn every_page_is_linked_from_the_overview_and_the_overview_from_the_readme() {
    let overview = fs::read_to_string(folder().join("README.md")).unwrap();
    let pages = pages();
    assert_eq!(pages.len(), 16);
    for (name, _) in pages {
        assert!(overview.contains(&format!("({name})")), "{name}");
    }
    assert!(
        fs::read_to_string(folder().join("../../README.md"))
            .unwrap()
            .contains("(docs/pipelines/README.md)")
    );
}

#[test]
fn every_yaml_example_parses() {
    for (name, page) in pages() {
        for block in blocks(&page, "yaml") {
            for document in block.split("\n---\n") {
                let read: Result<Value, _> = serde_saphyr::from_str(document);
                assert!(
                    read.is_ok_and(|value| value.is_object()),
                    "{name}: {document}"
                );
            }
        }
    }
}

#[test]
fn every_page_shows_a_deployment_several_steps_a_rollback_the_token_and_the_spool() {
    for (name, page) in pages() {
        for wanted in [
            "deploytrack record --component user-service --environment production",
            "-- ./deploy.sh",
            "--id-file",
            "deploytrack update --id-file deployment.id succeeded",
            "deploytrack rollback --component user-service --environment production -- ",
            "DEPLOYTRACK_URL",
            "DEPLOYTRACK_TOKEN",
            "spool",
            "cargo install --path deploytrack-cli",
        ] {
            assert!(page.contains(wanted), "{name} lacks {wanted}");
        }
    }
}

#[test]
fn no_example_puts_a_value_into_a_command_unquoted() {
    for (name, page) in pages() {
        for line in page
            .lines()
            .filter_map(|line| line.find("deploytrack ").map(|at| &line[at..]))
        {
            assert!(
                !["${{", "$[[", "$(", "%env", "<+"]
                    .iter()
                    .any(|mark| line.contains(mark)),
                "{name}: {line}"
            );
            // Prose mentions commands without quotes.
            if !line.contains('`') {
                assert_eq!(unquoted(line), None, "{name}: {line}");
            }
        }
    }
}

#[test]
fn a_command_that_is_the_last_line_of_a_script_takes_the_place_of_its_shell() {
    // These providers run all lines of a job in one shell, or the example runs something after the
    // command.
    let without = [
        "appveyor.md",
        "bitbucket-pipelines.md",
        "cloud-build.md",
        "codebuild.md",
        "semaphore.md",
        "travis-ci.md",
    ];
    for (name, page) in pages() {
        let wrapped = page.lines().filter(|line| {
            !line.starts_with('`')
                && (line.contains("-- ./deploy.sh") || line.contains("-- ./rollback.sh"))
        });
        for line in wrapped {
            assert_eq!(
                line.contains("exec deploytrack "),
                !without.contains(&name.as_str()),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn no_example_has_a_token_on_a_command_line() {
    for (name, page) in pages() {
        assert!(
            !page.contains("--token ") && !page.contains("DEPLOYTRACK_TOKEN=e"),
            "{name}"
        );
    }
}
