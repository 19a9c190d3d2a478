//! What the CI, or else git, tells about a deployment.
//!
//! | Room | Knows |
//! |---|---|
//! | `providers` | the variables of each provider |
//! | `git` | how git is asked |
//! | `unusable` | what the CI tells in a form that cannot be recorded |
//! | `annotations` | the forms in which providers take warnings and errors |
//! | `outputs` | the files through which a step hands something on |

pub(crate) mod annotations;
mod git;
pub(crate) mod outputs;
mod providers;
#[cfg(test)]
mod tests;
mod unusable;

use std::collections::BTreeMap;

use deploytrack_core::{
    catalog::Reference,
    digest::Digest,
    text::{CommitSha, IdempotencyKey, Label, Name, Version},
};
use serde_json::{Map, Value};

use self::{
    git::Git,
    providers::{PROVIDERS, Provider},
};
use crate::{
    args::mend::{cut, line},
    surroundings::Surroundings,
};

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Version,
    Commit,
    Environment,
    Actor,
    Repository,
    Reference,
    PullRequest,
    Run,
    Attempt,
    Job,
    RunUrl,
    /// New whenever the job is run again, the same for a step that is.
    Rerun,
}

/// What is kept in the metadata, and under which key.
const KEPT: [(Fact, &str); 7] = [
    (Fact::Run, "run"),
    (Fact::Attempt, "attempt"),
    (Fact::Job, "job"),
    (Fact::RunUrl, "runUrl"),
    (Fact::Repository, "repository"),
    (Fact::Reference, "ref"),
    (Fact::PullRequest, "pullRequest"),
];

/// A value, and the variable it came from, or `git`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) value: String,
    pub(crate) source: &'static str,
}

/// What is known without being said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    provider: Option<&'static Provider>,
    has_git: bool,
    ignored: bool,
    facts: BTreeMap<Fact, Known>,
}

/// The provider whose variables these are.
fn provider(surroundings: &Surroundings) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.is_here(surroundings))
}

impl Context {
    /// What the CI tells, and git where it is silent. `version` is the one that was given.
    pub(crate) fn find(surroundings: &Surroundings, version: Option<&Version>) -> Self {
        let git = Git::here();
        let mut context = Self { has_git: git.is_some(), ..Self::told(surroundings) };
        if let Some(git) = git {
            context.ask(version, |question| git.ask(question));
        }
        context
    }

    /// Nothing, since nothing is to be looked at.
    pub(crate) fn ignored() -> Self {
        Self { ignored: true, ..Self::default() }
    }

    /// What the variables tell.
    fn told(surroundings: &Surroundings) -> Self {
        let provider = provider(surroundings);
        let told = provider.into_iter().flat_map(|provider| provider.tells).filter_map(|(fact, entries)| {
            let found = entries.iter().find_map(|entry| known(*fact, &providers::read(entry, surroundings)?, providers::source(entry)));
            Some((*fact, found?))
        });
        Self { provider, facts: told.collect(), ..Self::default() }
    }

    /// Asks git for what is missing. In a CI that is the version and the commit alone: the rest the provider knows better.
    fn ask(&mut self, version: Option<&Version>, git: impl Fn(&[&str]) -> Option<String>) {
        let answer = |fact, question: &[&str]| known(fact, git(question)?.lines().last()?.trim(), "git");
        self.fill(Fact::Commit, || match version {
            None => answer(Fact::Commit, &["rev-parse", "--verify", "--quiet", "HEAD"]),
            // What is checked out is not what another version was built from; a wrong commit is worse than none.
            Some(tag) => {
                // The last line is the commit itself, even of a tag that is an object of its own.
                let lines = git(&["show-ref", "--verify", "--dereference", &format!("refs/tags/{tag}")])?;
                known(Fact::Commit, lines.lines().last()?.split(' ').next()?, "git")
            }
        });
        if version.is_none() {
            self.fill(Fact::Version, || answer(Fact::Version, &["describe", "--tags", "--exact-match", "HEAD"]));
        }
        if self.provider.is_none() {
            self.fill(Fact::Reference, || answer(Fact::Reference, &["symbolic-ref", "--quiet", "--short", "HEAD"]));
            // The address as it was configured: what git makes of it may have a token in it.
            self.fill(Fact::Repository, || answer(Fact::Repository, &["config", "--get", "remote.origin.url"]));
        }
    }

