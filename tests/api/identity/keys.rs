use std::time::{Duration, Instant};

use chrono::TimeDelta;
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    issuer::{Behaviour, Issuer, claims, claims::with, discovery},
};
use futures_util::future::join_all;
use jsonwebtoken::Algorithm;
use rstest::rstest;
use serde_json::json;

use super::*;

fn present() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(SystemClock.now()))
}

/// Another identity token of the same job.
fn token(issuer: &Issuer, number: usize) -> String {
    issuer.sign(&with(
        claims::github(),
        &json!({"jti": format!("{number}")}),
    ))
}

#[rstest]
#[tokio::test]
async fn a_rotated_key_is_read_once_and_a_withdrawn_one_ends(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (issuer, clock) = (Issuer::start(), present());
    let server = trusting_at(&database, &issuer, WEB, clock.clone()).await;
    let of_first = token(&issuer, 0);
    exchange(&server, &token(&issuer, 1)).await.expect(200);
    exchange(&server, &token(&issuer, 2)).await.expect(200);
    assert_eq!(issuer.requests().keys, 1);
    issuer.add_key_for(Algorithm::ES256);
    exchange(&server, &token(&issuer, 3)).await.expect(401);
    assert_eq!(issuer.requests().keys, 1, "not within 30 seconds");
    clock.advance(TimeDelta::seconds(31));
    exchange(&server, &token(&issuer, 4)).await.expect(200);
    exchange(&server, &of_first).await.expect(200);
    assert_eq!(issuer.requests().keys, 2);
    issuer.withdraw_former_keys();
    clock.advance(TimeDelta::seconds(31));
    issuer.add_key();
    exchange(&server, &token(&issuer, 5)).await.expect(200);
    let refused = refusal(&server, &of_first).await;
    assert!(refused.contains("was not made by a key of"), "{refused}");
}

#[tokio::test]
async fn keys_stay_in_use_while_their_issuer_cannot_be_reached() {
    let database = Database::sqlite();
    let (issuer, clock) = (Issuer::start(), present());
    let server = trusting_at(&database, &issuer, WEB, clock.clone()).await;
    exchange(&server, &token(&issuer, 0)).await.expect(200);
    for behaviour in [Behaviour::Outage, Behaviour::HangUp] {
        issuer.answer_discovery(behaviour);
        clock.advance(TimeDelta::seconds(31));
        exchange(&server, &token(&issuer, 1)).await.expect(200);
        let unknown = issuer.sign_as(Some("unknown"), &claims::github());
        let answer = exchange(&server, &unknown).await;
        let problem = answer.expect(503);
        assert_eq!(
            (problem["code"].as_str(), problem["error"].as_str()),
            (Some("issuer_unavailable"), Some("temporarily_unavailable"))
        );
        assert_eq!(answer.header("retry-after"), Some("30"));
    }
}

#[tokio::test]
async fn keys_that_were_never_read_are_a_reason_to_retry() {
    let database = Database::sqlite();
    let (issuer, clock) = (Issuer::start(), present());
    issuer.answer_keys(Behaviour::Outage);
    let server = trusting_at(&database, &issuer, WEB, clock.clone()).await;
    exchange(&server, &token(&issuer, 0)).await.expect(503);
    issuer.answer_keys(Behaviour::Document);
    exchange(&server, &token(&issuer, 0)).await.expect(503);
    clock.advance(TimeDelta::seconds(31));
    exchange(&server, &token(&issuer, 0)).await.expect(200);
}

