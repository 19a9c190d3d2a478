//! Tokens that the server stores, `/api/v1/tokens`.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{ManualClock, parse},
    query::PageRequest,
};
use deploytrack_tests::{
    answer::Answer,
    caller::Caller,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use crate::audit::audited;
use crate::sessions::{MATRIX, SESSION, logged_in, reads, with_cookie};

pub(crate) const TOKENS: &str = "/api/v1/tokens";

/// Creates a token of `web-team` with these further fields.
pub(crate) async fn created(server: &Server, fields: Value) -> Value {
    let mut body = json!({"subject": "web-team"});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    server.admin().post(TOKENS, &body).await.expect(201)
}

/// The secret in an answer.
pub(crate) fn secret(token: &Value) -> String {
    token["secret"].as_str().unwrap().to_owned()
}

/// A caller with the secret of a token, at a server.
pub(crate) fn using(server: &Server, secret: &str) -> Caller {
    Caller::new(&server.url(), Some(secret.to_owned()))
}

async fn rotated(server: &Server, token: &Value, body: Value) -> Value {
    let path = format!("{TOKENS}/{}/rotate", token["id"].as_str().unwrap());
    server.admin().post(&path, &body).await.expect(200)
}

async fn revoke(server: &Server, token: &Value) {
    let path = format!("{TOKENS}/{}", token["id"].as_str().unwrap());
    server.admin().call("DELETE", &path).await.expect(204);
}

/// The code and the detail of the refusal of a read.
async fn refusal(caller: &Caller) -> (String, String) {
    let answer = caller.get(MATRIX).await;
    let problem = answer.expect(401);
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer error="invalid_token""#)
    );
    let text = |name: &str| problem[name].as_str().unwrap().to_owned();
    (text("code"), text("detail"))
}

#[rstest]
#[tokio::test]
async fn a_secret_is_shown_once_and_has_the_rights_of_its_token(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({"subject": "web-team", "role": "admin", "components": ["web-*"], "environments": ["staging"]});
    let answer = server.admin().post(TOKENS, &body).await;
    let token = answer.expect(201);
    let path = format!("{TOKENS}/{}", token["id"].as_str().unwrap());
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("location"), Some(path.as_str()));
    assert_eq!(
        (&token["name"], &token["role"]),
        (&json!("web-team"), &json!("writer"))
    );
    assert_eq!(token["createdBy"], "ci-bot");
    let secret = secret(&token);
    assert_eq!((&secret[..4], secret.len()), ("dtk_", 40));

    let mut shown = token.clone();
    shown.as_object_mut().unwrap().remove("secret");
    let one = server.admin().get(&path).await;
    assert_eq!(one.expect(200), shown);
    let tag = one.header("etag").unwrap();
    let same = server
        .admin()
        .get_with(&path, &[("if-none-match", tag)])
        .await;
    assert_eq!(same.status, 304);
    let all = server.admin().get(TOKENS).await;
    assert_eq!(all.expect(200)["data"], json!([shown]));

    let team = using(&server, &secret);
    let body = |component: &str| json!({"component": component, "environment": "staging", "version": "v1"});
    let recorded = team.record(body("web-shop")).await;
    let history = format!(
        "/api/v1/deployments/{}/history",
        recorded["id"].as_str().unwrap()
    );
    let history = team.get(&history).await.expect(200);
    assert_eq!(history[0]["recordedBy"], "web-team", "{history}");
    let outside = team.post("/api/v1/deployments", &body("api")).await;
    assert_eq!(outside.expect(403)["code"], "outside_limits");
    assert_eq!(team.get(TOKENS).await.status, 403);
}

