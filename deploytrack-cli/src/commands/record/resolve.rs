//! Resolves the values of a record: from the command line, else from the CI or git, else the
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
    ci::{Context, Fact, FactValue, leg::Step},
    error::Failure,
};

/// A value and its source, for `--explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ExplainedValue {
    pub(super) name: String,
    /// None if the field has no value.
    pub(super) value: Option<String>,
    pub(super) source: String,
}

/// The idempotency key of a record, and its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RecordKey {
    Given(IdempotencyKey),
    /// Derived from the leg of the CI job and the command: a repeated step has the same key.
    Derived(IdempotencyKey),
    Random,
}

/// A record with all its values.
#[derive(Debug)]
pub(super) struct ResolvedRecord {
    /// The deployment, or an error that names the missing values.
    pub(super) deployment: Result<NewDeployment, Failure>,
    pub(super) key: RecordKey,
    pub(super) values: Vec<ExplainedValue>,
}

impl RecordKey {
    /// None for a random key.
    pub(super) fn into_fixed(self) -> Option<IdempotencyKey> {
        match self {
            Self::Given(key) | Self::Derived(key) => Some(key),
            Self::Random => None,
        }
    }

    fn explained(&self) -> ExplainedValue {
        let (value, source) = match self {
            Self::Given(key) => (Some(key), "--idempotency-key"),
            Self::Derived(key) => (Some(key), "derived from the run of the CI"),
            Self::Random => (None, "random"),
        };
        explained("idempotencyKey", value, source)
    }
}

/// A value that may be missing, and its source.
struct Resolved<T> {
    value: Option<T>,
    source: String,
}

impl Record {
    /// Resolves the values that the command line leaves out from `context`.
    pub(super) fn resolve(&self, context: &Context) -> ResolvedRecord {
        let version = resolve(
            self.version.as_ref(),
            "--version",
            context,
            Fact::Version,
            |text| Version::new(text).ok(),
        );
        let environment = resolve(
            self.environment.as_ref(),
            "--environment",
            context,
            Fact::Environment,
            |text| Name::new(text).ok().map(Reference::from),
        );
        let key = self.key(context, version.value.as_ref(), environment.value.as_ref());
        let mut values = self.explained_values(&version, &environment, context);
        values.push(key.explained());
        let deployment =
            self.new_deployment(version.value.as_ref(), environment.value.as_ref(), context);
        ResolvedRecord {
            deployment,
            key,
            values,
        }
    }

    /// The key from the command line, else a derived one, else a random one.
    fn key(
        &self,
        context: &Context,
        version: Option<&Version>,
        environment: Option<&Reference>,
    ) -> RecordKey {
        let derived = || {
            let command = self.wrapping.command();
            context.idempotency_key(&Step {
                component: &self.component,
                environment: environment?,
                version: version?.to_string(),
                command,
            })
        };
        self.idempotency_key
            .clone()
            .map(RecordKey::Given)
            .or_else(|| derived().map(RecordKey::Derived))
            .unwrap_or(RecordKey::Random)
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
        let from_context = |fact| context.fact(fact).map(|found| found.value.clone());
        Ok(NewDeployment {
            component: self.component.clone(),
            environment: environment.clone(),
            version: version.clone(),
            deployed_by: self
                .deployed_by
                .clone()
                .or_else(|| from_context(Fact::Actor)?.parse().ok()),
            commit_sha: self
                .commit_sha
                .clone()
                .or_else(|| from_context(Fact::Commit)?.parse().ok()),
            description: self.description.clone(),
            metadata: self.metadata(context)?,
            status: self.status,
            occurred_at: self.occurred_at,
            register: self.register,
        })
    }

    /// The metadata of the command line, merged over those of the CI or git. If both do not fit,
    /// those of the command line.
    fn metadata(&self, context: &Context) -> Result<Metadata, Failure> {
        let given = super::metadata(self.meta.clone())?;
        let found: Map<String, Value> = context.metadata().into_iter().collect();
        let both = Metadata::new(found).and_then(|found| found.merged(&given));
        Ok(both.unwrap_or(given))
    }

