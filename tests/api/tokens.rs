//! Authorization: which token may call which endpoint.

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::clock::{Clock as _, ManualClock, parse};
use deploytrack_tests::{
    caller::{Caller, SECRET, seconds, token},
    server::Server,
    snapshot,
};
use serde_json::{Value, json};

/// An operation that needs a token.
struct Operation {
    method: String,
    path: String,
    is_for_admins: bool,
}

/// Every operation of the server's OpenAPI document that needs a token, and HEAD for each GET. The
/// document is made from the table of endpoints that the server answers by.
async fn operations(server: &Server) -> Vec<Operation> {
    let document = server
        .anonymous()
        .get("/api/v1/openapi.json")
        .await
        .expect(200);
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        // With this parameter the stream of events ends at once: it is wrong everywhere.
        let path = path.replace("{id}", "00000000-0000-4000-8000-000000000000") + "?after=none";
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_uppercase();
            let head = (method == "GET").then(|| "HEAD".to_owned());
            if operation["security"].is_array() {
                all.extend([method].into_iter().chain(head).map(|method| Operation {
                    method,
                    path: path.clone(),
                    is_for_admins: operation["responses"]["403"].is_object(),
                }));
            }
        }
    }
    assert!(all.len() > 25, "the document has too few operations");
    all
}

