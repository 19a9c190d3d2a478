//! The claims of a token, read without verification: only the server can verify a token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deploytrack_core::{role::Role, session::Login};
use serde_json::{Map, Value};

/// The access that a token gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Reader,
    /// It records deployments, of which components and in which environments: `None` for all.
    Writer(Option<String>),
    Admin,
}

/// The access by the roles and the limits in a token; `None` if it is not a readable JWT.
pub(crate) fn access(token: &str) -> Option<Access> {
    let claims = claims(token)?;
    let roles = claims.get("roles").and_then(Value::as_array);
    let has = |name: &str| roles.into_iter().flatten().any(|role| role == name);
    let limits = limits(&claims);
    Some(match (has("admin"), has("writer")) {
        // With limits, an admin is a writer.
        (true, _) if limits.is_none() => Access::Admin,
        (false, false) => Access::Reader,
        _ => Access::Writer(limits),
    })
}

/// The access that a server shows for a token.
pub(crate) fn access_of(login: &Login) -> Option<Access> {
    match login.role.parse() {
        Ok(Role::Reader) => Some(Access::Reader),
        Ok(Role::Writer) => Some(Access::Writer(None)),
        Ok(Role::Admin) => Some(Access::Admin),
        Err(_) => None,
    }
}

/// The limits of a token, such as `components web-*, api and environments staging`.
fn limits(claims: &Map<String, Value>) -> Option<String> {
    let of = |name: &str| {
        let patterns: Vec<_> = claims.get(name)?.as_array()?.iter().collect();
        let patterns: Vec<_> = patterns.into_iter().filter_map(Value::as_str).collect();
        let listed = if patterns.is_empty() {
            "none".to_owned()
        } else {
            patterns.join(", ")
        };
        Some(format!("{name} {listed}"))
    };
    let limits: Vec<_> = ["components", "environments"]
        .into_iter()
        .filter_map(of)
        .collect();
    (!limits.is_empty()).then(|| limits.join(" and "))
}

/// The expiry of a token in seconds since 1970; `None` if it has none or is not a readable JWT.
pub(crate) fn expiry(token: &str) -> Option<i64> {
    claims(token)?.get("exp")?.as_i64()
}

/// The issuer and the subject of a token; `None` if it has no subject or is not a readable JWT.
pub(crate) fn subject(token: &str) -> Option<(Option<Value>, Value)> {
    let mut claims = claims(token)?;
    let issuer = claims.remove("iss");
    claims.remove("sub").map(|subject| (issuer, subject))
}

/// The claims of a token; `None` if it is not a readable JWT.
pub(crate) fn claims(token: &str) -> Option<Map<String, Value>> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn the_access_follows_from_the_roles_and_the_limits() {
        let of = |claims: &str| access(&token(claims)).unwrap();
        assert_eq!(of(r#"{"roles":["a","admin"]}"#), Access::Admin);
        assert_eq!(of(r#"{"roles":["writer"]}"#), Access::Writer(None));
        let limited = r#"{"roles":["admin"],"components":["web-*","api"],"environments":[]}"#;
        let limits = "components web-*, api and environments none".to_owned();
        assert_eq!(of(limited), Access::Writer(Some(limits)));
        for claims in [
            "{}",
            r#"{"roles":[]}"#,
            r#"{"roles":"admin"}"#,
            r#"{"role":"admin"}"#,
            r#"{"roles":["reader"],"components":["api"]}"#,
        ] {
            assert_eq!(of(claims), Access::Reader, "{claims}");
        }
    }

    #[test]
    fn the_expiry_of_a_token_is_read() {
        assert_eq!(expiry(&token(r#"{"exp":1700000000}"#)), Some(1_700_000_000));
        assert_eq!((expiry(&token("{}")), expiry("opaque")), (None, None));
    }

    #[test]
    fn an_unreadable_token_has_no_access() {
        for text in ["", "opaque", "a.b.c", "..", &token("[1]")] {
            assert_eq!(access(text), None, "{text}");
        }
    }
}
