//! Refusals in the terms of the command line: the value, the rule, and a flag or a command that
//! helps.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};

use deploytrack_tests::{
    caller::Caller,
    program::{Home, Run},
};
use serde_json::{Value, json};

use crate::given::Bench;

/// Terms of HTTP, JSON and parsers, which do not help a person at a terminal.
const FOREIGN: [&str; 34] = [
    "?register",
    "=true",
    "Authorization",
    "Bearer",
    "Idempotency-Key",
    "Sent-At",
    "If-Match",
    "ETag",
    "Last-Event-ID",
    "Retry-After",
    "Content-",
    "{\"",
    "JSON object",
    "as compact JSON",
    "group count",
    "line 1 column",
    "invalid digit",
    "number at 0",
    "..=",
    "HTTP",
    "header",
    "the body",
    "query parameter",
    "this path",
    "/component",
    "/version",
    "/status",
    "/metadata",
    "componentId",
    "Bad Gateway",
    "Not Found",
    "Conflict",
    "Unprocessable",
    "text/html",
];

/// Checks that a refusal has this exit code, contains these parts and uses the terms of the command
/// line.
#[track_caller]
fn assert_refusal(args: &[&str], run: &Run, code: i32, parts: &[&str]) {
    assert_eq!(
        (run.code, run.out.as_str()),
        (code, ""),
        "{args:?}: {run:?}"
    );
    for part in parts {
        assert!(
            run.err.contains(part),
            "{args:?}: {part} is not in {}",
            run.err
        );
    }
    for word in FOREIGN {
        assert!(
            !run.err.contains(word),
            "{args:?}: {word} is in {}",
            run.err
        );
    }
}

const ID: &str = "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50";

