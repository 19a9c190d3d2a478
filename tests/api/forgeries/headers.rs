//! Headers that choose another algorithm, another key, or a place from which to fetch one.

use deploytrack_tests::caller::SECRET;
use jsonwebtoken::Algorithm::{
    ES256, EdDSA, HS256, HS384, HS512, PS256, PS384, PS512, RS256, RS384, RS512,
};
use serde_json::{Value, json};

use super::{
    Forgery, good_claims,
    keys::{Keys, base64, hmac, message, signed},
};

/// Names of algorithms, with and without a meaning.
const ALGORITHMS: [&str; 38] = [
    "HS256",
    "HS384",
    "HS512",
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "ES256K",
    "EdDSA",
    "Ed25519",
    "Ed448",
    "none",
    "None",
    "NONE",
    "nOnE",
    "none ",
    "hs256",
    "Hs256",
    "HS256 ",
    " HS256",
    "HS256\u{0}",
    "HS-256",
    "HMAC",
    "SHA256",
    "RSA",
    "rs256",
    "es256",
    "eddsa",
    "dir",
    "A128KW",
    "RSA-OAEP",
    "HS1",
    "",
];

pub(super) fn forgeries(keys: &Keys, fetched_from: &str) -> Vec<Forgery> {
    let mut all = algorithms(keys);
    all.extend(odd_algorithms());
    all.extend(public_keys_as_secrets(keys));
    all.extend(other_signatures(keys));
    all.extend(places(keys, fetched_from));
    all.extend(odd_headers());
    all
}

fn header(algorithm: &str) -> String {
    json!({"alg": algorithm, "typ": "JWT"}).to_string()
}

/// Each algorithm without a signature, with the one of a good token, and with an HMAC of its message.
fn algorithms(keys: &Keys) -> Vec<Forgery> {
    let claims = good_claims().to_string();
    let mut all = Vec::new();
    let of_good = super::good_token();
    let of_good = of_good.rsplit('.').next().unwrap();
    for name in ALGORITHMS {
        let message = message(&header(name), &claims);
        all.push(Forgery::new(
            format!("{name:?} without a signature"),
            format!("{message}."),
        ));
        if name != "HS256" {
            all.push(Forgery::new(
                format!("{name:?} with the signature of another header"),
                format!("{message}.{of_good}"),
            ));
            let hmac = hmac(&message, SECRET.as_bytes(), HS256);
            all.push(Forgery::new(
                format!("{name:?} signed by HS256 with the secret"),
                format!("{message}.{hmac}"),
            ));
        }
        let rsa = &keys.known[0];
        let by_rsa = jsonwebtoken::crypto::sign(message.as_bytes(), &rsa.private, RS256).unwrap();
        if name != "RS256" {
            all.push(Forgery::new(
                format!("{name:?} signed by RS256"),
                format!("{message}.{by_rsa}"),
            ));
        }
    }
    for algorithm in [HS384, HS512] {
        let message = message(&json!({"alg": algorithm}).to_string(), &claims);
        let signature = hmac(&message, SECRET.as_bytes(), algorithm);
        all.push(Forgery::new(
            format!("{algorithm:?} signed as it says"),
            format!("{message}.{signature}"),
        ));
    }
    all
}

/// `alg` of another type, absent, or twice.
fn odd_algorithms() -> Vec<Forgery> {
    let headers = [
        r#"{"typ":"JWT"}"#,
        r#"{"alg":null}"#,
        r#"{"alg":true}"#,
        r#"{"alg":256}"#,
        r#"{"alg":["HS256"]}"#,
        r#"{"alg":{"name":"HS256"}}"#,
        r#"{"alg":"none","alg":"HS256"}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","alg":"HS256"}"#,
        r#"{"ALG":"HS256"}"#,
        r#"{"alg":"HS256""#,
        r#"["HS256"]"#,
        r#""HS256""#,
        "null",
        "{}",
        "",
    ];
    let claims = good_claims().to_string();
    let forge =
        |header: &str| Forgery::new(format!("the header {header}"), signed(header, &claims));
    headers.into_iter().map(forge).collect()
}

/// A public key as the secret of an HMAC (RFC 8725, section 2.1).
fn public_keys_as_secrets(keys: &Keys) -> Vec<Forgery> {
    let mut all = Vec::new();
    for pair in &keys.known {
        for (form, secret) in pair.as_secrets() {
            for algorithm in [HS256, HS384, HS512] {
                for kid in [Some(pair.kid), None] {
                    let header = match kid {
                        Some(kid) => json!({"alg": algorithm, "kid": kid}),
                        None => json!({"alg": algorithm}),
                    };
                    let message = message(&header.to_string(), &good_claims().to_string());
                    let signature = hmac(&message, &secret, algorithm);
                    all.push(Forgery::new(
                        format!(
                            "{algorithm:?} by the public key {} as {form}, kid {kid:?}",
                            pair.kid
                        ),
                        format!("{message}.{signature}"),
                    ));
                }
            }
        }
    }
    all
}

