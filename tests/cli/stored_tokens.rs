//! `deploytrack token`: tokens that the server stores.

use deploytrack_tests::{
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
    program::{Home, Process, Run},
};
use rstest::rstest;
use serde_json::Value;

use crate::given::Bench;

fn token(bench: &Bench, args: &[&str]) -> Run {
    bench.home.deploytrack(&[&["token"], args].concat())
}

fn json(run: &Run) -> Value {
    serde_json::from_str(run.done()).unwrap()
}

/// Asks a server with a secret.
fn matrix(server: &Process, secret: &str) -> Run {
    Home::new()
        .with("DEPLOYTRACK_URL", server.url())
        .with("DEPLOYTRACK_TOKEN", secret)
        .deploytrack(&["matrix"])
}

fn secret(run: &Run) -> String {
    let text = run.done();
    assert!(text.starts_with("dtk_") && text.len() == 41, "{run:?}");
    text.trim().to_owned()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_created_rotated_and_revoked(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let bench = Bench::on(database);
    let created = token(
        &bench,
        &["create", "--subject", "ci-bot", "--role", "writer"],
    );
    let first = secret(&created);
    assert!(
        created
            .err
            .starts_with("the token ci-bot (writer) is valid until "),
        "{created:?}"
    );
    assert!(
        created.err.contains("its secret is not shown again"),
        "{created:?}"
    );
    assert!(!created.err.contains("dtk_"), "{created:?}");
    assert_eq!(matrix(&bench.server, &first).code, 0);

    let taken = token(&bench, &["create", "--subject", "CI-bot"]);
    assert_eq!(taken.code, 1, "{taken:?}");
    assert!(
        taken.err.contains(
            "the token CI-bot exists already; rotate or revoke it, or choose another name"
        ),
        "{taken:?}"
    );

    let rotated = token(&bench, &["rotate", "CI-BOT", "--grace", "1h"]);
    let second = secret(&rotated);
    assert!(
        rotated.err.contains("the former secret is valid until "),
        "{rotated:?}"
    );
    for secret in [&first, &second] {
        assert_eq!(matrix(&bench.server, secret).code, 0);
    }
    let rotated = token(&bench, &["rotate", "ci-bot", "--grace", "0s", "--quiet"]);
    assert_eq!(rotated.err, "", "{rotated:?}");
    let third = secret(&rotated);
    for former in [&first, &second] {
        let refused = matrix(&bench.server, former);
        assert_eq!(refused.code, 4, "{refused:?}");
        assert!(!refused.err.contains(former.as_str()), "{refused:?}");
    }
    assert_eq!(matrix(&bench.server, &third).code, 0);

    let revoked = token(&bench, &["revoke", "ci-bot"]);
    assert_eq!(
        (revoked.done(), revoked.err.as_str()),
        ("", "revoked the token ci-bot\n")
    );
    let refused = matrix(&bench.server, &third);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("the token was revoked"), "{refused:?}");
    let gone = token(&bench, &["rotate", "ci-bot"]);
    assert!(
        gone.code == 1
            && gone
                .err
                .contains("the token ci-bot was revoked; create a new one"),
        "{gone:?}"
    );
    let unknown = token(&bench, &["revoke", "nobody"]);
    assert!(
        unknown.code == 1 && unknown.err.contains("there is no token nobody"),
        "{unknown:?}"
    );
}

#[test]
fn a_secret_alone_can_be_sent_to_a_file_and_other_forms_have_the_whole_token() {
    let bench = Bench::new();
    let quiet = token(&bench, &["create", "--subject", "ci-bot", "--quiet"]);
    secret(&quiet);
    assert_eq!(quiet.err, "");
    let args = [
        "create",
        "--subject",
        "web-team",
        "--name",
        "web",
        "--role",
        "admin",
        "--component",
        "web-*",
        "-o",
        "json",
    ];
    let created = json(&token(&bench, &args));
    assert_eq!(
        (
            &created["name"],
            &created["role"],
            &created["components"][0]
        ),
        (&"web".into(), &"writer".into(), &"web-*".into())
    );
    assert!(created["secret"].as_str().unwrap().starts_with("dtk_"));

    let page = json(&token(&bench, &["list", "-o", "json"]));
    assert_eq!(
        (&page["total"], &page["data"][1]["name"]),
        (&2.into(), &"web".into())
    );
    assert!(!page.to_string().contains("dtk_"));
    let table = token(&bench, &["list"]);
    let lines: Vec<_> = table.done().lines().collect();
    assert!(
        lines[0].contains("EXPIRES") && lines[0].contains("LAST USED"),
        "{table:?}"
    );
    assert!(
        lines[3].starts_with("web ") && lines[3].contains("web-*") && lines[3].contains(" in "),
        "{table:?}"
    );
    let csv = token(&bench, &["list", "-o", "csv"]);
    let header = csv.done().lines().next().unwrap();
    assert!(
        header.starts_with("name,subject,role,components,environments,expiresAt"),
        "{header}"
    );
    let csv = token(&bench, &["rotate", "web", "-o", "csv", "--quiet"]);
    assert!(
        csv.done().lines().nth(1).unwrap().contains(",dtk_"),
        "{csv:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_applies_at_once_at_the_other_server() {
    let Some(database) = Postgres.create().await else {
        return;
    };
    let other = Process::server(&Home::new(), database.url());
    let bench = Bench::on(database);
    for _ in 0..3 {
        let secret = secret(&token(&bench, &["create", "--subject", "ci-bot"]));
        assert_eq!(matrix(&other, &secret).code, 0);
        assert_eq!(token(&bench, &["revoke", "ci-bot"]).code, 0);
        assert_eq!(matrix(&other, &secret).code, 4);
    }
}

#[test]
fn json_web_tokens_are_revoked_by_subject_and_by_id() {
    let bench = Bench::new();
    let grace = Caller::token_of("grace");
    assert_eq!(matrix(&bench.server, &grace).code, 0);
    let revoked = token(&bench, &["revoke", "--subject", "grace"]);
    assert_eq!(
        revoked.err,
        "revoked the tokens of grace that were made before now\n"
    );
    assert_eq!(matrix(&bench.server, &grace).code, 4);
    assert_eq!(token(&bench, &["revoke", "--jti", "42"]).code, 0);
    let table = token(&bench, &["revocations"]);
    let lines: Vec<_> = table.done().lines().collect();
    assert!(
        lines[2].starts_with("42 ") && lines[3].contains("grace"),
        "{table:?}"
    );
    let page = json(&token(&bench, &["revocations", "-o", "json"]));
    let id = page["data"][1]["id"].as_str().unwrap();
    let removed = token(&bench, &["revocations", "--remove", id]);
    assert_eq!(removed.err, format!("removed the revocation {id}\n"));
    assert_eq!(matrix(&bench.server, &grace).code, 0);
    for wrong in [&["revoke"][..], &["revoke", "a", "--subject", "b"]] {
        assert_eq!(token(&bench, wrong).code, 2);
    }
}

#[test]
fn only_an_admin_manages_tokens() {
    let bench = Bench::new();
    let secret = secret(&token(
        &bench,
        &["create", "--subject", "ci-bot", "--role", "writer"],
    ));
    let home = Home::new()
        .with("DEPLOYTRACK_URL", bench.server.url())
        .with("DEPLOYTRACK_TOKEN", secret);
    let refused = home.deploytrack(&["token", "create", "--subject", "me", "--role", "admin"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.err.contains("role admin"), "{refused:?}");
}
