//! One line of an import, and of an export.

mod course;
mod moment;
mod words;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

pub(crate) use self::course::whole_path;
use self::{course::Course, words::Word};
use super::{FromBody, given, metadata, named, reference};
use crate::{
    catalog::{Component, Environment, EnvironmentType, NewComponent, NewEnvironment, Reference},
    clock::{self, Time},
    deployment::{Deployment, NewDeployment, Removal, Undeploy},
    error::Fault,
    history::{self, Event, HistoryEntry},
    json::{Fields, pointer_to},
    status::Status,
    text::Reason,
};

/// The most entries in the history of one line.
pub const IMPORT_ENTRIES: usize = 4000;

/// One line of an import, and of an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImportLine {
    /// A deployment and how it came to its status.
    Deployment(Box<PastDeployment>),
    /// `{"event": "undeployed", "component": ..., "environment": ..., "occurredAt": ...}`
    Undeployed(Removal),
    /// `{"event": "component", "name": ...}`: registers a component, unless its name is known.
    Component(Registered<NewComponent>),
    /// `{"event": "environment", "name": ...}`: registers an environment, unless its name is known.
    Environment(Registered<NewEnvironment>),
}

/// A component or an environment that was registered elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered<T> {
    /// Its name, and what is known of it.
    pub new: Box<T>,
    /// When it was archived, for one that is: the time of the import, if absent or later.
    pub archived_at: Option<Time>,
}

/// A deployment that happened before it is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDeployment {
    /// The deployment, with its latest status and the time it entered that status.
    pub deployment: NewDeployment,
    /// How it came there: legal transitions, and removals between them. Empty when it entered every status on the way at the
    /// same time.
    pub history: Vec<PastEntry>,
    /// The place of a deployment without history in the order of recording, as in [`PastEntry::sequence`].
    pub sequence: Option<i64>,
}

impl From<NewDeployment> for PastDeployment {
    fn from(deployment: NewDeployment) -> Self {
        Self { deployment, history: Vec::new(), sequence: None }
    }
}

impl From<NewDeployment> for ImportLine {
    fn from(deployment: NewDeployment) -> Self {
        Self::Deployment(Box::new(deployment.into()))
    }
}

/// One entry of a history that is imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEntry {
    /// A transition, or a removal.
    pub event: Event,
    /// The status after it.
    pub status: Status,
    /// When it happened.
    pub occurred_at: Time,
    /// The time that the caller claimed, where it was placed at another one.
    pub claimed_at: Option<Time>,
    /// Why it happened.
    pub reason: Option<Reason>,
    /// Its place in the order of recording where it comes from: of two entries of a cell at one time, the later recorded
    /// counts.
    pub sequence: Option<i64>,
}

impl ImportLine {
    /// The line that says all of a deployment and its history, the ids and who recorded it apart.
    #[must_use]
    pub fn of(deployment: Deployment, history: &[HistoryEntry]) -> Self {
        let latest = history.iter().rfind(|entry| entry.event == Event::Transition);
        let occurred_at = latest.map_or(deployment.occurred_at, |entry| entry.occurred_at);
        let is_plain = history::is_at_once(history);
        let entries = if is_plain { &[] } else { latest_attempts(history) };
        Self::Deployment(Box::new(PastDeployment {
            history: entries.iter().map(PastEntry::of).collect(),
            sequence: latest.filter(|_| is_plain).map(|entry| entry.sequence),
            deployment: NewDeployment {
                deployed_by: Some(deployment.deployed_by),
                commit_sha: deployment.commit_sha,
                description: deployment.description,
                metadata: deployment.metadata,
                status: deployment.status,
                occurred_at: Some(occurred_at),
                ..NewDeployment::new(deployment.component_name.into(), deployment.environment_name.into(), deployment.version)
            },
        }))
    }

    /// The line that registers a component as it is.
    #[must_use]
    pub fn of_component(component: &Component) -> Self {
        Self::Component(Registered { new: Box::new(NewComponent::like(component)), archived_at: component.archived_at })
    }

    /// The line that registers an environment as it is.
    #[must_use]
    pub fn of_environment(environment: &Environment) -> Self {
        Self::Environment(Registered { new: Box::new(NewEnvironment::like(environment)), archived_at: environment.archived_at })
    }

    /// The component and the environment of a deployment or a removal.
    #[must_use]
    pub const fn names(&self) -> Option<(&Reference, &Reference)> {
        match self {
            Self::Deployment(past) => Some((&past.deployment.component, &past.deployment.environment)),
            Self::Undeployed(removal) => Some((&removal.component, &removal.environment)),
            Self::Component(_) | Self::Environment(_) => None,
        }
    }

