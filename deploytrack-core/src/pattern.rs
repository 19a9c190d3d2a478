//! Patterns of names.

use serde::{Deserialize, Serialize};

use crate::text::{Invalid, Name};

/// A pattern of names: `*` matches any characters, `?` matches one. Case is ignored, as everywhere
/// in names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamePattern(Name);

impl NamePattern {
    /// Whether a text is a pattern and not a name: it has a `*` or a `?`.
    #[must_use]
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?'])
    }

    /// The text of the pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether the pattern matches a whole name.
    #[must_use]
    pub fn matches(&self, name: &Name) -> bool {
        wildmatch::WildMatch::new(&self.0.key()).matches(&name.key())
    }
}

impl std::str::FromStr for NamePattern {
    type Err = Invalid;

    /// Parses a pattern by the rules of names, since a text that breaks them cannot match a name.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for NamePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_and_ignores_case() {
        let matches = |pattern: &str, name: &str| {
            pattern
                .parse::<NamePattern>()
                .unwrap()
                .matches(&name.parse().unwrap())
        };
        for (pattern, name) in [
            ("review/*", "review/feature/login"),
            ("Review/*", "review/A"),
            ("pr-?", "pr-7"),
            ("*", "Production EU"),
            ("*-eu*", "prod-eu"),
            ("продакшн-?", "Продакшн-1"),
            ("staging", "Staging"),
            ("prod [eu]", "prod [eu]"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("review/*", "review"),
            ("pr-?", "pr-77"),
            ("pr-?", "pr-"),
            ("eu", "prod-eu"),
            ("prod [eu]", "prod e"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!("".parse::<NamePattern>().is_err() && "a\nb".parse::<NamePattern>().is_err());
    }
}
