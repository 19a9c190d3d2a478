//! Every kind of problem that a server or a proxy answers with.

use super::*;

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
            "plain_http",
            "400 Bad Request",
            "the plain HTTP request was sent to HTTPS port; use an address that begins with https://",
            3,
            "if the port expects TLS, use an https:// address",
        ),
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
            "removed",
            "410 Gone",
            "deployment 0192f7e2 (v1) was removed by retention at 2026-11-23T18:45:02.000Z",
            1,
            "--at",
        ),
        (
            "preview_changed",
            "409 Conflict",
            "other deployments would be removed now; repeat it with the new tag",
            1,
            "repeat the command",
        ),
        (
            "removal_in_progress",
            "429 Too Many Requests",
            "a removal is running already; try again when it is done",
            3,
            "when it has ended",
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
            "server_outdated",
            "503 Service Unavailable",
            "a newer version of deploytrack has migrated the database; this server refuses writes until it is restarted with it",
            3,
            "until it is restarted",
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
            "too_many_tokens",
            "409 Conflict",
            "there are 1000 valid tokens, which is the most; revoke one first",
            1,
            "deploytrack token list",
        ),
        (
            "too_many_revocations",
            "409 Conflict",
            "there are 10000 revocations, which is the most; remove one of tokens that have expired",
            1,
            "--remove",
        ),
        (
            "token_ended",
            "401 Unauthorized",
            "the token was revoked; an admin creates a new one with `deploytrack token create`",
            4,
            "deploytrack login",
        ),
        (
            "too_many_walls",
            "409 Conflict",
            "there are 100 walls, which is the most; revoke one first",
            1,
            "deploytrack wall list",
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
            "rate_limit_exceeded",
            "429 Too Many Requests",
            "one subject may send 600000 reads a minute; repeat the request",
            3,
            "--rate-reads",
        ),
        (
            "too_many_connections",
            "429 Too Many Requests",
            "this address has too many connections without a valid token",
            3,
            "--max-connections-per-address",
        ),
        (
            "untrusted_identity",
            "401 Unauthorized",
            "no rule accepts this identity: rule web, claim ref: its condition (equals) is not met",
            4,
            "deploytrack oidc explain",
        ),
        (
            "identity_tokens_off",
            "404 Not Found",
            "this server exchanges no identity tokens: it has no trusted issuers",
            1,
            "exchanges no identity tokens",
        ),
        (
            "issuer_unavailable",
            "503 Service Unavailable",
            "the keys of https://id.example.com cannot be read at the moment",
            3,
            "the keys of https://id.example.com",
        ),
        (
            "too_many_pins",
            "409 Conflict",
            "there are 10000 pins, which is the most; remove some first",
            1,
            "remove some first",
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
            "need the role admin",
        ),
        (
            "outside_limits",
            "403 Forbidden",
            "the token may not write to the environment production; it is limited to staging",
            4,
            "--component and --environment",
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
    let read = |file: &str| {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../deploytrack-server/src/refusal/"
        );
        std::fs::read_to_string(format!("{folder}{file}")).unwrap()
    };
    let kinds = read("kind.rs")
        .replace("TOKEN_LIFETIME", "\"token_lifetime\"")
        .replace("TOKEN_ENDED", "\"token_ended\"");
    let resources = read("resource.rs");
    // A code is the text after a status, or after the arrow of a resource.
    let after_status = kinds.split("StatusCode::").skip(1);
    let after_status = after_status
        .filter_map(|rest| rest.split_once(','))
        .map(|(_, rest)| rest);
    let after_arrow = resources.split("=> (").skip(1);
    let codes: Vec<_> = after_status
        .chain(after_arrow)
        .filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next())
        .collect();
    assert!(codes.len() > 25, "{codes:?}");
    let spoken = include_str!("problems.rs");
    // Only a browser gets these.
    let of_pages = [
        "other_site",
        "logged_in",
        "code_ended",
        "wall_only_shows",
        "wall_revoked",
    ];
    for code in codes {
        assert!(
            spoken.contains(&format!("\"{code}\","))
                || of_pages.contains(&code)
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
