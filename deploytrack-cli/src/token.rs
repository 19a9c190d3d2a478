//! The claims of a token, read without verification: only the server can verify a token.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// The access that a token gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    ReadWrite,
}

/// The access by the roles in a token; `None` if it is not a readable JWT.
pub(crate) fn access(token: &str) -> Option<Access> {
    let claims = claims(token)?;
    let roles = claims.get("roles").and_then(Value::as_array);
    let writes = roles.into_iter().flatten().any(|role| role == "admin");
    Some(if writes {
        Access::ReadWrite
    } else {
        Access::ReadOnly
    })
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

fn claims(token: &str) -> Option<Map<String, Value>> {
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
    fn only_the_role_admin_can_write() {
        assert_eq!(
            access(&token(r#"{"roles":["a","admin"]}"#)),
            Some(Access::ReadWrite)
        );
        for claims in [
            "{}",
            r#"{"roles":[]}"#,
            r#"{"roles":"admin"}"#,
            r#"{"role":"admin"}"#,
        ] {
            assert_eq!(access(&token(claims)), Some(Access::ReadOnly), "{claims}");
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
