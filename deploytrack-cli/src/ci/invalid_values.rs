//! Warnings about values of the CI that cannot be recorded unchanged.

use deploytrack_core::text::{CommitSha, Invalid, Label, Name, Version};

use super::{Context, Fact, detect::is_metadata, providers, without_credentials};
use crate::{process_env::ProcessEnv, text::cut};

/// The largest number of characters of a value in a warning.
const MOST_SHOWN: usize = 40;

impl Context {
    /// A warning for each variable of the CI whose value for one of these facts cannot be recorded
    /// unchanged.
    pub(crate) fn invalid_values(&self, facts: &[Fact], env: &ProcessEnv) -> Vec<String> {
        let variables = self
            .provider
            .into_iter()
            .flat_map(|provider| provider.facts)
            .filter(|(fact, _)| facts.contains(fact));
        variables
            .filter_map(|(fact, entries)| {
                let (source, raw) = entries.iter().find_map(|entry| {
                    Some((providers::source(entry), providers::read(entry, env)?))
                })?;
                let raw = without_credentials(&raw);
                let Invalid(rule) = broken_rule(*fact, &raw)?;
                let shortened = self.fact(*fact).is_some_and(|found| found.source == source);
                let result = if shortened { "cut" } else { "left out" };
                Some(format!(
                    "{source} {rule}, not '{}': it is {result}",
                    cut(&raw, MOST_SHOWN)
                ))
            })
            .collect()
    }
}

fn broken_rule(fact: Fact, text: &str) -> Option<Invalid> {
    match fact {
        Fact::Version => Version::new(text).err(),
        Fact::Commit => CommitSha::new(text).err(),
        Fact::Environment => Name::new(text).err(),
        Fact::RunUrl | Fact::Repository | Fact::Reference if is_metadata(text) => None,
        Fact::RunUrl | Fact::Repository | Fact::Reference => {
            Some(Invalid("must be at most 2048 characters on one line"))
        }
        _ => Label::new(text).err(),
    }
}
