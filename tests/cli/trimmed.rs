//! Values of `$(...)`, files and steps of Jenkins end with a line break or other whitespace, which
//! is removed.

use std::fs;

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process},
};
use serde_json::Value;

use crate::{
    given::Bench,
    wrapped::{home, listed},
};

/// The whitespace around a value.
const BLANKS: [(&str, &str); 7] = [
    ("", "\n"),
    ("", "\r\n"),
    ("\u{feff}", ""),
    (" ", "  "),
    ("\t", "\t\n"),
    ("\u{a0}", "\u{a0}"),
    ("", "\u{200b}\n"),
];

#[test]
fn every_flag_of_a_record_and_of_an_update() {
    for (before, after) in BLANKS {
        let bench = Bench::new();
        let home = home(&bench);
        let padded = |text: &str| format!("{before}{text}{after}");
        let [component, environment, version, status] =
            ["api", "production", "v1", "in_progress"].map(padded);
        let [commit, who, text, meta, time] =
            ["ed522243", "rosa", "a text", "a=b", "2026-11-23T18:32:00Z"].map(padded);
        let mut args = vec![
            "record",
            "--component",
            &component,
            "-e",
            &environment,
            "--version",
            &version,
            "--status",
            &status,
        ];
        args.extend([
            "--commit-sha",
            &commit,
            "--deployed-by",
            &who,
            "--description",
            &text,
            "--meta",
            &meta,
            "--occurred-at",
            &time,
        ]);
        let id = home.deploytrack(&args).done().trim().to_owned();
        let one = listed(&bench)[0].clone();
        let found = [
            "componentName",
            "environmentName",
            "version",
            "status",
            "commitSha",
            "deployedBy",
            "description",
            "startedAt",
        ]
        .map(|key| one[key].as_str().unwrap().to_owned());
        let expected = [
            "api",
            "production",
            "v1",
            "in_progress",
            "ed522243",
            "rosa",
            "a text",
            "2026-11-23T18:32:00.000Z",
        ];
        assert_eq!(
            (found, &one["metadata"]),
            (expected.map(str::to_owned), &serde_json::json!({"a": "b"})),
            "{before:?} {after:?}"
        );
        let [id, succeeded, why] = [id.as_str(), "succeeded", "done"].map(padded);
        let _ = home
            .deploytrack(&["update", &id, &succeeded, "--reason", &why])
            .done();
        for args in [
            &[
                "list",
                "-c",
                &component,
                "-e",
                &environment,
                "--version",
                &version,
            ][..],
            &["latest", "-c", &component],
        ] {
            assert!(home.deploytrack(args).done().contains("v1"), "{args:?}");
        }
        assert!(
            home.deploytrack(&["show", &id, &format!("--output={before}json{after}")])
                .done()
                .contains("\"reason\":\"done\"")
        );
    }
}

#[test]
fn every_variable_and_every_file() {
    for (before, after) in BLANKS {
        let bench = Bench::new();
        let padded = |text: &str| format!("{before}{text}{after}");
        let token = padded(&Caller::admin_token());
        let variables = Home::new()
            .with("DEPLOYTRACK_URL", padded(bench.server.url()))
            .with("DEPLOYTRACK_TOKEN", &token);
        let variables = variables
            .with("DEPLOYTRACK_ON_ERROR", padded("spool"))
            .with("GITHUB_ACTIONS", padded("true"));
        let variables = variables
            .with("GITHUB_ACTOR", padded("octocat"))
            .with("GITHUB_REF", padded("refs/tags/v9"));
        let _ = variables
            .deploytrack(&[
                "record",
                "-c",
                "api",
                "-e",
                "production",
                "--id-file",
                "id\n",
            ])
            .done();
        let one = listed(&bench)[0].clone();
        assert_eq!(
            (&one["version"], &one["deployedBy"]),
            (&Value::from("v9"), &Value::from("octocat")),
            "{before:?} {after:?}"
        );

        fs::write(variables.path().join("token"), &token).unwrap();
        let id = fs::read_to_string(variables.path().join("id")).unwrap();
        fs::write(variables.path().join("id"), padded(&id)).unwrap();
        let mut files = variables;
        files.set("DEPLOYTRACK_TOKEN", "");
        files.set("DEPLOYTRACK_TOKEN_FILE", "token\n");
        assert!(
            files
                .deploytrack(&["show", "--id-file", "id"])
                .done()
                .contains("v9"),
            "{before:?} {after:?}"
        );
        let login = Home::new().deploytrack_reading(
            &[
                "login",
                "--url",
                &padded(bench.server.url()),
                "--token-stdin",
            ],
            &token,
        );
        assert!(login.done().contains("can read and write"), "{login:?}");
    }
}

