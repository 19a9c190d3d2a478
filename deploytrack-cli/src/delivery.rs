//! Telling a server what a run has to say, event by event, each until it is acknowledged.

use std::io;

use chrono::TimeDelta;
use deploytrack_core::{
    api::FromBody,
    client::{Client, Error},
    clock::{Clock as _, SystemClock},
    deployment::{Change, Metadata, NewDeployment},
    error::Fault,
};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    again::{self, Start},
    child::Outcome,
    id_file, lookup,
    spool::{self, Ask, Event, Refusal, Run, ToTell},
    text::cut,
    wording,
};

/// Every server keeps its idempotency keys for this long, unless its operator has other plans; the default is a day.
const KEYS_ARE_KEPT: TimeDelta = TimeDelta::hours(1);

/// The most of a subject that a line repeats.
const MOST_OF_A_SUBJECT: usize = 120;

/// A run as it is told: its events in memory, and on disk where there is room for them. A disk that is full or read-only
/// takes away nothing but the second try.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    run: Option<Run>,
    events: Vec<(usize, Event)>,
    next: usize,
    deployment: Option<Uuid>,
    /// Whether the disk did not take an event.
    in_memory_alone: bool,
    /// The metadata that the record has.
    metadata: Metadata,
    /// Whether the process that runs the command sends it, and not a later flush.
    is_live: bool,
}

/// The result of sending one event.
#[derive(Debug)]
enum Sending {
    /// The server has acknowledged it, for this deployment.
    Done(Uuid),
    /// This event is to be sent in its place.
    Instead(Box<Event>),
}

impl Event {
    /// Another request for the same server, under a key of its own.
    fn instead(&self, ask: Ask) -> Result<Sending, Error> {
        Ok(Sending::Instead(Box::new(Self { key: again::own_key()?, ask, ..self.clone() })))
    }
}

/// How far a delivery came.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// Everything is acknowledged.
    All,
    /// The server could not be asked; what is left may be sent later.
    Later(Error),
    /// An event was rejected, by the server or before it could be sent; it is left, and so is the rest of the run.
    Refused(Error),
}

impl Telling {
    /// A run that begins; without a place on disk it is told from memory alone.
    pub(crate) fn new(run: Option<Run>) -> Self {
        Self { run, is_live: true, ..Self::default() }
    }

    /// A run that was left behind.
    pub(crate) fn of(run: Run) -> io::Result<Self> {
        let events = run.events()?;
        let next = events.last().map_or(0, |(step, _)| step + 1);
        let first = events.first().map(|(_, event)| event.clone()).or_else(|| run.told());
        let metadata = first.map(|event| metadata_of(&event)).unwrap_or_default();
        let mut telling = Self { deployment: run.deployment(), events, next, run: Some(run), metadata, ..Self::default() };
        telling.add_kept_outcome()?;
        Ok(telling)
    }

    /// What the keeper saw is told as the process would have told it that was killed.
    fn add_kept_outcome(&mut self) -> io::Result<()> {
        let Some(run) = self.run.as_ref().filter(|_| self.is_unfinished()) else { return Ok(()) };
        // What is gone without a word was killed with all that watched it, as when a job is called off.
        let gone = || run.running().is_none_or(|running| !running.is_alive()).then(|| Outcome::unknown(1));
        if let (Some(ToTell { server, key }), Some(outcome)) = (run.unfinished(), run.outcome().or_else(gone)) {
            let body = self.body_of(&outcome);
            self.add(Event { server, key, ask: Ask::Update { body } })?;
            self.mark_finished();
        }
        Ok(())
    }

    /// The body that tells how a command ended. Its last lines are cut to what fits beside the metadata of the start.
    pub(crate) fn body_of(&self, outcome: &Outcome) -> Value {
        outcome.fitting(&self.metadata).change().to_body()
    }

    /// Whether it would outlive this process.
    pub(crate) const fn is_kept(&self) -> bool {
        self.run.is_some() && !self.in_memory_alone
    }

    /// Whether its next event is for another server than this one. An event of a call that did not know its server is for
    /// any.
    pub(crate) fn is_for_another_server(&self, url: &str) -> bool {
        self.events.first().is_some_and(|(_, event)| !event.server.is_empty() && event.server != url)
    }

    /// Rejects the next event: it stays, with the reason.
    pub(crate) fn refuse(&self, error: Error) -> Delivered {
        if let (Some(run), Some(refusal)) = (&self.run, Refusal::of(&error)) {
            // On a disk that takes nothing, the event is not there either.
            drop(run.refuse(&refusal));
        }
        if is_final(&error) { Delivered::Refused(error) } else { Delivered::Later(error) }
    }

