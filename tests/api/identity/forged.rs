use deploytrack_tests::{
    caller::seconds,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    issuer::{
        Issuer,
        claims::{self, with},
    },
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rstest::rstest;
use serde_json::json;

use super::*;

/// A token with this header and these claims, signed by HMAC with the bytes.
fn by_hmac(header: &Header, claims: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// The parts of a token, with another header or other claims.
fn with_part(token: &str, at: usize, json: &str) -> String {
    let mut parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts[at] = crate::tokens::base64(json.as_bytes());
    parts.join(".")
}

/// Tokens that are not accepted, each with the reason.
fn forged(issuer: &Issuer, other: &Issuer) -> Vec<(&'static str, String)> {
    let good = with(claims::github(), &json!({"iss": issuer.url()}));
    let mut all = not_signed_by(issuer, other, &good);
    all.extend(with_wrong_claims(issuer, other, &good));
    all
}

/// Tokens that the issuer did not sign.
fn not_signed_by(issuer: &Issuer, other: &Issuer, good: &Value) -> Vec<(&'static str, String)> {
    let token = issuer.sign(good);
    let kid = |alg| Header {
        kid: Some("key-1".into()),
        ..Header::new(alg)
    };
    let key_set = issuer.key_set().to_string();
    let modulus = issuer.key_set()["keys"][0]["n"]
        .as_str()
        .unwrap()
        .to_owned();
    let header = |text: &str| with_part(&token, 0, text);
    let whole = good.to_string();
    let twice = |field: &str, value: &str| {
        with_part(
            &token,
            1,
            &whole.replacen('{', &format!("{{\"{field}\":\"{value}\","), 1),
        )
    };
    let jku = format!("{}/keys", other.url());
    vec![
        ("another issuer's key", other.sign(good)),
        (
            "another issuer's key without kid",
            other.sign_as(None, good),
        ),
        (
            "the public key as a secret",
            by_hmac(&kid(Algorithm::HS256), good, key_set.as_bytes()),
        ),
        (
            "the modulus as a secret",
            by_hmac(&kid(Algorithm::HS256), good, modulus.as_bytes()),
        ),
        (
            "the secret of the server",
            by_hmac(
                &kid(Algorithm::HS256),
                good,
                deploytrack_tests::caller::SECRET.as_bytes(),
            ),
        ),
        ("alg none", header(r#"{"alg":"none","typ":"JWT"}"#)),
        (
            "alg none without signature",
            header(r#"{"alg":"none"}"#)
                .rsplit_once('.')
                .unwrap()
                .0
                .to_owned()
                + ".",
        ),
        ("another alg", header(r#"{"alg":"ES256","kid":"key-1"}"#)),
        ("RS512", header(r#"{"alg":"RS512","kid":"key-1"}"#)),
        (
            "crit",
            header(r#"{"alg":"RS256","kid":"key-1","crit":["x"]}"#),
        ),
        (
            "jku",
            other.sign_with(
                &Header {
                    jku: Some(jku),
                    ..kid(Algorithm::RS256)
                },
                good,
            ),
        ),
        (
            "a changed claim",
            with_part(&token, 1, &whole.replace("octo-repo", "evil-repo")),
        ),
        ("ref twice", twice("ref", "refs/heads/main")),
        (
            "a changed signature",
            format!("{}AAAA", &token[..token.len() - 4]),
        ),
        (
            "no signature",
            token.rsplit_once('.').unwrap().0.to_owned() + ".",
        ),
    ]
}

/// Tokens of the issuer whose claims are wrong, and texts that are no tokens.
fn with_wrong_claims(issuer: &Issuer, other: &Issuer, good: &Value) -> Vec<(&'static str, String)> {
    let claims = |changes: Value| issuer.sign(&with(good.clone(), &changes));
    vec![
        ("expired", claims(json!({"exp": seconds() - 1}))),
        ("no exp", claims(json!({"exp": null}))),
        ("exp as text", claims(json!({"exp": "tomorrow"}))),
        ("not valid yet", claims(json!({"nbf": seconds() + 600}))),
        (
            "issued in the future",
            claims(json!({"iat": seconds() + 600})),
        ),
        (
            "another audience",
            claims(json!({"aud": "https://other.example.com"})),
        ),
        ("no audience", claims(json!({"aud": null}))),
        (
            "an audience of another type",
            claims(json!({"aud": {"a": 1}})),
        ),
        (
            "no issuer",
            issuer.sign_exactly(&with(good.clone(), &json!({"iss": null}))),
        ),
        ("an untrusted issuer", claims(json!({"iss": other.url()}))),
        (
            "an issuer with a slash",
            claims(json!({"iss": format!("{}/", issuer.url())})),
        ),
        (
            "an issuer as a list",
            claims(json!({"iss": [issuer.url()]})),
        ),
        ("too long", claims(json!({"padding": "x".repeat(17_000)}))),
        ("nonsense", "nonsense".into()),
        ("empty", String::new()),
    ]
}

#[rstest]
#[tokio::test]
async fn forged_identity_tokens_are_refused_and_nothing_is_written(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (issuer, other) = (Issuer::start(), Issuer::start());
    let server = trusting(&database, &issuer, WEB).await;
    let before = database.contents().await;
    for (fault, token) in forged(&issuer, &other) {
        let answer = exchange(&server, &token).await;
        assert_eq!(answer.status, 401, "{fault}: {}", answer.body);
    }
    assert_eq!(database.contents().await, before);
    assert_eq!(
        other.requests(),
        deploytrack_tests::issuer::Requests::default(),
        "only configured issuers are asked"
    );
    exchange(&server, &issuer.sign(&claims::github()))
        .await
        .expect(200);
}

#[tokio::test]
async fn an_audience_in_a_list_and_a_leeway_of_a_minute_are_accepted() {
    let database = Database::sqlite();
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let now = seconds();
    for changes in [
        json!({"aud": ["https://other.example.com", claims::AUDIENCE]}),
        json!({"nbf": now + 50, "iat": now + 50}),
        json!({"nbf": null, "iat": null}),
    ] {
        let token = issuer.sign(&with(claims::github(), &changes));
        let answer = exchange(&server, &token).await;
        assert_eq!(answer.status, 200, "{changes}: {}", answer.body);
    }
}