#[test]
fn a_file_that_a_shell_of_windows_wrote() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "pending");
    let utf16 = |text: &str| -> Vec<u8> {
        [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect()
    };
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN_FILE", "token");
    fs::write(
        home.path().join("token"),
        utf16(&format!("{}\r\n", Caller::admin_token())),
    )
    .unwrap();
    fs::write(home.path().join("id"), utf16(&format!("{id}\r\n"))).unwrap();
    assert!(
        home.deploytrack(&["show", "--id-file", "id"])
            .done()
            .contains("v1")
    );
}

#[test]
fn the_settings_of_a_server() {
    let database = Database::sqlite();
    let machine = Home::new();
    let mut command = machine.command(
        "deploytrack-server",
        &["--listen", "127.0.0.1:0\n", "--database-url"],
    );
    command.arg(format!("{}\n", database.url()));
    for (name, value) in [
        ("DEPLOYTRACK_JWT_SECRET", SECRET),
        ("DEPLOYTRACK_REGISTRATION", "strict"),
        ("DEPLOYTRACK_BADGES", "public"),
        ("DEPLOYTRACK_LOG_FORMAT", "json"),
        ("DEPLOYTRACK_LOG_LEVEL", "error"),
        ("DEPLOYTRACK_MAX_CONNECTIONS", "100"),
        ("DEPLOYTRACK_MAX_CONNECTIONS_PER_ADDRESS", "50"),
        ("DEPLOYTRACK_HEALTH_LISTEN", "127.0.0.1:0"),
        ("DEPLOYTRACK_METRICS_LISTEN", "127.0.0.1:0"),
        ("DEPLOYTRACK_MAX_TOKEN_LIFETIME", "1y"),
        ("DEPLOYTRACK_IDEMPOTENCY_RETENTION", "2h"),
    ] {
        command.env(name, format!("{value}\r\n"));
    }
    let server = Process::started(command);
    let home = Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let strict = home.deploytrack(&["record", "-c", "api", "-e", "production", "--version", "v1"]);
    assert!(
        strict.code == 1 && strict.err.contains("api"),
        "the secret and the registration are read: {strict:?}"
    );

    for text in [format!("{SECRET}\r\n"), format!("\u{feff}{SECRET} \n\n")] {
        let home = Home::new();
        fs::write(home.path().join("secret"), text).unwrap();
        let token = home.deploytrack_server(&[
            "token",
            "--subject",
            "ci\n",
            "--role=admin\n",
            "--jwt-secret-file",
            "secret\n",
        ]);
        let home = home.with("DEPLOYTRACK_TOKEN", token.done());
        let _ = home
            .deploytrack(&[
                "--url",
                server.url(),
                "component",
                "create",
                &format!("c{}", token.out.len()),
            ])
            .done();
        let _ = home
            .deploytrack(&[
                "--url",
                server.url(),
                "component",
                "delete",
                &format!("c{}", token.out.len()),
            ])
            .done();
    }
}

#[test]
fn the_api_trims_nothing() {
    let bench = Bench::new();
    let body =
        serde_json::json!({"component": "api", "environment": "production", "version": "v1\n"});
    let run = bench
        .home
        .deploytrack_reading(&["import", "-"], &format!("{body}\n"));
    assert!(run.code == 1 && run.err.contains("version"), "{run:?}");
}