#[rstest]
#[tokio::test]
async fn a_repeated_request_gets_the_same_secret(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let send = async |path: &str, key: &str, body: Value| {
        let key = [("idempotency-key", key)];
        let admin = server.admin();
        admin.send_with("POST", path, &key, body.to_string()).await
    };
    let body = json!({"subject": "web-team"});
    let (first, again) = (
        send(TOKENS, "create", body.clone()).await,
        send(TOKENS, "create", body).await,
    );
    let token = first.expect(201);
    assert_eq!(again.expect(201), token);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    let path = format!("{TOKENS}/{}/rotate", token["id"].as_str().unwrap());
    let (first, again) = (
        send(&path, "rotate", json!({})).await,
        send(&path, "rotate", json!({})).await,
    );
    assert_eq!(again.expect(200), first.expect(200));
    let new = using(&server, &secret(&first.json()));
    assert_eq!(new.get(MATRIX).await.status, 200);
    assert_ne!(secret(&first.json()), secret(&token));
}

#[tokio::test]
async fn a_secret_with_a_wrong_checksum_or_of_no_token_is_refused() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let secret = secret(&created(&server, json!({})).await);
    let mut misspelled = secret.clone();
    let last = if misspelled.ends_with('0') { "1" } else { "0" };
    misspelled.replace_range(39.., last);
    let unknown = "dtk_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17";
    for wrong in [
        &misspelled,
        unknown,
        "dtk_",
        &format!("{secret}0"),
        &secret[..39],
    ] {
        let (code, detail) = refusal(&using(&server, wrong)).await;
        assert_eq!(code, "unauthorized");
        assert!(!detail.contains("dtk_"), "{detail}");
    }
    assert_eq!(using(&server, &secret).get(MATRIX).await.status, 200);
}

#[rstest]
#[tokio::test]
async fn a_rotated_token_has_two_secrets_until_the_grace_is_over(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let clock = Arc::new(ManualClock::at(parse("2025-06-01T12:00:00Z").unwrap()));
    let tracker = database.tracker().await.with_clock(clock.clone());
    let server = Server::over(tracker);
    let admin = Caller::claiming(
        &server.url(),
        &json!({"roles": ["admin"], "iat": 1_748_779_200, "exp": 1_780_000_000}),
    );
    let token = admin
        .post(
            TOKENS,
            &json!({"subject": "web-team", "expiresInSeconds": 864_000}),
        )
        .await
        .expect(201);
    assert_eq!(token["expiresAt"], "2025-06-11T12:00:00.000Z");
    let rotate = async |body: Value| {
        let path = format!("{TOKENS}/{}/rotate", token["id"].as_str().unwrap());
        admin.post(&path, &body).await
    };
    clock.advance(TimeDelta::days(9));
    let second = rotate(json!({"graceSeconds": 3600})).await;
    assert_eq!(second.header("cache-control"), Some("no-store"));
    let second = second.expect(200);
    assert_eq!(second["expiresAt"], "2025-06-20T12:00:00.000Z");
    assert_eq!(second["formerEndsAt"], "2025-06-10T13:00:00.000Z");
    let [first, second] = [&token, &second].map(|token| using(&server, &secret(token)));
    for caller in [&first, &second] {
        assert_eq!(caller.get(MATRIX).await.status, 200);
    }
    clock.advance(TimeDelta::hours(1));
    let (code, detail) = refusal(&first).await;
    assert_eq!(code, "token_ended");
    assert_eq!(
        detail,
        "the token has got a new secret, and the time of this former one is over; use the new secret"
    );
    let third = using(
        &server,
        &secret(&rotate(json!({"graceSeconds": 0})).await.expect(200)),
    );
    assert_eq!(refusal(&second).await.0, "token_ended");
    assert_eq!(third.get(MATRIX).await.status, 200);

    clock.advance(TimeDelta::days(10));
    let (code, detail) = refusal(&third).await;
    assert_eq!(code, "token_ended");
    assert_eq!(
        detail,
        "the token has expired; an admin creates a new one with `deploytrack token create`"
    );
    let problem = rotate(json!({})).await.expect(409);
    assert_eq!(
        problem["detail"],
        "the token web-team has expired; create a new one"
    );
    admin
        .post(TOKENS, &json!({"subject": "web-team"}))
        .await
        .expect(201);
}

/// Waits until a stream of events has ended.
async fn ended(mut stream: reqwest::Response) {
    let end = async { while stream.chunk().await.unwrap().is_some() {} };
    timeout(Duration::from_secs(5), end).await.unwrap();
}

