//! Claims that are missing, of another type, doubled or out of range, all with the right signature.

use deploytrack_tests::caller::seconds;
use serde_json::{Value, json};

use super::{AUDIENCE, Forgery, ISSUER, good_claims, keys::signed};

const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;
const HOUR: u64 = 3600;

pub(super) fn forgeries() -> Vec<Forgery> {
    let mut all: Vec<_> = ["sub", "exp", "iss", "aud"].map(without).into();
    for claim in [
        "sub",
        "exp",
        "nbf",
        "iat",
        "iss",
        "aud",
        "roles",
        "components",
        "environments",
    ] {
        all.extend(wrong_types(claim));
        all.push(twice(claim));
    }
    all.extend(subjects());
    all.extend(times());
    all.extend(issuers());
    all.extend(audiences());
    all.extend(patterns());
    all.extend(documents());
    all
}

fn without(claim: &str) -> Forgery {
    let mut claims = good_claims();
    claims.as_object_mut().unwrap().remove(claim);
    Forgery::new(
        format!("without {claim}"),
        signed(HEADER, &claims.to_string()),
    )
}

fn with(claim: &str, value: &Value) -> Forgery {
    let mut claims = good_claims();
    claims[claim] = value.clone();
    Forgery::new(
        format!("{claim} is {value}"),
        signed(HEADER, &claims.to_string()),
    )
}

/// The claim as every type that it must not have.
fn wrong_types(claim: &str) -> Vec<Forgery> {
    let is_time = ["exp", "nbf", "iat"].contains(&claim);
    let is_list = ["roles", "components", "environments"].contains(&claim);
    let mut values = vec![
        json!(null),
        json!(true),
        json!({}),
        json!({"a": 1}),
        json!([1]),
        json!([[]]),
        json!([null]),
    ];
    if !is_time {
        values.push(json!(7));
    }
    if is_time || is_list {
        values.extend([json!("text"), json!("1")]);
    }
    if !is_list {
        values.push(json!([]));
    }
    values.iter().map(|value| with(claim, value)).collect()
}

/// The claim twice: one reader takes the first, another one the last.
fn twice(claim: &str) -> Forgery {
    let claims = good_claims();
    let value = match claim {
        "nbf" => claims["iat"].clone(),
        "components" | "environments" => json!(["*"]),
        _ => claims[claim].clone(),
    };
    let text = claims.to_string();
    let members = &text[1..text.len() - 1];
    let text = if claims[claim].is_null() {
        format!(r#"{{{members},"{claim}":{value},"{claim}":{value}}}"#)
    } else {
        format!(r#"{{"{claim}":{value},{members}}}"#)
    };
    Forgery::new(format!("{claim} twice"), signed(HEADER, &text))
}

fn subjects() -> Vec<Forgery> {
    let long = "x".repeat(10_000);
    let many = "ö".repeat(2_000);
    let subjects = [
        "",
        "a\u{0}b",
        "a\nb",
        "a\rb",
        "a\u{1b}[31mb",
        "a\u{7f}",
        "a\u{85}b",
        "a\u{9b}31m",
        &long,
        &many,
    ];
    subjects
        .iter()
        .map(|subject| with("sub", &json!(subject)))
        .collect()
}

fn times() -> Vec<Forgery> {
    let now = seconds();
    let mut all = Vec::new();
    for exp in [
        json!(0),
        json!(1),
        json!(-1),
        json!(now - 61),
        json!(now - HOUR),
        json!(u64::MAX),
        json!(i64::MAX),
        json!(1e300),
        json!(253_402_300_800_u64),
        json!(-1e300),
        json!(now + 11 * 366 * 24 * HOUR),
        json!(0.0),
    ] {
        all.push(with("exp", &exp));
    }
    for claim in ["nbf", "iat"] {
        for value in [
            json!(now + 600),
            json!(now + HOUR),
            json!(u64::MAX),
            json!(1e300),
            json!(253_402_300_800_u64),
        ] {
            all.push(with(claim, &value));
        }
    }
    // Issued so long ago that the lifetime is too long.
    all.push(with("iat", &json!(0)));
    all.push(with("iat", &json!(-1e300)));
    for (name, exp) in [
        ("NaN", "NaN"),
        ("infinity", "Infinity"),
        ("hexadecimal", "0xffffffffff"),
        ("beyond a double", "1e999"),
    ] {
        let claims = format!(
            r#"{{"sub":"ci-bot","exp":{exp},"iss":"{ISSUER}","aud":"{AUDIENCE}","roles":["admin"]}}"#
        );
        all.push(Forgery::new(
            format!("exp is {name}"),
            signed(HEADER, &claims),
        ));
    }
    all
}

fn issuers() -> Vec<Forgery> {
    let upper = ISSUER.to_uppercase();
    let values = [
        String::new(),
        format!("{ISSUER}/"),
        format!(" {ISSUER}"),
        format!("{ISSUER} "),
        upper,
        ISSUER.replace("https", "http"),
        format!("{ISSUER}.evil.example"),
        format!("{ISSUER}\u{0}"),
        ISSUER.replace('e', "\u{435}"),
        "*".to_owned(),
        ISSUER[..ISSUER.len() - 1].to_owned(),
        AUDIENCE.to_owned(),
    ];
    let mut all: Vec<_> = values
        .iter()
        .map(|value| with("iss", &json!(value)))
        .collect();
    all.push(with("iss", &json!([ISSUER])));
    all
}

fn audiences() -> Vec<Forgery> {
    let values = [
        String::new(),
        format!("{AUDIENCE}/"),
        format!(" {AUDIENCE}"),
        AUDIENCE.to_uppercase(),
        format!("{AUDIENCE},other"),
        format!("{AUDIENCE} other"),
        "*".to_owned(),
        ISSUER.to_owned(),
        AUDIENCE.replace('o', "\u{43e}"),
    ];
    let mut all: Vec<_> = values
        .iter()
        .map(|value| with("aud", &json!(value)))
        .collect();
    for list in [
        json!(["other"]),
        json!([[AUDIENCE]]),
        json!([AUDIENCE, 1]),
        json!([AUDIENCE, null]),
        json!([format!("{AUDIENCE}/")]),
    ] {
        all.push(with("aud", &list));
    }
    all
}

/// Patterns that are no patterns: a token with one of them would allow more than its issuer meant.
fn patterns() -> Vec<Forgery> {
    let mut all = Vec::new();
    for claim in ["components", "environments"] {
        for pattern in ["", " ", "a\u{0}", "a\nb", "\u{202e}", &"x".repeat(1000)] {
            all.push(with(claim, &json!(["web-*", pattern])));
        }
        all.push(with(claim, &json!(["web-*", 1])));
    }
    all
}

/// Claims that are no JSON object.
fn documents() -> Vec<Forgery> {
    let good = good_claims().to_string();
    let documents = [
        "",
        "null",
        "true",
        "1",
        "[]",
        "{}",
        "\"text\"",
        "{",
        "{\"sub\":}",
        &format!("{good}x"),
        &format!("{good}{good}"),
        &format!("[{good}]"),
        &format!("\u{feff}{good}"),
        &good.replace("ci-bot", "\\ud800"),
        &good[..good.len() - 1],
        &good.replace('"', "'"),
    ];
    let forge = |(number, document): (usize, &&str)| {
        Forgery::new(
            format!("the document {number} of claims"),
            signed(HEADER, document),
        )
    };
    documents.iter().enumerate().map(forge).collect()
}
