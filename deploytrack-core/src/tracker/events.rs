//! Sending events to readers as they happen.
//!
//! Readers wait until the number of the last event grows. A commit of this program wakes them. For
//! commits of other programs on the same database, one query every tenth of a second serves all
//! readers; without readers no query is made. LISTEN on PostgreSQL would save a part of that tenth,
//! and cost a connection and the code for a lost one.
//!
//! The newest events are cached once for all readers: a hundred readers that are up to date cost
//! one query for each batch. Numbers have no gaps, so a lookup by position is exact. A reader that
//! is further behind reads pages from the database. A reader has one page at a time, and requests
//! the next one after it has passed on the last.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{sync::watch, time::sleep};
use uuid::Uuid;

use super::Tracker;
use crate::{
    catalog::{CatalogKind, Component, Environment},
    clock::Time,
    error::{Error, Fault},
    event::{Event, EventType},
    store::{EventSource, NewEvent, Write},
    text::{Label, Name},
};

/// The interval between two queries for events of other programs: the longest delay of such an
/// event, plus the query.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How many of the newest events are cached for all readers.
const CACHED: usize = 1024;
/// The most events in a page: with the longest names and reasons they have half a megabyte.
const PAGE: usize = 64;

/// The newest events, consecutive and without gaps.
#[derive(Debug, Default)]
pub(super) struct EventCache {
    events: Mutex<VecDeque<Arc<Event>>>,
    /// Held while a task reads the next events from the database; other tasks wait for its result.
    loading: tokio::sync::Mutex<()>,
    /// Whether a task polls the database for events of other programs.
    is_polling: AtomicBool,
}

impl EventCache {
    fn events(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Event>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page after this number, if it is cached.
    fn page(&self, after: i64) -> Option<Vec<Arc<Event>>> {
        let events = self.events();
        let skip = usize::try_from(after + 1 - events.front()?.id).ok()?;
        let page: Vec<_> = events.iter().skip(skip).take(PAGE).cloned().collect();
        (!page.is_empty()).then_some(page)
    }

    /// Whether a page after this number belongs at the end of the cache.
    fn follows(&self, after: i64) -> bool {
        self.events().back().is_none_or(|last| last.id <= after)
    }

    fn add(&self, page: &[Arc<Event>]) {
        let mut events = self.events();
        if events
            .back()
            .is_some_and(|last| page.first().is_some_and(|first| first.id != last.id + 1))
        {
            events.clear();
        }
        events.extend(page.iter().cloned());
        let surplus = events.len().saturating_sub(CACHED);
        events.drain(..surplus);
    }
}

/// A reader of events. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Events {
    tracker: Tracker,
    last: watch::Receiver<i64>,
    position: i64,
}

impl Events {
    /// The number of the last event that was returned; before the first, the number after which
    /// events are returned.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// Waits for events and returns the next ones, in their order, 64 at most. Cancel safe: no
    /// event is lost if the future is dropped.
    ///
    /// # Errors
    /// Errors of the database. The next call continues from the same position.
    pub async fn next(&mut self) -> Result<Vec<Arc<Event>>, Error> {
        loop {
            let last = *self.last.borrow_and_update();
            if last > self.position {
                let page = self.tracker.page_of_events(self.position).await?;
                if let Some(event) = page.last() {
                    self.position = event.id;
                    return Ok(page);
                }
            }
            self.last
                .changed()
                .await
                .map_err(|closed| Error::Internal(closed.into()))?;
        }
    }
}

impl Tracker {
    /// Begins to read events: those after the number `after`, or only new ones.
    ///
    /// # Errors
    /// [`Error::Invalid`] for the parameter `after` if there is no such event yet; errors of the
    /// database.
    pub async fn events(&self, after: Option<i64>) -> Result<Events, Error> {
        let reader = self.store.watch_events();
        let last = self.store.last_event().await?;
        self.store.note_last_event(last);
        if after.is_some_and(|after| !(0..=last).contains(&after)) {
            return Err(Error::fault(Fault::parameter(
                "after",
                format!("must be the number of an event, from 0 to {last}, the last one"),
            )));
        }
        self.poll_for_other_writers();
        Ok(Events {
            tracker: self.clone(),
            last: reader,
            position: after.unwrap_or(last),
        })
    }

