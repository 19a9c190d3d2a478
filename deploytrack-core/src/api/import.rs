//! Lines of an import and of an export.

mod history_builder;
mod status_word;
mod time;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use self::{
    history_builder::{HistoryBuilder, ListedEntry},
    status_word::StatusWord,
};
use super::{FromBody, given, metadata, named, reference};
use crate::{
    catalog::{Component, Environment, EnvironmentType, NewComponent, NewEnvironment, Reference},
    clock::{self, Time},
    deployment::{Deployment, NewDeployment, Undeploy, Undeployment},
    fault::Fault,
    history::{self, HistoryEntry, HistoryKind},
    json::{Fields, pointer_to},
    status::Status,
    text::Reason,
};

/// The most history entries in one line.
pub const IMPORT_ENTRIES: usize = 4000;

/// A line of an import or an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportLine {
    /// A deployment with its history.
    Deployment(Box<PastDeployment>),
    /// `{"event": "undeployed", "component": ..., "environment": ..., "occurredAt": ...}`
    Undeployed(Undeployment),
    /// `{"event": "component", "name": ...}`: registers a component, unless its name exists.
    Component(Registration<NewComponent>),
    /// `{"event": "environment", "name": ...}`: registers an environment, unless its name exists.
    Environment(Registration<NewEnvironment>),
}

/// The registration of a component or an environment, from another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration<T> {
    /// The component or environment.
    pub new: Box<T>,
    /// When it was archived, if it is. If absent or later than the import, the time of the import
    /// is used.
    pub archived_at: Option<Time>,
}

/// A deployment that happened before it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDeployment {
    /// The deployment, with its latest status and the time when it entered that status.
    pub deployment: NewDeployment,
    /// The history: legal transitions, and undeployments between them. Empty if all transitions
    /// happened at the same time.
    pub history: Vec<PastEntry>,
    /// The position of a deployment without history in the order of recording, as in [`PastEntry::sequence`].
    pub sequence: Option<i64>,
}

impl From<NewDeployment> for PastDeployment {
    fn from(deployment: NewDeployment) -> Self {
        Self {
            deployment,
            history: Vec::new(),
            sequence: None,
        }
    }
}

impl From<NewDeployment> for ImportLine {
    fn from(deployment: NewDeployment) -> Self {
        Self::Deployment(Box::new(deployment.into()))
    }
}

/// A history entry in an import.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEntry {
    /// A transition or an undeployment.
    pub event: HistoryKind,
    /// The status after it.
    pub status: Status,
    /// When it happened.
    pub occurred_at: Time,
    /// The time in the original request, if the server recorded another one.
    pub claimed_at: Option<Time>,
    /// The reason.
    pub reason: Option<Reason>,
    /// The position in the order of recording of the source: of two entries of a cell at one time,
    /// the one recorded later wins.
    pub sequence: Option<i64>,
}

impl ImportLine {
    /// The line for a deployment and its history, without the ids and `recordedBy`.
    #[must_use]
    pub fn of(deployment: Deployment, history: &[HistoryEntry]) -> Self {
        let latest = history
            .iter()
            .rfind(|entry| entry.event == HistoryKind::Transition);
        let occurred_at = latest.map_or(deployment.occurred_at, |entry| entry.occurred_at);
        let is_implied = history::is_implied_by_status(history);
        let entries = if is_implied {
            &[]
        } else {
            latest_attempts(history)
        };
        Self::Deployment(Box::new(PastDeployment {
            history: entries.iter().map(PastEntry::of).collect(),
            sequence: latest.filter(|_| is_implied).map(|entry| entry.sequence),
            deployment: NewDeployment {
                component: deployment.component_name.into(),
                environment: deployment.environment_name.into(),
                version: deployment.version,
                deployed_by: Some(deployment.deployed_by),
                commit_sha: deployment.commit_sha,
                description: deployment.description,
                metadata: deployment.metadata,
                status: deployment.status,
                occurred_at: Some(occurred_at),
                register: false,
            },
        }))
    }

    /// The line that registers a copy of a component.
    #[must_use]
    pub fn of_component(component: &Component) -> Self {
        Self::Component(Registration {
            new: Box::new(NewComponent::like(component)),
            archived_at: component.archived_at,
        })
    }

    /// The line that registers a copy of an environment.
    #[must_use]
    pub fn of_environment(environment: &Environment) -> Self {
        Self::Environment(Registration {
            new: Box::new(NewEnvironment::like(environment)),
            archived_at: environment.archived_at,
        })
    }

