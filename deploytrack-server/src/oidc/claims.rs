//! The claims of an identity token, as texts.

use serde_json::{Map, Number, Value};

/// The most characters of a claim that a message shows.
const MOST_SHOWN: usize = 200;

/// The claims of an identity token. Issuers disagree about types: GitLab sends booleans and ids as
/// texts and one id as a number. So values are compared as texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdentityClaims(Map<String, Value>);

impl IdentityClaims {
    pub(crate) const fn new(claims: Map<String, Value>) -> Self {
        Self(claims)
    }

    /// The text of a claim, if it is one value and not null.
    pub(crate) fn text(&self, claim: &str) -> Option<String> {
        text_of(self.0.get(claim)?)
    }

    /// The texts of a claim: of a list, those of its values.
    pub(crate) fn texts(&self, claim: &str) -> Vec<String> {
        match self.0.get(claim) {
            Some(Value::Array(values)) => values.iter().filter_map(text_of).collect(),
            Some(value) => text_of(value).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// The value of a claim for a message, if the token has it.
    pub(crate) fn shown(&self, claim: &str) -> Option<String> {
        let value = self.0.get(claim).filter(|value| !value.is_null())?;
        let text = text_of(value).unwrap_or_else(|| value.to_string());
        Some(if text.chars().count() > MOST_SHOWN {
            text.chars().take(MOST_SHOWN).chain(['…']).collect()
        } else {
            text
        })
    }
}

/// The text of a value; `None` for null, a list and an object.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(number) => Some(canonical(number)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number without a fraction or an exponent, so that `1` and `1.0` are equal.
fn canonical(number: &Number) -> String {
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() < 1e15 => {
            format!("{value:.0}")
        }
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(value: Value) -> IdentityClaims {
        match value {
            Value::Object(claims) => IdentityClaims::new(claims),
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn texts_numbers_and_booleans_are_compared_as_texts() {
        let claims = claims(json!({
            "project_id": "20", "runner_id": 20, "float": 20.0, "exponent": 2e1, "protected": "true", "rerun": true,
            "null": null, "list": ["a", 1, null, ["b"]], "object": {"a": 1},
        }));
        for claim in ["project_id", "runner_id", "float", "exponent"] {
            assert_eq!(claims.text(claim).as_deref(), Some("20"), "{claim}");
        }
        for claim in ["protected", "rerun"] {
            assert_eq!(claims.text(claim).as_deref(), Some("true"), "{claim}");
        }
        for claim in ["null", "list", "object", "absent"] {
            assert_eq!(claims.text(claim), None, "{claim}");
        }
        assert_eq!(claims.texts("list"), ["a", "1"]);
        assert_eq!(claims.texts("rerun"), ["true"]);
        assert_eq!(claims.shown("object").as_deref(), Some(r#"{"a":1}"#));
        assert_eq!(claims.shown("null"), None);
    }

    #[test]
    fn a_long_claim_is_shortened_in_messages() {
        let claims = claims(json!({"ref": "x".repeat(5000)}));
        assert_eq!(
            claims.shown("ref").map(|text| text.chars().count()),
            Some(201)
        );
    }
}