#[test]
fn a_command_line_that_cannot_be_read_names_value_rule_and_flag() {
    let home = Home::new();
    let table: &[(&[&str], &[&str])] = &[
        (
            &["show", "abc"],
            &[
                "'abc'",
                "must be the id of a deployment",
                "deploytrack list",
            ],
        ),
        (
            &["show", "0192f7e2-6c1a"],
            &["must be the id of a deployment"],
        ),
        (&["wait", "abc"], &["must be the id of a deployment"]),
        (
            &["update", "abc", "failed"],
            &["'abc'", "must be the id of a deployment"],
        ),
        (&["update", ID, "done"], &["'done'", "succeeded"]),
        (
            &["flush", "abc"],
            &["'abc'", "must be the id of an entry", "spool list"],
        ),
        (&["spool", "show", "abc"], &["must be the id of an entry"]),
        (&["spool", "drop", "abc"], &["must be the id of an entry"]),
        (
            &["list", "--take", "0"],
            &["'0'", "--take", "from 1 to 100"],
        ),
        (
            &["list", "--take", "many"],
            &["'many'", "--take", "a whole number"],
        ),
        (&["list", "--skip=-1"], &["'-1'", "--skip", "0 or more"]),
        (
            &["list", "--status", "done"],
            &["'done'", "--status", "succeeded"],
        ),
        (
            &["list", "--order", "age"],
            &["'age'", "--order", "occurred"],
        ),
        (
            &["list", "--since", "soon"],
            &["'soon'", "--since", "'2 days ago'"],
        ),
        (
            &["list", "--since", "soon ago"],
            &["'soon ago'", "--since", "'2 days ago'"],
        ),
        (
            &["list", "--until", "900 years ago"],
            &["--until", "100 years"],
        ),
        (
            &["list", "--created-after", "today"],
            &["'today'", "--created-after", "2026-11-23T18:32:00Z"],
        ),
        (
            &["list", "--commit-sha", "HEAD"],
            &["'HEAD'", "--commit-sha", "hexadecimal"],
        ),
        (&["list", "-c", "a\u{7}"], &["--component", "must"]),
        (&["list", "-e", ""], &["--environment"]),
        (&["list", "-e", "-rf"], &["--environment=-rf"]),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "-rf",
                "--version",
                "v1",
                "--",
                "echo",
                "ran",
            ],
            &["--environment=-rf"],
        ),
        (
            &["list", "--timeout", "5"],
            &["'5'", "--timeout", "such as 10s"],
        ),
        (&["list", "-o", "xml"], &["'xml'", "--output", "yaml"]),
        (
            &["watch", "--after", "x"],
            &["'x'", "--after", "a whole number"],
        ),
        (
            &["watch", "--type", "x"],
            &["'x'", "--type", "deployment.created"],
        ),
        (&["matrix", "--at", "x"], &["'x'", "--at", "'2 days ago'"]),
        (&["matrix", "--owner", ""], &["--owner"]),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "e",
                "--version",
                "v",
                "--meta",
                "x",
            ],
            &["'x'", "--meta", "KEY=VALUE"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "e",
                "--version",
                "v",
                "--occurred-at",
                "x",
            ],
            &["'x'", "--occurred-at"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "e",
                "--version",
                "v",
                "--idempotency-key",
                "a b",
            ],
            &["'a b'", "--idempotency-key"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "e",
                "--version",
                "v",
                "--send-timeout",
                "x",
            ],
            &["'x'", "--send-timeout"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "e",
                "--version",
                "v",
                "--output-tail",
                "x",
                "--",
                "true",
            ],
            &["'x'", "--output-tail"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "e",
                "--version",
                "v",
                "--on-error",
                "x",
            ],
            &["'x'", "--on-error", "spool"],
        ),
        (
            &["environment", "create", "e", "--order", "0"],
            &["'0'", "--order", "1 or more"],
        ),
        (
            &["environment", "create", "e", "--type", "x"],
            &["'x'", "--type", "production"],
        ),
        (&["flush", "--set", "x=y"], &["'x=y'", "--set", "component"]),
        (
            &["serve", "--listen", "localhost"],
            &["'localhost'", "--listen", "127.0.0.1:3000"],
        ),
        (
            &["serve", "--idempotency-retention", "soon"],
            &["'soon'", "--idempotency-retention"],
        ),
        (
            &["serve", "--max-connections", "many"],
            &["'many'", "--max-connections", "a whole number"],
        ),
        (
            &["serve", "--registration", "maybe"],
            &["'maybe'", "--registration", "strict"],
        ),
        (&["completions", "csh"], &["'csh'", "bash"]),
        (&["lisst"], &["'lisst'", "'list'"]),
        (
            &["list", "--enviroment", "e"],
            &["'--enviroment'", "'--environment'"],
        ),
    ];
    for (args, parts) in table {
        assert_refusal(args, &home.deploytrack(args), 2, parts);
    }
}

#[test]
fn every_fault_of_a_command_line_is_reported_at_once() {
    let home = Home::new();
    let args = [
        "list",
        "--take",
        "0",
        "--status",
        "done",
        "--enviroment",
        "e",
        "--since",
        "soon",
        "--foo",
    ];
    let run = home.deploytrack(&args);
    assert_refusal(
        &args,
        &run,
        2,
        &[
            "'0' for '--take",
            "'done' for '--status",
            "'--enviroment'",
            "'soon' for '--since",
            "'--foo'",
        ],
    );
    assert_eq!(
        (
            run.err.matches("error:").count(),
            run.err.matches("--help").count()
        ),
        (5, 1),
        "{run:?}"
    );
    let long = "x".repeat(300);
    let args = [
        "component",
        "create",
        "a\u{7}",
        "--owner",
        &long,
        "--kind",
        "a\u{7}",
        "--lifecycle",
        &long,
        "--nothing",
    ];
    let run = home.deploytrack(&args);
    assert_refusal(
        &args,
        &run,
        2,
        &["--owner", "--kind", "--lifecycle", "--nothing", "<NAME>"],
    );
}

