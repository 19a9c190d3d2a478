//! All pages of the project: README.md, CONTRIBUTING.md, CHANGELOG.md and the pages in `docs`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use deploytrack_tests::program::Home;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of a page; its path begins at the root of the project.
pub(crate) fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every page by its path.
fn pages() -> BTreeMap<String, String> {
    let mut paths = vec![
        "README.md".to_owned(),
        "CONTRIBUTING.md".to_owned(),
        "CHANGELOG.md".to_owned(),
    ];
    for folder in ["docs", "docs/pipelines"] {
        let files = fs::read_dir(root().join(folder))
            .unwrap()
            .map(|file| file.unwrap().file_name().into_string().unwrap());
        paths.extend(
            files
                .filter(|name| Path::new(name).extension().is_some_and(|form| form == "md"))
                .map(|name| format!("{folder}/{name}")),
        );
    }
    paths
        .into_iter()
        .map(|path| (path.clone(), page(&path)))
        .collect()
}

/// A section of a page, from its heading to the next heading of the same or a higher rank.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let opening = format!("\n{heading}\n");
    let (_, rest) = page
        .split_once(&opening)
        .unwrap_or_else(|| panic!("no section has the heading {heading:?}; change this test, too"));
    let rank = heading.chars().take_while(|&c| c == '#').count();
    let end = (1..=rank)
        .filter_map(|rank| rest.find(&format!("\n{} ", "#".repeat(rank))))
        .min();
    &rest[..end.unwrap_or(rest.len())]
}

/// The lines of all code blocks: indented by four spaces, or between fences.
fn code_lines(page: &str) -> Vec<&str> {
    let mut fenced = false;
    let lines = page.lines().filter_map(|line| {
        if line.starts_with("```") {
            fenced = !fenced;
            return None;
        }
        if fenced {
            Some(line)
        } else {
            line.strip_prefix("    ")
        }
    });
    lines.collect()
}

/// The lines of code blocks that begin with the program's name, without a description behind two
/// spaces or a `#`.
pub(crate) fn lines_of(text: &str) -> Vec<&str> {
    let typed = code_lines(text)
        .into_iter()
        .filter(|line| line.starts_with("deploytrack"));
    typed
        .map(|line| line.split("  ").next().unwrap().split(" #").next().unwrap())
        .collect()
}

/// The fenced blocks in one language.
pub(crate) fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let opening = format!("```{language}\n");
    page.split(opening.as_str())
        .skip(1)
        .map(|rest| rest.split_once("```").unwrap().0)
        .collect()
}

/// Whether a word can be the name of a command, or of several with bars between.
pub(crate) fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '|' || c == '-')
}

/// Whether a line can be typed: no placeholder, no choice, nothing left out.
pub(crate) fn is_concrete(line: &str) -> bool {
    let upper = |word: &str| {
        word.chars().any(|c| c.is_ascii_uppercase())
            && !word.chars().any(|c| c.is_ascii_lowercase())
    };
    !line.contains(['[', '|']) && !line.contains("...") && !line.split_whitespace().any(upper)
}

/// The words of a command up to the command that it wraps, or to the end of the shell's command.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = command.trim_start();
    while !rest.is_empty() && !rest.starts_with(['|', ';', '&', '>', '#', '(', ')', '`']) {
        let (mut word, mut quote, mut end) = (String::new(), None, rest.len());
        for (at, c) in rest.char_indices() {
            match quote {
                Some(open) if c == open => quote = None,
                None if (c == '\'' || c == '"') && (word.is_empty() || word.ends_with('=')) => {
                    quote = Some(c);
                }
                None if c.is_whitespace() || [';', ')', '`', '\'', '"'].contains(&c) => {
                    end = at;
                    break;
                }
                _ => word.push(c),
            }
        }
        if word == "--" {
            break;
        }
        words.push(word);
        // A quote within a word is the end of a text around the command.
        if rest[end..].starts_with([';', ')', '`', '\'', '"']) {
            break;
        }
        rest = rest[end..].trim_start();
    }
    words
}

