//! A malicious server: none of its texts reaches a terminal unescaped, whatever the command, the form
//! and the field.

use std::process::{Command, Stdio};

use deploytrack_tests::{
    mirror::{Change, Mirror},
    program::{Home, Run, binary, with_variables_of},
};

use crate::given::Bench;

/// Sequences that clear the screen, set its title, write to the clipboard, and turn the direction, in
/// the forms of 7 and of 8 bits; a backspace, a carriage return and a delete.
const STEERING: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{1b}]52;c;b3duZWQ=\u{7}\u{9b}31m\u{9d}0;x\u{9c}\u{8}\u{8}\r\u{7f}\u{202e}\u{2066}\u{200b}\u{feff}";

/// Whether a text has a character that can steer a terminal.
fn steers(text: &str) -> Option<char> {
    text.chars().find(|c| {
        c.is_control() && *c != '\n'
            || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    })
}

struct Given {
    bench: Bench,
    mirror: Mirror,
    home: Home,
    /// The id of a deployment that has failed, with a reason, a description and metadata.
    deployment: String,
}

impl Given {
    fn new() -> Self {
        let bench = Bench::filled();
        let args = [
            "record",
            "-c",
            "api",
            "-e",
            "staging",
            "--version",
            "v9",
            "--status",
            "in_progress",
            "--description",
            "a new one",
            "--meta",
            "ticket=OPS-7",
            "--commit-sha",
            "0123456789abcdef0123456789abcdef01234567",
        ];
        let deployment = bench.home.deploytrack(&args).done().trim().to_owned();
        bench
            .home
            .deploytrack(&[
                "update",
                &deployment,
                "failed",
                "--reason",
                "the disk is full",
            ])
            .ok();
        bench.home.deploytrack(&["wall", "create", "office"]).ok();
        let server = bench
            .server
            .url()
            .trim_start_matches("http://")
            .parse()
            .unwrap();
        let mirror = Mirror::of(server);
        let token = deploytrack_tests::caller::Caller::admin_token();
        let home = Home::new()
            .with("DEPLOYTRACK_URL", mirror.url())
            .with("DEPLOYTRACK_TOKEN", token);
        Self {
            bench,
            mirror,
            home,
            deployment,
        }
    }

    /// All commands that print something of the server, with their arguments.
    fn commands(&self) -> Vec<Vec<&str>> {
        let id = self.deployment.as_str();
        let mut all: Vec<Vec<&str>> = vec![
            vec!["list"],
            vec!["matrix"],
            vec!["matrix", "--since", "1h"],
            vec!["latest", "api"],
            vec!["show", id],
            vec!["component", "list"],
            vec!["component", "show", "api"],
            vec!["environment", "list"],
            vec!["environment", "show", "staging"],
            vec!["wall", "list"],
            vec!["audit"],
            vec!["verify"],
            vec!["retention", "preview", "--older-than", "1d"],
            vec!["rollback", "-c", "api", "-e", "production", "--explain"],
            vec!["wait", id, "--wait-timeout", "1s"],
        ];
        for form in ["json", "yaml", "csv"] {
            for command in [&["matrix"][..], &["show", id]] {
                all.push([command, &["-o", form]].concat());
            }
        }
        all.extend([
            vec!["version"],
            vec!["doctor"],
            vec!["export"],
            vec!["open", "--print"],
            vec![
                "record",
                "-c",
                "api",
                "-e",
                "staging",
                "--version",
                "v10",
                "--status",
                "succeeded",
            ],
            vec!["record", "-c", "appi", "-e", "staging", "--version", "v10"],
            vec!["update", id, "failed"],
            vec!["undeploy", "-c", "web", "-e", "production"],
            vec!["component", "create", "api"],
            vec!["wall", "create", "second"],
        ]);
        all
    }

    fn check(&self, args: &[&str], what: &str) {
        let run = self.home.deploytrack(args);
        check(&run, args, what);
    }

