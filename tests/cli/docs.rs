//! The commands of the pages in `docs` can be typed as they are shown there.

use std::{collections::BTreeSet, process::Command};

use deploytrack_tests::program::{Home, Process};
use serde_json::Value;

use crate::{
    pages::{blocks, is_concrete, is_name, lines_of, page, section},
    readme::{after_serve, shell, typed, with_deploy_script},
};

/// Where the examples of the REST API find the server.
const API: &str = "http://127.0.0.1:3000/api/v1";

/// The subcommands that a line of the list of commands names.
fn named(line: &str) -> Vec<String> {
    let words: Vec<_> = line
        .split_whitespace()
        .skip(1)
        .take_while(|word| is_name(word))
        .collect();
    words
        .first()
        .unwrap_or_else(|| panic!("no command is named in {line}"))
        .split('|')
        .map(str::to_owned)
        .collect()
}

/// The calls of curl on the page of the API, for a server.
fn calls(server: &Process) -> Vec<String> {
    let page = page("docs/api.md");
    let (before, _) = page.split_once(REQUESTS).unwrap();
    let calls: Vec<_> = blocks(before, "sh")
        .into_iter()
        .map(|block| block.replace(API, &format!("{}/api/v1", server.url())))
        .collect();
    assert!(page.contains(API) && calls.len() > 3, "{calls:?}");
    calls
}

#[test]
fn a_wrapped_command_and_an_id_file_work_as_the_page_of_the_command_line_shows() {
    let (home, _server) = after_serve();
    with_deploy_script(&home);
    let page = page("docs/cli.md");
    let lines = lines_of(section(&page, "## A wrapped command"));
    assert_eq!(lines.len(), 2, "a command, and --explain: {lines:?}");
    assert_eq!(typed(&home, lines[0]), "--fast\n");
    assert!(typed(&home, "deploytrack matrix").contains("v2.3.1"));
    typed(&home, lines[1]);
    let lines = lines_of(section(&page, "## Several steps"));
    assert_eq!(lines.len(), 3, "record, update and wait: {lines:?}");
    for line in lines {
        // Another job changes the status in the meantime.
        if line.starts_with("deploytrack wait") {
            typed(
                &home,
                "deploytrack update --id-file deployment.id succeeded",
            );
        }
        typed(&home, line);
    }
    assert!(
        typed(&home, "deploytrack list -o csv")
            .lines()
            .skip(1)
            .all(|line| line.contains("succeeded"))
    );
}

#[test]
fn the_calls_of_the_api_answer_as_the_page_shows() {
    let curl = Command::new("curl").arg("--version").output();
    assert!(
        curl.is_ok(),
        "this test types calls of curl: install it (apt-get install curl), or run scripts/test, which does"
    );
    let (home, server) = after_serve();
    let calls = calls(&server);
    let (first, others) = calls.split_first().unwrap();
    let said = typed(&home, first);
    let answers: Vec<Value> = serde_json::Deserializer::from_str(&said)
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    let status = |answer: usize| {
        answers[answer]["status"]
            .as_str()
            .unwrap_or_else(|| panic!("{said}"))
    };
    assert_eq!(
        [status(0), status(1), status(2)],
        ["pending", "in_progress", "succeeded"]
    );
    let [_, _, _, matrix, list, history] = answers.as_slice() else {
        panic!("{said}")
    };
    assert!(matrix.to_string().contains("v2.3.1"), "{matrix}");
    assert_eq!(
        (&list["total"], &list["data"][0]["id"]),
        (&1.into(), &answers[0]["id"]),
        "{list}"
    );
    let rows = history.as_array().or(history["data"].as_array()).unwrap();
    let statuses: Vec<_> = rows.iter().map(|row| &row["to"]).collect();
    assert_eq!(
        statuses,
        ["pending", "in_progress", "succeeded"],
        "{history}"
    );

    // The later blocks use the variables of the first one.
    let (setup, _) = first.split_once("\n\n").unwrap();
    for call in others {
        let said = typed(&home, &format!("{setup}\n{call}"));
        let answers: Vec<Value> = serde_json::Deserializer::from_str(&said)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        assert!(
            !answers.is_empty() && answers.iter().all(|answer| answer["code"].is_null()),
            "{call}\n{said}"
        );
    }
}

/// The section with a request of every route.
const REQUESTS: &str = "\n## Requests and answers\n";

