//! Facts about a deployment that the CI, or else git, provides.
//!
//! | File | Knows |
//! |---|---|
//! | `providers` | the variables of each provider |
//! | `leg` | the idempotency key of a step in a leg of a job |
//! | `git` | how git is called |
//! | `checkout` | the repository of the current directory |
//! | `tags` | the tags that may be versions of a component |
//! | `revision` | the decision about the version and its commit |
//! | `invalid_values` | values of the CI that cannot be recorded |
//! | `annotations` | the formats of the providers for warnings and errors |
//! | `outputs` | the files for outputs of a step |

pub(crate) mod annotations;
mod checkout;
mod git;
mod invalid_values;
pub(crate) mod leg;
pub(crate) mod outputs;
mod providers;
mod revision;
mod tags;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fs::File, io::Read as _};

use deploytrack_core::{
    catalog::Reference,
    text::{CommitSha, Label, Name, Version},
};
use serde_json::{Map, Value};

use self::{
    checkout::{AskGit, Checkout},
    git::{Git, GitError},
    providers::{PROVIDERS, Provider},
    revision::{CiFacts, Revision, Sources},
};
use crate::{
    args::mend::{cut, line},
    surroundings::Surroundings,
};

/// A kind of fact.
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
    /// The leg of the job: unique among all legs, and the same if a step is repeated in it.
    Leg,
    /// Set if the run deploys what another run built.
    Downstream,
    /// A name that equals the tag only if the run builds the tag, and not if the tag is only a parameter.
    BuiltTag,
    /// The address of the repository.
    Address,
}

/// The largest number of bytes that are read of the payload of an event.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

/// The facts in the metadata, and their keys.
const METADATA: [(Fact, &str); 7] = [
    (Fact::Run, "run"),
    (Fact::Attempt, "attempt"),
    (Fact::Job, "job"),
    (Fact::RunUrl, "runUrl"),
    (Fact::Repository, "repository"),
    (Fact::Reference, "ref"),
    (Fact::PullRequest, "pullRequest"),
];

/// A value and its source: a variable, or `git`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FactValue {
    pub(crate) value: String,
    pub(crate) source: String,
}

/// The facts that were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    provider: Option<&'static Provider>,
    ignored: bool,
    facts: BTreeMap<Fact, FactValue>,
    /// Why the version or the commit is missing.
    reasons: BTreeMap<Fact, String>,
    /// A warning about the version.
    pub(crate) warning: Option<String>,
    /// The environment variables of the command.
    variables: BTreeMap<String, String>,
}

/// The provider of this CI, if it is a known one.
fn provider(surroundings: &Surroundings) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.is_here(surroundings))
}

impl Context {
    /// The facts about a component, from the variables of the CI and from git. `version` is the version on the command line.
    pub(crate) fn find(surroundings: &Surroundings, component: &Reference, version: Option<&Version>) -> Self {
        let mut context = Self::from_variables(surroundings);
        let git = Git::here();
        let ask = |question: &[&str]| git.as_ref().map_err(Clone::clone)?.ask(question);
        context.add_from_git(component, version, triggering_commit(surroundings), &ask);
        context
    }

    /// No facts, for `--no-ci`.
    pub(crate) fn ignored() -> Self {
        Self { ignored: true, ..Self::default() }
    }

    /// The facts in the variables of the CI.
    fn from_variables(surroundings: &Surroundings) -> Self {
        let provider = provider(surroundings);
        let facts = provider.into_iter().flat_map(|provider| provider.facts).filter_map(|(fact, entries)| {
            let found =
                entries.iter().find_map(|entry| fact_value(*fact, &providers::read(entry, surroundings)?, providers::source(entry)));
            Some((*fact, found?))
        });
        Self { provider, facts: facts.collect(), variables: leg::stable_variables(&surroundings.variables), ..Self::default() }
    }

