//! The variables of each provider, from its documentation. Undocumented variables are left out.

mod forges;
mod hosted;
mod self_hosted;

use super::{Fact, annotations::Form};
use crate::process_env::ProcessEnv;

/// A provider and its variables.
///
/// Each fact has one or more sources. A source is a variable (`CI_JOB_ID`), a variable with a
/// certain value (`EVENT=workflow_run`), the part of a value at the star (`REF=refs/tags/*`), or a
/// text with variables (`{SERVER}/runs/{RUN}`). The first source that is set and can be recorded is
/// used.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// Variables that only this provider sets, or sets to this value (`NAME=value`).
    pub(super) marks: &'static [&'static str],
    pub(super) form: Form,
    pub(super) facts: &'static [(Fact, &'static [&'static str])],
}

/// All providers, in the order in which they are detected. Forgejo, Gitea and Woodpecker also set
/// variables of other providers.
pub(super) const PROVIDERS: &[Provider] = &[
    forges::WOODPECKER,
    forges::FORGEJO,
    forges::GITEA,
    forges::GITHUB,
    forges::GITLAB,
    forges::BITBUCKET,
    hosted::APPVEYOR,
    hosted::AZURE,
    hosted::BUILDKITE,
    hosted::CIRCLECI,
    hosted::CODEBUILD,
    hosted::SEMAPHORE,
    hosted::TRAVIS,
    self_hosted::DRONE,
    self_hosted::TEAMCITY,
    self_hosted::JENKINS,
    // Last, since its mark is the least specific one.
    hosted::CLOUD_BUILD,
];

impl Provider {
    /// Whether this process runs in a job of this provider.
    pub(super) fn is_here(&self, env: &ProcessEnv) -> bool {
        self.marks.iter().any(|mark| match mark.split_once('=') {
            Some((name, value)) => env.variable(name) == Some(value),
            None => env.variable(mark).is_some_and(|value| value != "false"),
        })
    }

    /// The variables with this fact.
    pub(super) fn variables(&self, fact: Fact) -> Vec<&'static str> {
        self.facts
            .iter()
            .filter(|(other, _)| *other == fact)
            .flat_map(|(_, entries)| entries.iter().map(|entry| source(entry)))
            .collect()
    }
}

/// The value of a source.
pub(super) fn read(entry: &str, env: &ProcessEnv) -> Option<String> {
    if entry.contains('{') {
        return filled(entry, env);
    }
    let Some((name, pattern)) = entry.split_once('=') else {
        return env.variable(entry).map(str::to_owned);
    };
    let value = env.variable(name)?;
    let Some((before, after)) = pattern.split_once('*') else {
        return (value == pattern).then(|| value.to_owned());
    };
    let value = value.strip_prefix(before)?.strip_suffix(after)?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// A text with its variables filled in; none if one is not set.
fn filled(text: &str, env: &ProcessEnv) -> Option<String> {
    let mut parts = text.split('{');
    let first = parts.next()?.to_owned();
    parts.try_fold(first, |filled, part| {
        let (name, rest) = part.split_once('}')?;
        Some(filled + env.variable(name)? + rest)
    })
}

/// The name of a source in explanations.
pub(super) fn source(entry: &'static str) -> &'static str {
    if entry.contains('{') {
        entry
    } else {
        entry.split_once('=').map_or(entry, |(name, _)| name)
    }
}
