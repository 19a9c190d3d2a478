//! The exit codes, which are a public contract.

use deploytrack_tests::{caller::Caller, program::Home, snapshot};

use crate::given::Bench;

#[test]
fn a_refusal_is_1_and_prints_the_reason() {
    let bench = Bench::filled();
    let run = bench
        .home
        .deploytrack(&["show", "00000000-0000-4000-8000-000000000000"]);
    snapshot!("cli_refused", run.whole());
    let near = bench.home.deploytrack(&[
        "record",
        "--component",
        "api",
        "--environment",
        "prodution",
        "--version",
        "v1",
    ]);
    assert_eq!((near.code, near.out.as_str()), (1, ""));
    assert!(near.err.contains("production"), "{near:?}");
}

#[test]
fn wrong_usage_is_2() {
    let home = Home::new();
    for args in [
        &["nonsense"][..],
        &["record"],
        &["update", "x", "succeeded"],
        &["list", "--take", "x"],
        &["matrix", "-o", "sculpture"],
        &[
            "record",
            "--component",
            "-x",
            "--environment",
            "production",
            "--version",
            "v1",
        ],
    ] {
        let run = home.deploytrack(args);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{args:?}: {run:?}");
        assert!(!run.err.is_empty());
    }
}

#[test]
fn a_server_that_is_down_is_3() {
    let home = Home::new()
        .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    for args in [
        &["matrix"][..],
        &[
            "record",
            "--component",
            "api",
            "--environment",
            "production",
            "--version",
            "v1",
        ],
    ] {
        let run = home.deploytrack(args);
        assert_eq!((run.code, run.out.as_str()), (3, ""), "{run:?}");
        assert!(run.err.contains("127.0.0.1:1"), "{run:?}");
    }
}

#[test]
fn a_server_that_never_answers_is_3_after_the_timeout() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let home = Home::new()
        .with("DEPLOYTRACK_URL", url)
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let run = home.deploytrack(&["matrix", "--timeout", "1s"]);
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn no_token_and_a_wrong_one_are_4() {
    let bench = Bench::new();
    let url = bench.server.url();
    let nobody = Home::new()
        .with("DEPLOYTRACK_URL", url)
        .deploytrack(&["matrix"]);
    assert_eq!((nobody.code, nobody.out.as_str()), (4, ""), "{nobody:?}");
    let wrong = Home::new()
        .with("DEPLOYTRACK_URL", url)
        .with("DEPLOYTRACK_TOKEN", "not-a-token")
        .deploytrack(&["matrix"]);
    assert_eq!(wrong.code, 4, "{wrong:?}");
    assert!(!wrong.err.contains("not-a-token"), "a token is never shown");
}

#[test]
fn a_broken_pipe_is_success() {
    let bench = Bench::filled();
    let lines = (0..3000)
        .map(|n| format!("{{\"component\":\"api\",\"environment\":\"production\",\"version\":\"v{n}\",\"status\":\"succeeded\",\"occurredAt\":\"2025-06-01T12:00:00Z\"}}\n"))
        .collect::<Vec<_>>()
        .concat();
    let _ = bench
        .home
        .deploytrack_reading(&["import", "-"], &lines)
        .done();
    let mut child = bench
        .home
        .command("deploytrack", &["export"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut String::new()).unwrap();
    drop(out);
    let rest = child.wait_with_output().unwrap();
    assert_eq!(
        (
            rest.status.code(),
            String::from_utf8_lossy(&rest.stderr).as_ref()
        ),
        (Some(0), "")
    );
}
