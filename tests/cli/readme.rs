//! The commands in README.md work as printed.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Stdio},
};

use deploytrack_tests::program::{Home, Process, binary};
use serde_json::Value;

const README: &str = include_str!("../../README.md");
/// The address of the server in the examples of the REST API.
const API: &str = "http://127.0.0.1:3000/api/v1";

/// A section, from its heading to the next heading of the same level.
fn section(heading: &str) -> &'static str {
    let (_, rest) = README.split_once(&format!("\n## {heading}\n")).unwrap_or_else(|| panic!("no section is named {heading}"));
    rest.split("\n## ").next().unwrap()
}

/// The indented lines that begin with the name of the program, without the comments after two spaces.
fn lines_of(text: &str) -> Vec<&str> {
    let typed = text.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with("deploytrack "));
    typed.map(|line| line.split("  ").next().unwrap()).collect()
}

/// The subcommands in a line of the list of commands.
fn named(line: &str) -> Vec<String> {
    let words: Vec<_> = line.split_whitespace().skip(1).take_while(|word| is_name(word)).collect();
    words.first().unwrap_or_else(|| panic!("no command is named in {line}")).split('|').map(str::to_owned).collect()
}

fn is_name(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_lowercase() || c == '|' || c == '-') && !word.starts_with('-')
}

/// Whether a line can be typed: it has no placeholder, no alternatives and no ellipsis.
fn is_concrete(line: &str) -> bool {
    let upper = |word: &str| word.chars().any(|c| c.is_ascii_uppercase()) && !word.chars().any(|c| c.is_ascii_lowercase());
    !line.contains(['[', '|']) && !line.contains("...") && !line.split_whitespace().any(upper)
}

/// A home whose shell finds `deploytrack`, and a server started with the command in the README.
fn after_serve() -> (Home, Process) {
    let folder = binary("deploytrack").parent().unwrap().to_str().unwrap().to_owned();
    // Another process may use the port of the examples.
    let home = Home::new().with("PATH", format!("{folder}:/usr/bin:/bin")).with("DEPLOYTRACK_LISTEN", "127.0.0.1:0");
    let serve = lines_of(README).into_iter().find(|line| *line == "deploytrack serve").unwrap();
    let mut command = shell(&home, &format!("exec {serve}"));
    command.stderr(Stdio::null());
    let server = Process::started(command);
    (home, server)
}

