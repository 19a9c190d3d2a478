//! Values of the CI that cannot be recorded as they are: what is wrong with them, and what was done.

use deploytrack_core::text::{BadText, CommitSha, Label, Name, Version};

use super::{Context, Fact, providers, without_credentials};
use crate::{process_env::ProcessEnv as Surroundings, text::cut};

/// The most of a value that a warning repeats.
const MOST_SHOWN: usize = 40;
/// The most of a value in the metadata: folders of Jenkins make long addresses.
const MOST_OF_METADATA: usize = 2_048;

/// Whether it can be kept in the metadata.
pub(super) fn is_metadata(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MOST_OF_METADATA && !text.chars().any(char::is_control)
}

impl Context {
    /// A sentence for each variable of the CI that tells one of these facts in a form that cannot be recorded.
    pub(crate) fn unusable(&self, facts: &[Fact], surroundings: &Surroundings) -> Vec<String> {
        let told = self.provider.into_iter().flat_map(|provider| provider.tells).filter(|(fact, _)| facts.contains(fact));
        told.filter_map(|(fact, entries)| {
            let (source, raw) = entries.iter().find_map(|entry| Some((providers::source(entry), providers::read(entry, surroundings)?)))?;
            let raw = without_credentials(&raw);
            let BadText(rule) = check(*fact, &raw)?;
            let shortened = self.fact(*fact).is_some_and(|known| known.source == source);
            let done = if shortened { "cut" } else { "left out" };
            Some(format!("{source} {rule}, not '{}': it is {done}", cut(&raw, MOST_SHOWN)))
        })
        .collect()
    }
}

fn check(fact: Fact, text: &str) -> Option<BadText> {
    match fact {
        Fact::Version => Version::new(text).err(),
        Fact::Commit => CommitSha::new(text).err(),
        Fact::Environment => Name::new(text).err(),
        Fact::RunUrl | Fact::Repository | Fact::Reference if is_metadata(text) => None,
        Fact::RunUrl | Fact::Repository | Fact::Reference => Some(BadText("must be at most 2048 characters on one line")),
        _ => Label::new(text).err(),
    }
}
