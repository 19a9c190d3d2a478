//! Profiles: the list, the choice of one, and logout.

use std::fs;

use deploytrack_tests::{
    caller::{Caller, SECRET},
    program::{Home, Run},
};
use serde_json::Value;

use crate::given::Bench;

fn login(home: &Home, url: &str, profile: &str) {
    let args = ["login", "--url", url, "--profile", profile, "--token-stdin"];
    home.deploytrack_reading(&args, &Caller::admin_token()).ok();
}

fn listed(home: &Home) -> Vec<(String, bool, String)> {
    let all: Value =
        serde_json::from_str(home.deploytrack(&["profile", "list", "-o", "json"]).done()).unwrap();
    let of = |one: &Value| {
        (
            one["name"].as_str().unwrap().to_owned(),
            one["current"] == true,
            one["token"].as_str().unwrap().to_owned(),
        )
    };
    all.as_array().unwrap().iter().map(of).collect()
}

fn profile(name: &str, current: bool, token: &str) -> (String, bool, String) {
    (name.to_owned(), current, token.to_owned())
}

#[test]
fn a_logout_falls_back_to_the_only_other_profile_with_a_token() {
    let (bench, home) = (Bench::filled(), Home::new());
    login(&home, bench.server.url(), "local");
    login(&home, bench.server.url(), "work");
    assert_eq!(
        listed(&home),
        [
            profile("local", false, "reads and writes"),
            profile("work", true, "reads and writes")
        ]
    );
    let out = home.deploytrack(&["logout"]).done().to_owned();
    assert!(
        out.contains("the token of the profile work is removed")
            && out.contains("the profile local"),
        "{out}"
    );
    assert_eq!(
        listed(&home),
        [
            profile("local", true, "reads and writes"),
            profile("work", false, "none")
        ]
    );
    assert!(home.deploytrack(&["matrix"]).done().contains("production"));
    let last = home.deploytrack(&["logout"]).done().to_owned();
    assert!(
        last.contains("no other profile has a token; `deploytrack login` adds one"),
        "{last}"
    );
}

#[test]
fn the_profile_of_the_same_server_is_used_or_the_choice_is_named() {
    let ([one, other, third], home) = ([Bench::new(), Bench::new(), Bench::new()], Home::new());
    login(&home, other.server.url(), "elsewhere");
    login(&home, third.server.url(), "far");
    login(&home, one.server.url(), "mine");
    login(&home, &format!("{}/", one.server.url()), "ours");
    let out = home.deploytrack(&["logout"]).done().to_owned();
    assert!(
        out.contains("the profile mine") && out.contains("is now the current one"),
        "{out}"
    );
    let out = home.deploytrack(&["logout"]).done().to_owned();
    assert!(
        out.contains("elsewhere, far; choose one with `deploytrack profile use NAME`"),
        "{out}"
    );
    let lost = home.deploytrack(&["list"]);
    assert!(
        lost.code == 4 && lost.err.contains("deploytrack profile use"),
        "{lost:?}"
    );
    assert!(
        home.deploytrack(&["profile", "use", "far"])
            .done()
            .contains("far")
    );
    home.deploytrack(&["list"]).ok();
}

#[test]
fn a_profile_is_shown_without_its_token() {
    let (bench, home) = (Bench::new(), Home::new());
    login(&home, bench.server.url(), "work");
    let secret = Caller::admin_token();
    for args in [
        &["profile", "list"][..],
        &["profile", "show"],
        &["profile", "show", "work", "-o", "json"],
        &["profile", "list", "-o", "yaml"],
        &["profile", "list", "-o", "csv"],
        &["--verbose", "profile", "show", "work"],
    ] {
        let run = home.deploytrack(args);
        assert!(
            run.done().contains("work") && run.out.contains(bench.server.url()),
            "{run:?}"
        );
        for part in secret.split('.') {
            assert!(
                !run.out.contains(part) && !run.err.contains(part),
                "{args:?}"
            );
        }
    }
    // An address may contain a password.
    let path = home.path().join(".config/deploytrack/config.toml");
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("http://", "http://me:hush@");
    fs::write(&path, text).unwrap();
    let run = home.deploytrack(&["profile", "show"]);
    assert!(!run.done().contains("hush"), "{run:?}");
}