/// Good signatures under the id or the algorithm of another key, and those of a foreign key.
fn other_signatures(keys: &Keys) -> Vec<Forgery> {
    let mut all = Vec::new();
    let mut add = |name: String, token: String| all.push(Forgery::new(name, token));
    let claims = good_claims();
    for pair in &keys.known {
        for other in keys.known.iter().filter(|other| other.kid != pair.kid) {
            let header = json!({"alg": pair.algorithm, "kid": other.kid});
            add(
                format!("{} with the id {}", pair.kid, other.kid),
                pair.sign(&header, &claims, pair.algorithm),
            );
            let header = json!({"alg": other.algorithm, "kid": other.kid});
            add(
                format!("{} as if by {}", pair.kid, other.kid),
                pair.sign(&header, &claims, pair.algorithm),
            );
        }
    }
    let rsa = &keys.known[0];
    for algorithm in [RS384, RS512, PS256, PS384, PS512] {
        for named in [algorithm, RS256] {
            let header = json!({"alg": named, "kid": rsa.kid});
            add(
                format!("{algorithm:?} of a known key, named {named:?}"),
                rsa.sign(&header, &claims, algorithm),
            );
        }
    }
    for kid in [
        "rsa-1",
        "ec-1",
        "ed-1",
        "foreign",
        "",
        "../../../dev/null",
        "' or '1'='1",
        "\u{0}",
    ] {
        let foreign = &keys.foreign;
        add(
            format!("a foreign key with the id {kid:?}"),
            foreign.sign(&json!({"alg": "ES256", "kid": kid}), &claims, ES256),
        );
        let message = message(
            &json!({"alg": "HS256", "kid": kid}).to_string(),
            &claims.to_string(),
        );
        for (what, secret) in [
            ("an empty secret", &b""[..]),
            ("another secret", b"another-secret-of-at-least-32-bytes!"),
        ] {
            let signature = hmac(&message, secret, HS256);
            add(
                format!("{what} with the id {kid:?}"),
                format!("{message}.{signature}"),
            );
        }
    }
    for kid in [json!(null), json!(1), json!(["ec-1"]), json!({})] {
        let ec = &keys.known[1];
        add(
            format!("a known key with the id {kid} of another type, by a foreign signature"),
            keys.foreign
                .sign(&json!({"alg": ec.algorithm, "kid": kid}), &claims, ES256),
        );
    }
    all
}

/// A foreign key in the header, or the address of one.
fn places(keys: &Keys, fetched_from: &str) -> Vec<Forgery> {
    let certificate = base64(&keys.foreign.public_pem);
    let members: [(&str, Value); 9] = [
        ("jwk", keys.foreign.jwk()),
        ("jwks", json!({"keys": [keys.foreign.jwk()]})),
        ("jku", json!(format!("{fetched_from}/jwks.json"))),
        ("x5u", json!(format!("{fetched_from}/certificate.pem"))),
        ("x5c", json!([certificate])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("iss", json!(fetched_from)),
        ("url", json!(fetched_from)),
    ];
    let mut all = Vec::new();
    for (member, value) in members {
        for kid in [None, Some("foreign"), Some("ec-1")] {
            let mut header = json!({"alg": "ES256", "typ": "JWT"});
            header[member] = value.clone();
            if let Some(kid) = kid {
                header["kid"] = json!(kid);
            }
            all.push(Forgery::new(
                format!("a foreign key with {member} and the id {kid:?}"),
                keys.foreign.sign(&header, &good_claims(), ES256),
            ));
        }
    }
    for algorithm in [RS256, EdDSA] {
        let header = json!({"alg": algorithm, "jku": format!("{fetched_from}/{algorithm:?}")});
        let message = message(&header.to_string(), &good_claims().to_string());
        all.push(Forgery::new(
            format!("{algorithm:?} with jku and any signature"),
            format!("{message}.{}", base64([7; 256])),
        ));
    }
    all
}

/// Headers that a server must understand or refuse, with the right signature.
fn odd_headers() -> Vec<Forgery> {
    let members = [
        r#""crit":["exp"]"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":"exp""#,
        r#""crit":["x"],"x":1"#,
        r#""typ":"JWE""#,
        r#""typ":"JOSE""#,
        r#""typ":"secevent+jwt""#,
        r#""typ":"dpop+jwt""#,
        r#""typ":"""#,
        r#""typ":1"#,
        r#""typ":["JWT"]"#,
        r#""typ":"JWT","typ":"JWT""#,
        r#""kid":"a","kid":"b""#,
    ];
    let claims = good_claims().to_string();
    let forge = |member: &str| {
        let header = format!(r#"{{"alg":"HS256",{member}}}"#);
        Forgery::new(format!("the header {header}"), signed(&header, &claims))
    };
    members.into_iter().map(forge).collect()
}
