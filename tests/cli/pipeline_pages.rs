//! The pages in `docs/pipelines`: their form. `pasted` runs their examples.

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
fn every_page_has_the_same_sections_and_names_the_token() {
    for (name, page) in pages() {
        for wanted in [
            "[Commit `deploytrack.sh`](README.md#bring-the-program).",
            "\n## Roll back\n",
            "\n## Several steps\n",
            "\n## The spool\n",
            "DEPLOYTRACK_URL",
            "DEPLOYTRACK_TOKEN",
        ] {
            assert!(page.contains(wanted), "{name} lacks {wanted}");
        }
    }
}

#[test]
fn no_example_puts_a_value_into_a_command_unquoted() {
    for (name, page) in pages() {
        let calls = page.lines().filter_map(|line| {
            let at = line
                .find("deploytrack.sh ")
                .or_else(|| line.find("deploytrack "))?;
            Some(&line[at..])
        });
        for line in calls {
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
    // These providers run all lines of a job in one shell.
    let without = [
        "appveyor.md",
        "bitbucket-pipelines.md",
        "codebuild.md",
        "semaphore.md",
        "travis-ci.md",
    ];
    for (name, page) in pages() {
        let wrapped = page.lines().filter(|line| {
            !line.starts_with('`')
                && (line.contains("-- ./deploy.sh") || line.contains("-- ./rollback.sh"))
                // More follows in the same script.
                && !line.ends_with("|| code=\"$?\"")
        });
        for line in wrapped {
            assert_eq!(
                line.contains("exec ./deploytrack.sh ") || line.contains("exec deploytrack "),
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