    /// The component and the environment of a deployment or an undeployment.
    #[must_use]
    pub const fn names(&self) -> Option<(&Reference, &Reference)> {
        match self {
            Self::Deployment(past) => {
                Some((&past.deployment.component, &past.deployment.environment))
            }
            Self::Undeployed(undeployment) => {
                Some((&undeployment.component, &undeployment.environment))
            }
            Self::Component(_) | Self::Environment(_) => None,
        }
    }

    /// The body, as [`FromBody`] reads it.
    #[must_use]
    pub fn to_body(&self) -> Value {
        match self {
            Self::Deployment(past) => past.to_body(),
            Self::Undeployed(undeployment) => {
                let (component_id, component) = named(&undeployment.component);
                let (environment_id, environment) = named(&undeployment.environment);
                given(json!({
                    "event": HistoryKind::Undeployed,
                    "componentId": component_id,
                    "component": component,
                    "environmentId": environment_id,
                    "environment": environment,
                    "occurredAt": undeployment.undeploy.occurred_at.as_ref().map(clock::format_exact),
                    "reason": undeployment.undeploy.reason,
                }))
            }
            Self::Component(Registration { new, archived_at }) => {
                let details = &new.details;
                given(json!({
                    "event": "component",
                    "name": new.name,
                    "description": details.description,
                    "owner": details.owner,
                    "kind": details.kind,
                    "lifecycle": details.lifecycle,
                    "archived": details.archived.filter(|archived| *archived),
                    "archivedAt": archived_at.as_ref().map(clock::format_exact),
                }))
            }
            Self::Environment(Registration { new, archived_at }) => {
                let details = &new.details;
                given(json!({
                    "event": "environment",
                    "name": new.name,
                    "description": details.description,
                    "type": details.r#type.map(EnvironmentType::as_str),
                    "order": details.order,
                    "archived": details.archived.filter(|archived| *archived),
                    "archivedAt": archived_at.as_ref().map(clock::format_exact),
                }))
            }
        }
    }
}

/// The latest attempts of a history, within the limit of entries in a line.
fn latest_attempts(history: &[HistoryEntry]) -> &[HistoryEntry] {
    let first = history.len().saturating_sub(IMPORT_ENTRIES);
    let is_start = |entry: &HistoryEntry| {
        entry.event == HistoryKind::Transition && entry.to == Status::Pending
    };
    let start = history[first..]
        .iter()
        .position(is_start)
        .unwrap_or_default();
    &history[first + start..]
}

impl Serialize for ImportLine {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_body().serialize(serializer)
    }
}

impl PastDeployment {
    fn to_body(&self) -> Value {
        let mut body = self.deployment.to_body();
        if let Some(sequence) = self.sequence {
            body["sequence"] = json!(sequence);
        }
        if !self.history.is_empty() {
            // With a history, the status is written even if it is the default.
            body["status"] = json!(self.deployment.status);
            body["history"] = self.history.iter().map(PastEntry::to_body).collect();
        }
        body
    }

    /// The history entries. An empty history is expanded to the shortest path to the status.
    #[must_use]
    pub fn entries(&self) -> Vec<PastEntry> {
        let (Some(at), true) = (self.deployment.occurred_at, self.history.is_empty()) else {
            return self.history.clone();
        };
        let entered = |status: &Status| PastEntry {
            event: HistoryKind::Transition,
            status: *status,
            occurred_at: at,
            claimed_at: None,
            reason: None,
            sequence: self.sequence,
        };
        self.deployment
            .status
            .whole_path()
            .iter()
            .map(entered)
            .collect()
    }
}

impl PastEntry {
    fn of(entry: &HistoryEntry) -> Self {
        Self {
            event: entry.event,
            status: entry.to,
            occurred_at: entry.occurred_at,
            claimed_at: entry.claimed_at,
            reason: entry.reason.clone(),
            sequence: Some(entry.sequence),
        }
    }

    fn to_body(&self) -> Value {
        let is_undeployment = self.event == HistoryKind::Undeployed;
        given(json!({
            "event": is_undeployment.then_some(self.event),
            "status": (!is_undeployment).then_some(self.status),
            "occurredAt": clock::format_exact(&self.occurred_at),
            "claimedAt": self.claimed_at.as_ref().map(clock::format_exact),
            "reason": self.reason,
            "sequence": self.sequence,
        }))
    }
}