    /// The same on a terminal, whose own colours and line ends are removed.
    fn check_on_terminal(&self, args: &[&str], what: &str) {
        let inner = self.home.command("deploytrack", args);
        let quoted = |arg: &str| format!("'{}'", arg.replace('\'', "'\\''"));
        let line: Vec<_> = args.iter().map(|arg| quoted(arg)).collect();
        let program = binary("deploytrack").display();
        let mut script = Command::new("timeout");
        let line = format!(
            "stty cols 200 rows 50; PAGER= timeout 5 {program} {}",
            line.join(" ")
        );
        script.args(["20", "script", "-qec", &line, "/dev/null"]);
        let mut script = with_variables_of(script, &inner);
        script
            .env("PATH", std::env::var("PATH").unwrap())
            .env("TERM", "xterm")
            .stdin(Stdio::null());
        let run = Run::of(&script.output().unwrap());
        let shown = without_colours(&run.out.replace("\r\n", "\n"));
        check(&Run { out: shown, ..run }, args, what);
    }
}

/// Removes what this program itself writes to a terminal: colours, and the drawing of progress.
fn without_colours(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let end = after
            .find(|c: char| !c.is_ascii_digit() && c != ';')
            .unwrap_or(after.len());
        let is_colour = after[end..].starts_with('m');
        if is_colour {
            rest = &after[end + 1..];
        } else {
            plain.push('\u{1b}');
            rest = after;
        }
    }
    plain + rest
}

#[track_caller]
fn check(run: &Run, args: &[&str], what: &str) {
    for (name, text) in [("stdout", &run.out), ("stderr", &run.err)] {
        assert_eq!(steers(text), None, "{name} of {args:?}, {what}: {text:?}");
    }
    assert!(run.code != 101, "{args:?}, {what}: {run:?}");
}

