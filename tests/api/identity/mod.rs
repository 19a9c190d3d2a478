//! Identity tokens: their exchange at `POST /api/v1/token`, `/api/v1/oidc/explain` and the pins.

mod exchange;
mod forged;
mod keys;
mod origin;
mod pins;
mod rules;

use std::sync::Arc;

use deploytrack_core::{
    client::Certificates,
    clock::{Clock as _, ManualClock, SystemClock},
    exchange::GRANT_TYPE,
};
use deploytrack_server::{App, oidc::OidcSettings};
use deploytrack_tests::{
    answer::Answer, caller::Caller, database::Database, issuer::Issuer, issuer::claims::AUDIENCE,
    server::Server,
};
use serde_json::Value;

const TOKEN: &str = "/api/v1/token";
const EXPLAIN: &str = "/api/v1/oidc/explain";
const PINS: &str = "/api/v1/oidc/pins";

/// A rule for the repositories of `octo-org`, whose environment is that of the job.
const WEB: &str = r#"
[[oidc.rule]]
name = "web"
issuer = "{issuer}"
match = [{ claim = "repository", glob = "octo-org/*" }, { claim = "ref", equals = "refs/heads/main" }]
role = "writer"
environments = ["{environment}"]
"#;

/// The application of a server that trusts an issuer with these rules.
fn app(tracker: &deploytrack_core::tracker::Tracker, issuer: &Issuer, rules: &str) -> App {
    let file = std::fs::read_to_string(issuer.settings(AUDIENCE, rules)).unwrap();
    let pem = std::fs::read(issuer.certificate()).unwrap();
    Server::app(tracker)
        .with_issuers(
            OidcSettings::parse(&file).unwrap(),
            &Certificates::from_pem(&pem).unwrap(),
        )
        .unwrap()
}

/// A server that trusts an issuer with these rules.
async fn trusting(database: &Database, issuer: &Issuer, rules: &str) -> Server {
    Server::of_app(app(&database.tracker().await, issuer, rules))
}

/// The same with a clock that the test moves.
async fn trusting_at(
    database: &Database,
    issuer: &Issuer,
    rules: &str,
    clock: Arc<ManualClock>,
) -> Server {
    Server::of_app(app(
        &database.tracker().await.with_clock(clock),
        issuer,
        rules,
    ))
}

/// Sends an identity token to one of the two endpoints.
async fn send(server: &Server, path: &str, token: &str) -> Answer {
    form(server, path, &fields_of(token)).await
}

const fn fields_of(token: &str) -> [(&str, &str); 3] {
    [
        ("grant_type", GRANT_TYPE),
        ("subject_token", token),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
    ]
}

async fn form(server: &Server, path: &str, fields: &[(&str, &str)]) -> Answer {
    form_by(&server.anonymous(), path, fields).await
}

async fn form_by(caller: &Caller, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = caller
        .request("POST", path)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    Answer::of(request.send().await.unwrap()).await
}

async fn exchange(server: &Server, token: &str) -> Answer {
    send(server, TOKEN, token).await
}

/// The sentence of a refused exchange, whose status is 401.
async fn refusal(server: &Server, token: &str) -> String {
    let answer = exchange(server, token).await;
    let problem = answer.expect(401);
    assert_eq!(problem["code"], "untrusted_identity");
    assert_eq!(problem["error_description"], problem["detail"]);
    problem["detail"].as_str().unwrap().to_owned()
}

/// A caller with the exchanged token.
async fn job(server: &Server, token: &str) -> Caller {
    let exchanged = exchange(server, token).await.expect(200);
    Caller::new(&server.url(), Some(text(&exchanged, "access_token")))
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap().to_owned()
}
