//! `deploytrack login` and `logout`: a token is stored only after the server has accepted it.

use std::{fs, os::unix::fs::PermissionsExt};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    program::Home,
};

use crate::given::Bench;

/// A home without any setting of the server.
fn stranger() -> (Bench, Home) {
    (Bench::filled(), Home::new())
}

fn config(home: &Home) -> String {
    fs::read_to_string(home.path().join(".config/deploytrack/config.toml")).unwrap_or_default()
}

fn login(home: &Home, bench: &Bench, token: &str) -> deploytrack_tests::program::Run {
    home.deploytrack_reading(
        &["login", "--url", bench.server.url(), "--token-stdin"],
        token,
    )
}

#[test]
fn after_a_login_no_setting_is_needed() {
    let (bench, home) = stranger();
    let run = login(&home, &bench, &format!("  {}\n\n", Caller::admin_token()));
    assert!(
        run.done().contains("it can read and write") && run.err.is_empty(),
        "{run:?}"
    );
    assert!(!run.out.contains(&Caller::admin_token()[..20]), "{run:?}");
    assert!(home.deploytrack(&["matrix"]).done().contains("production"));
    let file = home.path().join(".config/deploytrack/config.toml");
    assert_eq!(
        fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_read_only_token_is_stored_and_reported() {
    let (bench, home) = stranger();
    assert!(
        login(&home, &bench, &Caller::reader_token())
            .done()
            .contains("it can only read")
    );
}

#[test]
fn a_token_with_too_long_a_lifetime_is_not_stored_and_the_reason_names_the_lifetime() {
    let (bench, home) = stranger();
    let claims = serde_json::json!({"sub": "ci-bot", "exp": 4_000_000_000_u64, "iat": 1_700_000_000, "roles": ["admin"]});
    let run = login(
        &home,
        &bench,
        &deploytrack_tests::caller::token(&claims, SECRET),
    );
    assert_eq!(run.code, 4, "{run:?}");
    assert!(
        ["lifetime", "--expires-in", "nothing was saved"]
            .iter()
            .all(|part| run.err.contains(part)),
        "{run:?}"
    );
    assert_eq!(config(&home), "");
}

#[test]
fn a_token_that_the_server_refuses_is_not_stored() {
    let (bench, home) = stranger();
    let claims = serde_json::json!({"sub": "ci-bot", "exp": 4_000_000_000_u64, "iat": 1_700_000_000, "roles": ["admin"]});
    let forged = deploytrack_tests::caller::token(&claims, "another-secret-of-at-least-32-bytes!");
    for token in [forged.as_str(), "nonsense"] {
        let run = login(&home, &bench, token);
        assert_eq!(run.code, 4, "{run:?}");
        assert!(
            run.err.contains("nothing was saved") && !run.err.contains(token),
            "{run:?}"
        );
    }
    assert_eq!(config(&home), "");
}

#[test]
fn a_login_that_cannot_be_checked_stores_nothing() {
    let home = Home::new();
    let run = home.deploytrack_reading(
        &["login", "--url", "http://127.0.0.1:1", "--token-stdin"],
        "token",
    );
    assert_eq!(run.code, 3, "{run:?}");
    assert_eq!(config(&home), "");
}

#[test]
fn an_empty_token_is_refused() {
    let (bench, home) = stranger();
    for token in ["", " \n\t"] {
        let run = login(&home, &bench, token);
        assert_eq!(run.code, 2, "{run:?}");
    }
    assert_eq!(config(&home), "");
}

#[test]
fn without_a_terminal_the_way_out_is_named() {
    let (bench, home) = stranger();
    let run = home.deploytrack_reading(
        &["login", "--url", bench.server.url()],
        &Caller::admin_token(),
    );
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("--token-stdin"), "{run:?}");
}

#[test]
fn the_newest_login_is_current_and_the_others_stay() {
    let (one, home) = stranger();
    let other = Bench::new();
    let _ = login(&home, &one, &Caller::admin_token()).done();
    let _ = home
        .deploytrack_reading(
            &[
                "login",
                "--url",
                other.server.url(),
                "--profile",
                "other",
                "--token-stdin",
            ],
            &Caller::admin_token(),
        )
        .done();
    assert_eq!(
        home.deploytrack(&["matrix", "-o", "json"]).done().trim(),
        "[]"
    );
    let first = one.server.url().trim_start_matches("http://");
    assert!(
        home.deploytrack(&["matrix", "--profile", first])
            .done()
            .contains("production")
    );
}

#[test]
fn a_logout_removes_the_token_and_nothing_else() {
    let (bench, home) = stranger();
    let _ = login(&home, &bench, &Caller::admin_token()).done();
    assert!(home.deploytrack(&["logout"]).done().contains("is removed"));
    assert!(!config(&home).contains(&Caller::admin_token()[..20]));
    let run = home.deploytrack(&["matrix"]);
    assert_eq!(run.code, 4, "{run:?}");
    assert!(
        home.deploytrack(&["logout"])
            .done()
            .contains("no token to remove")
    );
    assert_eq!(
        home.deploytrack(&["logout", "--profile", "none-such"]).code,
        2
    );
}

#[test]
fn a_variable_that_overrides_the_profile_is_named() {
    let (bench, mut home) = stranger();
    home.set("DEPLOYTRACK_TOKEN", "another");
    let run = login(&home, &bench, &Caller::admin_token());
    let _ = run.done();
    assert!(run.err.contains("DEPLOYTRACK_TOKEN is set"), "{run:?}");
}
