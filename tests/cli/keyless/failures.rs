//! A provider that is down, slow or refuses: the wrapped command runs as without deploytrack.

use std::time::{Duration, Instant};

use deploytrack_tests::{
    caller::{SECRET, seconds, token},
    program::Home,
};
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    REQUEST_TOKEN, job, job_without_permission,
    provider::{Answer, Provider},
};
use crate::{
    given::Bench,
    wrapped::{RECORD, assert_passed_through, spooled, wrapped},
};

/// A text with the form of an identity token.
fn identity_token() -> String {
    token(
        &json!({"iss": "https://i", "sub": "repo:octo-org/octo-repo", "exp": seconds() + 300}),
        SECRET,
    )
}

/// The states of the entries in the spool.
fn states(home: &Home) -> Vec<String> {
    let list = home.deploytrack(&["spool", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(list.done()).unwrap();
    let lines = list.as_array().unwrap().iter();
    lines
        .map(|line| line["state"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_job_without_the_permission_deploys_and_is_told_which_one_it_needs() {
    let bench = Bench::new();
    let home = job_without_permission(bench.server.url());
    let run = home.deploytrack(&wrapped(&[], &["sh", "-c", "echo deployed; exit 3"]));
    assert_passed_through(&run, 3, "deployed\n");
    assert!(run.err.contains("permissions: id-token: write"), "{run:?}");
    assert_eq!(
        (spooled(&home), states(&home)),
        (1, vec!["refused".to_owned()])
    );
    let plain = home.deploytrack(&RECORD);
    assert!(
        plain.code == 4 && plain.err.contains("permissions: id-token: write"),
        "{plain:?}"
    );
    let matrix = home.deploytrack(&["matrix"]);
    assert!(
        matrix.code == 4 && matrix.err.contains("permissions: id-token: write"),
        "{matrix:?}"
    );
}

#[rstest]
#[case::forgejo(("FORGEJO_ACTIONS", "true"), "enable-openid-connect: true")]
#[case::gitlab(("GITLAB_CI", "true"), "id_tokens")]
#[case::circleci(("CIRCLECI", "true"), "CIRCLE_OIDC_TOKEN_V2")]
#[case::buildkite(("BUILDKITE", "true"), "buildkite-agent")]
fn every_provider_names_what_its_job_lacks(#[case] mark: (&str, &str), #[case] way_out: &str) {
    let bench = Bench::new();
    let home = Home::new()
        .with("PATH", "/usr/bin:/bin")
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with(mark.0, mark.1);
    let run = home.deploytrack(&wrapped(&[], &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(run.err.contains(way_out), "{run:?}");
}

#[rstest]
#[case::forbidden(
    Answer::status("403 Forbidden"),
    "refuses the request for an identity token (403)"
)]
#[case::not_found(
    Answer::status("404 Not Found"),
    "refuses the request for an identity token (404)"
)]
#[case::failing(
    Answer::status("500 Internal Server Error"),
    "failed to issue an identity token (500)"
)]
#[case::no_json(Answer::body("<html>"), "without an identity token")]
#[case::no_token(Answer::body(r#"{"count":1}"#), "without an identity token")]
#[case::no_jwt(Answer::body(r#"{"value":"hush"}"#), "is not a JSON Web Token")]
#[case::huge(Answer::body(format!(r#"{{"value":"{}"}}"#, "a".repeat(1_000_000))), "larger than 64 KiB")]
#[case::silent(Answer::Silence, "2s")]
fn a_provider_that_fails_does_not_stop_the_command(#[case] answer: Answer, #[case] why: &str) {
    let bench = Bench::new();
    let provider = Provider::start(answer);
    let home = job(bench.server.url(), &provider);
    let start = Instant::now();
    let run = home.deploytrack(&wrapped(
        &["--send-timeout", "2s"],
        &["sh", "-c", "echo deployed; exit 5"],
    ));
    assert!(start.elapsed() < Duration::from_secs(8), "{run:?}");
    assert_passed_through(&run, 5, "deployed\n");
    assert!(run.err.contains(why), "{run:?}");
    assert!(
        !run.err.contains("hush") && !run.err.contains(REQUEST_TOKEN),
        "{run:?}"
    );
    assert_eq!(spooled(&home), 1);
}

#[test]
fn a_provider_that_is_down_does_not_stop_the_command() {
    let bench = Bench::new();
    let home = job_without_permission(bench.server.url())
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", "http://127.0.0.1:9/x?y=z")
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN);
    let run = home.deploytrack(&wrapped(&["--send-timeout", "2s"], &["echo", "deployed"]));
    assert_passed_through(&run, 0, "deployed\n");
    assert!(
        run.err
            .contains("no identity token: cannot reach http://127.0.0.1:9"),
        "{run:?}"
    );
    let matrix = home.deploytrack(&["matrix"]);
    assert!(
        matrix.code == 3 && matrix.err.contains("DEPLOYTRACK_TOKEN"),
        "{matrix:?}"
    );
}