pub(crate) async fn follow(caller: &Caller) -> reqwest::Response {
    let stream = caller.request("GET", "/api/v1/events");
    let mut stream = stream.send().await.unwrap();
    assert_eq!(stream.status(), 200);
    stream.chunk().await.unwrap();
    stream
}

/// Reads that the server answers from its cache, with the tags of their answers.
async fn cached(caller: &Caller, paths: &[&str]) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    for path in paths {
        let answer = caller.get(path).await;
        answer.expect(200);
        let tag = answer.header("etag").unwrap().to_owned();
        let again = caller.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status, 304, "{path}");
        tags.push(((*path).to_owned(), tag));
    }
    tags
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_revoked_token_is_refused_at_once_by_every_server(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let here = Server::start(&database).await;
    // An SQLite file has one server.
    let there = match kind {
        Sqlite => Server::over(here.tracker().clone()),
        Postgres => Server::start(&database).await,
    };
    let body = json!({"component": "api", "environment": "staging", "version": "v1"});
    let recorded = here.admin().record(body.clone()).await;
    let one = format!("/api/v1/deployments/{}", recorded["id"].as_str().unwrap());
    for round in 0..10 {
        let token = created(&here, json!({"role": "writer"})).await;
        let secret = secret(&token);
        let mut tags = Vec::new();
        let mut streams = Vec::new();
        let mut sessions = Vec::new();
        for server in [&here, &there] {
            let caller = using(server, &secret);
            tags.push(cached(&caller, &[MATRIX, &one, "/api/v1/deployments"]).await);
            streams.push(follow(&caller).await);
            sessions.push(logged_in(&caller).await);
        }
        for session in &sessions {
            assert_eq!(reads(&there, session).await, 200);
        }
        revoke(if round % 2 == 0 { &here } else { &there }, &token).await;
        for (server, tags) in [&here, &there].into_iter().zip(tags) {
            let caller = using(server, &secret);
            for (path, tag) in &tags {
                let again = caller.get_with(path, &[("if-none-match", tag)]).await;
                let problem = again.expect(401);
                assert_eq!(problem["code"], "token_ended", "{path}");
                assert_eq!(
                    problem["detail"],
                    "the token was revoked; an admin creates a new one with `deploytrack token create`"
                );
            }
            let write = caller.post("/api/v1/deployments", &body).await;
            assert_eq!(write.status, 401);
            assert_eq!(caller.call("POST", SESSION).await.status, 401);
            for session in &sessions {
                assert_eq!(reads(server, session).await, 401);
            }
        }
        for stream in streams {
            ended(stream).await;
        }
    }
    assert_eq!(here.admin().total().await, 1);
}

#[rstest]
#[tokio::test]
async fn a_session_ends_with_the_secret_that_began_it(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = created(&server, json!({})).await;
    let session = logged_in(&using(&server, &secret(&first))).await;
    let code = using(&server, &secret(&first))
        .call("POST", "/api/v1/session/code")
        .await;
    let code = code.expect(201)["code"].as_str().unwrap().to_owned();
    let second = rotated(&server, &first, json!({"graceSeconds": 60})).await;
    assert_eq!(reads(&server, &session).await, 200);
    let third = rotated(&server, &second, json!({"graceSeconds": 60})).await;
    assert_eq!(reads(&server, &session).await, 401);
    let late = using(&server, &code).call("POST", SESSION).await;
    assert_eq!(late.expect(401)["code"], "code_ended");
    for token in [&second, &third] {
        let session = logged_in(&using(&server, &secret(token))).await;
        let shown = with_cookie(&server, "GET", SESSION, &session)
            .await
            .expect(200);
        assert_eq!(
            (&shown["subject"], &shown["role"]),
            (&json!("web-team"), &json!("reader"))
        );
        let ends = &token["expiresAt"];
        let is_former = token == &second;
        assert_eq!(shown["expiresAt"] == *ends, !is_former, "{shown}");
    }
}

