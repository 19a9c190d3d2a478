//! What the CI, or else git, tells about a deployment.
//!
//! | Room | Knows |
//! |---|---|
//! | `providers` | the variables of each provider |
//! | `leg` | the idempotency key of a step in a leg of a job |
//! | `git` | how git is asked |
//! | `checkout` | the repository of the current directory |
//! | `tags` | the tags that may be versions of a component |
//! | `revision` | the decision about the version and its commit |
//! | `unusable` | what the CI tells in a form that cannot be recorded |
//! | `annotations` | the forms in which providers take warnings and errors |
//! | `outputs` | the files through which a step hands something on |

pub(crate) mod annotations;
mod checkout;
mod git;
pub(crate) mod leg;
pub(crate) mod outputs;
mod providers;
mod revision;
mod tags;
#[cfg(test)]
mod tests;
mod unusable;

use std::{collections::BTreeMap, fs::File, io::Read as _};

use deploytrack_core::{
    catalog::Reference,
    text::{CommitSha, Label, Name, Version},
};
use serde_json::{Map, Value};

use self::{
    checkout::{Ask, Checkout},
    git::{Git, GitError},
    providers::{PROVIDERS, Provider},
    revision::{CiFacts, Revision, Sources},
};
use crate::{
    process_env::ProcessEnv as Surroundings,
    text::{cut, one_line as line},
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
    /// The leg of the job: unique among all legs, and the same for a step that is repeated in it.
    Leg,
    /// That the run deploys what another run built.
    Downstream,
    /// A name that equals the tag only where the run builds the tag, and the tag is not just a parameter.
    BuiltTag,
    /// The address of the repository.
    Address,
}

/// The most bytes of the payload of an event that are read.
const MOST_BYTES: u64 = 32 * 1024 * 1024;

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
    pub(crate) source: String,
}

/// What is known without being said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    provider: Option<&'static Provider>,
    ignored: bool,
    facts: BTreeMap<Fact, Known>,
    /// The reasons for which the version or the commit is not known.
    reasons: BTreeMap<Fact, String>,
    /// A doubt about the version.
    pub(crate) warning: Option<String>,
    /// The environment of the command.
    variables: BTreeMap<String, String>,
}

/// The provider whose variables these are.
fn provider(surroundings: &Surroundings) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.is_here(surroundings))
}

impl Context {
    /// The variables of the CI, and the answers of git, about a component. `version` is the one that was given.
    pub(crate) fn find(surroundings: &Surroundings, component: &Reference, version: Option<&Version>) -> Self {
        let mut context = Self::told(surroundings);
        let git = Git::here();
        let ask = |question: &[&str]| git.as_ref().map_err(Clone::clone)?.ask(question);
        context.ask(component, version, built(surroundings), &ask);
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
        Self { provider, facts: told.collect(), variables: leg::lasting(&surroundings.variables), ..Self::default() }
    }

    /// Asks git for what is missing. In a CI that is the version and the commit alone: the rest the provider knows better.
    fn ask(&mut self, component: &Reference, version: Option<&Version>, built: Option<Known>, git: &Ask<'_>) {
        let component = match component {
            Reference::Name(name) => Some(name),
            Reference::Id(_) => None,
        };
        let (ci, checkout) = (self.ci(built), Checkout::read(git));
        let sources = Sources::new(&ci, &checkout, component);
        let revision = match version {
            Some(version) => Revision { version: Err(String::new()), commit: sources.commit_of(version), warning: None },
            None => sources.revision(),
        };
        self.settle(Fact::Version, revision.version, &checkout);
        self.settle(Fact::Commit, revision.commit, &checkout);
        self.warning = revision.warning;
        if self.provider.is_none() {
            let answer = |fact, question: &[&str]| known(fact, git(question).ok()?.lines().last()?.trim(), "git");
            self.facts
                .extend(answer(Fact::Reference, &["symbolic-ref", "--quiet", "--short", "HEAD"]).map(|known| (Fact::Reference, known)));
            // The address as it was configured: what git makes of it may have a token in it.
            self.facts.extend(answer(Fact::Repository, &["config", "--get", "remote.origin.url"]).map(|known| (Fact::Repository, known)));
        }
    }

