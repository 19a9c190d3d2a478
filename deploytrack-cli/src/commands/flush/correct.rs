//! `deploytrack flush --set`: corrects refused records.

use deploytrack_core::{
    catalog::Reference,
    clock,
    digest::Digest,
    text::{CommitSha, Description, IdempotencyKey, Label, Version},
};
use serde_json::Value;

use crate::{
    error::Failure,
    exit::Exit,
    queue::{Entry, Event, Request, Spool},
    session::Session,
    time_arg,
};

/// A field of a record, and its new value.
#[derive(Clone, Debug)]
pub(crate) struct Correction {
    /// The field as it was typed, for messages.
    name: String,
    /// The members of the body for this field. The first one gets the value, the others are
    /// removed.
    fields: Vec<&'static str>,
    /// The new value; null removes the field.
    value: Value,
}

/// Reads FIELD=VALUE.
pub(super) fn correction(text: &str) -> Result<Correction, String> {
    let (name, value) = text.split_once('=').ok_or("must be FIELD=VALUE")?;
    let (name, value) = (name.trim(), value.trim());
    let checked = |checked: Result<(), deploytrack_core::text::Invalid>| {
        checked.map_err(|why| format!("{name} {why}"))
    };
    let reference =
        |id: &'static str, by_name: &'static str| -> Result<Vec<&'static str>, String> {
            match value
                .parse::<Reference>()
                .map_err(|why| format!("{name} {why}"))?
            {
                Reference::Id(_) => Ok(vec![id, by_name]),
                Reference::Name(_) => Ok(vec![by_name, id]),
            }
        };
    let fields = match name {
        "component" => reference("componentId", "component")?,
        "environment" => reference("environmentId", "environment")?,
        "version" => checked(Version::new(value).map(drop)).map(|()| vec!["version"])?,
        "deployedBy" | "commitSha" | "description" | "occurredAt" if value.is_empty() => vec![optional(name)],
        "deployedBy" => checked(Label::new(value).map(drop)).map(|()| vec!["deployedBy"])?,
        "commitSha" => checked(CommitSha::new(value).map(drop)).map(|()| vec!["commitSha"])?,
        "description" => checked(Description::new(value).map(drop)).map(|()| vec!["description"])?,
        "occurredAt" => return occurred_at(value).map_err(|why| format!("{name} {why}")),
        _ => return Err("can set component, environment, version, deployedBy, commitSha, description and occurredAt".to_owned()),
    };
    let value = if value.is_empty() {
        Value::Null
    } else {
        Value::from(value)
    };
    Ok(Correction {
        name: name.to_owned(),
        fields,
        value,
    })
}

/// The correction of the time: an age is counted back from now.
fn occurred_at(value: &str) -> Result<Correction, String> {
    let time = time_arg::parse(value)?;
    Ok(Correction {
        name: "occurredAt".to_owned(),
        fields: vec!["occurredAt"],
        value: Value::from(clock::format_exact(&time)),
    })
}

fn optional(name: &str) -> &'static str {
    ["deployedBy", "commitSha", "description"]
        .into_iter()
        .find(|field| *field == name)
        .unwrap_or("occurredAt")
}

impl Correction {
    /// The present value of the field.
    fn present_value(&self, body: &Value) -> Option<String> {
        let value = self.fields.iter().find_map(|field| body.get(field))?;
        Some(
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        )
    }

    fn apply(&self, body: &mut Value) {
        let Value::Object(body) = body else { return };
        for field in &self.fields {
            body.remove(*field);
        }
        if let (Some(field), false) = (self.fields.first(), self.value.is_null()) {
            body.insert((*field).to_owned(), self.value.clone());
        }
    }
}

/// A refused record that can be corrected.
struct Candidate {
    entry: Entry,
    position: usize,
    event: Event,
}

