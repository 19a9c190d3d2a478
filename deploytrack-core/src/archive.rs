//! What is put into the archive together, and taken out of it again.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::Kind,
    clock::{self, Time},
    text::{BadText, Name},
};

/// A pattern of names: `*` stands for any characters, `?` for one. As everywhere, case makes no difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(Name);

impl NamePattern {
    /// Whether a text is more than a name: it has a `*` or a `?`.
    #[must_use]
    pub fn is_pattern(text: &str) -> bool {
        text.contains(['*', '?'])
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether it matches the whole of a name.
    #[must_use]
    pub fn matches(&self, name: &Name) -> bool {
        wildmatch::WildMatch::new(&self.0.key()).matches(&name.key())
    }
}

impl std::str::FromStr for NamePattern {
    type Err = BadText;

    /// What is no name matches none, so it is refused as a name is.
    fn from_str(text: &str) -> Result<Self, BadText> {
        text.parse().map(Self)
    }
}

impl std::fmt::Display for NamePattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Which components or environments are archived, or taken out of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveSelection {
    /// Those whose name matches.
    pub name: NamePattern,
    /// Those without a deployment, and not registered, since this time.
    pub idle_since: Option<Time>,
    /// Whether they are taken out of the archive instead.
    pub undo: bool,
    /// Whether nothing is changed, and the answer tells what would be.
    pub dry_run: bool,
}

/// What a selection came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArchiveOutcome {
    /// What was archived, or taken out of the archive, in the order of names; [`MOST_ARCHIVED`] at most.
    pub data: Vec<ArchivedName>,
    /// How many more match: the same request again takes the next of them.
    pub remaining: u64,
}

/// A component or environment that was archived, or taken out of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArchivedName {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: Name,
    /// When its last deployment happened; null where there is none.
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub last_deployed_at: Option<Time>,
}

/// A component or environment that a write found archived.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundArchived {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: Name,
    /// Whether the write took it out of the archive. Otherwise the matrix still hides it.
    pub taken_out: bool,
}

/// How many are archived, or taken out of the archive, by one request at most: other writers wait for it.
pub const MOST_ARCHIVED: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_whole_names_without_regard_to_case() {
        let matches = |pattern: &str, name: &str| pattern.parse::<NamePattern>().unwrap().matches(&name.parse().unwrap());
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
        for (pattern, name) in [("review/*", "review"), ("pr-?", "pr-77"), ("pr-?", "pr-"), ("eu", "prod-eu"), ("prod [eu]", "prod e")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        assert!("".parse::<NamePattern>().is_err() && "a\nb".parse::<NamePattern>().is_err());
    }
}