#[rstest]
#[tokio::test]
async fn a_name_is_unique_among_valid_tokens(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = created(&server, json!({"name": "CI", "expiresInSeconds": 1})).await;
    let named = |name: &str| json!({"subject": "other", "name": name});
    let taken = server.admin().post(TOKENS, &named("ci")).await.expect(409);
    assert_eq!(
        (&taken["code"], &taken["kind"]),
        (&json!("name_taken"), &json!("token"))
    );
    assert_eq!(
        taken["detail"],
        "the token ci exists already; rotate or revoke it, or choose another name"
    );
    revoke(&server, &first).await;
    revoke(&server, &first).await;
    server.admin().post(TOKENS, &named("ci")).await.expect(201);
    let path = format!("{TOKENS}/{}/rotate", first["id"].as_str().unwrap());
    let ended = server.admin().post(&path, &json!({})).await.expect(409);
    assert_eq!(ended["code"], "token_ended");
    assert_eq!(
        ended["detail"],
        "the token CI was revoked; create a new one"
    );
    let all = server.admin().get(TOKENS).await.expect(200);
    let names: Vec<_> = all["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(names, ["CI", "ci"]);
}

#[tokio::test]
async fn wrong_bodies_are_refused_with_all_their_faults() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let faults = async |path: &str, body: Value| {
        let problem = server.admin().post(path, &body).await.expect(400);
        let faults = problem["errors"].as_array().unwrap().iter();
        let faults = faults.map(|fault| {
            format!(
                "{} {}",
                fault["pointer"].as_str().unwrap(),
                fault["detail"].as_str().unwrap()
            )
        });
        faults.collect::<Vec<_>>()
    };
    let body = json!({
        "name": "x".repeat(65), "role": "owner", "components": "web-*", "environments": ["a", 1], "expiresInSeconds": 0
    });
    let long = "y".repeat(65);
    assert_eq!(
        faults(TOKENS, body).await,
        [
            "/subject is required",
            "/name must be at most 64 characters long",
            "/role must be one of reader, writer, admin",
            "/components must be a list of at most 100 names or patterns",
            "/environments must be a list of at most 100 names or patterns",
            "/expiresInSeconds must be a whole number from 1 to 31557600000",
        ]
    );
    assert_eq!(
        faults(TOKENS, json!({"subject": long})).await,
        ["/name is required, since the subject is too long for a name"]
    );
    assert_eq!(
        faults(
            TOKENS,
            json!({"subject": "a", "expiresInSeconds": 400_000_000})
        )
        .await,
        [
            "/expiresInSeconds must be at most 315576000, which is 10years (--max-token-lifetime of the server)"
        ]
    );
    let token = created(&server, json!({})).await;
    let rotate = format!("{TOKENS}/{}/rotate", token["id"].as_str().unwrap());
    assert_eq!(
        faults(&rotate, json!({"graceSeconds": 2_592_001})).await,
        ["/graceSeconds must be a whole number from 0 to 2592000"]
    );
    let unknown = format!("{TOKENS}/00000000-0000-4000-8000-000000000000");
    for (method, path) in [
        ("GET", unknown.clone()),
        ("DELETE", unknown.clone()),
        ("POST", format!("{unknown}/rotate")),
    ] {
        let problem = server.admin().send(method, &path, "").await.expect(404);
        assert_eq!(problem["kind"], "token", "{method}");
    }
}

#[rstest]
#[tokio::test]
async fn the_audit_has_the_life_of_a_token_and_one_refused_use(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let token = created(
        &server,
        json!({"role": "writer", "environments": ["staging"]}),
    )
    .await;
    let team = using(&server, &secret(&token));
    for _ in 0..20 {
        assert_eq!(team.get(MATRIX).await.status, 200);
    }
    audited(&server, "type=token.first_used", 1).await;
    rotated(&server, &token, json!({})).await;
    revoke(&server, &token).await;
    for _ in 0..20 {
        assert_eq!(team.get(MATRIX).await.status, 401);
    }
    let all = audited(&server, "", 5).await;
    let types: Vec<_> = all
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "token.refused",
            "token.revoked",
            "token.rotated",
            "token.first_used",
            "token.created"
        ]
    );
    let authors: Vec<_> = all
        .iter()
        .map(|event| event["recordedBy"].as_str().unwrap())
        .collect();
    assert_eq!(
        authors,
        ["web-team", "ci-bot", "ci-bot", "web-team", "ci-bot"]
    );
    let (id, expires) = (&token["id"], &token["expiresAt"]);
    assert_eq!(
        all[4]["details"],
        json!({"id": id, "name": "web-team", "subject": "web-team", "role": "writer", "environments": ["staging"], "expiresAt": expires})
    );
    assert_eq!(
        all[0]["details"],
        json!({"id": id, "name": "web-team", "subject": "web-team", "why": "revoked"})
    );
    let whole = server.admin().get("/api/v1/audit?take=100").await.body;
    assert!(!whole.contains("dtk_"), "{whole}");
}