fn shell(home: &Home, script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-euc", script]).env_clear().current_dir(home.path()).stdin(Stdio::null());
    command.envs(home.command("deploytrack", &[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// Runs a line in a shell, checks that the exit code is 0, and returns standard output.
fn run_line(home: &Home, line: &str) -> String {
    let output = shell(home, line).output().unwrap();
    assert!(output.status.success(), "{line}\n{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_quick_start_and_the_pipeline_run_in_one_home() {
    let (home, _server) = after_serve();
    let (quick_start, _) = README.split_once("\n## ").unwrap();
    let lines: Vec<_> = lines_of(quick_start).into_iter().filter(|line| *line != "deploytrack serve").collect();
    assert_eq!(lines.len(), 2, "record and matrix: {lines:?}");
    assert!(uuid::Uuid::try_parse(run_line(&home, lines[0]).trim()).is_ok());
    assert!(run_line(&home, lines[1]).contains("v2.3.0"));

    fs::write(home.path().join("deploy.sh"), "#!/bin/sh\necho \"$@\"\n").unwrap();
    fs::set_permissions(home.path().join("deploy.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    let lines = lines_of(section("In a pipeline"));
    let (wrapped, rest) = lines.split_first().unwrap();
    assert_eq!(run_line(&home, wrapped), "--fast\n");
    assert!(run_line(&home, "deploytrack matrix").contains("v2.3.1"));
    for line in rest {
        // Another job changes its status in the meantime.
        if line.starts_with("deploytrack wait") {
            run_line(&home, "deploytrack update --id-file deployment.id succeeded");
        }
        run_line(&home, line);
    }
    assert!(run_line(&home, "deploytrack list -o csv").lines().skip(1).all(|line| line.contains("succeeded")));
}

#[test]
fn the_calls_of_the_api_answer_as_documented() {
    let curl = Command::new("curl").arg("--version").output();
    assert!(curl.is_ok(), "this test types the README's calls of curl: install it (apt-get install curl), or run scripts/test, which does");
    let (home, server) = after_serve();
    let (_, rest) = section("The REST API").split_once("```sh\n").unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    assert!(block.contains(API), "{block}");
    let said = run_line(&home, &block.replace(API, &format!("{}/api/v1", server.url())));
    let answers: Vec<Value> = serde_json::Deserializer::from_str(&said).into_iter().collect::<Result<_, _>>().unwrap();
    let status = |answer: usize| answers[answer]["status"].as_str().unwrap_or_else(|| panic!("{said}"));
    assert_eq!([status(0), status(1), status(2)], ["pending", "in_progress", "succeeded"]);
    let [_, _, _, matrix, list, history] = answers.as_slice() else { panic!("{said}") };
    assert!(matrix.to_string().contains("v2.3.1"), "{matrix}");
    assert_eq!((&list["total"], &list["data"][0]["id"]), (&1.into(), &answers[0]["id"]), "{list}");
    let moves: Vec<_> = history.as_array().or(history["data"].as_array()).unwrap().iter().map(|step| &step["to"]).collect();
    assert_eq!(moves, ["pending", "in_progress", "succeeded"], "{history}");
}

#[test]
fn every_command_of_the_list_has_help_and_every_command_is_in_the_list() {
    let home = Home::new();
    let listed: BTreeSet<_> = lines_of(section("The command line")).into_iter().flat_map(named).collect();
    for name in &listed {
        let help = home.deploytrack(&[name, "--help"]);
        assert!(help.done().contains("Usage: deploytrack"), "{name}: {help:?}");
    }
    let help = home.deploytrack(&["--help"]);
    let (_, rest) = help.done().split_once("Commands:\n").unwrap();
    let indented = rest.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.strip_prefix("  "));
    let names = indented.filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_whitespace().next());
    let there: BTreeSet<_> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert_eq!(listed, there);
}

#[test]
fn the_subcommands_in_the_list_exist() {
    let home = Home::new();
    let line = lines_of(section("The command line")).into_iter().find(|line| line.starts_with("deploytrack spool ")).unwrap();
    for name in line.trim_start_matches("deploytrack spool ").split('|') {
        let help = home.deploytrack(&["spool", name, "--help"]);
        assert!(help.done().contains("Usage: deploytrack spool"), "{name}");
    }
}

#[test]
fn every_value_that_list_prints_in_full_can_be_typed() {
    let (home, _server) = after_serve();
    run_line(&home, lines_of(README)[1]);
    let mut run = BTreeSet::new();
    let (mut lines, last): (Vec<_>, Vec<_>) =
        lines_of(section("The command line")).into_iter().filter(|line| is_concrete(line)).partition(|line| *line != "deploytrack logout");
    // After a logout the other commands would have no token.
    lines.extend(last);
    for line in lines {
        // These need more arguments, which their help and the examples above show.
        let wants_more = ["record", "undeploy", "login"].map(|name| format!("deploytrack {name}"));
        if wants_more.contains(&line.to_owned()) {
            assert_eq!(shell(&home, line).output().unwrap().status.code(), Some(2), "{line}");
            continue;
        }
        // These run until they are stopped, one of them only on a terminal.
        if ["deploytrack watch", "deploytrack matrix --watch"].contains(&line) {
            let stopped = format!("script -qec 'timeout -s INT 2 {line}; echo ended $?' /dev/null");
            let output = shell(&home, &stopped).output().unwrap();
            assert!(String::from_utf8_lossy(&output.stdout).contains("ended 124"), "{line}: {output:?}");
            continue;
        }
        run_line(&home, line);
        run.insert(line);
    }
    for line in
        ["deploytrack flush", "deploytrack list", "deploytrack matrix", "deploytrack matrix --at '2 days ago'", "deploytrack verify"]
    {
        assert!(run.contains(line), "{line} is in the list: {run:?}");
    }
}

#[test]
fn files_and_flags_that_the_text_mentions_exist() {
    let home = Home::new();
    let spans = README.split('`').skip(1).step_by(2).filter_map(|span| span.strip_prefix("deploytrack "));
    let names: BTreeSet<_> = spans.filter_map(|span| span.split_whitespace().next()).filter(|word| is_name(word)).collect();
    assert!(names.contains("flush") && names.contains("spool"), "{names:?}");
    for name in names {
        let _ = home.deploytrack(&[name, "--help"]).done();
    }
}