    /// Whether the process that told it ended before the outcome was known.
    pub(crate) fn is_unfinished(&self) -> bool {
        let told = self.events.iter().any(|(_, event)| matches!(event.ask, Ask::Update { .. }));
        !told && self.run.as_ref().is_some_and(Run::is_unfinished)
    }

    /// Where it is kept.
    pub(crate) const fn run(&self) -> Option<&Run> {
        self.run.as_ref()
    }

    /// The deployment, once it is known.
    pub(crate) const fn deployment(&self) -> Option<Uuid> {
        self.deployment
    }

    /// What the run records: `api v1 in production`, or the deployment that it changes.
    pub(crate) fn subject(&self) -> String {
        match self.first() {
            Some(event) if !matches!(event.ask, Ask::Update { .. }) => {
                let [component, environment] = cell_of(&event);
                let version = text(event.ask.body(), &["version"]);
                cut(&format!("{component} {version} in {environment}"), MOST_OF_A_SUBJECT)
            }
            _ => self.deployment.map_or_else(String::new, |id| format!("deployment {id}")),
        }
    }

    fn first(&self) -> Option<Event> {
        self.run.as_ref().and_then(Run::told).or_else(|| self.events.first().map(|(_, event)| event.clone()))
    }

    /// What it is about, for a message.
    pub(crate) fn described(&self) -> String {
        let body = self.events.first().map(|(_, event)| event.ask.body().to_string());
        let of = self.deployment.map(|id| format!(" of deployment {id}")).unwrap_or_default();
        format!("{}{of}", body.unwrap_or_default())
    }

    /// Adds an event, on disk first. When the disk does not take it, the run goes on in memory, and the reason is given.
    pub(crate) fn add(&mut self, event: Event) -> Result<(), io::Error> {
        if self.next == 0 {
            self.metadata = metadata_of(&event);
        }
        let step = self.next;
        self.next += 1;
        let kept = self.run.as_ref().map_or(Ok(()), |run| run.keep(step, &event));
        self.events.push((step, event));
        self.in_memory_alone |= kept.is_err();
        kept
    }

    /// Marks that the outcome is still to come, and how it is to be told.
    pub(crate) fn mark_unfinished(&self, to_tell: &ToTell) {
        // Only who finds the run after a crash reads the mark; without it the run is what its events say.
        drop(self.run.as_ref().map(|run| run.mark_unfinished(to_tell)));
    }

    /// Marks that the outcome is among the events.
    pub(crate) fn mark_finished(&self) {
        drop(self.run.as_ref().map(Run::mark_finished));
    }

    /// Sends every event in order, and forgets each one that is acknowledged.
    pub(crate) async fn deliver(&mut self, client: &Client) -> Delivered {
        while let Some((step, event)) = self.events.first().cloned() {
            match self.send(client, &event).await {
                Ok(Sending::Done(id)) => self.acknowledged(step, id),
                Ok(Sending::Instead(event)) => self.replace(step, &event),
                Err(error) => return self.refuse(error),
            }
        }
        Delivered::All
    }

    async fn send(&self, client: &Client, event: &Event) -> Result<Sending, Error> {
        match &event.ask {
            Ask::Record { body, register, again } => {
                let new = NewDeployment { register: *register, ..read(body)? };
                if let Some(id) = self.recorded_long_ago(client, &new).await? {
                    return Ok(Sending::Done(id));
                }
                let client = &client.not_before(new.occurred_at);
                if *again {
                    return self.begin(client, event, &new).await;
                }
                Ok(Sending::Done(lookup::record(&client.under(event.key.clone()), &new).await?.value.id))
            }
            Ask::Resume { body, register, deployment } => {
                let new = NewDeployment { register: *register, ..read(body)? };
                let client = &client.not_before(new.occurred_at);
                if again::resume(client, &event.key, &new, *deployment).await? {
                    return Ok(Sending::Done(*deployment));
                }
                event.instead(event.ask.clone().recording())
            }
            Ask::Update { body } => {
                let change: Change = read(body)?;
                let id = self.deployment.ok_or_else(|| Error::Setup("its deployment was never recorded".to_owned()))?;
                Ok(Sending::Done(client.under(event.key.clone()).not_before(change.occurred_at).update(id, &change).await?.value.id))
            }
        }
    }