#[test]
fn a_missing_profile_is_reported_with_the_setting_that_names_it() {
    let (bench, home) = (Bench::new(), Home::new());
    login(&home, bench.server.url(), "work");
    let says = |run: Run, parts: &[&str]| {
        assert_eq!(run.code, 2, "{run:?}");
        assert!(
            parts.iter().all(|part| run.err.contains(part)),
            "{parts:?}: {run:?}"
        );
    };
    says(
        home.deploytrack(&["list", "--profile", "wrok"]),
        &[
            "no profile wrok",
            "--profile names",
            "the profiles are work",
            "profile use",
        ],
    );
    says(
        home.deploytrack(&["profile", "use", "wrok"]),
        &["no profile wrok", "the profiles are work"],
    );
    says(
        home.deploytrack(&["profile", "show", "wrok"]),
        &["no profile wrok", "the profiles are work"],
    );
    says(
        home.deploytrack(&["profile", "remove", "wrok"]),
        &["no profile wrok"],
    );
    let home = home.with("DEPLOYTRACK_PROFILE", "gone");
    for args in [
        &["list"][..],
        &["logout"],
        &["profile", "show"],
        &["matrix"],
    ] {
        says(
            home.deploytrack(args),
            &[
                "no profile gone",
                "DEPLOYTRACK_PROFILE names",
                "the profiles are work",
            ],
        );
    }
    let list = home.deploytrack(&["profile", "list"]);
    assert!(
        list.done().contains("work") && list.err.contains("DEPLOYTRACK_PROFILE names"),
        "{list:?}"
    );
    let wrapped = home.deploytrack(&crate::wrapped::wrapped(&[], &["sh", "-c", "exit 3"]));
    assert!(
        wrapped.code == 3 && wrapped.err.contains("DEPLOYTRACK_PROFILE names"),
        "{wrapped:?}"
    );
    let used = home.deploytrack(&["profile", "use", "work"]);
    assert!(
        used.done().contains("work")
            && used
                .err
                .contains("DEPLOYTRACK_PROFILE is set and overrides"),
        "{used:?}"
    );
}

#[test]
fn a_profile_that_is_removed_is_no_longer_the_current_one() {
    let (bench, home) = (Bench::filled(), Home::new());
    login(&home, bench.server.url(), "local");
    login(&home, bench.server.url(), "work");
    let out = home
        .deploytrack(&["profile", "remove", "work"])
        .done()
        .to_owned();
    assert!(
        out.contains("the profile work is removed") && out.contains("the profile local"),
        "{out}"
    );
    assert_eq!(listed(&home), [profile("local", true, "reads and writes")]);
    assert!(home.deploytrack(&["matrix"]).done().contains("production"));
    let out = home
        .deploytrack(&["profile", "remove", "local"])
        .done()
        .to_owned();
    assert!(out.contains("no other profile has a token"), "{out}");
    let none = home.deploytrack(&["profile", "list"]);
    assert!(
        none.done().is_empty() && none.err.contains("deploytrack login"),
        "{none:?}"
    );
    assert_eq!(home.deploytrack(&["profile", "show"]).code, 2);
    let missing = home.deploytrack(&["logout"]);
    assert!(
        missing.code == 2 && missing.err.contains("--profile"),
        "{missing:?}"
    );
}

#[test]
fn an_expired_token_is_reported_and_is_not_a_fallback() {
    let (bench, home) = (Bench::new(), Home::new());
    login(&home, bench.server.url(), "new");
    let claims = serde_json::json!({"sub": "ci-bot", "exp": 1_700_000_100_u64, "iat": 1_700_000_000, "roles": ["admin"]});
    let old = deploytrack_tests::caller::token(&claims, SECRET);
    let path = home.path().join(".config/deploytrack/config.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        format!(
            "{text}\n[profiles.old]\nurl = \"{}\"\ntoken = \"{old}\"\n",
            bench.server.url()
        ),
    )
    .unwrap();
    assert_eq!(
        listed(&home),
        [
            profile("new", true, "reads and writes"),
            profile("old", false, "expired")
        ]
    );
    assert!(
        home.deploytrack(&["logout"])
            .done()
            .contains("no other profile has a token")
    );
}