    /// Adds the facts from git. In a CI these are only the version and the commit: the variables of the provider are better for the
    /// rest.
    fn add_from_git(&mut self, component: &Reference, version: Option<&Version>, built: Option<FactValue>, git: &AskGit<'_>) {
        let component = match component {
            Reference::Name(name) => Some(name),
            Reference::Id(_) => None,
        };
        let (ci, checkout) = (self.ci_facts(built), Checkout::read(git));
        let sources = Sources::new(&ci, &checkout, component);
        let revision = match version {
            Some(version) => Revision { version: Err(String::new()), commit: sources.commit_of(version), warning: None },
            None => sources.revision(),
        };
        self.decide(Fact::Version, revision.version, &checkout);
        self.decide(Fact::Commit, revision.commit, &checkout);
        self.warning = revision.warning;
        if self.provider.is_none() {
            let answer = |fact, question: &[&str]| fact_value(fact, git(question).ok()?.lines().last()?.trim(), "git");
            self.facts
                .extend(answer(Fact::Reference, &["symbolic-ref", "--quiet", "--short", "HEAD"]).map(|value| (Fact::Reference, value)));
            // The address as it is configured: the one that git resolves may contain a token.
            self.facts.extend(answer(Fact::Repository, &["config", "--get", "remote.origin.url"]).map(|value| (Fact::Repository, value)));
        }
    }

    /// The facts of the CI about the code.
    fn ci_facts(&self, built: Option<FactValue>) -> CiFacts {
        let fact = |fact| self.fact(fact).cloned();
        let of_tag = self.provider.is_some_and(|provider| provider.variables(Fact::BuiltTag).is_empty());
        let (tag, named) = (fact(Fact::Version), fact(Fact::BuiltTag));
        CiFacts {
            is_ci: self.provider.is_some(),
            is_automated: self.provider.is_some() || self.variables.get("CI").is_some_and(|value| !matches!(value.as_str(), "" | "false")),
            builds_tag: of_tag || tag.as_ref().zip(named).is_some_and(|(tag, named)| tag.value == named.value),
            tag,
            commit: fact(Fact::Commit),
            downstream: fact(Fact::Downstream).map(|downstream| format!("{}={}", downstream.source, downstream.value)),
            built: built.filter(|_| self.fact(Fact::Downstream).is_some()),
            address: fact(Fact::Address).map(|address| address.value),
        }
    }

    /// Replaces the fact of the CI by the decision, or by the reason why there is none.
    fn decide(&mut self, fact: Fact, found: Result<FactValue, String>, checkout: &Checkout<'_>) {
        let default_reason = || {
            let of_git = checkout.head.as_ref().err().map_or_else(|| "git has no commit at HEAD".to_owned(), GitError::to_string);
            format!("{}, and {of_git}", self.ci_reason(fact))
        };
        let found = found.and_then(|found| fact_value(fact, &found.value, &found.source).ok_or_else(String::new));
        match found.map_err(|why| if why.is_empty() { default_reason() } else { why }) {
            Ok(value) => drop(self.facts.insert(fact, value)),
            Err(why) => drop((self.facts.remove(&fact), self.reasons.insert(fact, why))),
        }
    }

    /// The value of a fact, if it was found.
    pub(crate) fn fact(&self, fact: Fact) -> Option<&FactValue> {
        self.facts.get(&fact)
    }

