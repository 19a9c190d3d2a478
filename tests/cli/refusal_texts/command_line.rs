//! Command lines that cannot be read.

use super::*;

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
            &["show", "0192f7e26c1a"],
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
            &["list", "--created-after", "soon"],
            &["'soon'", "--created-after", "2026-11-23T18:32:00Z"],
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
        (&["lisst"], &["'lisst'", "'deploytrack list'"]),
        (
            &["deploy"],
            &["'deploy'", "see 'deploytrack record --help'"],
        ),
        (
            &["record", "-c", "a", "-e", "b", "--reason", "x"],
            &["'--reason'", "deploytrack update ID failed --reason"],
        ),
        (
            &["update", ID, "--version", "v2"],
            &["'--version'", "record the right one"],
        ),
        (
            &["latest", "api", "-e", "production"],
            &["deploytrack show COMPONENT ENVIRONMENT"],
        ),
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
