//! The variables of each provider, from its documentation. What is not documented is left out.

mod forges;
mod hosted;
mod self_hosted;

use super::{Fact, annotations::Form};
use crate::process_env::ProcessEnv as Surroundings;

/// Which variables tell what. An entry is a variable (`CI_JOB_ID`), one with a certain value (`EVENT=workflow_run`), what stands
/// at the star in one (`REF=refs/tags/*`), or a text with variables in it (`{SERVER}/runs/{RUN}`). The first that is set and can be recorded counts.
#[derive(Debug)]
pub(super) struct Provider {
    pub(super) name: &'static str,
    /// Variables that are set here and nowhere else; one of them, `NAME=value` with this value.
    pub(super) marks: &'static [&'static str],
    pub(super) form: Form,
    pub(super) tells: &'static [(Fact, &'static [&'static str])],
}

/// In the order they are looked for. Forgejo, Gitea and Woodpecker set variables of others too.
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
    // Its mark is set by little else, and yet the vaguest of all.
    hosted::CLOUD_BUILD,
];

impl Provider {
    pub(super) fn is_here(&self, surroundings: &Surroundings) -> bool {
        self.marks.iter().any(|mark| match mark.split_once('=') {
            Some((name, value)) => surroundings.variable(name) == Some(value),
            None => surroundings.variable(mark).is_some_and(|value| value != "false"),
        })
    }

    /// The variables that would tell a fact.
    pub(super) fn variables(&self, fact: Fact) -> Vec<&'static str> {
        self.tells.iter().filter(|(told, _)| *told == fact).flat_map(|(_, entries)| entries.iter().map(|entry| source(entry))).collect()
    }
}

/// What an entry comes to.
pub(super) fn read(entry: &str, surroundings: &Surroundings) -> Option<String> {
    if entry.contains('{') {
        return filled(entry, surroundings);
    }
    let Some((name, pattern)) = entry.split_once('=') else { return surroundings.variable(entry).map(str::to_owned) };
    let value = surroundings.variable(name)?;
    let Some((before, after)) = pattern.split_once('*') else { return (value == pattern).then(|| value.to_owned()) };
    let value = value.strip_prefix(before)?.strip_suffix(after)?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// A text with its variables filled in; none when one is not set.
fn filled(text: &str, surroundings: &Surroundings) -> Option<String> {
    let mut parts = text.split('{');
    let first = parts.next()?.to_owned();
    parts.try_fold(first, |filled, part| {
        let (name, rest) = part.split_once('}')?;
        Some(filled + surroundings.variable(name)? + rest)
    })
}

/// What an entry is called when its value is explained.
pub(super) fn source(entry: &'static str) -> &'static str {
    if entry.contains('{') { entry } else { entry.split_once('=').map_or(entry, |(name, _)| name) }
}
