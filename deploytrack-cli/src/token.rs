//! What a token says of itself. Nothing is verified here: the server alone can do that.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

/// What the bearer of a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Reads,
    Writes,
}

/// What the roles in a token let its bearer do; `None` when it is no token that can be read here.
pub(crate) fn access(token: &str) -> Option<Access> {
    let claims = claims(token)?;
    let roles = claims.get("roles").and_then(Value::as_array);
    let writes = roles.into_iter().flatten().any(|role| role == "admin");
    Some(if writes { Access::ReadWrite } else { Access::ReadOnly })
}

/// When a token ends, in seconds since 1970; `None` when it is no token that can be read here.
pub(crate) fn expiry(token: &str) -> Option<i64> {
    claims(token)?.get("exp")?.as_i64()
}

/// The issuer and the subject in a token; `None` when it names no subject or cannot be read here.
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
    fn the_role_admin_writes_and_every_other_token_reads() {
        assert_eq!(power(&token(r#"{"roles":["a","admin"]}"#)), Some(Access::ReadWrite));
        for claims in ["{}", r#"{"roles":[]}"#, r#"{"roles":"admin"}"#, r#"{"role":"admin"}"#] {
            assert_eq!(power(&token(claims)), Some(Access::ReadOnly), "{claims}");
        }
    }

    #[test]
    fn a_token_says_when_it_ends() {
        assert_eq!(expiry(&token(r#"{"exp":1700000000}"#)), Some(1_700_000_000));
        assert_eq!((expiry(&token("{}")), expiry("opaque")), (None, None));
    }

    #[test]
    fn of_what_cannot_be_read_nothing_is_said() {
        for text in ["", "opaque", "a.b.c", "..", &token("[1]")] {
            assert_eq!(power(text), None, "{text}");
        }
    }
}
