//! The limits of a rule: patterns of names, in which a claim may be a part.

use deploytrack_core::{invalid::Invalid, pattern::NamePattern};

use super::IdentityClaims;

/// A pattern of names with claims in braces, such as `{environment}` or `review/{ref}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LimitPattern(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Claim(String),
}

/// Why a text is no limit. The message is a predicate for the name of a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadLimit {
    /// A brace has no partner.
    #[error("must have a claim in braces, such as {{environment}}; a brace has no partner")]
    Brace,
    /// The text without claims is no pattern.
    #[error("{0}")]
    Pattern(Invalid),
}

/// Why a claim cannot be a part of a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnusableClaim {
    pub(crate) claim: String,
    pub(crate) reason: &'static str,
}

impl std::str::FromStr for LimitPattern {
    type Err = BadLimit;

    fn from_str(text: &str) -> Result<Self, BadLimit> {
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (claim, behind) = after.split_once('}').ok_or(BadLimit::Brace)?;
            if before.contains('}') || claim.is_empty() || claim.contains('{') {
                return Err(BadLimit::Brace);
            }
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Claim(claim.to_owned()));
            rest = behind;
        }
        if rest.contains('}') {
            return Err(BadLimit::Brace);
        }
        parts.push(Part::Text(rest.to_owned()));
        let limit = Self(parts);
        limit.as_pattern().map_err(BadLimit::Pattern)?;
        Ok(limit)
    }
}

impl LimitPattern {
    /// The pattern for these claims.
    ///
    /// # Errors
    /// [`UnusableClaim`] if the token does not have a claim, or its value is no part of a name. A
    /// value with `*` or `?` would be a pattern, and allow more than the rule means.
    pub(crate) fn fill(&self, claims: &IdentityClaims) -> Result<NamePattern, UnusableClaim> {
        let (mut text, mut last) = (String::new(), None);
        for part in &self.0 {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Claim(claim) => {
                    text.push_str(&literal(claims, claim)?);
                    last = Some(claim);
                }
            }
        }
        text.parse().map_err(|_| UnusableClaim {
            claim: last.cloned().unwrap_or_default(),
            reason: "its value does not make a name with the limit of the rule",
        })
    }

    /// The pattern with a letter in place of each claim.
    fn as_pattern(&self) -> Result<NamePattern, Invalid> {
        let parts = self.0.iter().map(|part| match part {
            Part::Text(text) => text.as_str(),
            Part::Claim(_) => "x",
        });
        parts.collect::<String>().parse()
    }
}

fn literal(claims: &IdentityClaims, claim: &str) -> Result<String, UnusableClaim> {
    let fault = |reason| UnusableClaim {
        claim: claim.to_owned(),
        reason,
    };
    let text = claims
        .text(claim)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| fault("the token does not have it, and a limit of the rule needs it"))?;
    if NamePattern::is_pattern(&text) {
        return Err(fault(
            "a limit of the rule needs it, and its value has * or ?",
        ));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn fill(limit: &str, claims: Value) -> Result<String, UnusableClaim> {
        let Value::Object(claims) = claims else {
            panic!("no object")
        };
        let limit: LimitPattern = limit.parse().unwrap();
        let filled = limit.fill(&IdentityClaims::new(claims));
        filled.map(|pattern| pattern.as_str().to_owned())
    }

    #[test]
    fn a_claim_names_the_limit() {
        let claims = json!({"environment": "production", "id": 7, "a/b": "x"});
        for (limit, pattern) in [
            ("{environment}", "production"),
            ("web-*", "web-*"),
            ("{environment}-{id}*", "production-7*"),
            ("{a/b}", "x"),
        ] {
            assert_eq!(fill(limit, claims.clone()).as_deref(), Ok(pattern));
        }
    }

    #[test]
    fn a_missing_claim_and_a_wildcard_in_a_claim_are_refused() {
        for value in [json!(null), json!(""), json!(["production"])] {
            let refused = fill("{environment}", json!({"environment": value})).unwrap_err();
            assert!(refused.reason.contains("does not have it"), "{value}");
        }
        for value in ["*", "prod*", "pro?"] {
            let refused = fill("{environment}", json!({"environment": value})).unwrap_err();
            assert!(refused.reason.contains("* or ?"), "{value}");
        }
        let refused = fill("{environment}", json!({"environment": "a\nb"})).unwrap_err();
        assert!(refused.reason.contains("does not make a name"));
    }

    #[test]
    fn a_brace_has_a_partner() {
        for limit in ["{", "}", "{}", "{a", "a}", "{a}}", "{{a}", "}{a}"] {
            assert_eq!(
                limit.parse::<LimitPattern>(),
                Err(BadLimit::Brace),
                "{limit}"
            );
        }
        assert!(matches!(
            "".parse::<LimitPattern>(),
            Err(BadLimit::Pattern(_))
        ));
    }
}