    async fn page_of_events(&self, after: i64) -> Result<Vec<Arc<Event>>, Error> {
        if let Some(page) = self.event_cache.page(after) {
            return Ok(page);
        }
        if !self.event_cache.follows(after) {
            // Reads of old events take turns: a filter that matches nothing may read all of them.
            let _turn = self.large_reads.next().await?;
            return self.read_events(after).await;
        }
        let _alone = self.event_cache.loading.lock().await;
        // Look again: the task that held the lock before may have read them.
        if let Some(page) = self.event_cache.page(after) {
            return Ok(page);
        }
        let page = self.read_events(after).await?;
        if self.event_cache.follows(after) {
            self.event_cache.add(&page);
        }
        Ok(page)
    }

    async fn read_events(&self, after: i64) -> Result<Vec<Arc<Event>>, Error> {
        Ok(self
            .store
            .events(after, PAGE as u64)
            .await?
            .into_iter()
            .map(Arc::new)
            .collect())
    }

    /// Polls for events of other programs as long as there are readers.
    fn poll_for_other_writers(&self) {
        if self.event_cache.is_polling.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                while this.store.has_event_readers() {
                    sleep(POLL_INTERVAL).await;
                    match this.store.last_event().await {
                        Ok(last) => this.store.note_last_event(last),
                        Err(error) => {
                            tracing::debug!(%error, "the number of the last event could not be read");
                        }
                    }
                }
                this.event_cache.is_polling.store(false, Ordering::Release);
                // A reader that came meanwhile did not start a task, since this one was still
                // marked as polling.
                if !this.store.has_event_readers()
                    || this.event_cache.is_polling.swap(true, Ordering::AcqRel)
                {
                    return;
                }
            }
        });
    }
}

/// Adds an event that has no row of history.
fn add_event(
    write: &mut Write,
    r#type: EventType,
    subject_id: Option<Uuid>,
    name: Option<&Name>,
    at: Time,
    by: &Label,
) {
    let source = EventSource::EventRow {
        name: name.cloned(),
        at,
        by: by.clone(),
    };
    write.add_event(NewEvent {
        r#type,
        subject_id,
        source,
    });
}

/// Adds the event of a changed description.
pub(super) fn add_description_event(write: &mut Write, id: Uuid, at: Time, by: &Label) {
    add_event(write, EventType::DeploymentUpdated, Some(id), None, at, by);
}

/// Adds the event of a component or environment that a request has archived or taken out of the
/// archive.
pub(super) fn add_archived_event(
    write: &mut Write,
    kind: CatalogKind,
    id: Uuid,
    name: &Name,
    at: Time,
    by: &Label,
) {
    let r#type = match kind {
        CatalogKind::Component => EventType::ComponentUpdated,
        CatalogKind::Environment => EventType::EnvironmentUpdated,
    };
    add_event(write, r#type, Some(id), Some(name), at, by);
}

/// Adds an event of a component.
pub(super) fn add_component_event(
    write: &mut Write,
    r#type: EventType,
    component: &Component,
    at: Time,
    by: &Label,
) {
    add_event(
        write,
        r#type,
        Some(component.id),
        Some(&component.name),
        at,
        by,
    );
}

/// Adds an event of an environment.
pub(super) fn add_environment_event(
    write: &mut Write,
    r#type: EventType,
    environment: &Environment,
    at: Time,
    by: &Label,
) {
    add_event(
        write,
        r#type,
        Some(environment.id),
        Some(&environment.name),
        at,
        by,
    );
}

/// Adds the event of a changed order of environments.
pub(super) fn add_order_event(write: &mut Write, at: Time, by: &Label) {
    add_event(write, EventType::EnvironmentsOrdered, None, None, at, by);
}
