//! The sources of settings.

use std::fs;

use deploytrack_tests::{caller::Caller, program::Home};

use crate::given::Bench;

#[test]
fn a_flag_wins_over_the_environment() {
    let bench = Bench::filled();
    let home = Home::new()
        .with("DEPLOYTRACK_URL", "http://127.0.0.1:1")
        .with("DEPLOYTRACK_TOKEN", Caller::admin_token());
    let _ = home
        .deploytrack(&["matrix", "--url", bench.server.url()])
        .done();
}

#[test]
fn a_token_may_be_in_a_file() {
    let bench = Bench::filled();
    let home = Home::new().with("DEPLOYTRACK_URL", bench.server.url());
    let file = home.path().join("token");
    fs::write(&file, format!("{}\n", Caller::admin_token())).unwrap();
    let home = home.with("DEPLOYTRACK_TOKEN_FILE", file.to_str().unwrap());
    let _ = home.deploytrack(&["matrix"]).done();
}

#[test]
fn a_token_is_no_flag() {
    let run = Home::new().deploytrack(&["matrix", "--token", "x"]);
    assert_eq!(run.code, 2, "{run:?}");
}
