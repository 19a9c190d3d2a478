//! The facts that the CI, or else git, provides about one deployment.

use std::collections::BTreeMap;

use deploytrack_core::{catalog::Reference, text::Version};
use serde_json::{Map, Value};

use super::{
    Fact, FactValue,
    checkout::{AskGit, Checkout},
    detect::{fact_value, provider, triggering_commit},
    git::{Git, GitError},
    providers::{self, Provider},
    revision::{CiFacts, Revision, Sources},
};
use crate::process_env::ProcessEnv;

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

/// The facts that all calls of one job share, and that differ between two jobs.
const OF_A_JOB: [Fact; 5] = [
    Fact::Repository,
    Fact::Run,
    Fact::Attempt,
    Fact::Job,
    Fact::Leg,
];

/// Variables that a shell changes for each command.
const VOLATILE: [&str; 3] = ["_", "SHLVL", "OLDPWD"];

/// The facts that were found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub(super) provider: Option<&'static Provider>,
    ignored: bool,
    pub(super) facts: BTreeMap<Fact, FactValue>,
    /// Why the version or the commit is missing.
    reasons: BTreeMap<Fact, String>,
    /// A warning about the version.
    pub(crate) warning: Option<String>,
    /// The environment variables of the command.
    pub(super) variables: BTreeMap<String, String>,
}

/// What all calls of this job have in common, and no other job has; none outside a known CI.
pub(crate) fn identity_of_job(env: &ProcessEnv) -> Option<Vec<u8>> {
    let context = Context::from_variables(env);
    let provider = context.provider?.name;
    let facts = OF_A_JOB.map(|fact| context.fact(fact).map(|found| found.value.clone()));
    context.fact(Fact::Run).or(context.fact(Fact::Leg))?;
    serde_json::to_vec(&(provider, facts)).ok()
}

impl Context {
    /// The facts about a component, from the variables of the CI and from git. `version` is the
    /// version on the command line.
    pub(crate) fn find(env: &ProcessEnv, component: &Reference, version: Option<&Version>) -> Self {
        let mut context = Self::from_variables(env);
        let git = Git::here();
        let ask = |question: &[&str]| git.as_ref().map_err(Clone::clone)?.ask(question);
        context.add_from_git(component, version, triggering_commit(env), &ask);
        context
    }

    /// No facts, for `--no-ci`.
    pub(crate) fn ignored() -> Self {
        Self {
            ignored: true,
            ..Self::default()
        }
    }

    /// The facts in the variables of the CI.
    pub(super) fn from_variables(env: &ProcessEnv) -> Self {
        let provider = provider(env);
        let facts = provider
            .into_iter()
            .flat_map(|provider| provider.facts)
            .filter_map(|(fact, entries)| {
                let found = entries.iter().find_map(|entry| {
                    fact_value(
                        *fact,
                        &providers::read(entry, env)?,
                        providers::source(entry),
                    )
                });
                Some((*fact, found?))
            });
        Self {
            provider,
            facts: facts.collect(),
            variables: stable_variables(&env.variables),
            ..Self::default()
        }
    }

    /// Adds the facts from git. In a CI these are only the version and the commit: the variables of
    /// the provider are better for the rest.
    pub(super) fn add_from_git(
        &mut self,
        component: &Reference,
        version: Option<&Version>,
        built: Option<FactValue>,
        git: &AskGit<'_>,
    ) {
        let component = match component {
            Reference::Name(name) => Some(name),
            Reference::Id(_) => None,
        };
        let (ci, checkout) = (self.ci_facts(built), Checkout::read(git));
        let sources = Sources::new(&ci, &checkout, component);
        let revision = match version {
            Some(version) => Revision {
                version: Err(String::new()),
                commit: sources.commit_of(version),
                warning: None,
            },
            None => sources.revision(),
        };
        self.decide(Fact::Version, revision.version, &checkout);
        self.decide(Fact::Commit, revision.commit, &checkout);
        self.warning = revision.warning;
        if self.provider.is_none() {
            let answer = |fact, question: &[&str]| {
                fact_value(fact, git(question).ok()?.lines().last()?.trim(), "git")
            };
            self.facts.extend(
                answer(
                    Fact::Reference,
                    &["symbolic-ref", "--quiet", "--short", "HEAD"],
                )
                .map(|value| (Fact::Reference, value)),
            );
            // The address as it is configured: the one that git resolves may contain a token.
            self.facts.extend(
                answer(Fact::Repository, &["config", "--get", "remote.origin.url"])
                    .map(|value| (Fact::Repository, value)),
            );
        }
    }

