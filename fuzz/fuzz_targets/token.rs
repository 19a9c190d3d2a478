//! A token: as it is, or as a header and claims that are signed with the right secret. A text that
//! this server did not sign is never valid.

#![no_main]

use std::sync::LazyLock;

use deploytrack_server::{fuzzing::Checker, token::Secret};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use libfuzzer_sys::fuzz_target;

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";

static CHECKER: LazyLock<Checker> =
    LazyLock::new(|| Checker::new(&Secret::new(SECRET.to_vec()).unwrap()));

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let header = format!("Bearer {text}");
    if let Some(subject) = CHECKER.subject(&header) {
        panic!("a forged token is valid, of {subject}");
    }
    // With the right signature the claims are read; whatever is accepted has a subject.
    let (head, claims) = text.split_once('\n').unwrap_or((r#"{"alg":"HS256"}"#, text));
    let message = format!("{}.{}", CHECKER.base64(head), CHECKER.base64(claims));
    let key = EncodingKey::from_secret(SECRET);
    let signature = sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    if let Some(subject) = CHECKER.subject(&format!("Bearer {message}.{signature}")) {
        assert!(!subject.is_empty() && !subject.chars().any(char::is_control), "{subject:?}");
    }
});