    fn fill(&mut self, fact: Fact, find: impl FnOnce() -> Option<Known>) {
        if !self.facts.contains_key(&fact)
            && let Some(found) = find()
        {
            self.facts.insert(fact, found);
        }
    }

    pub(crate) fn fact(&self, fact: Fact) -> Option<&Known> {
        self.facts.get(&fact)
    }

    /// What is kept with the deployment: the key in its metadata, and each value under a key of its own.
    pub(crate) fn kept(&self) -> (&'static str, Vec<(&'static str, Known)>) {
        let known = KEPT.iter().filter_map(|(fact, key)| Some((*key, self.fact(*fact)?.clone())));
        match self.provider {
            Some(Provider { name, marks, .. }) => {
                let provider = Known { value: (*name).to_owned(), source: marks.first().map_or("", |mark| providers::source(mark)) };
                ("ci", std::iter::once(("provider", provider)).chain(known).collect())
            }
            None => ("git", known.collect()),
        }
    }

    /// The same as an entry of the metadata; `None` where nothing is known.
    pub(crate) fn metadata(&self) -> Option<(String, Value)> {
        let (key, kept) = self.kept();
        let object: Map<_, _> = kept.into_iter().map(|(key, known)| (key.to_owned(), Value::from(known.value))).collect();
        (!object.is_empty()).then(|| (key.to_owned(), Value::Object(object)))
    }

    /// The same for a step that is repeated, another for a job that is run again; `None` where these cannot be told apart.
    pub(crate) fn idempotency_key(&self, component: &Reference, environment: &Reference) -> Option<IdempotencyKey> {
        self.fact(Fact::Run).and(self.fact(Fact::Rerun))?;
        let facts = [Fact::Repository, Fact::RunUrl, Fact::Run, Fact::Rerun, Fact::Job];
        let told = facts.map(|fact| self.fact(fact).map(|known| known.value.clone()));
        let provider = self.provider.map(|provider| provider.name);
        let text = serde_json::to_string(&(provider, told, component.to_string(), environment.to_string())).ok()?;
        IdempotencyKey::new(format!("ci-{}", Digest::of(text.as_bytes()))).ok()
    }

    /// Where a fact that is missing was looked for, as the end of a sentence.
    pub(crate) fn looked_at(&self, fact: Fact) -> String {
        let of_ci = match self.provider {
            None if self.ignored => return "--no-ci looks at neither the CI nor git".to_owned(),
            None => "this is no CI that deploytrack knows".to_owned(),
            Some(provider) => match provider.variables(fact) {
                variables if variables.is_empty() => format!("{} does not tell it", provider.name),
                variables => format!("{} of {} tells none", variables.join(", "), provider.name),
            },
        };
        let of_git = if self.has_git { "git has no tag at HEAD" } else { "there is no git repository here" };
        if fact == Fact::Version { format!("{of_ci}, and {of_git}") } else { of_ci }
    }
}

/// A value that can be recorded; one that cannot is no default.
fn known(fact: Fact, text: &str, source: &'static str) -> Option<Known> {
    let text = without_credentials(text);
    let value = match fact {
        Fact::Reference => ["refs/heads/", "refs/tags/"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(&text).to_owned(),
        // What these are does not change with a part of them.
        Fact::Actor | Fact::Job => cut(&line(&text), Label::MOST),
        _ => text,
    };
    let good = match fact {
        Fact::Version => Version::new(value.as_str()).is_ok(),
        Fact::Commit => CommitSha::new(value.as_str()).is_ok(),
        Fact::Environment => Name::new(value.as_str()).is_ok(),
        // Drone says @hook where nobody pressed a button.
        Fact::Actor => Label::new(value.as_str()).is_ok() && !value.starts_with('@'),
        // Several providers say false where there is none.
        Fact::PullRequest => Label::new(value.as_str()).is_ok() && value != "false",
        Fact::RunUrl | Fact::Repository | Fact::Reference => unusable::is_metadata(&value),
        _ => Label::new(value.as_str()).is_ok(),
    };
    good.then_some(Known { value, source })
}

/// An address without what stands before the `@` of its host: it may be a token.
pub(crate) fn without_credentials(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (&text[..scheme.len() + 3], rest));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    // Without a scheme, `git@host:path` is the form of SSH, which has a name there and no secret.
    match authority.rsplit_once('@') {
        Some((user, host)) if !scheme.is_empty() || user.contains(':') => format!("{scheme}{host}{path}"),
        _ => text.to_owned(),
    }
}