#[tokio::test]
async fn wrong_documents_are_refused() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let url = issuer.url().to_owned();
    let changed = |field: &str, value: Value| {
        let mut document = discovery(&url);
        document[field] = value;
        Behaviour::Body(document.to_string())
    };
    let (good, http) = (Behaviour::Document, url.replace("https:", "http:"));
    let weak = json!({"keys": [{"kty": "oct", "k": "AAAA", "kid": "key-1", "alg": "HS256"}]});
    let many = json!({"keys": vec![json!({"kty": "RSA"}); 101]});
    let huge = "x".repeat(1024 * 1024 + 1);
    let cases = [
        (
            changed("issuer", json!("https://other.example.com")),
            good.clone(),
        ),
        (changed("issuer", json!(format!("{url}/"))), good.clone()),
        (
            changed("jwks_uri", json!(format!("{http}/keys"))),
            good.clone(),
        ),
        (
            changed("jwks_uri", json!("file:///etc/passwd")),
            good.clone(),
        ),
        (changed("jwks_uri", json!(null)), good.clone()),
        (Behaviour::Body("<html>".into()), good.clone()),
        (Behaviour::Body(huge.clone()), good.clone()),
        (
            Behaviour::Redirect(format!("{url}/.well-known/openid-configuration?again")),
            good.clone(),
        ),
        (
            good.clone(),
            Behaviour::Redirect(format!("{url}/keys?again")),
        ),
        (good.clone(), Behaviour::Body(huge)),
        (good.clone(), Behaviour::Body("{}".into())),
        (good.clone(), Behaviour::Body("[]".into())),
        (good.clone(), Behaviour::Body(weak.to_string())),
        (good.clone(), Behaviour::Body(many.to_string())),
    ];
    for (document, keys) in cases {
        issuer.answer_discovery(document.clone());
        issuer.answer_keys(keys.clone());
        let server = trusting(&database, &issuer, WEB).await;
        let answer = exchange(&server, &token(&issuer, 0)).await;
        assert_eq!(answer.status, 503, "{document:?} {keys:?}: {}", answer.body);
    }
    issuer.answer_discovery(good.clone());
    issuer.answer_keys(good);
    let server = trusting(&database, &issuer, WEB).await;
    exchange(&server, &token(&issuer, 0)).await.expect(200);
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let database = Database::sqlite();
    let (issuer, other) = (Issuer::start(), Issuer::start());
    let file = std::fs::read_to_string(issuer.settings(AUDIENCE, WEB)).unwrap();
    let pem = std::fs::read(other.certificate()).unwrap();
    let app = Server::app(&database.tracker().await).with_issuers(
        OidcSettings::parse(&file).unwrap(),
        &Certificates::from_pem(&pem).unwrap(),
    );
    let server = Server::of_app(app.unwrap());
    exchange(&server, &token(&issuer, 0)).await.expect(503);
    assert_eq!(issuer.requests().discovery, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_unknown_keys_make_one_request_in_thirty_seconds() {
    let database = Database::sqlite();
    let (issuer, clock) = (Issuer::start(), present());
    let server = trusting_at(&database, &issuer, WEB, clock.clone()).await;
    exchange(&server, &token(&issuer, 0)).await.expect(200);
    clock.advance(TimeDelta::seconds(31));
    let caller = server.anonymous();
    for batch in 0..100 {
        let unknown = (0..100)
            .map(|number| issuer.sign_as(Some(&format!("{batch}-{number}")), &claims::github()));
        let unknown: Vec<_> = unknown.collect();
        let sent = unknown.iter().map(async |token| {
            let answer = form_by(&caller, TOKEN, &fields_of(token)).await;
            assert!(matches!(answer.status, 401 | 503), "{}", answer.status);
        });
        join_all(sent).await;
    }
    let requests = issuer.requests();
    assert_eq!((requests.discovery, requests.keys), (2, 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_issuer_delays_requests_for_a_bounded_time_and_is_asked_once() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    issuer.answer_keys(Behaviour::Slow(Duration::from_mins(1)));
    let server = trusting(&database, &issuer, WEB).await;
    let tokens: Vec<_> = (0..100).map(|number| token(&issuer, number)).collect();
    let job = server.anonymous();
    let started = Instant::now();
    let exchanges = tokens
        .iter()
        .map(async |token| form_by(&job, TOKEN, &fields_of(token)).await);
    let answers = join_all(exchanges).await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "the read itself lasts as long"
    );
    for answer in &answers {
        answer.expect(503);
    }
    assert_eq!(issuer.requests().keys, 1);
}
