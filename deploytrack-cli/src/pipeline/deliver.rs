//! Sends the events of one entry, each until the server has acknowledged it.

mod event_request;

use std::io;

use deploytrack_core::{
    client::{Client, Error},
    deployment::Metadata,
};
use serde_json::Value;
use uuid::Uuid;

use self::event_request::EventResult;
use crate::{
    error::is_final,
    pipeline::id_file,
    queue::{Entry, Event, Outcome, PendingOutcome, Refusal, Request, leave},
    text::cut,
};

/// The largest number of characters of a subject.
const MOST_OF_A_SUBJECT: usize = 120;

/// The delivery of one entry. Its events are in memory, and on disk if the disk accepts them: with
/// a disk that is full or read-only, only the later retries are lost.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    entry: Option<Entry>,
    events: Vec<(usize, Event)>,
    next_position: usize,
    deployment: Option<Uuid>,
    /// Whether writing an event to the disk failed.
    is_only_in_memory: bool,
    /// The metadata of the recorded deployment.
    metadata: Metadata,
    /// Whether the process that runs the command sends the entry, and not a later flush.
    is_live: bool,
}

/// The result of a delivery.
#[derive(Debug)]
pub(crate) enum DeliveryResult {
    /// The server has acknowledged every event.
    Complete,
    /// The server could not be asked. The events that are left can be sent later.
    Later(Error),
    /// The server, or the client itself, rejected an event. It stays in the entry, and so do the
    /// events after it.
    Refused(Error),
}

impl Delivery {
    /// The delivery of a new deployment. Without an entry on disk, the events are only in memory.
    pub(crate) fn new(entry: Option<Entry>) -> Self {
        Self {
            entry,
            is_live: true,
            ..Self::default()
        }
    }

    /// The delivery of an entry that an earlier process left behind.
    ///
    /// # Errors
    /// An event cannot be read, or the outcome of the command cannot be added to the entry.
    pub(crate) fn of(entry: Entry) -> io::Result<Self> {
        let events = entry.events()?;
        let next_position = events.last().map_or(0, |(position, _)| position + 1);
        let start = events
            .first()
            .map(|(_, event)| event.clone())
            .or_else(|| entry.acknowledged_start());
        let metadata = start.map(|event| metadata_of(&event)).unwrap_or_default();
        let mut delivery = Self {
            deployment: entry.deployment(),
            events,
            next_position,
            entry: Some(entry),
            metadata,
            ..Self::default()
        };
        delivery.add_missing_outcome()?;
        Ok(delivery)
    }

    /// Adds the outcome that the killed process could not add: the keeper stored it, or the command
    /// is gone.
    fn add_missing_outcome(&mut self) -> io::Result<()> {
        let Some(entry) = self.entry.as_ref().filter(|_| self.is_unfinished()) else {
            return Ok(());
        };
        // A command without an outcome that no longer runs was killed together with its keeper, as
        // when a job is cancelled.
        let lost = || (!entry.command_may_run()).then(|| Outcome::unknown(1));
        if let (Some(PendingOutcome { server, key }), Some(outcome)) =
            (entry.pending_outcome(), entry.outcome().or_else(lost))
        {
            let body = self.outcome_body(&outcome);
            self.add(Event {
                server,
                key,
                request: Request::Update { body },
            })?;
            self.mark_finished();
        }
        Ok(())
    }

    /// The request body for the outcome of a command. The output tail is cut to what fits beside
    /// the metadata of the start.
    pub(crate) fn outcome_body(&self, outcome: &Outcome) -> Value {
        outcome.fitting(&self.metadata).change().to_body()
    }

    /// Whether all events are on disk, so that a later process can send them.
    pub(crate) const fn is_on_disk(&self) -> bool {
        self.entry.is_some() && !self.is_only_in_memory
    }

    /// Whether the next event is for another server. An event of a call without usable settings is
    /// for any server.
    pub(crate) fn is_for_another_server(&self, url: &str) -> bool {
        self.events
            .first()
            .is_some_and(|(_, event)| !event.server.is_empty() && event.server != url)
    }

    /// The result of a delivery that this error stops. A refusal is stored with the next event, which
    /// stays in the entry.
    pub(crate) fn stopped_by(&self, error: Error) -> DeliveryResult {
        if let (Some(entry), Some(refusal)) = (&self.entry, Refusal::of(&error)) {
            // A disk that does not accept the refusal did not accept the event either.
            drop(entry.refuse(&refusal));
        }
        if is_final(&error) {
            DeliveryResult::Refused(error)
        } else {
            DeliveryResult::Later(error)
        }
    }

    /// Whether the process that reported the deployment ended before the outcome was known.
    pub(crate) fn is_unfinished(&self) -> bool {
        let has_update = self
            .events
            .iter()
            .any(|(_, event)| matches!(event.request, Request::Update { .. }));
        !has_update && self.entry.as_ref().is_some_and(Entry::is_unfinished)
    }

    /// The entry on disk.
    pub(crate) const fn entry(&self) -> Option<&Entry> {
        self.entry.as_ref()
    }