    /// The facts of the CI about the code.
    fn ci_facts(&self, built: Option<FactValue>) -> CiFacts {
        let fact = |fact| self.fact(fact).cloned();
        let of_tag = self
            .provider
            .is_some_and(|provider| provider.variables(Fact::BuiltTag).is_empty());
        let (tag, named) = (fact(Fact::Version), fact(Fact::BuiltTag));
        CiFacts {
            is_ci: self.provider.is_some(),
            is_automated: self.provider.is_some()
                || self
                    .variables
                    .get("CI")
                    .is_some_and(|value| !matches!(value.as_str(), "" | "false")),
            builds_tag: of_tag
                || tag
                    .as_ref()
                    .zip(named)
                    .is_some_and(|(tag, named)| tag.value == named.value),
            tag,
            commit: fact(Fact::Commit),
            downstream: fact(Fact::Downstream)
                .map(|downstream| format!("{}={}", downstream.source, downstream.value)),
            built: built.filter(|_| self.fact(Fact::Downstream).is_some()),
            address: fact(Fact::Address).map(|address| address.value),
        }
    }

    /// Replaces the fact of the CI by the decision, or by the reason why there is none.
    fn decide(&mut self, fact: Fact, found: Result<FactValue, String>, checkout: &Checkout<'_>) {
        let default_reason = || {
            let of_git = checkout.head.as_ref().err().map_or_else(
                || "git has no commit at HEAD".to_owned(),
                GitError::to_string,
            );
            format!("{}, and {of_git}", self.ci_reason(fact))
        };
        let found = found.and_then(|found| {
            fact_value(fact, &found.value, &found.source).ok_or_else(String::new)
        });
        match found.map_err(|why| {
            if why.is_empty() {
                default_reason()
            } else {
                why
            }
        }) {
            Ok(value) => drop(self.facts.insert(fact, value)),
            Err(why) => drop((self.facts.remove(&fact), self.reasons.insert(fact, why))),
        }
    }

    /// The value of a fact, if it was found.
    pub(crate) fn fact(&self, fact: Fact) -> Option<&FactValue> {
        self.facts.get(&fact)
    }

    /// The facts for the metadata of the deployment: the key of the object, and the key of each
    /// value in it.
    pub(crate) fn recorded(&self) -> (&'static str, Vec<(&'static str, FactValue)>) {
        let values = METADATA
            .iter()
            .filter_map(|(fact, key)| Some((*key, self.fact(*fact)?.clone())));
        match self.provider {
            Some(Provider { name, marks, .. }) => {
                let provider = FactValue {
                    value: (*name).to_owned(),
                    source: marks
                        .first()
                        .map_or("", |mark| providers::source(mark))
                        .to_owned(),
                };
                (
                    "ci",
                    std::iter::once(("provider", provider))
                        .chain(values)
                        .collect(),
                )
            }
            None => ("git", values.collect()),
        }
    }

    /// The same as a member of the metadata; `None` if no fact was found.
    pub(crate) fn metadata(&self) -> Option<(String, Value)> {
        let (key, recorded) = self.recorded();
        let object: Map<_, _> = recorded
            .into_iter()
            .map(|(key, found)| (key.to_owned(), Value::from(found.value)))
            .collect();
        (!object.is_empty()).then(|| (key.to_owned(), Value::Object(object)))
    }

    /// Why a fact is missing, as the end of a sentence.
    pub(crate) fn reason_for_missing(&self, fact: Fact) -> String {
        if self.ignored {
            "--no-ci ignores the CI and git".to_owned()
        } else {
            self.reasons
                .get(&fact)
                .cloned()
                .unwrap_or_else(|| self.ci_reason(fact))
        }
    }

    /// Why the CI provides no value for a fact.
    fn ci_reason(&self, fact: Fact) -> String {
        match self.provider {
            None => "this is not a CI that deploytrack knows".to_owned(),
            Some(provider) => match provider.variables(fact) {
                variables if variables.is_empty() => {
                    format!("{} does not provide it", provider.name)
                }
                variables => format!("{} of {} has no value", variables.join(", "), provider.name),
            },
        }
    }
}

/// The environment variables for the idempotency key of a step. The key is a digest of all of them,
/// so no single value can be guessed from it.
fn stable_variables(variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    variables
        .iter()
        .filter(|(name, _)| !VOLATILE.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
