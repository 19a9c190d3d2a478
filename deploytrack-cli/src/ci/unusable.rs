//! Values of the CI that cannot be recorded as they are: what is wrong with them, and what was done.

use deploytrack_core::text::{BadText, CommitSha, Label, Name, Version};

use super::{Context, Fact, providers, without_credentials};
use crate::{args::mend::cut, surroundings::Surroundings};

/// The most of a value that a warning repeats.
const MOST_SHOWN: usize = 40;

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
        _ => Label::new(text).err(),
    }
}