    /// The body that [`FromBody`] reads back.
    #[must_use]
    pub fn to_body(&self) -> Value {
        match self {
            Self::Deployment(past) => past.to_body(),
            Self::Undeployed(removal) => {
                let (component_id, component) = named(&removal.component);
                let (environment_id, environment) = named(&removal.environment);
                given(json!({
                    "event": Event::Undeployed,
                    "componentId": component_id,
                    "component": component,
                    "environmentId": environment_id,
                    "environment": environment,
                    "occurredAt": removal.undeploy.occurred_at.as_ref().map(clock::format_exact),
                    "reason": removal.undeploy.reason,
                }))
            }
            Self::Component(Registered { new, archived_at }) => {
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
            Self::Environment(Registered { new, archived_at }) => {
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

/// The latest attempts of a history, as many as a line may have.
fn latest_attempts(history: &[HistoryEntry]) -> &[HistoryEntry] {
    let first = history.len().saturating_sub(IMPORT_ENTRIES);
    let is_beginning = |entry: &HistoryEntry| entry.event == Event::Transition && entry.to == Status::Pending;
    let begun = history[first..].iter().position(is_beginning).unwrap_or_default();
    &history[first + begun..]
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
            // The status is told even where it is the one that a deployment has without.
            body["status"] = json!(self.deployment.status);
            body["history"] = self.history.iter().map(PastEntry::to_body).collect();
        }
        body
    }

    /// The history, entry by entry, also where it is not told.
    #[must_use]
    pub fn entries(&self) -> Vec<PastEntry> {
        let (Some(at), true) = (self.deployment.occurred_at, self.history.is_empty()) else { return self.history.clone() };
        let entered = |status: &Status| PastEntry {
            event: Event::Transition,
            status: *status,
            occurred_at: at,
            claimed_at: None,
            reason: None,
            sequence: self.sequence,
        };
        course::whole_path(self.deployment.status).iter().map(entered).collect()
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
        let is_removal = self.event == Event::Undeployed;
        given(json!({
            "event": is_removal.then_some(self.event),
            "status": (!is_removal).then_some(self.status),
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
            None if body.get("event").is_none_or(Value::is_null) => deployment(Fields::of_import(body)),
            Some("undeployed") => removal(Fields::of_import(body)),
            Some("component") => registered(body).map(Self::Component),
            Some("environment") => registered(body).map(Self::Environment),
            _ => {
                let rule = "must be undeployed, component or environment; a deployment has no event";
                Err(vec![Fault::at("/event", rule)])
            }
        }
    }
}

/// A body of a component or an environment, with when it was archived.
fn registered<T: FromBody>(mut body: Map<String, Value>) -> Result<Registered<T>, Vec<Fault>> {
    body.remove("event");
    let archived_at = match body.remove("archivedAt") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => clock::parse(&text).map(Some),
        Some(_) => Err("must be a text"),
    };
    match (T::from_body(body), archived_at) {
        (Ok(new), Ok(archived_at)) => Ok(Registered { new: Box::new(new), archived_at }),
        (new, archived_at) => {
            let fault = archived_at.err().map(|rule| Fault::at("/archivedAt", rule));
            Err(new.err().into_iter().flatten().chain(fault).collect())
        }
    }
}

/// A component or environment, by its id or its name. Files have names.
fn meant(fields: &mut Fields, id: &'static str, name: &'static str) -> Option<Reference> {
    if fields.has(id) || fields.has(name) {
        return reference(fields, id, name);
    }
    fields.value(id);
    fields.value(name);
    fields.wrong(name, format!("is required (or {id})"))
}

fn removal(mut fields: Fields) -> Result<ImportLine, Vec<Fault>> {
    fields.value("event");
    let component = meant(&mut fields, "componentId", "component");
    let environment = meant(&mut fields, "environmentId", "environment");
    let undeploy = Undeploy { occurred_at: moment::read(&mut fields, "occurredAt"), reason: fields.text("reason") };
    let built = component.zip(environment).map(|(component, environment)| Removal { component, environment, undeploy });
    fields.finish(built).map(ImportLine::Undeployed)
}

fn deployment(mut fields: Fields) -> Result<ImportLine, Vec<Fault>> {
    // It may be null.
    fields.value("event");
    let component = meant(&mut fields, "componentId", "component");
    let environment = meant(&mut fields, "environmentId", "environment");
    let version = fields.required("version");
    let deployed_by = fields.text("deployedBy");
    let commit_sha = fields.text("commitSha");
    let description = fields.text("description");
    let metadata = metadata(&mut fields).unwrap_or_default();
    let told = Told::read(&mut fields);
    let past = history(&mut fields, told);
    let built = component.zip(environment).zip(version).zip(past).map(|(((component, environment), version), past)| {
        let deployment = NewDeployment {
            deployed_by,
            commit_sha,
            description,
            metadata,
            status: past.status,
            occurred_at: past.occurred_at,
            ..NewDeployment::new(component, environment, version)
        };
        PastDeployment { deployment, history: past.entries, sequence: past.sequence }
    });
    fields.finish(built).map(|past| ImportLine::Deployment(Box::new(past)))
}

/// What a line tells of its status beside the history.
struct Told {
    word: Option<Word>,
    started_at: Option<Time>,
    occurred_at: Option<Time>,
    reason: Option<Reason>,
    sequence: Option<i64>,
}

impl Told {
    fn read(fields: &mut Fields) -> Self {
        if fields.has("occurredAt") && fields.has("finishedAt") {
            fields.wrong::<()>("finishedAt", "and occurredAt say the same thing; give one of them");
        }
        let word = words::status(fields);
        let (occurred_at, finished_at) = (moment::read(fields, "occurredAt"), moment::read(fields, "finishedAt"));
        Self {
            word,
            started_at: moment::read(fields, "startedAt"),
            occurred_at: occurred_at.or(finished_at),
            reason: fields.text("reason"),
            sequence: fields.count("sequence"),
        }
    }
}

/// How a deployment came to its status.
struct Past {
    status: Status,
    occurred_at: Option<Time>,
    entries: Vec<PastEntry>,
    sequence: Option<i64>,
}

/// The history of a line: the entries that it lists, or the way to its one status.
fn history(fields: &mut Fields, told: Told) -> Option<Past> {
    let Some(listed) = fields.value("history") else { return at_once(fields, told) };
    let Value::Array(listed) = listed else {
        return fields.wrong("history", "must be a list of objects with status and occurredAt");
    };
    if listed.is_empty() {
        return at_once(fields, told);
    }
    if listed.len() > IMPORT_ENTRIES {
        return fields.wrong("history", format!("must have at most {IMPORT_ENTRIES} entries, not {}", listed.len()));
    }
    if told.started_at.is_some() {
        return fields.wrong("startedAt", "is for a line without history; put it there as an entry with the status in_progress");
    }
    let entries = listed_entries(fields, listed)?;
    let course = match Course::through(entries) {
        Ok(course) => course,
        Err((at, why)) => return fields.wrong_at(pointer_to("/history", &at.to_string()), why),
    };
    let Some((status, occurred_at)) = course.latest() else {
        return fields.wrong("history", "has no status");
    };
    let told_status = told.word.as_ref().and_then(Word::status);
    if told_status.is_some_and(|told| told != status) {
        return fields.wrong("status", format!("must be the latest status in history, which is {status}; or leave it out"));
    }
    if told.occurred_at.is_some_and(|told| told != occurred_at) {
        let latest = clock::format_exact(&occurred_at);
        return fields.wrong("occurredAt", format!("must be the time of the latest status in history, which is {latest}; or leave it out"));
    }
    Some(Past { status, occurred_at: Some(occurred_at), entries: course.entries(told.reason), sequence: None })
}

/// The way to one status, where only that status is told.
fn at_once(fields: &mut Fields, told: Told) -> Option<Past> {
    let status = match &told.word {
        None => Status::Pending,
        Some(word) => match word.status() {
            Some(status) => status,
            None => return fields.wrong("status", word.hint()),
        },
    };
    let reason = told.reason.or_else(|| told.word.as_ref().and_then(Word::reason));
    let plain = Past { status, occurred_at: told.occurred_at, entries: Vec::new(), sequence: told.sequence };
    let Some(occurred_at) = told.occurred_at.filter(|_| reason.is_some() || told.started_at.is_some()) else { return Some(plain) };
    if status == Status::Pending && told.started_at.is_some() {
        return fields.wrong("startedAt", "is when it entered in_progress, and the status is pending; leave it out, or give the status");
    }
    let entries = course::by_way_of(status, told.started_at.unwrap_or(occurred_at), occurred_at, reason.as_ref(), told.sequence);
    Some(Past { entries, sequence: None, ..plain })
}

/// The entries that a line lists, each with its place in the list.
fn listed_entries(fields: &mut Fields, listed: Vec<Value>) -> Option<Vec<(usize, course::Listed)>> {
    let mut entries = Vec::with_capacity(listed.len());
    let mut is_whole = true;
    for (at, entry) in listed.into_iter().enumerate() {
        let pointer = pointer_to("/history", &at.to_string());
        let Value::Object(entry) = entry else {
            fields.wrong_at::<()>(pointer, "must be an object with status and occurredAt");
            is_whole = false;
            continue;
        };
        match course::Listed::read(Fields::of_import(entry)) {
            Ok(entry) => entries.push((at, entry)),
            Err(faults) => {
                is_whole = false;
                for fault in faults {
                    let inner = fault.pointer.unwrap_or_default();
                    fields.wrong_at::<()>(format!("{pointer}{inner}"), fault.detail);
                }
            }
        }
    }
    is_whole.then_some(entries)
}

#[cfg(test)]
mod tests;
