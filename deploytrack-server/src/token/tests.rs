use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use std::sync::Arc;

use deploytrack_core::{
    clock::{self, Time},
    limits::WriteLimits,
    text::Label,
    token::Credential,
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::*;

mod cache;
mod keys;

const BYTES: &[u8] = b"a secret that is long enough for HS256";

fn now() -> Time {
    clock::parse("2026-11-23T18:00:00Z").unwrap()
}

fn secret() -> Secret {
    Secret::new(BYTES.to_vec()).unwrap()
}

fn valid() -> Value {
    let now = now().timestamp();
    json!({ "sub": "ci-bot", "iat": now, "exp": now + 3600, "roles": ["admin"] })
}

/// The valid claims with one of them set, or removed if the value is `null`.
fn with(name: &str, value: Value) -> Value {
    let mut claims = valid();
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

fn sign(algorithm: Algorithm, claims: &Value, bytes: &[u8]) -> String {
    jsonwebtoken::encode(
        &Header::new(algorithm),
        claims,
        &EncodingKey::from_secret(bytes),
    )
    .unwrap()
}

/// A token with any header and a valid HS256 signature.
fn headed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let key = EncodingKey::from_secret(BYTES);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn check(token: &str) -> Option<Claims> {
    Verifier::new(&secret())
        .check(token, now())
        .ok()
        .map(Arc::unwrap_or_clone)
}

fn check_claims(claims: &Value) -> Option<Claims> {
    check(&sign(Algorithm::HS256, claims, BYTES))
}

#[test]
fn an_issued_token_is_valid_until_it_expires() {
    let token = issue(
        &secret(),
        &Label::new("ci-bot").unwrap(),
        &Grant::admin(),
        Duration::from_hours(1),
        now(),
    )
    .unwrap();
    let claims = Claims {
        subject: Label::new("ci-bot").unwrap(),
        role: Role::Admin,
        limits: WriteLimits::default(),
        expires_at: now() + Duration::from_hours(1),
        origin: None,
        credential: None,
        wall: None,
    };
    let checked = check(&token).unwrap();
    let credential = checked.credential.clone();
    let unnamed = Claims {
        credential: None,
        ..checked
    };
    assert_eq!(unnamed, claims);
    let Some(Credential::Signed(signed)) = credential else {
        panic!("{credential:?}");
    };
    assert!(signed.id.is_some(), "a revocation can name it");
    assert_eq!(
        (signed.subject.as_str(), signed.issued_at),
        ("ci-bot", Some(now()))
    );
    let verifier = Verifier::new(&secret());
    assert!(
        verifier
            .check(&token, now() + Duration::from_secs(3659))
            .is_ok()
    );
    assert!(
        verifier
            .check(&token, now() + Duration::from_mins(61))
            .is_err()
    );
}

#[test]
fn a_token_lasts_ten_years_at_most() {
    let (subject, grant) = (Label::new("x").unwrap(), Grant::default());
    let issue = |lasts| issue(&secret(), &subject, &grant, lasts, now());
    assert!(issue(LONGEST).is_ok());
    assert!(issue(LONGEST + Duration::from_secs(1)).is_err());
    assert!(issue(Duration::MAX).is_err());
}

#[test]
fn the_highest_role_counts_and_an_unknown_one_allows_nothing() {
    for (roles, role) in [
        (json!(null), Role::Reader),
        (json!([]), Role::Reader),
        (json!(["Admin", "reader", "owner"]), Role::Reader),
        (json!(["writer"]), Role::Writer),
        (json!(["reader", "admin", "writer"]), Role::Admin),
    ] {
        assert_eq!(check_claims(&with("roles", roles)).unwrap().role, role);
    }
}

/// The claims of a token with these limits and the role admin.
fn limited(components: Value, environments: Value) -> Option<Claims> {
    let mut claims = with("roles", json!(["admin"]));
    for (name, patterns) in [("components", components), ("environments", environments)] {
        if !patterns.is_null() {
            claims[name] = patterns;
        }
    }
    check_claims(&claims)
}

#[test]
fn an_admin_with_limits_is_a_writer() {
    let claims = limited(json!(["web-*", "api"]), Value::Null).unwrap();
    assert_eq!(claims.role, Role::Writer);
    let patterns: Vec<_> = claims.limits.components.iter().flatten().collect();
    assert_eq!(patterns.len(), 2);
    assert_eq!(claims.limits.environments, None);
    let none = limited(Value::Null, json!([])).unwrap();
    assert_eq!(
        (none.role, none.limits.environments),
        (Role::Writer, Some(Vec::new()))
    );
    assert_eq!(limited(Value::Null, Value::Null).unwrap().role, Role::Admin);
}

#[test]
fn limits_that_cannot_be_read_make_the_token_invalid() {
    for wrong in [
        json!("web-*"),
        json!([1]),
        json!([""]),
        json!({}),
        json!(["a\nb"]),
        json!([null]),
    ] {
        assert_eq!(limited(wrong.clone(), Value::Null), None, "{wrong}");
        assert_eq!(limited(Value::Null, wrong.clone()), None, "{wrong}");
    }
}

#[test]
fn a_signature_by_another_algorithm_or_secret_is_rejected() {
    assert!(
        check(&sign(
            Algorithm::HS256,
            &valid(),
            b"another secret of more than 32 bytes"
        ))
        .is_none()
    );
    assert!(check(&sign(Algorithm::HS384, &valid(), BYTES)).is_none());
    assert!(check(&sign(Algorithm::HS512, &valid(), BYTES)).is_none());
    assert!(check(&sign(Algorithm::HS256, &valid(), b"")).is_none());
    let token = sign(Algorithm::HS256, &valid(), BYTES);
    let (message, signature) = token.rsplit_once('.').unwrap();
    for forged in [
        format!("{message}."),
        message.to_owned(),
        format!("{message}.{signature}="),
        format!("{token}.x"),
        format!(" {token}"),
    ] {
        assert!(check(&forged).is_none(), "{forged}");
    }
    for algorithm in [
        "none", "None", "NONE", "HS512", "RS256", "ES256", "EdDSA", "hs256", "",
    ] {
        let token = headed(&json!({ "typ": "JWT", "alg": algorithm }), &valid());
        let (message, _) = token.rsplit_once('.').unwrap();
        assert!(check(&token).is_none(), "{algorithm}");
        assert!(
            check(&format!("{message}.")).is_none(),
            "{algorithm} without signature"
        );
    }
}

#[test]
fn a_changed_payload_is_rejected() {
    let token = sign(Algorithm::HS256, &with("roles", json!([])), BYTES);
    let parts: Vec<_> = token.split('.').collect();
    let forged = URL_SAFE_NO_PAD.encode(valid().to_string());
    assert!(check(&token).is_some());
    assert!(check(&[parts[0], &forged, parts[2]].join(".")).is_none());
}

#[test]
fn the_header_is_checked() {
    let header = |name: &str, value: Value| {
        let mut header = json!({ "alg": "HS256" });
        header[name] = value;
        headed(&header, &valid())
    };
    assert!(check(&headed(&json!({ "alg": "HS256" }), &valid())).is_some());
    for typ in ["JWT", "jwt", "at+jwt"] {
        assert!(check(&header("typ", json!(typ))).is_some(), "{typ}");
    }
    for typ in [json!("JWE"), json!("dpop+jwt"), json!(""), json!(7)] {
        assert!(check(&header("typ", typ.clone())).is_none(), "{typ}");
    }
    for crit in [
        json!(["exp"]),
        json!([]),
        json!("exp"),
        json!(null),
        json!(true),
    ] {
        assert!(check(&header("crit", crit.clone())).is_none(), "{crit}");
    }
    assert!(check(&headed(&json!([]), &valid())).is_none());
    assert!(check(&headed(&json!({}), &valid())).is_none());
}

#[test]
fn times_are_checked_with_a_minute_of_tolerance() {
    let now = now().timestamp();
    let refused = [
        ("exp", json!(null)),
        ("exp", json!(now - 60)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!("2099-01-01")),
        ("exp", json!((now + 3600).to_string())),
        ("exp", json!(u64::MAX)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(1e300)),
        ("exp", json!(253_402_300_800_i64)),
        ("exp", json!(true)),
        ("exp", json!([now + 3600])),
        ("nbf", json!(now + 61)),
        ("nbf", json!("now")),
        ("nbf", json!(false)),
        ("iat", json!(now + 61)),
        ("iat", json!(u64::MAX)),
        ("iat", json!({})),
    ];
    for (name, value) in refused {
        assert!(
            check_claims(&with(name, value.clone())).is_none(),
            "{name} {value}"
        );
    }
    let accepted = [
        ("exp", json!(now - 59)),
        (
            "exp",
            serde_json::from_str(&format!("{}.5", now + 3600)).unwrap(),
        ),
        ("nbf", json!(now + 60)),
        ("iat", json!(null)),
        ("iat", json!(now + 60)),
    ];
    for (name, value) in accepted {
        assert!(
            check_claims(&with(name, value.clone())).is_some(),
            "{name} {value}"
        );
    }
}

#[test]
fn the_lifetime_of_a_token_is_bounded() {
    let now = now().timestamp();
    let verifier = Verifier::new(&secret().with_max_lifetime(Duration::from_hours(24)));
    let day = 24 * 3600;
    let fault = |iat: Option<i64>, exp: Value| {
        let mut claims = with("iat", json!(iat));
        claims["exp"] = exp;
        verifier
            .check(&sign(Algorithm::HS256, &claims, BYTES), self::now())
            .err()
    };
    let too_long = Some(TokenFault::TooLong(Duration::from_hours(24)));
    for (iat, exp, expected) in [
        (Some(now), json!(now + day), None),
        (Some(now), json!(now + day + 1), too_long),
        (
            Some(now),
            serde_json::from_str(&format!("{}.5", now + day)).unwrap(),
            too_long,
        ),
        (Some(now - day), json!(now + 1), too_long),
        (Some(0), json!(now + 1), too_long),
        (Some(-5), json!(now + 1), too_long),
        // The issuer's clock is a minute ahead.
        (Some(now + 60), json!(now + 60 + day), None),
        (None, json!(now + day), None),
        (None, json!(now + day + 60), None),
        (None, json!(now + day + 61), too_long),
        (None, json!(253_402_300_799_i64), too_long),
        (
            Some(now + 61),
            json!(now + 61 + day),
            Some(TokenFault::Invalid),
        ),
        (Some(now), json!(now - 60), Some(TokenFault::Invalid)),
    ] {
        assert_eq!(fault(iat, exp.clone()), expected, "{iat:?} {exp}");
    }
    let other = sign(
        Algorithm::HS256,
        &with("exp", json!(now + 2 * day)),
        b"another secret of more than 32 bytes",
    );
    assert_eq!(
        verifier.check(&other, self::now()).err(),
        Some(TokenFault::Invalid),
        "only a valid signature gets the reason"
    );
    let ten_years = |days: i64| check_claims(&with("exp", json!(now + days * day))).is_some();
    assert!(ten_years(3652) && !ten_years(3653));
}

#[test]
fn a_cached_token_without_iat_is_limited_by_its_remaining_time() {
    let verifier = Verifier::new(&secret().with_max_lifetime(Duration::from_hours(1)));
    let mut claims = with("iat", json!(null));
    claims["exp"] = json!(now().timestamp() + 3600);
    let token = sign(Algorithm::HS256, &claims, BYTES);
    assert!(verifier.check(&token, now()).is_ok());
    assert_eq!(
        verifier.check(&token, now() - Duration::from_mins(5)).err(),
        Some(TokenFault::TooLong(Duration::from_hours(1)))
    );
}

#[test]
fn duplicate_names_are_rejected_everywhere() {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let check = |header: &str, claims: &str| {
        let message = format!("{}.{}", part(header), part(claims));
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &EncodingKey::from_secret(BYTES),
            Algorithm::HS256,
        )
        .unwrap();
        self::check(&format!("{message}.{signature}"))
    };
    let (header, exp) = (r#"{"alg":"HS256","typ":"JWT"}"#, now().timestamp() + 3600);
    let claims = |more: &str| format!(r#"{{"sub":"ci-bot","exp":{exp}{more}}}"#);
    assert!(check(header, &claims("")).is_some());
    assert!(
        check(
            header,
            &claims(r#","roles":["admin"],"team":{"a":1,"b":[{"a":2}]}"#)
        )
        .is_some_and(|claims| claims.role == Role::Admin)
    );
    for more in [
        &format!(r#","exp":{exp}"#),
        r#","sub":"root""#,
        r#","roles":[],"roles":["admin"]"#,
        r#","roles":["admin"],"r\u006fles":[]"#,
        r#","team":{"a":1,"a":1}"#,
        r#","team":[[{"a":1,"a":2}]]"#,
    ] {
        assert!(check(header, &claims(more)).is_none(), "{more}");
    }
    for header in [
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"["HS256"]"#,
    ] {
        assert!(check(header, &claims("")).is_none(), "{header}");
    }
}

#[test]
fn subject_and_roles_must_have_their_types() {
    let long = "x".repeat(256);
    for sub in [
        json!(null),
        json!(""),
        json!(" a"),
        json!("a\0b"),
        json!("a\nb"),
        json!(7),
        json!(["ci"]),
        json!(long),
    ] {
        assert!(check_claims(&with("sub", sub.clone())).is_none(), "{sub}");
    }
    for roles in [
        json!("admin"),
        json!({ "admin": true }),
        json!([["admin"]]),
        json!(["admin", 1]),
        json!(true),
    ] {
        assert!(
            check_claims(&with("roles", roles.clone())).is_none(),
            "{roles}"
        );
    }
    assert!(check_claims(&json!(["sub", "ci-bot"])).is_none());
    assert!(check_claims(&json!("ci-bot")).is_none());
}

#[test]
fn an_oversized_token_is_rejected() {
    assert!(check_claims(&with("extra", json!("x".repeat(5000)))).is_some());
    assert!(check_claims(&with("extra", json!("x".repeat(8000)))).is_none());
    assert!(check(&"x".repeat(10_000_000)).is_none());
    assert!(check(&".".repeat(8000)).is_none());
    assert!(check("").is_none());
}

#[test]
fn issuer_and_audience_are_checked_when_configured() {
    let secret = secret().with_issuer_and_audience(
        Some("https://id.example".into()),
        Some("deploytrack".into()),
    );
    let verifier = Verifier::new(&secret);
    let check = |iss: Value, aud: Value| {
        let mut claims = with("iss", iss);
        claims["aud"] = aud;
        verifier
            .check(&sign(Algorithm::HS256, &claims, BYTES), now())
            .is_ok()
    };
    let (iss, aud) = (json!("https://id.example"), json!("deploytrack"));
    assert!(check(iss.clone(), aud.clone()));
    assert!(check(iss.clone(), json!(["other", "deploytrack"])));
    assert!(!check(json!(null), aud.clone()));
    assert!(!check(json!("https://evil.example"), aud.clone()));
    assert!(!check(json!(["https://id.example"]), aud));
    assert!(!check(iss.clone(), json!(null)));
    assert!(!check(iss.clone(), json!("other")));
    assert!(!check(iss.clone(), json!(["deploytrack", 1])));
    assert!(!check(iss, json!([])));
    let issued = issue(
        &secret,
        &Label::new("ci").unwrap(),
        &Grant::default(),
        Duration::from_mins(1),
        now(),
    )
    .unwrap();
    assert!(verifier.check(&issued, now()).is_ok());
}

#[test]
fn a_secret_has_at_least_32_bytes_and_debug_hides_it() {
    assert!(Secret::new(vec![7; 31]).is_err());
    assert!(Secret::new(vec![7; 32]).is_ok());
    assert_eq!(
        format!("{:?}", secret()),
        "Secret { issuer: None, audience: None, .. }"
    );
}
