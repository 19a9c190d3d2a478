//! Archiving of components and environments, several at once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::CatalogKind,
    clock::{self, Time},
    text::{Invalid, Name},
};

/// A pattern of names: `*` matches any characters, `?` matches one. Case is ignored, as everywhere
/// in names.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A request to archive or unarchive components or environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveSelection {
    /// The pattern that names must match.
    pub name: NamePattern,
    /// Selects only records that were registered before this time and have had no deployment since.
    pub idle_since: Option<Time>,
    /// Whether to unarchive instead of to archive.
    pub undo: bool,
    /// Whether only to report the effect, without changing anything.
    pub dry_run: bool,
}

/// The result of an [`ArchiveSelection`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArchiveOutcome {
    /// The records that were archived or unarchived, in the order of names; at most [`MOST_ARCHIVED`].
    pub data: Vec<ArchivedName>,
    /// The number of further records that match. The same request again processes the next of them.
    pub remaining: u64,
}

/// A component or environment that was archived or unarchived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArchivedName {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: Name,
    /// When its last deployment happened; `null` if there is none.
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub last_deployed_at: Option<Time>,
}

/// A note that a write concerned an archived component or environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchiveNote {
    /// Component or environment.
    pub kind: CatalogKind,
    /// The name.
    pub name: Name,
    /// Whether the write unarchived it. Otherwise the matrix still hides it.
    pub unarchived: bool,
}

/// The most records that one request archives or unarchives. Other writers wait for the request.
pub const MOST_ARCHIVED: usize = 1000;

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