#[test]
fn no_text_of_a_server_steers_a_terminal() {
    let given = Given::new();
    let mut checked = 0;
    for args in given.commands() {
        given.mirror.change(Change::None);
        let _ = given.mirror.take_keys();
        given.check(&args, "unchanged");
        for key in given.mirror.take_keys() {
            let added = STEERING.to_owned();
            given.mirror.change(Change::Texts {
                key: key.clone(),
                added,
            });
            given.check(&args, &key);
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn on_a_terminal_it_is_the_same() {
    let given = Given::new();
    for args in given.commands().into_iter().take(5) {
        given.mirror.change(Change::None);
        let _ = given.mirror.take_keys();
        given.check_on_terminal(&args, "unchanged");
        for key in given.mirror.take_keys() {
            let is_free = [
                "description",
                "reason",
                "detail",
                "version",
                "name",
                "componentName",
                "metadata{}",
                "environments{}",
                "deployedBy",
            ];
            if is_free.contains(&&*key) {
                given.mirror.change(Change::Texts {
                    key: key.clone(),
                    added: STEERING.to_owned(),
                });
                given.check_on_terminal(&args, &key);
            }
        }
    }
}

#[test]
fn no_event_steers_a_terminal() {
    let given = Given::new();
    let keys = ["reason", "version", "component", "name"];
    for form in ["table", "jsonl"] {
        for key in keys {
            given.mirror.change(Change::Texts {
                key: key.to_owned(),
                added: STEERING.to_owned(),
            });
            let mut watch = Command::new("timeout");
            let inner = given
                .home
                .command("deploytrack", &["watch", "--after", "0", "-o", form]);
            watch
                .arg("2")
                .arg(inner.get_program())
                .args(inner.get_args());
            let run = Run::of(&with_variables_of(watch, &inner).output().unwrap());
            check(&run, &["watch", form], key);
        }
    }
}

/// An answer of a server, with this status and this body.
fn answer(status: u16, media: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} {STEERING_OF_A_LINE}\r\ncontent-type: {media}\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}")
        .into_bytes()
}

/// The part of the characters that the line of a status may have: those of 8 bits.
const STEERING_OF_A_LINE: &str = "\u{9b}31mowned";

#[test]
fn no_refusal_steers_a_terminal() {
    let given = Given::new();
    let id = given.deployment.as_str();
    let commands = [
        &["list"][..],
        &["record", "-c", "api", "-e", "staging", "--version", "v1"],
        &["update", id, "failed"],
        &["doctor"],
    ];
    let codes = [
        (400, "invalid_request"),
        (400, "invalid_transition"),
        (401, "unauthorized"),
        (401, "token_lifetime"),
        (401, ""),
        (403, "forbidden"),
        (403, "outside_limits"),
        (403, ""),
        (404, "not_found"),
        (409, "near_miss"),
        (409, "name_taken"),
        (410, "removed"),
        (412, "precondition_failed"),
        (422, "idempotency_key_reused"),
        (429, "rate_limit_exceeded"),
        (500, "internal"),
        (503, "unavailable"),
        (418, "teapot"),
    ];
    for (status, code) in codes {
        let text = |name: &str| format!("{name}{STEERING}");
        let problem = serde_json::json!({
            "type": text("urn:"), "title": text("title"), "status": status, "detail": text("detail"), "instance": text("/"),
            "code": code, "requestId": text("id"), "kind": text("component"), "name": text("name"), "didYouMean": [text("api")],
            "errors": [
                {"pointer": format!("/version{STEERING}"), "detail": text("fault")},
                {"parameter": text("take"), "detail": text("fault")},
                {"pointer": "/component", "detail": text("fault"), "didYouMean": text("api")},
            ],
        });
        let mut bodies = vec![("application/problem+json", problem.to_string())];
        let odd = serde_json::json!({"detail": text("detail"), "code": text(code), "title": text("title")});
        // What is no problem of a server is treated in the same way, whatever its code.
        if code.is_empty() {
            bodies.push(("application/problem+json", odd.to_string()));
            bodies.push((
                "text/html",
                format!("<html><title>{STEERING}</title>{STEERING}"),
            ));
            bodies.push(("application/json\u{9b}31m", STEERING.to_owned()));
        }
        for (media, body) in bodies {
            given
                .mirror
                .change(Change::Answer(answer(status, media, "", &body)));
            for args in commands {
                given.check(args, &format!("{status} {code} {media}"));
            }
        }
    }
}

#[test]
fn no_header_and_no_foreign_answer_steers_a_terminal() {
    let given = Given::new();
    let encoded = "component=%1b%5b2J%c2%9b31m%e2%80%ae%0d%0a";
    for header in [
        format!("resembles: {encoded}"),
        format!("unarchived: {encoded}"),
        format!("archived: {encoded}"),
        format!("link: <?skip=1&{encoded}>; rel=\"next\""),
        "link: <?\u{9b}31m>; rel=\"next\"".to_owned(),
        "retry-after: \u{9b}31m".to_owned(),
        "etag: \"\u{9b}31m\"".to_owned(),
        "x-request-id: \u{9b}31m\u{202e}".to_owned(),
        "server: \u{9b}31m".to_owned(),
        format!("location: /{encoded}"),
        "content-type: text/\u{9b}31m".to_owned(),
    ] {
        given
            .mirror
            .change(Change::Headers(format!("{header}\r\n").into_bytes()));
        for args in [
            &["list", "--all"][..],
            &["record", "-c", "api", "-e", "staging", "--version", "v11"],
            &["undeploy", "-c", "web", "-e", "production"],
        ] {
            given.check(args, &header);
        }
    }
    for (status, location) in [
        (301, "https://evil.example/\u{9b}31m"),
        (302, "/\u{202e}%1b[2J"),
        (307, "javascript:\u{9b}"),
    ] {
        let redirect = answer(
            status,
            "text/plain",
            &format!("location: {location}\r\n"),
            "",
        );
        given.mirror.change(Change::Answer(redirect));
        for args in [&["list"][..], &["doctor"], &["version"]] {
            given.check(args, location);
        }
    }
    let texts = [
        b"\x1b[2J\x9b31m".to_vec(),
        b"HTTP/1.1 200 \x1b[2J\r\n\r\n".to_vec(),
        b"SSH-2.0-\x1b[2J\r\n".to_vec(),
    ];
    for text in texts {
        given.mirror.change(Change::Answer(text.clone()));
        given.check(&["list"], &format!("{text:?}"));
        given.check(&["doctor"], &format!("{text:?}"));
    }
    assert!(given.bench.server.url().starts_with("http"));
}
