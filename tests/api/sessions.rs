//! Sessions of the pages: `/api/v1/session`.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use deploytrack_core::clock::{Clock as _, ManualClock, parse};
use deploytrack_server::{App, token::Secret};
use deploytrack_tests::{
    answer::Answer,
    caller::{Caller, SECRET, token},
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::json;

pub(crate) const SESSION: &str = "/api/v1/session";
pub(crate) const MATRIX: &str = "/api/v1/deployments/matrix";

/// The pair of the cookie that an answer sets, and its attributes.
pub(crate) fn cookie(answer: &Answer) -> (String, String) {
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    (pair.to_owned(), attributes.to_owned())
}

pub(crate) async fn logged_in(caller: &Caller) -> String {
    let answer = caller.call("POST", SESSION).await;
    answer.expect(200);
    cookie(&answer).0
}

pub(crate) async fn with_cookie(server: &Server, method: &str, path: &str, cookie: &str) -> Answer {
    let request = server.anonymous().request(method, path);
    Answer::of(request.header("cookie", cookie).send().await.unwrap()).await
}

pub(crate) async fn reads(server: &Server, cookie: &str) -> u16 {
    with_cookie(server, "GET", MATRIX, cookie).await.status
}

async fn code(caller: &Caller) -> String {
    let answer = caller.call("POST", "/api/v1/session/code").await;
    answer.expect(201)["code"].as_str().unwrap().to_owned()
}

/// Logs in with a code, from a browser with this cookie.
pub(crate) async fn exchange(server: &Server, code: &str, cookie: &str, query: &str) -> Answer {
    let caller = Caller::new(&server.url(), Some(code.to_owned()));
    let request = caller.request("POST", &format!("{SESSION}{query}"));
    Answer::of(request.header("cookie", cookie).send().await.unwrap()).await
}

#[rstest]
#[tokio::test]
async fn a_session_reads_with_the_rights_of_its_token_and_never_writes(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let answer = server.admin().call("POST", SESSION).await;
    let login = answer.expect(200);
    assert_eq!(
        (&login["subject"], &login["role"]),
        (&json!("ci-bot"), &json!("admin"))
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let (admin, attributes) = cookie(&answer);
    assert!(attributes.starts_with("HttpOnly; SameSite=Strict; Path=/; Max-Age="));
    assert_eq!(reads(&server, &admin).await, 200);
    assert_eq!(
        with_cookie(&server, "GET", SESSION, &admin).await.json(),
        login
    );
    for (method, path) in [
        ("POST", "/api/v1/deployments"),
        ("POST", "/api/v1/components"),
        ("POST", "/api/v1/session/code"),
        ("PUT", "/api/v1/environments/order"),
    ] {
        let answer = with_cookie(&server, method, path, &admin).await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
    let reader = logged_in(&server.reader()).await;
    assert_eq!(reads(&server, &reader).await, 200);
    let verify = "/api/v1/verify";
    let answers = [
        with_cookie(&server, "GET", verify, &admin).await.status,
        with_cookie(&server, "GET", verify, &reader).await.status,
    ];
    assert_eq!(answers, [200, 403]);
    let both = server.forged().request("GET", MATRIX);
    let both = both.header("cookie", &admin).send().await.unwrap();
    assert_eq!(both.status(), 401, "the token of a request wins");
}

#[rstest]
#[tokio::test]
async fn a_session_survives_a_restart_and_ends_at_the_log_out_of_its_browser(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let first = Server::start(&database).await;
    let (here, there) = (
        logged_in(&first.reader()).await,
        logged_in(&first.reader()).await,
    );
    drop(first);
    let server = Server::start(&database).await;
    assert_eq!(
        [reads(&server, &here).await, reads(&server, &there).await],
        [200, 200]
    );
    let out = with_cookie(&server, "DELETE", SESSION, &here).await;
    assert_eq!(out.status, 204);
    assert!(cookie(&out).1.contains("Max-Age=0"));
    assert_eq!(
        [reads(&server, &here).await, reads(&server, &there).await],
        [401, 200]
    );
    let secret = Secret::new(b"another-secret-of-at-least-32-bytes!".to_vec()).unwrap();
    let other = Server::of_app(App::new(server.tracker().clone(), &secret));
    assert_eq!(
        reads(&other, &there).await,
        401,
        "a new secret ends all sessions"
    );
}

#[tokio::test]
async fn a_session_ends_with_its_token() {
    let database = Database::sqlite();
    let clock = Arc::new(ManualClock::at(parse("2025-06-01T12:00:00Z").unwrap()));
    let server = Server::over(database.tracker().await.with_clock(clock.clone()));
    let claims = json!({"sub": "ada", "exp": clock.now().timestamp() + 600});
    let ada = Caller::new(&server.url(), Some(token(&claims, SECRET)));
    let (session, code) = (logged_in(&ada).await, code(&ada).await);
    clock.advance(TimeDelta::seconds(59));
    let of_code = exchange(&server, &code, "", "").await;
    of_code.expect(200);
    assert!(cookie(&of_code).1.contains("Max-Age=541"));
    clock.advance(TimeDelta::seconds(540));
    assert_eq!(reads(&server, &session).await, 200);
    clock.advance(TimeDelta::seconds(1));
    for cookie in [session, cookie(&of_code).0] {
        assert_eq!(reads(&server, &cookie).await, 401);
    }
}

#[tokio::test]
async fn a_page_of_another_site_neither_logs_in_nor_out() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let session = logged_in(&server.reader()).await;
    for (header, value) in [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
    ] {
        for method in ["POST", "DELETE"] {
            let request = server.reader().request(method, SESSION);
            let request = request.header(header, value).header("cookie", &session);
            let answer = Answer::of(request.send().await.unwrap()).await;
            assert_eq!(answer.expect(403)["code"], "other_site");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    assert_eq!(reads(&server, &session).await, 200);
    let own = server
        .reader()
        .request("POST", SESSION)
        .header("origin", server.url());
    assert_eq!(own.send().await.unwrap().status(), 200);
}

#[rstest]
#[tokio::test]
async fn a_code_logs_in_once_within_a_minute(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let clock = Arc::new(ManualClock::at(parse("2025-06-01T12:00:00Z").unwrap()));
    let server = Server::over(database.tracker().await.with_clock(clock.clone()));
    let claims = json!({"sub": "ada", "exp": clock.now().timestamp() + 600});
    let ada = Caller::new(&server.url(), Some(token(&claims, SECRET)));
    let (used, late) = (code(&ada).await, code(&ada).await);
    let answer = exchange(&server, &used, "", "").await;
    assert_eq!(answer.expect(200)["subject"], "ada");
    assert_eq!(reads(&server, &cookie(&answer).0).await, 200);
    clock.advance(TimeDelta::seconds(60));
    for ended in [&used, &late, "dtc_00"] {
        let answer = exchange(&server, ended, "", "").await;
        assert_eq!(answer.expect(401)["code"], "code_ended");
        let caller = Caller::new(&server.url(), Some(ended.to_owned()));
        assert_eq!(caller.get(MATRIX).await.status, 401, "a code is no token");
    }
}

#[tokio::test]
async fn a_code_of_another_caller_replaces_a_session_only_when_asked_to() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let session = logged_in(&server.reader()).await;
    let code = code(&server.admin()).await;
    let refused = exchange(&server, &code, &session, "").await.expect(409);
    assert_eq!(
        refused["detail"],
        "this browser is logged in as reader, and the link logs in as ci-bot"
    );
    assert_eq!(reads(&server, &session).await, 200);
    let replaced = exchange(&server, &code, &session, "?replace=true").await;
    assert_eq!(replaced.expect(200)["subject"], "ci-bot");
    assert_eq!(
        reads(&server, &session).await,
        401,
        "the former session ends"
    );
}

#[tokio::test]
async fn a_guessed_code_or_cookie_starts_no_write() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let session = logged_in(&server.reader()).await;
    let (name, id) = session.split_once('=').unwrap();
    let guessed = format!("{name}={}", id.chars().rev().collect::<String>());
    let _writes_are_blocked = database.block_writes().await;
    let answers = async {
        let answer = exchange(&server, "dtc_guessed", "", "").await;
        assert_eq!(answer.status, 401);
        let answer = with_cookie(&server, "DELETE", SESSION, &guessed).await;
        assert_eq!(answer.status, 204);
    };
    tokio::time::timeout(Duration::from_secs(3), answers)
        .await
        .unwrap();
}

#[tokio::test]
async fn the_oldest_of_many_sessions_of_a_subject_ends() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let (first, other) = (
        logged_in(&server.reader()).await,
        logged_in(&server.admin()).await,
    );
    let mut last = String::new();
    for _ in 0..deploytrack_core::session::MOST_OF_SUBJECT {
        last = logged_in(&server.reader()).await;
    }
    let answers = [
        reads(&server, &first).await,
        reads(&server, &last).await,
        reads(&server, &other).await,
    ];
    assert_eq!(answers, [401, 200, 200]);
}