#[test]
fn a_refusal_of_the_server_names_value_and_flag() {
    let bench = Bench::filled();
    let known = bench.record("billing-service", "staging-europe", "v1", "succeeded");
    let failed = bench.record("web", "staging", "v9", "failed");
    let keyed = [
        "record",
        "-c",
        "api",
        "-e",
        "staging",
        "--version",
        "v3",
        "--idempotency-key",
        "build-7",
    ];
    bench.home.deploytrack(&keyed).ok();
    let long = format!("x={}", "y".repeat(9_000));
    bench
        .home
        .deploytrack(&["update", &failed, "pending", "--meta", &long])
        .ok();
    let larger = long.replacen('x', "z", 1);
    let table: &[(&[&str], i32, &[&str])] = &[
        (
            &[
                "record",
                "-c",
                "billing-servcie",
                "-e",
                "staging",
                "--version",
                "v1",
            ],
            1,
            &["billing-servcie", "billing-service?", "--register"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "staging-eurpoe",
                "--version",
                "v1",
            ],
            1,
            &["staging-eurpoe", "staging-europe?", "--register"],
        ),
        (
            &["record", "-c", ID, "-e", "staging", "--version", "v1"],
            1,
            &["there is no component", ID, "component list"],
        ),
        (
            &["record", "-c", "api", "-e", ID, "--version", "v1"],
            1,
            &["there is no environment", ID, "environment list"],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "staging",
                "--version",
                "v1",
                "--status",
                "rolled_back",
                "--occurred-at",
                "2999-01-01T00:00:00Z",
            ],
            1,
            &[
                "--status must not be rolled_back",
                "--occurred-at '2999-01-01T00:00:00Z' must not lie",
            ],
        ),
        (
            &[
                "record",
                "-c",
                "api",
                "-e",
                "staging",
                "--version",
                "v4",
                "--idempotency-key",
                "build-7",
            ],
            1,
            &[
                "--idempotency-key",
                "'build-7'",
                "give another",
                "deploytrack show",
            ],
        ),
        (
            &["update", &known, "pending"],
            1,
            &["succeeded", "pending", "rolled_back"],
        ),
        (&["update", ID, "failed"], 1, &[ID, "deploytrack list"]),
        (
            &["update", &failed, "in_progress", "--meta", &larger],
            1,
            &["--meta", "must be at most 16 KiB"],
        ),
        (&["show", ID], 1, &[ID, "deploytrack list"]),
        (&["wait", ID], 1, &[ID, "deploytrack list"]),
        (
            &["component", "create", "API"],
            1,
            &["component API exists already", "component show API"],
        ),
        (
            &["component", "update", "api", "--name", "web"],
            1,
            &["component web exists already"],
        ),
        (
            &["component", "delete", "api"],
            1,
            &["api has deployments", "component archive api"],
        ),
        (
            &["environment", "delete", "staging"],
            1,
            &["staging has deployments", "environment archive staging"],
        ),
        (
            &["environment", "create", "staging"],
            1,
            &["environment staging exists already"],
        ),
        (
            &["watch", "--after", "999999"],
            1,
            &["--after '999999' must be the number of an event"],
        ),
        (
            &["latest", "-c", "billing-servcie"],
            1,
            &["billing-servcie", "billing-service?"],
        ),
        (
            &["undeploy", "-c", "api", "-e", "staging-eurpoe"],
            1,
            &["staging-eurpoe", "staging-europe?"],
        ),
        (
            &["rollback", "-c", ID, "-e", "staging"],
            1,
            &["there is no component", ID],
        ),
        (&["list", "-c", ID], 1, &["there is no component", ID]),
        (&["export", "-e", ID], 1, &["there is no environment", ID]),
        (
            &["matrix", "-e", ID],
            1,
            &["there is no environment", ID, "environment list"],
        ),
        (
            &["matrix", "-c", "billing-servcie"],
            1,
            &["billing-service?"],
        ),
        (
            &["environment", "order", "staging", "prodution"],
            1,
            &["prodution"],
        ),
    ];
    for (args, code, parts) in table {
        assert_refusal(args, &bench.home.deploytrack(args), *code, parts);
    }
    let reads = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    let reads = reads.with(
        "DEPLOYTRACK_TOKEN",
        deploytrack_tests::caller::Caller::reader_token(),
    );
    let args = ["component", "create", "fresh"];
    assert_refusal(&args, &reads.deploytrack(&args), 4, &["role admin"]);
    let stranger = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    assert_refusal(
        &["list"],
        &stranger.deploytrack(&["list"]),
        4,
        &["DEPLOYTRACK_TOKEN", "deploytrack login", "--profile"],
    );
    let astray = Home::new()
        .with("DEPLOYTRACK_URL", format!("{}/api/v2", bench.server.url()))
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    assert_refusal(&["list"], &astray.deploytrack(&["list"]), 1, &["--url"]);
}