impl FromBody for ImportLine {
    fn from_body(body: Map<String, Value>) -> Result<Self, Vec<Fault>> {
        let event = body.get("event").and_then(Value::as_str).map(str::to_owned);
        match event.as_deref() {
            None if body.get("event").is_none_or(Value::is_null) => {
                deployment(Fields::of_import(body))
            }
            Some("undeployed") => undeployment(Fields::of_import(body)),
            Some("component") => registration(body).map(Self::Component),
            Some("environment") => registration(body).map(Self::Environment),
            _ => {
                let rule =
                    "must be undeployed, component or environment; a deployment has no event";
                Err(vec![Fault::at("/event", rule)])
            }
        }
    }
}

/// Reads the body of a component or an environment, with its `archivedAt`.
fn registration<T: FromBody>(mut body: Map<String, Value>) -> Result<Registration<T>, Vec<Fault>> {
    body.remove("event");
    let archived_at = match body.remove("archivedAt") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => clock::parse(&text).map(Some),
        Some(_) => Err("must be a string"),
    };
    match (T::from_body(body), archived_at) {
        (Ok(new), Ok(archived_at)) => Ok(Registration {
            new: Box::new(new),
            archived_at,
        }),
        (new, archived_at) => {
            let fault = archived_at.err().map(|rule| Fault::at("/archivedAt", rule));
            Err(new.err().into_iter().flatten().chain(fault).collect())
        }
    }
}

/// Takes a component or environment, by its name or its id. The fault of a missing one suggests the
/// name first, since import files contain names.
fn name_or_id(fields: &mut Fields, id: &'static str, name: &'static str) -> Option<Reference> {
    if fields.has(id) || fields.has(name) {
        return reference(fields, id, name);
    }
    fields.value(id);
    fields.value(name);
    fields.wrong(name, format!("is required (or {id})"))
}

fn undeployment(mut fields: Fields) -> Result<ImportLine, Vec<Fault>> {
    fields.value("event");
    let component = name_or_id(&mut fields, "componentId", "component");
    let environment = name_or_id(&mut fields, "environmentId", "environment");
    let undeploy = Undeploy {
        occurred_at: time::read(&mut fields, "occurredAt"),
        reason: fields.text("reason"),
    };
    let built = component
        .zip(environment)
        .map(|(component, environment)| Undeployment {
            component,
            environment,
            undeploy,
        });
    fields.finish(built).map(ImportLine::Undeployed)
}

fn deployment(mut fields: Fields) -> Result<ImportLine, Vec<Fault>> {
    // The field may be present and null.
    fields.value("event");
    let component = name_or_id(&mut fields, "componentId", "component");
    let environment = name_or_id(&mut fields, "environmentId", "environment");
    let version = fields.required("version");
    let deployed_by = fields.text("deployedBy");
    let commit_sha = fields.text("commitSha");
    let description = fields.text("description");
    let metadata = metadata(&mut fields).unwrap_or_default();
    let status = StatusFields::read(&mut fields);
    let past = history(&mut fields, status);
    let built = component.zip(environment).zip(version).zip(past).map(
        |(((component, environment), version), past)| {
            let deployment = NewDeployment {
                component,
                environment,
                version,
                deployed_by,
                commit_sha,
                description,
                metadata,
                status: past.status,
                occurred_at: past.occurred_at,
                register: false,
            };
            PastDeployment {
                deployment,
                history: past.entries,
                sequence: past.sequence,
            }
        },
    );
    fields
        .finish(built)
        .map(|past| ImportLine::Deployment(Box::new(past)))
}

/// The fields of a line about its status, without `history`.
struct StatusFields {
    word: Option<StatusWord>,
    started_at: Option<Time>,
    occurred_at: Option<Time>,
    reason: Option<Reason>,
    sequence: Option<i64>,
}

impl StatusFields {
    fn read(fields: &mut Fields) -> Self {
        if fields.has("occurredAt") && fields.has("finishedAt") {
            fields.wrong::<()>(
                "finishedAt",
                "and occurredAt have the same meaning; give one of them",
            );
        }
        let word = status_word::read(fields);
        let (occurred_at, finished_at) = (
            time::read(fields, "occurredAt"),
            time::read(fields, "finishedAt"),
        );
        Self {
            word,
            started_at: time::read(fields, "startedAt"),
            occurred_at: occurred_at.or(finished_at),
            reason: fields.text("reason"),
            sequence: fields.count("sequence"),
        }
    }
}

