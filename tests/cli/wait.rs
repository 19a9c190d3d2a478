//! `deploytrack wait`: ends as soon as a deployment has the awaited status.

use std::{
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use deploytrack_tests::program::Home;

use crate::given::Bench;

/// Starts to wait. The server gets at least one request before this returns.
fn waiting(home: &Home, args: &[&str]) -> Child {
    let child = home
        .command("deploytrack", args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    thread::sleep(Duration::from_millis(700));
    child
}

/// The exit code, standard output and standard error of a wait.
fn ended(child: Child) -> (i32, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap_or(-1),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn a_deployment_that_succeeds_ends_the_wait() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "in_progress");
    let child = waiting(&bench.home, &["wait", &id]);
    let _ = bench.home.deploytrack(&["update", &id, "succeeded"]).done();
    assert_eq!(
        ended(child),
        (
            0,
            "api v1 in production is succeeded\n".to_owned(),
            String::new()
        )
    );
    let json = bench.home.deploytrack(&["wait", &id, "-o", "json"]);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(json.done()).unwrap()["status"],
        "succeeded"
    );
}

#[test]
fn a_deployment_that_cannot_reach_the_status_without_a_retry_is_1_at_once() {
    let bench = Bench::new();
    let failed = bench.record("api", "production", "v1", "failed");
    let run = bench.home.deploytrack(&["wait", &failed]);
    assert_eq!((run.code, run.out.as_str()), (1, ""), "{run:?}");
    assert!(
        run.err.contains("is failed") && run.err.contains("deploytrack show"),
        "{run:?}"
    );
    let succeeded = bench.record("api", "production", "v1", "succeeded");
    assert_eq!(
        bench
            .home
            .deploytrack(&["wait", &succeeded, "--until", "failed"])
            .code,
        1
    );
    assert_eq!(
        bench
            .home
            .deploytrack(&["wait", &failed, "--until", "succeeded,failed"])
            .done(),
        "api v1 in production is failed\n"
    );
    assert_eq!(
        bench
            .home
            .deploytrack(&["wait", "00000000-0000-4000-8000-000000000000"])
            .code,
        1
    );
}

#[test]
fn when_the_time_is_over_it_is_3() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "pending");
    let start = Instant::now();
    let run = bench
        .home
        .deploytrack(&["wait", &id, "--wait-timeout", "1s"]);
    assert_eq!((run.code, run.out.as_str()), (3, ""), "{run:?}");
    assert!(
        run.err.contains("still pending after 1s") && run.err.contains("--wait-timeout"),
        "{run:?}"
    );
    assert!(
        (1..10).contains(&start.elapsed().as_secs()),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_short_outage_of_the_server_is_retried() {
    let mut bench = Bench::new();
    let id = bench.record("api", "production", "v1", "succeeded");
    let url = bench.server.url().to_owned();
    bench.server.kill();
    let gone = bench
        .home
        .deploytrack(&["wait", &id, "--wait-timeout", "1s"]);
    assert_eq!(gone.code, 3, "{gone:?}");
    assert!(gone.err.contains("unknown"), "{gone:?}");
    let child = waiting(&bench.home, &["wait", &id]);
    bench.restart(&url);
    let (code, out, err) = ended(child);
    assert_eq!(
        (code, out.as_str()),
        (0, "api v1 in production is succeeded\n"),
        "{err}"
    );
    assert!(err.contains("asking again"), "{err}");
}

#[test]
fn a_wrong_token_is_4_and_ctrl_c_130() {
    let bench = Bench::new();
    let id = bench.record("api", "production", "v1", "pending");
    let child = waiting(&bench.home, &["wait", &id]);
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(ended(child), (130, String::new(), String::new()));
    let stranger = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", "wrong");
    assert_eq!(stranger.deploytrack(&["wait", &id]).code, 4);
}