/// The commands of a page: those in code blocks, and those that the text has between backticks.
fn commands(page: &str) -> Vec<&str> {
    let in_code = code_lines(page)
        .into_iter()
        .filter(|line| !line.trim_start().starts_with(['#', '"']));
    let in_text = page
        .lines()
        .filter(|line| !line.starts_with("    ") && !line.starts_with("```"));
    let in_text = in_text.flat_map(|line| line.split('`').skip(1).step_by(2));
    let found = in_code.chain(in_text).filter_map(|line| {
        let line = line.split(" #").next().unwrap();
        let at = line
            .find("deploytrack ")
            .or_else(|| line.find("deploytrack-server "))?;
        let before = &line[..at];
        let begins = before.is_empty()
            || before.ends_with(['\'', '"'])
            || before.ends_with("exec ")
            || before.ends_with(' ');
        (begins && !before.contains("cargo ")).then(|| line[at..].split("  ").next().unwrap())
    });
    found.collect()
}

/// The anchors that GitHub and GitLab give to the headings of a page.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.trim_start_matches('#').trim());
    let anchor = |heading: &str| {
        let kept = heading
            .to_lowercase()
            .chars()
            .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
            .collect::<String>();
        kept.replace(' ', "-")
    };
    headings.map(anchor).collect()
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                parts.pop();
            }
            Component::Normal(name) => parts.push(name.to_str().unwrap()),
            _ => {}
        }
    }
    parts.join("/")
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_of_it() {
    let pages = pages();
    for (path, text) in &pages {
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| Some(rest.split_once(')')?.0))
            .filter(|link| !link.contains("://"));
        for link in links {
            let (file, anchor) = link
                .split_once('#')
                .map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() {
                path.clone()
            } else {
                plain(&Path::new(path).parent().unwrap().join(file))
            };
            if link.starts_with('/') {
                continue;
            }
            assert!(
                root().join(&target).exists(),
                "{path} links to {link}, and {target} does not exist"
            );
            if let Some(anchor) = anchor {
                let headings = anchors(
                    pages
                        .get(&target)
                        .unwrap_or_else(|| panic!("{path}: {link} is not a page")),
                );
                assert!(
                    headings.contains(anchor),
                    "{path} links to {link}, and {target} has no such heading: {headings:?}"
                );
            }
        }
    }
}

#[test]
fn every_page_is_in_the_table_of_contents() {
    let contents = page("docs/README.md");
    for path in pages().keys().filter(|path| *path != "docs/README.md") {
        let link = path
            .strip_prefix("docs/")
            .map_or_else(|| format!("(../{path})"), |name| format!("({name})"));
        assert!(
            contents.contains(&link),
            "docs/README.md does not link to {path}"
        );
    }
}

#[test]
fn every_command_of_every_page_has_subcommands_and_flags_that_exist() {
    let home = Home::new();
    let mut tried = BTreeSet::new();
    for (path, text) in pages() {
        for command in commands(&text) {
            let words = words(command);
            let Some((program, rest)) = words.split_first() else {
                continue;
            };
            // A choice between commands, or a sentence about the program.
            if !rest
                .first()
                .is_some_and(|word| is_name(word) && !word.contains('|') || word.starts_with("--"))
            {
                continue;
            }
            let is_shown_whole = is_concrete(&words.join(" "));
            let typed = if is_shown_whole {
                rest.iter().collect()
            } else {
                rest.iter()
                    .take_while(|word| is_name(word) && !word.contains('|'))
                    .collect::<Vec<_>>()
            };
            let args: Vec<_> = typed
                .into_iter()
                .map(String::as_str)
                .chain(["--help"])
                .collect();
            if !tried.insert((program.clone(), args.join(" "))) {
                continue;
            }
            let run = if program == "deploytrack" {
                home.deploytrack(&args)
            } else {
                home.deploytrack_server(&args)
            };
            assert!(
                run.code == 0 && run.out.contains("Usage: "),
                "{path}: {command}\n{run:?}"
            );
        }
    }
    assert!(tried.len() > 40, "{tried:?}");
}