/// The status of a line and its history.
struct StatusHistory {
    status: Status,
    occurred_at: Option<Time>,
    entries: Vec<PastEntry>,
    sequence: Option<i64>,
}

/// Takes the history of a line: the listed entries, or the path to its status.
fn history(fields: &mut Fields, given: StatusFields) -> Option<StatusHistory> {
    let Some(listed) = fields.value("history") else {
        return path_to_status(fields, given);
    };
    let Value::Array(listed) = listed else {
        return fields.wrong(
            "history",
            "must be a list of objects with status and occurredAt",
        );
    };
    if listed.is_empty() {
        return path_to_status(fields, given);
    }
    if listed.len() > IMPORT_ENTRIES {
        return fields.wrong(
            "history",
            format!(
                "must have at most {IMPORT_ENTRIES} entries, not {}",
                listed.len()
            ),
        );
    }
    if given.started_at.is_some() {
        return fields.wrong("startedAt", "is only for a line without history; add it to history as an entry with the status in_progress");
    }
    let entries = listed_entries(fields, listed)?;
    let history = match HistoryBuilder::of(entries) {
        Ok(history) => history,
        Err((at, why)) => return fields.wrong_at(pointer_to("/history", &at.to_string()), why),
    };
    let Some((status, occurred_at)) = history.latest() else {
        return fields.wrong("history", "has no status");
    };
    let given_status = given.word.as_ref().and_then(StatusWord::status);
    if given_status.is_some_and(|given| given != status) {
        return fields.wrong(
            "status",
            format!("must be the latest status in history, which is {status}; or leave it out"),
        );
    }
    if given.occurred_at.is_some_and(|given| given != occurred_at) {
        let latest = clock::format_exact(&occurred_at);
        return fields.wrong("occurredAt", format!("must be the time of the latest status in history, which is {latest}; or leave it out"));
    }
    Some(StatusHistory {
        status,
        occurred_at: Some(occurred_at),
        entries: history.entries(given.reason),
        sequence: None,
    })
}

/// Builds the path to the status of a line without a list of entries.
fn path_to_status(fields: &mut Fields, given: StatusFields) -> Option<StatusHistory> {
    let status = match &given.word {
        None => Status::Pending,
        Some(word) => match word.status() {
            Some(status) => status,
            None => return fields.wrong("status", word.hint()),
        },
    };
    let reason = given
        .reason
        .or_else(|| given.word.as_ref().and_then(StatusWord::reason));
    let plain = StatusHistory {
        status,
        occurred_at: given.occurred_at,
        entries: Vec::new(),
        sequence: given.sequence,
    };
    let Some(occurred_at) = given
        .occurred_at
        .filter(|_| reason.is_some() || given.started_at.is_some())
    else {
        return Some(plain);
    };
    if status == Status::Pending && given.started_at.is_some() {
        return fields.wrong("startedAt", "is the time of in_progress, but the status is pending; leave it out, or give the status");
    }
    let started_at = given.started_at.unwrap_or(occurred_at);
    let entries = history_builder::path_entries(
        status,
        started_at,
        occurred_at,
        reason.as_ref(),
        given.sequence,
    );
    Some(StatusHistory {
        entries,
        sequence: None,
        ..plain
    })
}

/// Reads the listed entries of a line, each with its index in the list.
fn listed_entries(fields: &mut Fields, listed: Vec<Value>) -> Option<Vec<(usize, ListedEntry)>> {
    let mut entries = Vec::with_capacity(listed.len());
    let mut is_valid = true;
    for (at, entry) in listed.into_iter().enumerate() {
        let pointer = pointer_to("/history", &at.to_string());
        let Value::Object(entry) = entry else {
            fields.wrong_at::<()>(pointer, "must be an object with status and occurredAt");
            is_valid = false;
            continue;
        };
        match ListedEntry::read(Fields::of_import(entry)) {
            Ok(entry) => entries.push((at, entry)),
            Err(faults) => {
                is_valid = false;
                for fault in faults {
                    let inner = fault.pointer.unwrap_or_default();
                    fields.wrong_at::<()>(format!("{pointer}{inner}"), fault.detail);
                }
            }
        }
    }
    is_valid.then_some(entries)
}

#[cfg(test)]
mod tests;