    /// The facts of the CI about the code.
    fn ci(&self, built: Option<Known>) -> CiFacts {
        let fact = |fact| self.fact(fact).cloned();
        let of_tag = self.provider.is_some_and(|provider| provider.variables(Fact::BuiltTag).is_empty());
        let (tag, named) = (fact(Fact::Version), fact(Fact::BuiltTag));
        CiFacts {
            is_ci: self.provider.is_some(),
            is_automated: self.provider.is_some() || self.variables.get("CI").is_some_and(|value| !matches!(value.as_str(), "" | "false")),
            builds_tag: of_tag || tag.as_ref().zip(named).is_some_and(|(tag, named)| tag.value == named.value),
            tag,
            commit: fact(Fact::Commit),
            downstream: fact(Fact::Downstream).map(|known| format!("{}={}", known.source, known.value)),
            built: built.filter(|_| self.fact(Fact::Downstream).is_some()),
            address: fact(Fact::Address).map(|known| known.value),
        }
    }

    /// Replaces what the CI gives by the decision, or by the reason why there is none.
    fn settle(&mut self, fact: Fact, found: Result<Known, String>, checkout: &Checkout<'_>) {
        let nothing = || {
            let of_git = checkout.head.as_ref().err().map_or_else(|| "git has no commit at HEAD".to_owned(), GitError::to_string);
            format!("{}, and {of_git}", self.of_ci(fact))
        };
        let found = found.and_then(|found| known(fact, &found.value, &found.source).ok_or_else(String::new));
        match found.map_err(|why| if why.is_empty() { nothing() } else { why }) {
            Ok(known) => drop(self.facts.insert(fact, known)),
            Err(why) => drop((self.facts.remove(&fact), self.reasons.insert(fact, why))),
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
                let provider =
                    Known { value: (*name).to_owned(), source: marks.first().map_or("", |mark| providers::source(mark)).to_owned() };
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

    /// Where a fact that is missing was looked for, as the end of a sentence.
    pub(crate) fn looked_at(&self, fact: Fact) -> String {
        if self.ignored {
            "--no-ci looks at neither the CI nor git".to_owned()
        } else {
            self.reasons.get(&fact).cloned().unwrap_or_else(|| self.of_ci(fact))
        }
    }

    /// The variables in which the CI has no value for a fact.
    fn of_ci(&self, fact: Fact) -> String {
        match self.provider {
            None => "this is no CI that deploytrack knows".to_owned(),
            Some(provider) => match provider.variables(fact) {
                variables if variables.is_empty() => format!("{} does not tell it", provider.name),
                variables => format!("{} of {} tells none", variables.join(", "), provider.name),
            },
        }
    }
}

/// The commit of the run whose end started this one, from the variables of Azure or from the payload of GitHub's event.
fn built(surroundings: &Surroundings) -> Option<Known> {
    if let Some(alias) = surroundings.variable("RESOURCES_TRIGGERINGALIAS") {
        let variable = format!("RESOURCES_PIPELINE_{}_SOURCECOMMIT", alias.to_ascii_uppercase());
        return known(Fact::Commit, surroundings.variable(&variable)?, &variable);
    }
    let file = File::open(surroundings.variable("GITHUB_EVENT_PATH")?).ok()?;
    let event: Value = serde_json::from_reader(file.take(MOST_BYTES)).ok()?;
    known(Fact::Commit, event.pointer("/workflow_run/head_sha")?.as_str()?, "workflow_run.head_sha")
}

/// A value that can be recorded; one that cannot is no default.
fn known(fact: Fact, text: &str, source: &str) -> Option<Known> {
    let text = without_credentials(text);
    let value = match fact {
        Fact::Reference | Fact::BuiltTag => {
            ["refs/heads/", "refs/tags/"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(&text).to_owned()
        }
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
    good.then(|| Known { value, source: source.to_owned() })
}

/// An address without what stands before the `@` of its host: it may be a token.
pub(crate) fn without_credentials(text: &str) -> String {
    // Without a scheme, `git@host:path` is the form of SSH, which has a name there and no secret.
    match address_parts(text) {
        (scheme, Some(user), rest) if !scheme.is_empty() || user.contains(':') => format!("{scheme}{rest}"),
        _ => text.to_owned(),
    }
}

/// The scheme of an address with its `://`, or nothing; what stands before the `@` of the host; and the host with all that
/// follows.
pub(crate) fn address_parts(text: &str) -> (&str, Option<&str>, &str) {
    let (scheme, rest) = text.split_at(text.find("://").map_or(0, |end| end + 3));
    let authority = rest.find(['/', '?', '#']).map_or(rest, |end| &rest[..end]);
    match authority.rfind('@') {
        Some(at) => (scheme, Some(&rest[..at]), &rest[at + 1..]),
        None => (scheme, None, rest),
    }
}