    /// The id of the deployment, after the server has assigned it.
    pub(crate) const fn deployment(&self) -> Option<Uuid> {
        self.deployment
    }

    /// The deployment in a few words: `api v1 in production`, or the id of the deployment that the
    /// entry changes.
    pub(crate) fn subject(&self) -> String {
        match self.start() {
            Some(event) if !matches!(event.request, Request::Update { .. }) => {
                let body = event.request.body();
                let component = text(body, &["component", "componentId"]);
                let environment = text(body, &["environment", "environmentId"]);
                let version = text(body, &["version"]);
                cut(
                    &format!("{component} {version} in {environment}"),
                    MOST_OF_A_SUBJECT,
                )
            }
            _ => self
                .deployment
                .map_or_else(String::new, |id| format!("deployment {id}")),
        }
    }

    fn start(&self) -> Option<Event> {
        self.entry
            .as_ref()
            .and_then(Entry::acknowledged_start)
            .or_else(|| self.events.first().map(|(_, event)| event.clone()))
    }

    /// The next request in full, for a message.
    pub(crate) fn described(&self) -> String {
        let body = self
            .events
            .first()
            .map(|(_, event)| event.request.body().to_string());
        let of_deployment = self
            .deployment
            .map(|id| format!(" of deployment {id}"))
            .unwrap_or_default();
        format!("{}{of_deployment}", body.unwrap_or_default())
    }

    /// Adds an event, on disk first.
    ///
    /// # Errors
    /// The disk did not accept the event. The delivery continues in memory.
    pub(crate) fn add(&mut self, event: Event) -> Result<(), io::Error> {
        if self.next_position == 0 {
            self.metadata = metadata_of(&event);
        }
        let position = self.next_position;
        self.next_position += 1;
        let stored = self
            .entry
            .as_ref()
            .map_or(Ok(()), |entry| entry.store_event(position, &event));
        self.events.push((position, event));
        self.is_only_in_memory |= stored.is_err();
        stored
    }

    /// Marks that the outcome is not known yet.
    pub(crate) fn mark_unfinished(&self, pending: &PendingOutcome) {
        // Only a process that finds the entry after a crash reads the mark. Without it, the entry
        // has no outcome to add.
        drop(
            self.entry
                .as_ref()
                .map(|entry| entry.mark_unfinished(pending)),
        );
    }

    /// Marks that the outcome is among the events.
    pub(crate) fn mark_finished(&self) {
        drop(self.entry.as_ref().map(Entry::mark_finished));
    }

    /// Sends the events in order, and removes each one after the server has acknowledged it.
    pub(crate) async fn deliver(&mut self, client: &Client) -> DeliveryResult {
        while let Some((position, event)) = self.events.first().cloned() {
            match self.send_event(client, &event).await {
                Ok(EventResult::Acknowledged(id)) => self.acknowledge(position, id),
                Ok(EventResult::ReplacedBy(event)) => self.replace(position, &event),
                Err(error) => return self.stopped_by(error),
            }
        }
        DeliveryResult::Complete
    }

    /// Replaces an event, on disk too: if the next answer of the server is lost, the decision must
    /// not be made again.
    fn replace(&mut self, position: usize, replacement: &Event) {
        self.is_only_in_memory |= self
            .entry
            .as_ref()
            .is_some_and(|entry| entry.store_event(position, replacement).is_err());
        for (other, event) in &mut self.events {
            if *other == position {
                event.clone_from(replacement);
            }
        }
    }

    fn acknowledge(&mut self, position: usize, id: Uuid) {
        if let Some(entry) = &self.entry {
            // The id is stored before the event is removed: an event can be sent again and gets the
            // same answer, a lost id cannot be found again.
            let stored = entry.store_deployment(id);
            if let (Some(path), Ok(name)) = (entry.id_file(), Uuid::try_parse(&entry.name())) {
                id_file::resolve(&path, name, id);
            }
            // An event that stays on disk is sent again under its key, and gets the same answer.
            drop(stored.and_then(|()| entry.remove_event(position)));
        }
        self.deployment = Some(id);
        self.events.retain(|(other, _)| *other != position);
    }

    /// Adds the seals of keys that the first requests of a job have brought.
    pub(crate) fn add_seals(&self) {
        self.entry.iter().for_each(Entry::add_seals);
    }

    /// Ends the delivery: removes the entry if no event is left, and otherwise leaves it to the
    /// next call.
    pub(crate) fn end(self) {
        let Some(entry) = self.entry else { return };
        if self.events.is_empty() {
            // An entry that cannot be removed is found again, and its events are sent again under
            // their keys.
            drop(entry.remove());
        } else {
            leave(entry.folder());
        }
    }
}

fn text(body: &Value, keys: &[&str]) -> String {
    keys.iter()
        .find_map(|key| body.get(key)?.as_str())
        .unwrap_or_default()
        .to_owned()
}

fn metadata_of(event: &Event) -> Metadata {
    let map = event
        .request
        .body()
        .get("metadata")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    Metadata::new(map).unwrap_or_default()
}
