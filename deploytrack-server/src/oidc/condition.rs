//! The conditions of a rule.

use wildmatch::WildMatch;

use super::IdentityClaims;

/// A condition that a claim must meet. A claim with a list meets it if one of its values does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) claim: String,
    pub(crate) comparison: Comparison,
}

/// How a claim is compared. Case counts, as it does for the issuers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The claim is this text.
    Equals(String),
    /// The claim is one of these texts.
    In(Vec<String>),
    /// The claim matches this pattern.
    Glob(ClaimPattern),
}

impl Condition {
    pub(crate) fn is_met(&self, claims: &IdentityClaims) -> bool {
        let texts = claims.texts(&self.claim);
        texts.iter().any(|text| self.comparison.accepts(text))
    }
}

impl Comparison {
    fn accepts(&self, text: &str) -> bool {
        match self {
            Self::Equals(expected) => expected == text,
            Self::In(expected) => expected.iter().any(|expected| expected == text),
            Self::Glob(pattern) => pattern.matches(text),
        }
    }

    /// Its word in the settings.
    pub(crate) const fn word(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::In(_) => "in",
            Self::Glob(_) => "glob",
        }
    }

    /// Whether it fixes the claim, or the claim up to its first `/`.
    pub(crate) fn fixes_owner(&self) -> bool {
        match self {
            Self::Equals(_) | Self::In(_) => true,
            Self::Glob(pattern) => pattern.fixes_first_part(),
        }
    }

    /// Whether it accepts a few texts only.
    pub(crate) const fn is_exact(&self) -> bool {
        matches!(self, Self::Equals(_) | Self::In(_))
    }
}

/// A pattern of claims: `*` matches any characters but `/`, `?` matches one, and `**` as the last
/// part matches one or more parts. The patterns of names ignore case and let `*` match `/`; here both
/// would allow more than an owner means, such as `octo-org/*` for `Octo-Org/a/b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimPattern(String);

impl ClaimPattern {
    pub(crate) const fn new(text: String) -> Self {
        Self(text)
    }

    fn matches(&self, text: &str) -> bool {
        let (mut patterns, mut parts) = (self.0.split('/').peekable(), text.split('/').peekable());
        while let Some(pattern) = patterns.next() {
            if pattern == "**" && patterns.peek().is_none() {
                return parts.peek().is_some_and(|part| !part.is_empty());
            }
            match parts.next() {
                Some(part) if WildMatch::new(pattern).matches(part) => {}
                _ => return false,
            }
        }
        parts.next().is_none()
    }

    fn fixes_first_part(&self) -> bool {
        let first = self.0.split('/').next().unwrap_or_default();
        !first.is_empty() && !first.contains(['*', '?'])
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_matches_whole_claims_part_by_part_and_case_counts() {
        let matches = |pattern: &str, text: &str| ClaimPattern::new(pattern.into()).matches(text);
        for (pattern, text) in [
            ("octo-org/web-*", "octo-org/web-shop"),
            ("octo-org/*", "octo-org/x"),
            ("refs/heads/release/*", "refs/heads/release/1.2"),
            ("refs/tags/v?.?", "refs/tags/v1.2"),
            ("group/**", "group/a"),
            ("group/**", "group/a/b/c"),
            ("*", "main"),
            ("**", "a/b"),
            ("main", "main"),
        ] {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("octo-org/web-*", "octo-org/web-shop/evil"),
            ("octo-org/*", "octo-org"),
            ("octo-org/*", "octo-org-evil/x"),
            ("octo-org/*", "Octo-Org/x"),
            ("*", "a/b"),
            ("group/**", "group"),
            ("group/**", "group/"),
            ("group/**", "groups/a"),
            ("refs/tags/v?.?", "refs/tags/v1/2"),
            ("**/main", "a/b/main"),
            ("main", "main2"),
            ("main", "xmain"),
        ] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_wildcard_in_an_equal_text_is_a_character() {
        let claims = |value: serde_json::Value| match value {
            serde_json::Value::Object(map) => IdentityClaims::new(map),
            _ => IdentityClaims::default(),
        };
        let condition = |comparison| Condition {
            claim: "ref".into(),
            comparison,
        };
        let star = condition(Comparison::Equals("*".into()));
        assert!(star.is_met(&claims(json!({"ref": "*"}))));
        assert!(!star.is_met(&claims(json!({"ref": "main"}))));
        let one_of = condition(Comparison::In(vec!["a".into(), "b".into()]));
        assert!(one_of.is_met(&claims(json!({"ref": ["x", "b"]}))));
        assert!(!one_of.is_met(&claims(json!({"ref": ["x", "ab"]}))));
        assert!(!one_of.is_met(&claims(json!({}))));
    }
}