#[rstest]
#[tokio::test]
async fn the_last_use_is_noted_once_a_minute_and_leaves_cached_answers_valid(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let clock = Arc::new(ManualClock::at(parse("2025-06-01T12:00:00Z").unwrap()));
    let tracker = database.tracker().await.with_clock(clock.clone());
    let server = Server::over(tracker.clone());
    let admin = Caller::claiming(
        &server.url(),
        &json!({"roles": ["admin"], "iat": 1_748_779_200, "exp": 1_780_000_000}),
    );
    let token = admin
        .post(TOKENS, &json!({"subject": "grafana"}))
        .await
        .expect(201);
    let grafana = using(&server, &secret(&token));
    let last_used = async || {
        let page = tracker.tokens(PageRequest::default()).await.unwrap();
        page.data[0].last_used_at
    };
    let noted = async |at: &str| {
        let at = Some(parse(at).unwrap());
        for _ in 0..200 {
            if last_used().await == at {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(last_used().await, at);
    };
    grafana.get(MATRIX).await.expect(200);
    noted("2025-06-01T12:00:00Z").await;
    let version = tracker.database_version().await.unwrap();
    clock.advance(TimeDelta::seconds(59));
    grafana.get(MATRIX).await.expect(200);
    clock.advance(TimeDelta::seconds(1));
    grafana.get(MATRIX).await.expect(200);
    noted("2025-06-01T12:01:00Z").await;
    assert_eq!(tracker.database_version().await.unwrap(), version);
}

#[rstest]
#[tokio::test]
async fn only_admins_get_the_events_of_tokens(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let mut streams = [
        follow(&server.admin()).await,
        follow(&server.reader()).await,
    ];
    let token = created(&server, json!({})).await;
    revoke(&server, &token).await;
    let body = json!({"component": "api", "environment": "staging", "version": "v1"});
    server.admin().record(body).await;
    let mut seen = Vec::new();
    for stream in &mut streams {
        let mut text = String::new();
        while !text.contains("deployment.created") {
            let chunk = timeout(Duration::from_secs(5), stream.chunk()).await;
            text += std::str::from_utf8(&chunk.unwrap().unwrap().unwrap()).unwrap();
        }
        seen.push(text);
    }
    assert!(seen[0].contains("token.created") && seen[0].contains("token.revoked"));
    assert!(!seen[1].contains("token."), "{}", seen[1]);
    assert!(!seen[0].contains("dtk_"));
}

#[tokio::test]
async fn a_token_manages_no_tokens_unless_it_is_an_admin() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    let statuses = async |caller: Caller| {
        let answers: [Answer; 3] = [
            caller.get(TOKENS).await,
            caller
                .post(TOKENS, &json!({"subject": "x", "role": "admin"}))
                .await,
            caller
                .post("/api/v1/revocations", &json!({"subject": "x"}))
                .await,
        ];
        answers.map(|answer| answer.status)
    };
    for fields in [
        json!({}),
        json!({"role": "writer", "name": "w"}),
        json!({"role": "admin", "name": "l", "components": []}),
    ] {
        let token = created(&server, fields).await;
        assert_eq!(
            statuses(using(&server, &secret(&token))).await,
            [403; 3],
            "{token}"
        );
    }
    let admin = created(&server, json!({"role": "admin", "name": "a"})).await;
    assert_eq!(
        statuses(using(&server, &secret(&admin))).await,
        [200, 201, 201]
    );
}