#[test]
fn the_requests_of_the_api_are_valid() {
    let (home, server) = after_serve();
    let first = typed(&home, &calls(&server)[0]);
    let mut answers = serde_json::Deserializer::from_str(&first).into_iter::<Value>();
    let recorded = answers.next().unwrap().unwrap();
    let of = |field: &str| recorded[field].as_str().unwrap().to_owned();
    let page = page("docs/api.md");
    let (_, section) = page.split_once(REQUESTS).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let setup = format!(
        "{}\nDEPLOYTRACK_URL={}\nID={}\nCOMPONENT={}\nENVIRONMENT={}\n",
        "export TOKEN=$(sed -n 's/^token *= *\"\\(.*\\)\"/\\1/p' ~/.config/deploytrack/config.toml | head -1)",
        server.url(),
        of("id"),
        of("componentId"),
        of("environmentId"),
    );
    let line = r#"{"component": "a", "environment": "staging", "version": "v1", "status": "succeeded", "occurredAt": "2026-01-01T00:00:00Z"}"#;
    std::fs::write(home.path().join("deployments.jsonl"), line).unwrap();
    let created = |path: &str, body: &str| {
        let call = format!(
            "{setup}curl -s -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' $DEPLOYTRACK_URL/api/v1/{path} -d '{body}'"
        );
        let answer: Value = serde_json::from_str(&typed(&home, &call)).unwrap();
        answer["id"].as_str().unwrap().to_owned()
    };
    let setup = format!(
        "{setup}TOKEN_ID={}\nREVOCATION_ID={}\nID_TOKEN=none\n",
        created("tokens", r#"{"subject": "ada"}"#),
        created("revocations", r#"{"jti": "1"}"#),
    );
    let mut seen = 0;
    for request in blocks(section, "sh") {
        // The stream never ends, and badges are off.
        if request.contains("/events") || request.contains("/badge") {
            continue;
        }
        let request = request.replace("$API", "$DEPLOYTRACK_URL/api/v1");
        let said = typed(&home, &format!("{setup}{request}"));
        let answer: Value = serde_json::from_str(&said).unwrap_or_default();
        let code = answer["code"]
            .as_str()
            .filter(|code| !code.starts_with("dtc_"));
        // The names of the page are in use here, the deployment has succeeded, nothing is old, and the
        // server trusts no issuer.
        let expected = [
            None,
            Some("invalid_transition"),
            Some("name_taken"),
            Some("in_use"),
            Some("preview_changed"),
            Some("identity_tokens_off"),
        ];
        let is_order = request.contains("/environments/order");
        let is_pin = request.contains("/oidc/pins/") && code == Some("not_found");
        assert!(
            is_order || is_pin || expected.contains(&code),
            "{request}\n{said}"
        );
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn every_command_is_in_the_list_and_has_help() {
    let home = Home::new();
    let page = page("docs/cli.md");
    let listed: BTreeSet<_> = lines_of(section(&page, "## Commands"))
        .into_iter()
        .flat_map(named)
        .collect();
    for name in &listed {
        let help = home.deploytrack(&[name, "--help"]);
        assert!(
            help.done().contains("Usage: deploytrack"),
            "{name}: {help:?}"
        );
    }
    let help = home.deploytrack(&["--help"]);
    let (commands, _) = help.done().split_once("Options of every command:").unwrap();
    let indented = commands.lines().filter_map(|line| line.strip_prefix("  "));
    let names = indented
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next());
    let there: BTreeSet<_> = names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect();
    assert_eq!(listed, there);
}

#[test]
fn the_second_words_of_the_list_are_commands_too() {
    let home = Home::new();
    let page = page("docs/cli.md");
    for command in ["spool", "profile"] {
        let opening = format!("deploytrack {command} ");
        let line = lines_of(section(&page, "## Commands"))
            .into_iter()
            .find(|line| line.starts_with(&opening))
            .unwrap();
        for name in line.split_whitespace().nth(2).unwrap().split('|') {
            let help = home.deploytrack(&[command, name, "--help"]);
            assert!(
                help.done().contains(&format!("Usage: {opening}")),
                "{command} {name}"
            );
        }
    }
}

#[test]
fn the_concrete_lines_of_the_list_can_be_typed() {
    let (home, _server) = after_serve();
    // A machine without a browser runs this test, too.
    let home = home.with("BROWSER", "true");
    typed(
        &home,
        "deploytrack record --component user-service --environment production --version v2.3.0 --status succeeded",
    );
    let page = page("docs/cli.md");
    let mut run = BTreeSet::new();
    let (mut lines, last): (Vec<_>, Vec<_>) = lines_of(section(&page, "## Commands"))
        .into_iter()
        .filter(|line| is_concrete(line))
        .partition(|line| *line != "deploytrack logout");
    // After it the others have no token.
    lines.extend(last);
    for line in lines {
        // These need a component and an environment, or a token on standard input; their help and
        // the examples show how.
        let needs_more = ["record", "undeploy", "login"].map(|name| format!("deploytrack {name}"));
        if needs_more.contains(&line.to_owned()) {
            assert_eq!(
                shell(&home, line).output().unwrap().status.code(),
                Some(2),
                "{line}"
            );
            continue;
        }
        // These run until they are stopped; one of them needs a terminal.
        if ["deploytrack watch", "deploytrack matrix --watch"].contains(&line) {
            let stopped = format!("script -qec 'timeout -s INT 2 {line}; echo ended $?' /dev/null");
            let output = shell(&home, &stopped).output().unwrap();
            assert!(
                String::from_utf8_lossy(&output.stdout).contains("ended 124"),
                "{line}: {output:?}"
            );
            continue;
        }
        typed(&home, line);
        run.insert(line);
    }
    for line in [
        "deploytrack flush",
        "deploytrack list",
        "deploytrack matrix",
        "deploytrack matrix --at yesterday",
        "deploytrack verify",
    ] {
        assert!(run.contains(line), "{line} is in the list: {run:?}");
    }
}

#[test]
fn the_commands_of_the_page_of_the_server_can_be_typed() {
    let (mut home, server) = after_serve();
    typed(
        &home,
        "deploytrack record --component user-service --environment production --version v2.3.0",
    );
    home.set("DEPLOYTRACK_LISTEN", server.url().replace("http://", ""));
    let page = page("docs/server.md");
    let lines = lines_of(section(&page, "## Subcommands"));
    assert_eq!(lines.len(), 7, "{lines:?}");
    for line in lines {
        typed(&home, line);
    }
}

#[test]
fn the_example_of_the_library_is_the_one_that_its_documentation_tests() {
    let documentation = page("deploytrack-core/src/lib.rs");
    let lines: Vec<_> = documentation
        .lines()
        .filter(|line| !line.starts_with("# "))
        .collect();
    let tested = lines.join("\n") + "\n";
    let page = page("docs/library.md");
    let example = blocks(&page, "rust")[0];
    assert!(tested.contains(example.trim()), "{example}");
}