/// A server that gives this answer to every request.
fn canned(status: &str, content_type: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A request without a body arrives in one piece.
            let _ = stream.read(&mut [0; 16 * 1024]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn every_kind_of_problem_is_spoken() {
    let problem = |code: &str, status: u16, detail: &str| {
        json!({"type": format!("urn:deploytrack:problem:{code}"), "title": "Conflict", "status": status, "detail": detail,
            "instance": "/api/v1/components", "code": code, "requestId": "r-1"})
    };
    for (code, status, detail, exit, parts) in [
        (
            "header_too_large",
            "431 Request Header Fields Too Large",
            "the path and headers together may have at most 32 KiB",
            1,
            "--component",
        ),
        (
            "body_too_large",
            "413 Content Too Large",
            "the body may have at most 1 MiB",
            1,
            "--meta",
        ),
        (
            "unsupported_media_type",
            "415 Unsupported Media Type",
            "the body must be sent as application/json, without Content-Encoding",
            1,
            "--url",
        ),
        (
            "method_not_allowed",
            "405 Method Not Allowed",
            "this path accepts only GET",
            1,
            "--url",
        ),
        (
            "request_timeout",
            "408 Request Timeout",
            "the body did not arrive within 30 seconds",
            1,
            "repeat the command",
        ),
        (
            "request_in_progress",
            "409 Conflict",
            "a request with this Idempotency-Key is still running",
            1,
            "--idempotency-key",
        ),
        (
            "precondition_failed",
            "412 Precondition Failed",
            "it was changed since it was read; its ETag is \"x\" now",
            1,
            "repeat the command",
        ),
        (
            "in_use",
            "409 Conflict",
            "it has deployments; archive it instead ({\"archived\": true})",
            1,
            "archive",
        ),
        (
            "name_taken",
            "409 Conflict",
            "the component api is there already",
            1,
            "another name",
        ),
        (
            "near_miss",
            "409 Conflict",
            "there is no component apu; repeat the request with ?register=true",
            1,
            "unknown",
        ),
        (
            "not_found",
            "404 Not Found",
            "there is nothing at this address",
            1,
            "--url",
        ),
        (
            "idempotency_key_reused",
            "422 Unprocessable Content",
            "the Idempotency-Key was used for another request",
            1,
            "--idempotency-key",
        ),
        (
            "verification_in_progress",
            "429 Too Many Requests",
            "a verification is running already; try again when it is done",
            3,
            "verification",
        ),
        (
            "unavailable",
            "503 Service Unavailable",
            "the database cannot be used at the moment",
            3,
            "r-1",
        ),
        (
            "too_many_writes",
            "503 Service Unavailable",
            "too many writes are waiting at the moment; repeat the request with the same Idempotency-Key",
            3,
            "--idempotency-key",
        ),
        (
            "too_many_reads",
            "503 Service Unavailable",
            "too many questions wait; repeat the request",
            3,
            "--component",
        ),
        (
            "too_many_bodies",
            "503 Service Unavailable",
            "too many large bodies are arriving; send the body again",
            3,
            "repeat the command",
        ),
        (
            "too_many_streams",
            "429 Too Many Requests",
            "8 connections with tokens of this subject read events",
            3,
            "deploytrack watch",
        ),
        (
            "too_many_exports",
            "429 Too Many Requests",
            "4 exports are running; repeat the request when one has ended",
            3,
            "ended",
        ),
        (
            "too_many_large_answers",
            "429 Too Many Requests",
            "large answers are in transit; repeat the request",
            3,
            "--take",
        ),
        (
            "too_many_questions",
            "429 Too Many Requests",
            "8 reads are running; repeat the request",
            3,
            "--environment",
        ),
        (
            "too_many_connections",
            "429 Too Many Requests",
            "this address has too many connections without a valid token",
            3,
            "--max-connections-per-address",
        ),
        (
            "token_lifetime",
            "401 Unauthorized",
            "the lifetime of the token is longer than 10years",
            4,
            "--expires-in",
        ),
        (
            "internal",
            "500 Internal Server Error",
            "the server failed; its log has the cause under the request id",
            3,
            "r-1",
        ),
        (
            "forbidden",
            "403 Forbidden",
            "the token is valid but does not have the role admin",
            4,
            "role admin",
        ),
        (
            "unauthorized",
            "401 Unauthorized",
            "send a valid token as Authorization: Bearer <token>",
            4,
            "DEPLOYTRACK_TOKEN",
        ),
    ] {
        let number: u16 = status[..3].parse().unwrap();
        let url = canned(
            status,
            "application/problem+json",
            &problem(code, number, detail).to_string(),
        );
        let home = Home::new()
            .with("DEPLOYTRACK_URL", url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let args = ["list", "--timeout", "20s"];
        assert_refusal(&[code], &home.deploytrack(&args), exit, &[parts]);
    }
    for status in ["502 Bad Gateway", "404 Not Found", "409 Conflict"] {
        let url = canned(status, "text/html", "<html>");
        let home = Home::new()
            .with("DEPLOYTRACK_URL", &url)
            .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
        let exit = if status.starts_with('5') { 3 } else { 1 };
        assert_refusal(
            &[status],
            &home.deploytrack(&["list"]),
            exit,
            &[&url, &status[..3], "--url", "proxy"],
        );
        let kept = home.deploytrack(&[
            "record",
            "-c",
            "api",
            "-e",
            "e",
            "--version",
            "v1",
            "--on-error",
            "warn",
            "--",
            "echo",
            "ran",
        ]);
        assert_eq!((kept.code, kept.out.as_str()), (0, "ran\n"), "{kept:?}");
        assert!(
            !FOREIGN.iter().any(|word| kept.err.contains(word)),
            "{kept:?}"
        );
    }
}

#[test]
fn no_code_of_the_server_is_forgotten() {
    let text = std::fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../deploytrack-server/src/refusal.rs"
    ))
    .unwrap();
    let spoken = include_str!("refusal_texts.rs");
    for line in text
        .lines()
        .take_while(|line| !line.contains("cfg(test)"))
        .filter(|line| line.contains("(StatusCode::") || line.contains("=> (\""))
    {
        let line = line.replace("TOKEN_LIFETIME", "\"token_lifetime\"");
        // A code without a text is in another line of this list.
        let Some(code) = line.split('"').nth(1) else {
            continue;
        };
        assert!(
            spoken.contains(&format!("\"{code}\","))
                || ["invalid_request", "invalid_transition", "not_current"].contains(&code),
            "{code}"
        );
    }
}

#[test]
fn a_deployment_that_is_not_current_is_announced() {
    let bench = Bench::new();
    let old = bench.record_at(
        "api",
        "production",
        "v1",
        "succeeded",
        "2026-01-01T00:00:00Z",
    );
    let args = ["undeploy", "-c", "api", "-e", "staging"];
    assert_refusal(
        &args,
        &bench.home.deploytrack(&args),
        1,
        &["there is no environment staging"],
    );
    bench
        .home
        .deploytrack(&["undeploy", "-c", "api", "-e", "production"])
        .ok();
    let args = ["undeploy", "-c", "api", "-e", "production"];
    assert_refusal(
        &args,
        &bench.home.deploytrack(&args),
        1,
        &[
            "no deployment of api is current in production",
            "deploytrack matrix",
        ],
    );
    assert!(!old.is_empty());
}

#[test]
fn no_colour_reaches_every_error() {
    let script = |home: &Home, args: &str| {
        let program = deploytrack_tests::program::binary("deploytrack")
            .display()
            .to_string();
        let inner = home.command("deploytrack", &[]);
        let mut command = std::process::Command::new("script");
        command
            .args(["-qec", &format!("{program} {args}"), "/dev/null"])
            .env_clear();
        command
            .envs(
                inner
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .current_dir(home.path());
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    if deploytrack_tests::program::on_path("script").is_none() {
        return;
    }
    let home = || {
        Home::new()
            .with("TERM", "xterm")
            .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
    };
    for args in [
        "list --take 0",
        "list --foo",
        "list",
        "show",
        "--help",
        "logout",
    ] {
        assert!(script(&home(), args).contains("\x1b["), "{args}");
        for plain in [
            script(&home(), &format!("--no-color {args}")),
            script(&home(), &format!("{args} --no-color")),
            script(&home().with("NO_COLOR", "1"), args),
            script(&home().with("CLICOLOR", "0"), args),
            script(&home().with("TERM", "dumb"), args),
        ] {
            assert!(
                !plain.contains("\x1b[") && !plain.is_empty(),
                "{args}: {plain:?}"
            );
        }
    }
}

#[test]
fn every_command_reports_an_unknown_name_or_id() {
    let bench = Bench::filled();
    bench.record("billing-service", "staging-europe", "v1", "succeeded");
    for (args, part) in [
        (&["watch", "-c", "billing-servcie"][..], "billing-service?"),
        (&["watch", "-e", "staging-eurpoe"], "staging-europe?"),
        (&["watch", "-e", "staging", "-e", ID], ID),
        (
            &["open", "--print", "-c", "billing-servcie"],
            "billing-service?",
        ),
        (&["open", "--print", "-e", ID], "environment list"),
    ] {
        assert_refusal(args, &bench.home.deploytrack(args), 1, &[part]);
    }
    let component: Value = serde_json::from_str(
        bench
            .home
            .deploytrack(&["component", "show", "api", "-o", "json"])
            .done(),
    )
    .unwrap();
    let opened =
        bench
            .home
            .deploytrack(&["open", "--print", "-c", component["id"].as_str().unwrap()]);
    assert!(opened.done().contains("component%3Dapi"), "{opened:?}");
}

#[test]
fn a_name_in_the_form_of_an_id_works_in_a_wrapped_command_and_from_the_spool() {
    let bench = Bench::new();
    for kind in ["component", "environment"] {
        bench.home.deploytrack(&[kind, "create", ID]).ok();
    }
    let home = crate::wrapped::home(&bench);
    let record = [
        "record",
        "-c",
        ID,
        "-e",
        ID,
        "--version",
        "v1",
        "--idempotency-key",
        "leg-1",
        "--",
    ];
    let run = |command: &[&str]| home.deploytrack(&[&record[..], command].concat());
    assert_eq!(
        (
            run(&["sh", "-c", "exit 3"]).code,
            crate::wrapped::spooled(&home)
        ),
        (3, 0)
    );
    // Repeated with its key, the step resumes the deployment that failed.
    assert_eq!(
        (run(&["true"]).code, crate::wrapped::spooled(&home)),
        (0, 0)
    );
    let all = crate::wrapped::listed(&bench);
    assert_eq!(
        (all.len(), &all[0]["status"], &all[0]["componentName"]),
        (1, &"succeeded".into(), &ID.into()),
        "{all:?}"
    );
    let away = crate::wrapped::home_of("http://127.0.0.1:1").with(
        "XDG_STATE_HOME",
        home.path().join("state").display().to_string(),
    );
    let spooled = away.deploytrack(&[
        "record",
        "-c",
        ID,
        "-e",
        ID,
        "--version",
        "v2",
        "--send-timeout",
        "1s",
        "--",
        "true",
    ]);
    assert_eq!(spooled.code, 0, "{spooled:?}");
}