    /// Sends the start of a step that may be a repetition.
    async fn begin(&self, client: &Client, event: &Event, new: &NewDeployment) -> Result<Sending, Error> {
        // Once the outcome is queued too, the command has run.
        let is_live = self.is_live && self.events.len() == 1;
        match again::begin(client, &event.key, new, is_live).await? {
            Start::Recorded(id) => Ok(Sending::Done(id)),
            Start::Resumes(id) => event.instead(event.ask.clone().resuming(id)),
            Start::Separate => event.instead(event.ask.clone().recording()),
        }
    }

    /// Replaces an event, on disk too: a decision must not be made again when the answer of the server is lost.
    fn replace(&mut self, step: usize, event: &Event) {
        self.in_memory_alone |= self.run.as_ref().is_some_and(|run| run.keep(step, event).is_err());
        for (known, kept) in &mut self.events {
            if *known == step {
                kept.clone_from(event);
            }
        }
    }

    /// What an earlier try recorded whose answer was lost so long ago that the server may have forgotten its key.
    async fn recorded_long_ago(&self, client: &Client, new: &NewDeployment) -> Result<Option<Uuid>, Error> {
        let begun = self.run.as_ref().and_then(Run::begun);
        match (begun, new.occurred_at) {
            (Some(begun), Some(at)) if SystemClock.now() - begun > KEYS_ARE_KEPT => {
                let named = lookup::by_name(client, new).await?;
                again::recorded(client, named.as_ref().unwrap_or(new), at).await
            }
            _ => Ok(None),
        }
    }

    fn acknowledged(&mut self, step: usize, id: Uuid) {
        if let Some(run) = &self.run {
            // The id first: an event that is sent once more has the same answer, an id that is lost has no second.
            let kept = run.keep_deployment(id);
            if let (Some(path), Ok(name)) = (run.id_file(), Uuid::try_parse(&run.name())) {
                id_file::resolve(&path, name, id);
            }
            let forgotten = kept.and_then(|()| run.forget(step));
            // What stays on disk is sent once more under its key, and answered as before.
            drop(forgotten);
        }
        self.deployment = Some(id);
        self.events.retain(|(known, _)| *known != step);
    }

    /// Ends the run: removes it from the disk when no event is left, and otherwise leaves it to the next call.
    pub(crate) fn end(self) {
        if let Some(run) = self.run.as_ref().filter(|_| !self.events.is_empty()) {
            spool::leave(run.folder());
        }
        if let Some(run) = self.run.filter(|_| self.events.is_empty()) {
            // What cannot be removed is found again, and sent again under its keys.
            drop(run.remove());
        }
    }
}

/// Whether no retry can mend it. A token can be mended; an answer without a code is that of a proxy, which says nothing
/// about what the server behind it would say, unless the body is too large for it: that stays so.
pub(crate) fn is_final(error: &Error) -> bool {
    match error {
        Error::Setup(_) => true,
        Error::Refused(problem) if problem.status == 413 => true,
        Error::Refused(problem) => !matches!(problem.code.as_str(), "" | "request_in_progress" | "request_timeout"),
        Error::Unauthorised(_) | Error::Server(_) | Error::Unreachable { .. } | Error::Timeout { .. } | Error::Unreadable(_) => false,
    }
}

/// The component and the environment of a record, by name or id.
fn cell_of(event: &Event) -> [String; 2] {
    let body = event.ask.body();
    [text(body, &["component", "componentId"]), text(body, &["environment", "environmentId"])]
}

fn text(body: &Value, keys: &[&str]) -> String {
    keys.iter().find_map(|key| body.get(key)?.as_str()).unwrap_or_default().to_owned()
}

fn metadata_of(event: &Event) -> Metadata {
    let map = event.ask.body().get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    Metadata::new(map).unwrap_or_default()
}

fn read<T: FromBody>(body: &Value) -> Result<T, Error> {
    let Value::Object(body) = body.clone() else { return Err(Error::Setup("the event cannot be read".to_owned())) };
    T::from_body(body).map_err(|faults| Error::Setup(sentence(&faults)))
}

fn sentence(faults: &[Fault]) -> String {
    faults.iter().map(wording::sentence).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use deploytrack_core::api::Problem;

    use super::*;

    #[test]
    fn only_what_the_server_itself_refuses_for_good_is_final() {
        let refused = |code: &str| Error::Refused(Box::new(Problem { code: code.to_owned(), ..Problem::default() }));
        for code in ["near_miss", "invalid_request", "not_found", "idempotency_key_reused", "invalid_transition"] {
            assert!(is_final(&refused(code)), "{code}");
        }
        for code in ["", "request_in_progress", "request_timeout"] {
            assert!(!is_final(&refused(code)), "{code}");
        }
        assert!(!is_final(&Error::Unauthorised(Box::default())) && !is_final(&Error::Server(Box::default())));
    }
}
