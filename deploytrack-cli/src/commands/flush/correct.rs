//! `deploytrack flush --set`: refused records under other names.

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
    session::Session,
    spool::{Ask, Event, Run, Spool},
};

/// A field of a record, and what it is to be.
#[derive(Clone, Debug)]
pub(crate) struct Correction {
    /// As it was typed, for messages.
    name: String,
    /// The fields of the body that carry it; the first gets the value.
    fields: Vec<&'static str>,
    /// Null removes it.
    value: Value,
}

/// Reads FIELD=VALUE.
pub(super) fn correction(text: &str) -> Result<Correction, String> {
    let (name, value) = text.split_once('=').ok_or("must be FIELD=VALUE")?;
    let (name, value) = (name.trim(), value.trim());
    let checked = |checked: Result<(), deploytrack_core::text::BadText>| checked.map_err(|why| format!("{name} {why}"));
    let referred = |fields: [&'static str; 2]| -> Result<Vec<&'static str>, String> {
        let [id, of_name] = fields;
        match value.parse::<Reference>().map_err(|why| format!("{name} {why}"))? {
            Reference::Id(_) => Ok(vec![id, of_name]),
            Reference::Name(_) => Ok(vec![of_name, id]),
        }
    };
    let fields = match name {
        "component" => referred(["componentId", "component"])?,
        "environment" => referred(["environmentId", "environment"])?,
        "version" => checked(Version::new(value).map(drop)).map(|()| vec!["version"])?,
        "deployedBy" | "commitSha" | "description" | "occurredAt" if value.is_empty() => vec![optional(name)],
        "deployedBy" => checked(Label::new(value).map(drop)).map(|()| vec!["deployedBy"])?,
        "commitSha" => checked(CommitSha::new(value).map(drop)).map(|()| vec!["commitSha"])?,
        "description" => checked(Description::new(value).map(drop)).map(|()| vec!["description"])?,
        "occurredAt" => clock::parse(value).map(|_| vec!["occurredAt"]).map_err(|why| format!("{name} {why}"))?,
        _ => return Err("can set component, environment, version, deployedBy, commitSha, description and occurredAt".to_owned()),
    };
    let value = if value.is_empty() { Value::Null } else { Value::from(value) };
    Ok(Correction { name: name.to_owned(), fields, value })
}

fn optional(name: &str) -> &'static str {
    ["deployedBy", "commitSha", "description"].into_iter().find(|field| *field == name).unwrap_or("occurredAt")
}

impl Correction {
    /// What a body says there now.
    fn present(&self, body: &Value) -> Option<String> {
        let value = self.fields.iter().find_map(|field| body.get(field))?;
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
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
    run: Run,
    step: usize,
    event: Event,
}

impl Candidate {
    /// None when the run has nothing to correct: it was not refused, or its record was taken.
    fn of(run: Run) -> Option<Self> {
        run.refusal()?;
        let (step, event) = run.events().ok()?.into_iter().next()?;
        // A corrected start is of something else than the deployment that it was to go on with.
        let event = Event { ask: event.ask.recording(), ..event };
        matches!(event.ask, Ask::Record { .. }).then_some(Self { run, step, event })
    }

    fn body(&self) -> &Value {
        self.event.ask.body()
    }

    /// Writes the record as it should be. It is another request now, and so it has another key.
    fn correct(mut self, corrections: &[Correction], register: bool) -> Result<(), Failure> {
        let Ask::Record { body, register: registers, .. } = &mut self.event.ask else { return Ok(()) };
        let before = (body.clone(), *registers);
        for correction in corrections {
            correction.apply(body);
        }
        *registers |= register;
        if before == (body.clone(), *registers) {
            return Ok(());
        }
        let digest = Digest::of(format!("{}\n{body}\n{registers}", self.event.key).as_bytes());
        self.event.key = IdempotencyKey::new(format!("{digest}-set")).map_err(|why| Failure::usage(why.to_string()))?;
        self.run.keep(self.step, &self.event).map_err(Failure::of_spool)
    }
}

/// Corrects the run of this name, or all refused records where these agree in what is corrected.
pub(super) fn correct(run: Option<&str>, corrections: &[Correction], register: bool, session: &Session<'_>) -> Result<(), Failure> {
    let Some(spool) = &session.spool else { return Ok(()) };
    let candidates = match run {
        Some(run) => vec![named(run, spool)?],
        None => all(spool, session.client.url())?,
    };
    for correction in corrections {
        agree(correction, &candidates)?;
    }
    candidates.into_iter().try_for_each(|candidate| candidate.correct(corrections, register))
}

fn named(name: &str, spool: &Spool) -> Result<Candidate, Failure> {
    let run = spool.take_over(name).map_err(Failure::of_spool)?.ok_or_else(|| super::super::spool::missing(name))?;
    Candidate::of(run).ok_or_else(|| {
        Failure::new(Exit::Refused, format!("run {name} has no refused record that could be corrected"))
            .hint("a run that waits, and an outcome that was refused, are sent as they are: `deploytrack flush` without --set")
    })
}

/// Records of this server that were refused for what is in them.
fn all(spool: &Spool, server: &str) -> Result<Vec<Candidate>, Failure> {
    let names = spool.names().map_err(Failure::of_spool)?;
    let runs = names.iter().filter(|name| spool.refusal(name).is_some_and(|refusal| !refusal.is_of_the_token()));
    let found: Vec<_> = runs
        .filter_map(|name| Candidate::of(spool.take_over(name).ok()??))
        .filter(|candidate| candidate.event.server.is_empty() || candidate.event.server == server)
        .collect();
    if found.is_empty() {
        return Err(Failure::new(Exit::Refused, "the spool has no refused record for this server")
            .hint("`deploytrack spool list` shows what there is, and for which server"));
    }
    Ok(found)
}

/// One value for records that differ there would make some of them wrong.
fn agree(correction: &Correction, candidates: &[Candidate]) -> Result<(), Failure> {
    let present = candidates.iter().map(|candidate| correction.present(candidate.body()).unwrap_or_default());
    let mut present: Vec<_> = present.filter(|present| correction.value != present.as_str()).collect();
    present.sort_unstable();
    present.dedup();
    if present.len() < 2 {
        return Ok(());
    }
    let message = format!("the refused records differ in {}: {}", correction.name, present.join(", "));
    Err(Failure::usage(message).hint("name the run: `deploytrack flush RUN --set ...`; `deploytrack spool list` shows them"))
}