    fn explained_values(
        &self,
        version: &Resolved<Version>,
        environment: &Resolved<Reference>,
        context: &Context,
    ) -> Vec<ExplainedValue> {
        let no_actor = "the subject of the token";
        let no_commit = format!("none: {}", context.reason_for_missing(Fact::Commit));
        let status = if self.status == Status::Pending {
            "default"
        } else {
            "--status"
        };
        let mut values = vec![
            explained("component", Some(&self.component), "--component"),
            explained(
                "environment",
                environment.value.as_ref(),
                &environment.source,
            ),
            explained("version", version.value.as_ref(), &version.source),
            explained("status", Some(&self.status), status),
            explained_or_found(
                "commitSha",
                self.commit_sha.as_ref(),
                "--commit-sha",
                context.fact(Fact::Commit),
                &no_commit,
            ),
            explained_or_found(
                "deployedBy",
                self.deployed_by.as_ref(),
                "--deployed-by",
                context.fact(Fact::Actor),
                no_actor,
            ),
        ];
        values.extend(
            self.description
                .as_ref()
                .map(|text| explained("description", Some(text), "--description")),
        );
        values.extend(self.occurred_at.as_ref().map(|time| {
            explained(
                "occurredAt",
                Some(&deploytrack_core::clock::format(time)),
                "--occurred-at",
            )
        }));
        values.extend(
            self.meta
                .iter()
                .map(|(key, value)| explained(&format!("metadata.{key}"), Some(value), "--meta")),
        );
        let (group, recorded) = context.recorded();
        if !self.meta.iter().any(|(key, _)| key == group) {
            values.extend(recorded.iter().map(|(key, found)| {
                explained(
                    &format!("metadata.{group}.{key}"),
                    Some(&found.value),
                    &found.source,
                )
            }));
        }
        values
    }
}

/// The value from the command line, else the one from the CI or git.
fn resolve<T: Clone>(
    given: Option<&T>,
    flag: &str,
    context: &Context,
    fact: Fact,
    read: impl Fn(&str) -> Option<T>,
) -> Resolved<T> {
    if let Some(given) = given {
        return Resolved {
            value: Some(given.clone()),
            source: flag.to_owned(),
        };
    }
    match context
        .fact(fact)
        .and_then(|found| Some((read(&found.value)?, &found.source)))
    {
        Some((value, source)) => Resolved {
            value: Some(value),
            source: source.clone(),
        },
        None => Resolved {
            value: None,
            source: format!("not known: {}", context.reason_for_missing(fact)),
        },
    }
}

/// The error for missing values: which ones, where they were looked for, and the way out.
fn missing(context: &Context, version: bool, environment: bool) -> Failure {
    let needed = [
        (environment, Fact::Environment, "environment"),
        (version, Fact::Version, "version"),
    ];
    let missing: Vec<_> = needed
        .into_iter()
        .filter(|(missing, ..)| *missing)
        .collect();
    let why: Vec<_> = missing
        .iter()
        .map(|(_, fact, word)| {
            format!(
                "the {word} is not known: {}",
                context.reason_for_missing(*fact)
            )
        })
        .collect();
    let flags: Vec<_> = missing
        .iter()
        .map(|(.., word)| format!("--{word}"))
        .collect();
    Failure::usage(why.join("; ")).hint(format!(
        "set it with {}; --explain shows the values that were found",
        flags.join(" and ")
    ))
}

fn explained(name: &str, value: Option<&impl ToString>, source: &str) -> ExplainedValue {
    ExplainedValue {
        name: name.to_owned(),
        value: value.map(ToString::to_string),
        source: source.to_owned(),
    }
}

fn explained_or_found(
    name: &str,
    given: Option<&impl ToString>,
    flag: &str,
    found: Option<&FactValue>,
    otherwise: &str,
) -> ExplainedValue {
    match (given, found) {
        (Some(given), _) => explained(name, Some(given), flag),
        (None, Some(found)) => explained(name, Some(&found.value), &found.source),
        (None, None) => explained(name, None::<&String>, otherwise),
    }
}