impl Candidate {
    /// None if the entry was not refused, or its record was accepted.
    fn of(entry: Entry) -> Option<Self> {
        entry.refusal()?;
        let (position, event) = entry.events().ok()?.into_iter().next()?;
        // A corrected start is another deployment than the one that it should have resumed.
        let event = Event {
            request: event.request.into_record(),
            ..event
        };
        matches!(event.request, Request::Record { .. }).then_some(Self {
            entry,
            position,
            event,
        })
    }

    fn body(&self) -> &Value {
        self.event.request.body()
    }

    /// Stores the corrected record. It is another request, so it gets another idempotency key.
    fn correct(mut self, corrections: &[Correction], register: bool) -> Result<(), Failure> {
        let Request::Record {
            body,
            register: registers,
            ..
        } = &mut self.event.request
        else {
            return Ok(());
        };
        let before = (body.clone(), *registers);
        for correction in corrections {
            correction.apply(body);
        }
        *registers |= register;
        if before == (body.clone(), *registers) {
            return Ok(());
        }
        let digest = Digest::of(format!("{}\n{body}\n{registers}", self.event.key).as_bytes());
        self.event.key = IdempotencyKey::new(format!("{digest}-set"))
            .map_err(|why| Failure::usage(why.to_string()))?;
        self.entry
            .store_event(self.position, &self.event)
            .map_err(Failure::of_spool)
    }
}

/// Corrects the entry of this name, or all refused records if they have the same values in the
/// corrected fields.
pub(super) fn correct(
    entry: Option<&str>,
    corrections: &[Correction],
    register: bool,
    session: &Session<'_>,
) -> Result<(), Failure> {
    let Some(spool) = &session.spool else {
        return Ok(());
    };
    let candidates = match entry {
        Some(entry) => vec![candidate(entry, spool)?],
        None => candidates(spool, session.client.url())?,
    };
    for correction in corrections {
        check_same_value(correction, &candidates)?;
    }
    candidates
        .into_iter()
        .try_for_each(|candidate| candidate.correct(corrections, register))
}

fn candidate(name: &str, spool: &Spool) -> Result<Candidate, Failure> {
    let entry = spool
        .open(name)
        .map_err(Failure::of_spool)?
        .ok_or_else(|| super::super::spool::missing(name))?;
    Candidate::of(entry).ok_or_else(|| {
        Failure::new(Exit::Refused, format!("entry {name} has no refused record to correct"))
            .hint("`deploytrack flush` without --set sends waiting entries and refused outcomes unchanged")
    })
}

/// The refused records for this server. Records of which only the token was refused are left out.
fn candidates(spool: &Spool, server: &str) -> Result<Vec<Candidate>, Failure> {
    let names = spool.names().map_err(Failure::of_spool)?;
    let refused = names.iter().filter(|name| {
        spool
            .refusal(name)
            .is_some_and(|refusal| !refusal.is_about_the_token())
    });
    let found: Vec<_> = refused
        .filter_map(|name| Candidate::of(spool.open(name).ok()??))
        .filter(|candidate| candidate.event.server.is_empty() || candidate.event.server == server)
        .collect();
    if found.is_empty() {
        return Err(Failure::new(
            Exit::Refused,
            "the spool has no refused record for this server",
        )
        .hint("`deploytrack spool list` shows the entries and their servers"));
    }
    Ok(found)
}

/// Rejects a correction of records with different values: one value would make some of them wrong.
fn check_same_value(correction: &Correction, candidates: &[Candidate]) -> Result<(), Failure> {
    let present = candidates.iter().map(|candidate| {
        correction
            .present_value(candidate.body())
            .unwrap_or_default()
    });
    let mut present: Vec<_> = present
        .filter(|present| correction.value != present.as_str())
        .collect();
    present.sort_unstable();
    present.dedup();
    if present.len() < 2 {
        return Ok(());
    }
    let message = format!(
        "the refused records differ in {}: {}",
        correction.name,
        present.join(", ")
    );
    Err(Failure::usage(message).hint("correct one entry: `deploytrack flush ENTRY --set ...`; `deploytrack spool list` shows the entries"))
}
