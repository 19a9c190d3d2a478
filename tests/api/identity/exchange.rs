use deploytrack_core::exchange::GRANT_TYPE;
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    issuer::{
        Issuer,
        claims::{self, AUDIENCE, with},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::json;

use super::*;

#[rstest]
#[tokio::test]
async fn a_job_writes_with_the_token_that_it_got_for_its_identity_within_its_environment(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let answer = exchange(&server, &issuer.sign(&claims::github())).await;
    let exchanged = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(exchanged["token_type"], "Bearer");
    assert_eq!(
        exchanged["issued_token_type"],
        "urn:ietf:params:oauth:token-type:access_token"
    );
    assert!((3590..=3600).contains(&exchanged["expires_in"].as_u64().unwrap()));
    assert_eq!(text(&exchanged, "spool_key").len(), 64);
    let token = text(&exchanged, "access_token");
    assert!(token.starts_with("dtk_"));
    let job = Caller::new(&server.url(), Some(token));
    let body = json!({"component": "shop", "environment": "production", "version": "v1"});
    let recorded = job.record(body).await;
    assert_eq!(recorded["deployedBy"], "oidc:web/octo-org/octo-repo");
    let outside = json!({"component": "shop", "environment": "staging", "version": "v1"});
    let refused = job.post("/api/v1/deployments", &outside).await.expect(403);
    assert_eq!(refused["code"], "outside_limits");
    assert_eq!(server.reader().total().await, 1);
}

#[rstest]
#[tokio::test]
async fn the_same_identity_token_gets_the_same_token_and_another_one_another(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let first = issuer.sign(&claims::github());
    let second = issuer.sign(&with(claims::github(), &json!({"jti": "another"})));
    let (a, again) = (
        exchange(&server, &first).await.expect(200),
        exchange(&server, &first).await.expect(200),
    );
    let other = exchange(&server, &second).await.expect(200);
    assert_eq!(a["access_token"], again["access_token"]);
    assert_ne!(a["access_token"], other["access_token"]);
    assert_eq!(a["spool_key"], other["spool_key"], "of one repository");
    assert_eq!(
        database
            .text("select cast(count(*) as text) from tokens")
            .await,
        "2"
    );
}

#[tokio::test]
async fn a_revoked_token_is_not_given_again() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let identity = issuer.sign(&claims::github());
    exchange(&server, &identity).await.expect(200);
    let subject = json!({"subject": "oidc:web/octo-org/octo-repo"});
    let revoked = server.admin().post("/api/v1/revocations", &subject).await;
    revoked.expect(201);
    let refused = refusal(&server, &identity).await;
    assert!(refused.contains("was revoked"), "{refused}");
}

#[tokio::test]
async fn an_identity_token_is_no_bearer_token() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let bearer = Caller::new(&server.url(), Some(issuer.sign(&claims::github())));
    assert_eq!(bearer.get("/api/v1/deployments").await.status, 401);
}

#[tokio::test]
async fn a_malformed_request_is_refused_with_the_error_of_rfc_6749() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let token = issuer.sign(&claims::github());
    let kind = (
        "subject_token_type",
        "urn:ietf:params:oauth:token-type:id_token",
    );
    let good = [
        ("grant_type", GRANT_TYPE),
        ("subject_token", token.as_str()),
        kind,
    ];
    form(&server, TOKEN, &good).await.expect(200);
    let cases = [
        (
            vec![("grant_type", "password"), good[1], good[2]],
            "unsupported_grant_type",
        ),
        (vec![good[0], good[2]], "invalid_request"),
        (vec![good[0], good[1]], "invalid_request"),
        (vec![good[0], good[1], good[2], good[1]], "invalid_request"),
        (vec![], "unsupported_grant_type"),
    ];
    for (fields, error) in cases {
        let problem = form(&server, TOKEN, &fields).await.expect(400);
        assert_eq!(problem["error"], error, "{fields:?}");
        assert!(problem["errors"].is_array() && problem["code"] == "invalid_request");
    }
    let json = server.anonymous().post(TOKEN, &json!({})).await.expect(415);
    assert_eq!(json["error"], "invalid_request");
    let large = "x".repeat(40_000);
    let large = [good[0], ("subject_token", large.as_str()), kind];
    form(&server, TOKEN, &large).await.expect(413);
    let for_us = [good[0], good[1], good[2], ("audience", AUDIENCE)];
    form(&server, TOKEN, &for_us).await.expect(200);
    let for_others = [
        good[0],
        good[1],
        good[2],
        ("audience", "https://other.example.com"),
    ];
    let problem = form(&server, TOKEN, &for_others).await.expect(401);
    assert_eq!(problem["error"], "invalid_target");
}

#[tokio::test]
async fn a_server_without_issuers_has_no_exchange() {
    let database = Database::sqlite();
    let server = Server::start(&database).await;
    for path in [TOKEN, EXPLAIN] {
        let problem = send(&server, path, "a.b.c").await.expect(404);
        assert_eq!(problem["code"], "identity_tokens_off");
        assert!(text(&problem, "detail").contains("--oidc-file"));
    }
}

#[rstest]
#[tokio::test]
async fn exchanged_tokens_are_removed_a_day_after_their_end(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let now = SystemClock.now();
    let clock = Arc::new(ManualClock::at(now));
    let server = trusting_at(&database, &issuer, WEB, clock.clone()).await;
    exchange(&server, &issuer.sign(&claims::github()))
        .await
        .expect(200);
    clock.advance(chrono::TimeDelta::hours(26));
    let later = now.timestamp() + 26 * 3600;
    let next = json!({"iat": later, "nbf": later, "exp": later + 300, "jti": "next"});
    let next = issuer.sign(&with(claims::github(), &next));
    exchange(&server, &next).await.expect(200);
    assert_eq!(
        database
            .text("select cast(count(*) as text) from tokens")
            .await,
        "1"
    );
}
