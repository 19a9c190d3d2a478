//! `deploytrack serve`: the first command of a new user.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use deploytrack_tests::program::{Home, Process};

/// Reads the introduction of the demo up to its last line.
fn demo(home: &Home) -> (Process, String) {
    let mut command = home.command(
        "deploytrack",
        &["serve", "--demo", "--listen", "127.0.0.1:0"],
    );
    command.stderr(std::process::Stdio::inherit());
    let mut server = Process::started(command);
    let said = server.read_until(|text| {
        text.contains("deploytrack matrix") || text.contains("deploytrack list")
    });
    (server, said)
}

#[test]
fn the_demo_shows_a_matrix_and_a_second_terminal_needs_no_setup() {
    let home = Home::new();
    let (server, said) = demo(&home);
    assert!(said.contains("production"), "{said}");
    let matrix = home.deploytrack(&["matrix"]);
    assert!(matrix.done().contains("production"), "{matrix:?}");
    let id = home.deploytrack(&[
        "record",
        "--component",
        "my-service",
        "--environment",
        "production",
        "--version",
        "1.0.0",
        "--status",
        "succeeded",
    ]);
    assert!(uuid::Uuid::try_parse(id.done().trim()).is_ok());
    assert!(home.deploytrack(&["matrix"]).done().contains("my-service"));
    let (code, _) = server.terminate();
    assert_eq!(code, 0);
}

#[test]
fn the_profile_and_the_secret_are_private_to_their_owner() {
    let home = Home::new();
    let (_server, _) = demo(&home);
    let profile = home.path().join(".config/deploytrack/config.toml");
    assert_eq!(
        fs::metadata(&profile).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let data = home.path().join(".local/share/deploytrack");
    let secrets: Vec<_> = fs::read_dir(&data)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().contains("secret"))
        .collect();
    assert_eq!(secrets.len(), 1, "one secret in {}", data.display());
    assert_eq!(
        secrets[0].metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn the_token_that_the_server_issues_respects_the_longest_lifetime() {
    let home = Home::new();
    let mut command = home.command(
        "deploytrack",
        &[
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--max-token-lifetime",
            "2h",
        ],
    );
    command.stderr(std::process::Stdio::null());
    let _server = Process::started(command);
    let run = home.deploytrack(&["matrix"]);
    assert_eq!(run.code, 0, "{run:?}");
}

#[test]
fn recorded_deployments_are_there_after_a_restart() {
    let home = Home::new();
    let serve = || {
        let mut command = home.command("deploytrack", &["serve", "--listen", "127.0.0.1:0"]);
        command.stderr(std::process::Stdio::null());
        Process::started(command)
    };
    let server = serve();
    // The profile is written shortly before or after the first line of output.
    std::thread::sleep(Duration::from_millis(500));
    let args = [
        "record",
        "--component",
        "api",
        "--environment",
        "production",
        "--version",
        "v1",
        "--status",
        "succeeded",
    ];
    let _ = home.deploytrack(&args).done();
    assert_eq!(server.terminate().0, 0);
    let _server = serve();
    std::thread::sleep(Duration::from_millis(500));
    assert!(home.deploytrack(&["matrix"]).done().contains("v1"));
}

#[test]
fn a_token_that_is_signed_on_the_machine_of_the_server_is_accepted() {
    let home = Home::new();
    let (_server, _) = demo(&home);
    let create = |args: &[&str]| {
        let run = home.deploytrack(&[&["token", "sign", "--subject", "ci"], args].concat());
        assert!(run.err.is_empty(), "{run:?}");
        run.done().trim().to_owned()
    };
    let record = |token: &str| {
        let mut command = home.command(
            "deploytrack",
            &[
                "record",
                "-c",
                "api",
                "-e",
                "production",
                "--version",
                "v1",
                "-o",
                "csv",
            ],
        );
        command.env("DEPLOYTRACK_TOKEN", token);
        command.output().unwrap()
    };
    let writer = record(&create(&["--role", "admin", "--expires-in", "1h"]));
    let recorded = String::from_utf8_lossy(&writer.stdout).into_owned();
    assert!(
        writer.status.success() && recorded.contains(",ci,"),
        "{writer:?}"
    );
    assert_eq!(
        record(&create(&[])).status.code(),
        Some(4),
        "it may only read"
    );
    for wrong in [
        ["--expires-in", "20y"],
        ["--expires-in", "1ms"],
        ["--subject", ""],
    ] {
        let run = home.deploytrack(&[&["token", "sign", "--subject", "ci"][..], &wrong].concat());
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
    }
    // Without a server on this machine the token is of no use, which is said.
    let other = Home::new().deploytrack(&["token", "sign", "--subject", "ci"]);
    assert!(
        !other.done().is_empty() && other.err.contains("is a new secret"),
        "{other:?}"
    );
}
