//! What a record comes to, and where each of its values is from: what was given, then what the CI or git tells, then the
//! default.

use deploytrack_core::{
    catalog::Reference,
    deployment::{Metadata, NewDeployment},
    status::Status,
    text::{IdempotencyKey, Name, Version},
};
use serde_json::{Map, Value};

use super::Record;
use crate::{
    error::Failure,
    pipeline::ci::{Context, Fact, Known, leg::Step},
};

/// A value as it is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    /// None where there is none.
    pub(super) value: Option<String>,
    pub(super) source: String,
}

/// Under which idempotency key something is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Given(IdempotencyKey),
    /// From the leg of the CI's job and the command: a step that is repeated has the same.
    Derived(IdempotencyKey),
    Random,
}

/// What a record comes to.
#[derive(Debug)]
pub(super) struct Settled {
    /// What is recorded, or what is missing for that.
    pub(super) new: Result<NewDeployment, Failure>,
    pub(super) key: Key,
    pub(super) entries: Vec<Entry>,
}

impl Key {
    pub(super) fn into_known(self) -> Option<IdempotencyKey> {
        match self {
            Self::Given(key) | Self::Derived(key) => Some(key),
            Self::Random => None,
        }
    }

    fn entry(&self) -> Entry {
        let (value, source) = match self {
            Self::Given(key) => (Some(key), "--idempotency-key"),
            Self::Derived(key) => (Some(key), "derived from the run of the CI"),
            Self::Random => (None, "random"),
        };
        entry("idempotencyKey", value, source)
    }
}

/// A value that may be missing, and where it is from.
type Found<T> = (Option<T>, String);

impl Record {
    /// What this comes to where the CI and git tell `context`.
    pub(super) fn settle(&self, context: &Context) -> Settled {
        let version = found(self.version.as_ref(), "--version", context, Fact::Version, |text| Version::new(text).ok());
        let environment =
            found(self.environment.as_ref(), "--environment", context, Fact::Environment, |text| Name::new(text).ok().map(Reference::from));
        let key = self.key(context, version.0.as_ref(), environment.0.as_ref());
        let mut entries = self.entries(&version, &environment, context);
        entries.push(key.entry());
        Settled { new: self.new_deployment(version.0.as_ref(), environment.0.as_ref(), context), key, entries }
    }

    /// The one that was given, else the one that is derived, else a random one.
    fn key(&self, context: &Context, version: Option<&Version>, environment: Option<&Reference>) -> Key {
        let derived = || {
            let command = self.wrapping.command();
            context.idempotency_key(&Step { component: &self.component, environment: environment?, version: version?.to_string(), command })
        };
        self.idempotency_key.clone().map(Key::Given).or_else(|| derived().map(Key::Derived)).unwrap_or(Key::Random)
    }

    fn new_deployment(
        &self,
        version: Option<&Version>,
        environment: Option<&Reference>,
        context: &Context,
    ) -> Result<NewDeployment, Failure> {
        let (Some(version), Some(environment)) = (version, environment) else {
            return Err(missing(context, version.is_none(), environment.is_none()));
        };
        let told = |fact| context.fact(fact).map(|known| known.value.clone());
        Ok(NewDeployment {
            deployed_by: self.deployed_by.clone().or_else(|| told(Fact::Actor)?.parse().ok()),
            commit_sha: self.commit_sha.clone().or_else(|| told(Fact::Commit)?.parse().ok()),
            description: self.description.clone(),
            metadata: self.metadata(context)?,
            status: self.status,
            occurred_at: self.occurred_at,
            register: self.register,
            ..NewDeployment::new(self.component.clone(), environment.clone(), version.clone())
        })
    }

    /// What was given, over what is known. What was given alone when there is no room for both.
    fn metadata(&self, context: &Context) -> Result<Metadata, Failure> {
        let given = super::metadata(self.meta.clone())?;
        let known: Map<String, Value> = context.metadata().into_iter().collect();
        let both = Metadata::new(known).and_then(|known| known.merged(&given));
        Ok(both.unwrap_or(given))
    }

    fn entries(&self, version: &Found<Version>, environment: &Found<Reference>, context: &Context) -> Vec<Entry> {
        let nobody = "the subject of the token";
        let no_commit = format!("none: {}", context.looked_at(Fact::Commit));
        let status = if self.status == Status::Pending { "default" } else { "--status" };
        let mut entries = vec![
            entry("component", Some(&self.component), "--component"),
            entry("environment", environment.0.as_ref(), &environment.1),
            entry("version", version.0.as_ref(), &version.1),
            entry("status", Some(&self.status), status),
            or_told("commitSha", self.commit_sha.as_ref(), "--commit-sha", context.fact(Fact::Commit), &no_commit),
            or_told("deployedBy", self.deployed_by.as_ref(), "--deployed-by", context.fact(Fact::Actor), nobody),
        ];
        entries.extend(self.description.as_ref().map(|text| entry("description", Some(text), "--description")));
        entries.extend(
            self.occurred_at.as_ref().map(|time| entry("occurredAt", Some(&deploytrack_core::clock::format(time)), "--occurred-at")),
        );
        entries.extend(self.meta.iter().map(|(key, value)| entry(&format!("metadata.{key}"), Some(value), "--meta")));
        let (group, kept) = context.kept();
        if !self.meta.iter().any(|(key, _)| key == group) {
            entries.extend(kept.iter().map(|(key, known)| entry(&format!("metadata.{group}.{key}"), Some(&known.value), &known.source)));
        }
        entries
    }
}

/// What was given, else what is told.
fn found<T: Clone>(given: Option<&T>, flag: &str, context: &Context, fact: Fact, read: impl Fn(&str) -> Option<T>) -> Found<T> {
    if let Some(given) = given {
        return (Some(given.clone()), flag.to_owned());
    }
    match context.fact(fact).and_then(|known| Some((read(&known.value)?, &known.source))) {
        Some((value, source)) => (Some(value), source.clone()),
        None => (None, format!("not known: {}", context.looked_at(fact))),
    }
}

/// What is missing, where it was looked for, and the way out.
fn missing(context: &Context, version: bool, environment: bool) -> Failure {
    let asked = [(environment, Fact::Environment, "environment"), (version, Fact::Version, "version")];
    let missing: Vec<_> = asked.into_iter().filter(|(missing, ..)| *missing).collect();
    let why: Vec<_> = missing.iter().map(|(_, fact, word)| format!("the {word} is not known: {}", context.looked_at(*fact))).collect();
    let flags: Vec<_> = missing.iter().map(|(.., word)| format!("--{word}")).collect();
    Failure::usage(why.join("; ")).hint(format!("give it with {}; --explain shows what is known", flags.join(" and ")))
}

fn entry(name: &str, value: Option<&impl ToString>, source: &str) -> Entry {
    Entry { name: name.to_owned(), value: value.map(ToString::to_string), source: source.to_owned() }
}

fn or_told(name: &str, given: Option<&impl ToString>, flag: &str, told: Option<&Known>, otherwise: &str) -> Entry {
    match (given, told) {
        (Some(given), _) => entry(name, Some(given), flag),
        (None, Some(known)) => entry(name, Some(&known.value), &known.source),
        (None, None) => entry(name, None::<&String>, otherwise),
    }
}