/// Tokens with one wrong claim each, all signed with the right secret.
fn wrong_tokens() -> Vec<(&'static str, String)> {
    let claims = |changes: Value| {
        let mut claims =
            json!({"sub": "ci-bot", "exp": seconds() + 3600, "iat": seconds(), "roles": ["admin"]});
        for (name, value) in changes.as_object().unwrap() {
            if value.is_null() {
                claims.as_object_mut().unwrap().remove(name);
            } else {
                claims[name] = value.clone();
            }
        }
        token(&claims, SECRET)
    };
    let good = claims(json!({}));
    let parts: Vec<_> = good.split('.').collect();
    let header = |json: &str| format!("{}.{}.{}", base64(json.as_bytes()), parts[1], parts[2]);
    vec![
        ("expired", claims(json!({"exp": seconds() - 61}))),
        ("without exp", claims(json!({"exp": null}))),
        ("without sub", claims(json!({"sub": null}))),
        ("an empty sub", claims(json!({"sub": ""}))),
        ("not yet valid", claims(json!({"nbf": seconds() + 600}))),
        ("endless", claims(json!({"exp": u64::MAX}))),
        (
            "exp and sub twice",
            duplicate_claim(r#""sub":"root","exp""#),
        ),
        (
            "roles twice",
            duplicate_claim(r#""roles":["admin"],"roles""#),
        ),
        ("exp as text", claims(json!({"exp": "tomorrow"}))),
        ("roles as text", claims(json!({"roles": "admin"}))),
        ("too long", claims(json!({"padding": "x".repeat(8 * 1024)}))),
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        ("no token at all", "nonsense".to_owned()),
        ("alg none", header(r#"{"alg":"none","typ":"JWT"}"#)),
        ("another alg", header(r#"{"alg":"HS512","typ":"JWT"}"#)),
        (
            "a changed header",
            header(r#"{"alg":"HS256","typ":"JWT","kid":"../../etc/passwd"}"#),
        ),
    ]
}

/// A correctly signed token with a duplicate claim.
fn duplicate_claim(names: &str) -> String {
    let exp = seconds() + 3600;
    let claims = format!(r#"{{"sub":"ci-bot","exp":{exp},"roles":[],{names}:{exp}}}"#);
    let message = format!(
        "{}.{}",
        base64(br#"{"alg":"HS256","typ":"JWT"}"#),
        base64(claims.as_bytes())
    );
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256)
            .unwrap();
    format!("{message}.{signature}")
}

#[tokio::test]
async fn a_token_that_lasts_too_long_is_refused_with_the_name_of_the_setting() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let day = 24 * 3600;
    let answer = async |iat: Option<u64>, days: u64| {
        let claims = json!({"sub": "ci-bot", "iat": iat, "exp": seconds() + days * day});
        let claims = if iat.is_some() {
            claims
        } else {
            json!({"sub": "ci-bot", "exp": claims["exp"]})
        };
        Caller::new(&server.url(), Some(token(&claims, SECRET)))
            .get("/api/v1/deployments")
            .await
    };
    assert_eq!(answer(Some(seconds()), 3652).await.status, 200);
    assert_eq!(answer(None, 3652).await.status, 200);
    let refused = answer(Some(seconds()), 3654).await;
    assert_eq!(refused.status, 401);
    snapshot!("token_too_long", refused.whole());
    assert_eq!(answer(None, 3654).await.whole(), refused.whole());
    assert_eq!(
        answer(Some(0), 1).await.status,
        401,
        "by iat, and not by what is left of it"
    );
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let digit = |bits: u32| char::from(ALPHABET[(bits & 63) as usize]);
    let encode = |chunk: &[u8]| {
        let bits = chunk
            .iter()
            .chain([0, 0].iter())
            .take(3)
            .fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        (0..=chunk.len())
            .map(|place| digit(bits >> (18 - 6 * place)))
            .collect::<String>()
    };
    bytes.chunks(3).map(encode).collect()
}

#[tokio::test]
async fn every_endpoint_refuses_a_request_without_a_valid_token() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    for Operation { method, path, .. } in operations(&server).await {
        for caller in [server.anonymous(), server.expired(), server.forged()] {
            let answer = caller.call(&method, &path).await;
            assert_eq!(answer.status, 401, "{method} {path}");
            assert!(
                answer
                    .header("www-authenticate")
                    .unwrap()
                    .starts_with("Bearer"),
                "{method} {path}"
            );
        }
    }
}

#[tokio::test]
async fn every_endpoint_for_admins_refuses_a_reader() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    for operation in operations(&server).await {
        let (method, path) = (&operation.method, &operation.path);
        let answer = server.reader().call(method, path).await;
        assert_eq!(
            answer.status == 403,
            operation.is_for_admins,
            "{method} {path}: {}",
            answer.status
        );
        assert_ne!(answer.status, 401);
    }
}

#[tokio::test]
async fn wrong_tokens_are_refused_without_details() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let mut said = Vec::new();
    for (fault, token) in wrong_tokens() {
        let answer = Caller::new(&server.url(), Some(token))
            .get("/api/v1/deployments")
            .await;
        assert_eq!(answer.status, 401, "{fault}: {}", answer.body);
        said.push(answer.whole());
    }
    said.dedup();
    assert_eq!(said.len(), 1, "{said:#?}");
    snapshot!("token_refused", &said[0]);
    snapshot!(
        "token_missing",
        server.anonymous().get("/api/v1/deployments").await.whole()
    );
    snapshot!(
        "token_without_role",
        server
            .reader()
            .post("/api/v1/deployments", &json!({}))
            .await
            .whole()
    );
}

#[tokio::test]
async fn other_schemes_and_doubled_headers_are_refused() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let get = |value: &str| {
        server
            .anonymous()
            .request("GET", "/api/v1/deployments")
            .header("authorization", value)
    };
    let good = format!("Bearer {}", Caller::admin_token());
    assert_eq!(get(&good).send().await.unwrap().status(), 200);
    assert_eq!(
        get(&good.replace("Bearer", "bearer"))
            .send()
            .await
            .unwrap()
            .status(),
        200,
        "schemes have no case"
    );
    assert_eq!(get("Basic Y2k6Ym90").send().await.unwrap().status(), 401);
    assert_eq!(get("Bearer ").send().await.unwrap().status(), 401);
    assert_eq!(
        get(&good)
            .header("authorization", &good)
            .send()
            .await
            .unwrap()
            .status(),
        401
    );
}

#[tokio::test]
async fn a_token_in_the_query_is_ignored() {
    let database = deploytrack_tests::database::Database::sqlite();
    let server = Server::start(&database).await;
    let path = format!("/api/v1/deployments?access_token={}", Caller::admin_token());
    assert_eq!(server.anonymous().get(&path).await.status, 401);
}

#[tokio::test]
async fn a_cached_token_is_refused_once_it_expires() {
    let database = deploytrack_tests::database::Database::sqlite();
    let clock = Arc::new(ManualClock::at(parse("2025-06-01T12:00:00Z").unwrap()));
    let server = Server::over(database.tracker().await.with_clock(clock.clone()));
    let claims =
        json!({"sub": "ada", "exp": clock.now().timestamp() + 600, "nbf": clock.now().timestamp()});
    let ada = Caller::new(&server.url(), Some(token(&claims, SECRET)));
    for (step, expected) in [
        (0, 200),
        (0, 200),
        (659, 200),
        (1, 401),
        (0, 401),
        (-721, 401),
        (0, 401),
        (60, 200),
    ] {
        clock.advance(TimeDelta::seconds(step));
        assert_eq!(
            ada.get("/api/v1/deployments").await.status,
            expected,
            "{step} seconds later"
        );
        assert_eq!(
            ada.post("/api/v1/deployments", &json!({})).await.status,
            if expected == 200 { 403 } else { 401 }
        );
    }
    clock.advance(TimeDelta::seconds(120));
    let forged = Caller::new(
        &server.url(),
        Some(token(&claims, "another-secret-of-at-least-32-bytes!")),
    );
    assert_eq!(
        (
            ada.get("/api/v1/deployments").await.status,
            forged.get("/api/v1/deployments").await.status
        ),
        (200, 401)
    );
}