    /// The facts for the metadata of the deployment: the key of the object, and the key of each value in it.
    pub(crate) fn recorded(&self) -> (&'static str, Vec<(&'static str, FactValue)>) {
        let values = METADATA.iter().filter_map(|(fact, key)| Some((*key, self.fact(*fact)?.clone())));
        match self.provider {
            Some(Provider { name, marks, .. }) => {
                let provider =
                    FactValue { value: (*name).to_owned(), source: marks.first().map_or("", |mark| providers::source(mark)).to_owned() };
                ("ci", std::iter::once(("provider", provider)).chain(values).collect())
            }
            None => ("git", values.collect()),
        }
    }

    /// The same as a member of the metadata; `None` if no fact was found.
    pub(crate) fn metadata(&self) -> Option<(String, Value)> {
        let (key, recorded) = self.recorded();
        let object: Map<_, _> = recorded.into_iter().map(|(key, found)| (key.to_owned(), Value::from(found.value))).collect();
        (!object.is_empty()).then(|| (key.to_owned(), Value::Object(object)))
    }

    /// Why a fact is missing, as the end of a sentence.
    pub(crate) fn reason_for_missing(&self, fact: Fact) -> String {
        if self.ignored {
            "--no-ci ignores the CI and git".to_owned()
        } else {
            self.reasons.get(&fact).cloned().unwrap_or_else(|| self.ci_reason(fact))
        }
    }

    /// Why the CI provides no value for a fact.
    fn ci_reason(&self, fact: Fact) -> String {
        match self.provider {
            None => "this is not a CI that deploytrack knows".to_owned(),
            Some(provider) => match provider.variables(fact) {
                variables if variables.is_empty() => format!("{} does not provide it", provider.name),
                variables => format!("{} of {} has no value", variables.join(", "), provider.name),
            },
        }
    }
}

/// The commit of the run that triggered this one, from the variables of Azure or from the event payload of GitHub.
fn triggering_commit(surroundings: &Surroundings) -> Option<FactValue> {
    if let Some(alias) = surroundings.variable("RESOURCES_TRIGGERINGALIAS") {
        let variable = format!("RESOURCES_PIPELINE_{}_SOURCECOMMIT", alias.to_ascii_uppercase());
        return fact_value(Fact::Commit, surroundings.variable(&variable)?, &variable);
    }
    let file = File::open(surroundings.variable("GITHUB_EVENT_PATH")?).ok()?;
    let event: Value = serde_json::from_reader(file.take(MOST_BYTES)).ok()?;
    fact_value(Fact::Commit, event.pointer("/workflow_run/head_sha")?.as_str()?, "workflow_run.head_sha")
}

/// A value in the form in which it is recorded; none if it cannot be recorded.
fn fact_value(fact: Fact, text: &str, source: &str) -> Option<FactValue> {
    let text = without_credentials(text);
    let value = match fact {
        Fact::Reference | Fact::BuiltTag => {
            ["refs/heads/", "refs/tags/"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(&text).to_owned()
        }
        // Names stay useful when they are shortened.
        Fact::Actor | Fact::Job => cut(&line(&text), Label::MOST),
        _ => text,
    };
    let is_valid = match fact {
        Fact::Version => Version::new(value.as_str()).is_ok(),
        Fact::Commit => CommitSha::new(value.as_str()).is_ok(),
        Fact::Environment => Name::new(value.as_str()).is_ok(),
        // Drone sets @hook if no person started the build.
        Fact::Actor => Label::new(value.as_str()).is_ok() && !value.starts_with('@'),
        // Several providers set false if there is none.
        Fact::PullRequest => Label::new(value.as_str()).is_ok() && value != "false",
        Fact::RunUrl | Fact::Repository | Fact::Reference => invalid_values::is_metadata(&value),
        _ => Label::new(value.as_str()).is_ok(),
    };
    is_valid.then(|| FactValue { value, source: source.to_owned() })
}

/// An address without the part before the `@` of its host, which may be a token.
pub(crate) fn without_credentials(text: &str) -> String {
    // Without a scheme, `git@host:path` is the SSH form: the part before `@` is a user name and not a secret.
    match address_parts(text) {
        (scheme, Some(user), rest) if !scheme.is_empty() || user.contains(':') => format!("{scheme}{rest}"),
        _ => text.to_owned(),
    }
}

/// The parts of an address: the scheme with its `://`, or nothing; the part before the `@` of the host; the host and the rest.
pub(crate) fn address_parts(text: &str) -> (&str, Option<&str>, &str) {
    let (scheme, rest) = text.split_at(text.find("://").map_or(0, |end| end + 3));
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    match authority.rfind('@') {
        Some(at) => (scheme, Some(&rest[..at]), &rest[at + 1..]),
        None => (scheme, None, rest),
    }
}