#[test]
fn with_on_error_fail_nothing_runs_without_an_identity() {
    let bench = Bench::new();
    let provider = Provider::start(Answer::status("403 Forbidden"));
    let home = job(bench.server.url(), &provider);
    let run = home.deploytrack(&wrapped(&["--on-error", "fail"], &["echo", "deployed"]));
    assert_eq!((run.code, run.out.as_str()), (4, ""), "{run:?}");
}

#[test]
fn a_redirect_of_the_provider_is_not_followed() {
    let bench = Bench::new();
    let other = Provider::start(Answer::body(json!({"value": identity_token()}).to_string()));
    let to = format!("location: {}\r\n", other.url());
    let provider = Provider::start(Answer::Http("302 Found", to, String::new()));
    let home = job(bench.server.url(), &provider);
    let run = home.deploytrack(&wrapped(&[], &["echo", "deployed"]));
    assert_passed_through(&run, 0, "deployed\n");
    assert!(run.err.contains("which is not followed"), "{run:?}");
    assert_eq!(other.heads(), Vec::<String>::new());
}

#[test]
fn the_request_names_the_server_as_audience_and_has_the_token_of_the_job() {
    let provider = Provider::start(Answer::status("403 Forbidden"));
    // A path of the request URL, and its query, stay as they are.
    let home = job("https://tracker.example.com/deploytrack/", &provider);
    drop(home.deploytrack(&["matrix"]));
    let home = home.with("DEPLOYTRACK_OIDC_AUDIENCE", "our tracker");
    drop(home.deploytrack(&["matrix"]));
    let heads = provider.heads();
    let lines: Vec<_> = heads
        .iter()
        .map(|head| head.lines().next().unwrap())
        .collect();
    let request =
        |audience: &str| format!("GET /idtoken/7?api-version=2.0&audience={audience} HTTP/1.1");
    assert_eq!(
        lines,
        [
            request("https%3A%2F%2Ftracker.example.com%2Fdeploytrack"),
            request("our+tracker"),
        ]
    );
    let bearer = format!("authorization: Bearer {REQUEST_TOKEN}\r\n");
    assert!(heads.iter().all(|head| head.contains(&bearer)), "{heads:?}");
}

#[test]
fn a_request_token_is_not_sent_in_the_clear_to_another_machine() {
    let bench = Bench::new();
    let home = job_without_permission(bench.server.url())
        .with("ACTIONS_ID_TOKEN_REQUEST_URL", "http://forge.invalid/x")
        .with("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN);
    let run = home.deploytrack(&wrapped(&[], &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(run.err.contains("it must begin with https://"), "{run:?}");
    let allowed = home.with("DEPLOYTRACK_ALLOW_HTTP", "1");
    let run = allowed.deploytrack(&wrapped(&["--send-timeout", "2s"], &["true"]));
    assert!(!run.err.contains("it must begin with https://"), "{run:?}");
}

#[test]
fn a_configured_token_is_used_and_the_provider_is_not_asked() {
    let bench = Bench::new();
    let provider = Provider::start(Answer::status("500 Internal Server Error"));
    let home = job(bench.server.url(), &provider).with(
        "DEPLOYTRACK_TOKEN",
        deploytrack_tests::caller::Caller::admin_token(),
    );
    let run = home.deploytrack(&wrapped(&[], &["true"]));
    assert_passed_through(&run, 0, "");
    assert!(!run.err.contains("warning"), "{run:?}");
    assert_eq!(provider.heads(), Vec::<String>::new());
}

#[test]
fn a_program_of_a_provider_that_fails_does_not_stop_the_command() {
    let bench = Bench::new();
    let home = Home::new();
    crate::readme::with_script(
        &home,
        "buildkite-agent",
        "#!/bin/sh\necho 'fatal: could not obtain OIDC token' >&2\nexit 77\n",
    );
    let path = format!("{}:/usr/bin:/bin", home.path().display());
    let home = home
        .with("PATH", path)
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("BUILDKITE", "true")
        .with("BUILDKITE_JOB_ID", "7");
    let run = home.deploytrack(&wrapped(&[], &["echo", "deployed"]));
    assert_passed_through(&run, 0, "deployed\n");
    assert!(
        run.err.contains(
            "`buildkite-agent` failed (exit status: 77): fatal: could not obtain OIDC token"
        ),
        "{run:?}"
    );
}
