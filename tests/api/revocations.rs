//! Revocations of JSON Web Tokens, `/api/v1/revocations`.

use std::time::Duration;

use deploytrack_tests::{
    caller::{Caller, SECRET, seconds, token},
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    sessions::{MATRIX, SESSION, logged_in, reads},
    stored_tokens::{created, follow, secret, using},
};

const REVOCATIONS: &str = "/api/v1/revocations";

/// A token of `grace` with this `jti` that was issued so many seconds ago.
fn signed(jti: Option<&str>, issued_ago: Option<u64>) -> String {
    let mut claims = json!({"sub": "grace", "exp": seconds() + 3600, "roles": ["writer"]});
    if let Some(jti) = jti {
        claims["jti"] = json!(jti);
    }
    if let Some(ago) = issued_ago {
        claims["iat"] = json!(seconds() - ago);
    }
    token(&claims, SECRET)
}

async fn revoked(server: &Server, body: Value) -> Value {
    server.admin().post(REVOCATIONS, &body).await.expect(201)
}

async fn status(server: &Server, token: &str) -> u16 {
    using(server, token).get(MATRIX).await.status
}

/// Two servers of one database. An SQLite file has one server, with two listeners here.
async fn two_servers(database: &Database, kind: DatabaseKind) -> [Server; 2] {
    let here = Server::start(database).await;
    let there = match kind {
        Sqlite => Server::over(here.tracker().clone()),
        Postgres => Server::start(database).await,
    };
    [here, there]
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_is_revoked_by_its_id_at_every_server(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let [here, there] = two_servers(&database, kind).await;
    let other = signed(Some("other"), Some(60));
    for round in 0..10 {
        let jti = format!("jti-{round}");
        let token = signed(Some(&jti), Some(60));
        let mut streams = Vec::new();
        let session = logged_in(&using(&here, &token)).await;
        for server in [&here, &there] {
            assert_eq!(status(server, &token).await, 200);
            assert_eq!(reads(server, &session).await, 200);
            streams.push(follow(&using(server, &token)).await);
        }
        let server = if round % 2 == 0 { &here } else { &there };
        let revocation = revoked(server, json!({"jti": jti})).await;
        assert_eq!(
            (&revocation["jti"], &revocation["createdBy"]),
            (&json!(jti), &json!("ci-bot"))
        );
        for server in [&here, &there] {
            let problem = using(server, &token).get(MATRIX).await.expect(401);
            assert_eq!(problem["code"], "token_ended");
            assert_eq!(reads(server, &session).await, 401);
            assert_eq!(
                using(server, &token).call("POST", SESSION).await.status,
                401
            );
            assert_eq!(status(server, &other).await, 200);
        }
        for mut stream in streams {
            let end = async { while stream.chunk().await.unwrap().is_some() {} };
            timeout(Duration::from_secs(5), end).await.unwrap();
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_subject_is_revoked_for_the_tokens_that_were_issued_before(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (early, undated) = (signed(None, Some(60)), signed(Some("x"), None));
    let stored = created(&server, json!({"subject": "grace"})).await;
    let session = logged_in(&using(&server, &undated)).await;
    let revocation = revoked(&server, json!({"subject": "grace"})).await;
    for token in [&early, &undated, &secret(&stored)] {
        assert_eq!(status(&server, token).await, 401);
    }
    assert_eq!(reads(&server, &session).await, 401);
    // Clocks may differ by a minute: such a token is valid already.
    let mut later = json!({"sub": "grace", "exp": seconds() + 3600});
    later["iat"] = json!(seconds() + 30);
    assert_eq!(status(&server, &token(&later, SECRET)).await, 200);
    assert_eq!(server.reader().get(MATRIX).await.status, 200);

    let listed = server.admin().get(REVOCATIONS).await.expect(200);
    assert_eq!(
        (&listed["data"], &listed["total"]),
        (&json!([revocation]), &json!(1))
    );
    let path = format!("{REVOCATIONS}/{}", revocation["id"].as_str().unwrap());
    server.admin().call("DELETE", &path).await.expect(204);
    for token in [&early, &undated] {
        assert_eq!(status(&server, token).await, 200);
    }
    assert_eq!(
        status(&server, &secret(&stored)).await,
        401,
        "a stored token stays revoked"
    );
    let gone = server.admin().call("DELETE", &path).await.expect(404);
    assert_eq!(gone["kind"], "revocation");

    let audit = "/api/v1/audit?type=revocation.created&type=revocation.removed";
    let audit = server.admin().get(audit).await.expect(200);
    let id = &revocation["id"];
    assert_eq!(
        [&audit["data"][0]["details"], &audit["data"][1]["details"]],
        [
            &json!({"id": id, "subject": "grace"}),
            &json!({"id": id, "subject": "grace", "storedTokens": 1})
        ]
    );
}

#[tokio::test]
async fn a_revocation_names_either_a_token_or_a_subject() {
    let server = Server::start(&Database::sqlite()).await;
    for body in [json!({}), json!({"jti": "1", "subject": "grace"})] {
        let problem = server.admin().post(REVOCATIONS, &body).await.expect(400);
        assert_eq!(
            problem["errors"][0]["detail"],
            "either jti or subject must be given"
        );
    }
}

#[rstest]
#[tokio::test]
async fn an_admin_can_revoke_itself(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = Caller::claiming(&server.url(), &json!({"sub": "ada", "roles": ["admin"]}));
    admin
        .post(REVOCATIONS, &json!({"subject": "ada"}))
        .await
        .expect(201);
    assert_eq!(admin.get(MATRIX).await.status, 401);
}
