//! Commits and versions that are commits, as short as they are unique in a table.

use std::collections::{BTreeSet, HashMap};

use deploytrack_core::text::{CommitSha, Version};

use super::grid::Value;

/// The digits of a shortened hash, as git prints it.
const DIGITS: usize = 7;

/// The short form of each version that is a hash. Two versions never have the same one.
#[derive(Debug, Default)]
pub(crate) struct ShortVersions(HashMap<String, usize>);

impl ShortVersions {
    /// The short forms in a table with these versions.
    pub(crate) fn of<'a>(versions: impl Iterator<Item = &'a str>) -> Self {
        let all: BTreeSet<_> = versions.collect();
        let sorted: Vec<_> = all.into_iter().collect();
        let unique = |at: usize| {
            let neighbours = [at.checked_sub(1), Some(at + 1)];
            let shared = neighbours
                .into_iter()
                .flatten()
                .filter_map(|other| sorted.get(other))
                .map(|other| shared(sorted[at], other));
            shared.max().map_or(DIGITS, |most| DIGITS.max(most + 1))
        };
        let hashes = sorted
            .iter()
            .enumerate()
            .filter(|(_, version)| is_hash(version));
        Self(
            hashes
                .map(|(at, version)| ((*version).to_owned(), unique(at)))
                .collect(),
        )
    }

    /// The version as the table shows it.
    pub(crate) fn short(&self, version: &str) -> String {
        let digits = self.0.get(version).copied().unwrap_or(usize::MAX);
        version.get(..digits).unwrap_or(version).to_owned()
    }

    /// The version as a value of a table.
    pub(crate) fn value(&self, version: &Version) -> Value {
        let digits = self.0.get(version.as_str());
        digits.map_or_else(
            || Value::text(version),
            |digits| Value::shortened(version, *digits),
        )
    }
}

/// How many bytes two texts share at their beginning.
fn shared(one: &str, other: &str) -> usize {
    one.bytes()
        .zip(other.bytes())
        .take_while(|(one, other)| one == other)
        .count()
}

/// Whether the version is a commit. Decimal digits alone are a date or the number of a build.
fn is_hash(version: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (8..=64).contains(&version.len())
        && version.bytes().all(is_digit)
        && (version.len() >= 40 || version.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

/// A commit as a value of a table.
pub(crate) fn commit(commit: Option<&CommitSha>) -> Value {
    commit.map_or(Value::Nothing, |commit| Value::shortened(commit, DIGITS))
}

/// The first digits of a commit.
pub(crate) fn short_commit(commit: &str) -> &str {
    commit.get(..DIGITS).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_cut_to_as_many_digits_as_make_it_unique() {
        let versions = [
            "07e5493d33ed4b1c9f2a6d8e0b7c5a4f3e2d1c0b",
            "07e5493d3300000000000000000000000000000b",
            "ed52224333bd",
            "ed52224",
            "abcdef01",
            "20261123",
            "v2.3.1",
            "ABCDEF012345",
        ];
        let short = ShortVersions::of(versions.into_iter());
        assert_eq!(
            versions.map(|version| short.short(version)),
            [
                "07e5493d33e",
                "07e5493d330",
                "ed522243",
                "ed52224",
                "abcdef0",
                "20261123",
                "v2.3.1",
                "ABCDEF012345"
            ]
        );
    }
}
