//! Telling readers of what happens, as it happens.
//!
//! Readers wait for the number of the last event to grow. What this program writes itself wakes them at its commit; for
//! what others write to the same database, one look at it every tenth of a second serves all readers, and none is made
//! while nobody reads. LISTEN on PostgreSQL would save a part of that tenth and cost a connection and the care for one that
//! is lost.
//!
//! The newest events are kept once for all readers: a hundred who are up to date cost one query for each batch. Numbers have
//! no gaps, so it is plain whether a position is covered. Who is further behind reads pages from the database. A reader
//! holds one page at a time, and asks for the next when it has passed on the one before.

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
    store::{NewEvent, ToldBy, Write},
    text::{Label, Name},
};

/// How long it takes at most, beside the look itself, until readers are told of what another program has written.
const LOOK: Duration = Duration::from_millis(100);
/// How many of the newest events are kept for all readers.
const KEPT: usize = 1024;
/// How many events a reader is given at a time at most: with the longest names and reasons they have half a megabyte.
const PAGE: usize = 64;

/// The newest events, which follow each other without gaps.
#[derive(Debug, Default)]
pub(super) struct Newest {
    events: Mutex<VecDeque<Arc<Event>>>,
    /// Held by who reads the next ones from the database; the others wait for what comes of it.
    reading: tokio::sync::Mutex<()>,
    /// Whether somebody looks at the database for what others write.
    looking: AtomicBool,
}

impl Newest {
    fn events(&self) -> std::sync::MutexGuard<'_, VecDeque<Arc<Event>>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page behind this number, if it is kept.
    fn page(&self, after: i64) -> Option<Vec<Arc<Event>>> {
        let events = self.events();
        let skip = usize::try_from(after + 1 - events.front()?.id).ok()?;
        let page: Vec<_> = events.iter().skip(skip).take(PAGE).cloned().collect();
        (!page.is_empty()).then_some(page)
    }

    /// Whether a page behind this number would be among the newest.
    fn follows(&self, after: i64) -> bool {
        self.events().back().is_none_or(|last| last.id <= after)
    }

    fn add(&self, page: &[Arc<Event>]) {
        let mut events = self.events();
        if events.back().is_some_and(|last| page.first().is_some_and(|first| first.id != last.id + 1)) {
            events.clear();
        }
        events.extend(page.iter().cloned());
        let surplus = events.len().saturating_sub(KEPT);
        events.drain(..surplus);
    }
}

/// A reader of events. Dropped, it is forgotten.
#[derive(Debug)]
pub struct Events {
    tracker: Tracker,
    last: watch::Receiver<i64>,
    position: i64,
}

impl Events {
    /// The number of the last event that was given, or from which on events are given.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// The next events, in their order, 64 at most; waits until there is one. Nothing is lost when the caller stops
    /// waiting.
    ///
    /// # Errors
    /// Those of the database. The next call goes on from the same position.
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
            self.last.changed().await.map_err(|closed| Error::Internal(closed.into()))?;
        }
    }
}

impl Tracker {
    /// Begins to read events: those behind the number `after`, or those from now on.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming `after` when there is no such event yet; those of the database.
    pub async fn events(&self, after: Option<i64>) -> Result<Events, Error> {
        let reader = self.store.watch_events();
        let last = self.store.last_event().await?;
        self.store.told_of_events(last);
        if after.is_some_and(|after| !(0..=last).contains(&after)) {
            return Err(Error::fault(Fault::parameter("after", format!("must be the number of an event, from 0 to {last}, the last one"))));
        }
        self.look_for_others();
        Ok(Events { tracker: self.clone(), last: reader, position: after.unwrap_or(last) })
    }

    async fn page_of_events(&self, after: i64) -> Result<Vec<Arc<Event>>, Error> {
        if let Some(page) = self.newest.page(after) {
            return Ok(page);
        }
        if !self.newest.follows(after) {
            // Whoever reads what is long past, perhaps all of it for a filter that nothing matches, takes turns.
            let _turn = self.large_reads.next().await?;
            return self.read_events(after).await;
        }
        let _alone = self.newest.reading.lock().await;
        // Whoever had the turn before may have read them.
        if let Some(page) = self.newest.page(after) {
            return Ok(page);
        }
        let page = self.read_events(after).await?;
        if self.newest.follows(after) {
            self.newest.add(&page);
        }
        Ok(page)
    }

    async fn read_events(&self, after: i64) -> Result<Vec<Arc<Event>>, Error> {
        Ok(self.store.events(after, PAGE as u64).await?.into_iter().map(Arc::new).collect())
    }

    /// Looks for what others write as long as there are readers.
    fn look_for_others(&self) {
        if self.newest.looking.swap(true, Ordering::AcqRel) {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                while this.store.has_event_readers() {
                    sleep(LOOK).await;
                    match this.store.last_event().await {
                        Ok(last) => this.store.told_of_events(last),
                        Err(error) => tracing::debug!(%error, "the last event could not be looked up"),
                    }
                }
                this.newest.looking.store(false, Ordering::Release);
                // A reader that came since has found somebody looking.
                if !this.store.has_event_readers() || this.newest.looking.swap(true, Ordering::AcqRel) {
                    return;
                }
            }
        });
    }
}

/// Tells readers of something that no row of history tells.
fn tell(write: &mut Write, r#type: EventType, subject_id: Option<Uuid>, name: Option<&Name>, at: Time, by: &Label) {
    let told = ToldBy::Here { name: name.cloned(), at, by: by.clone() };
    write.tell(NewEvent { r#type, subject_id, told });
}

/// Tells readers that a deployment is described anew.
pub(super) fn tell_description(write: &mut Write, id: Uuid, at: Time, by: &Label) {
    tell(write, EventType::DeploymentUpdated, Some(id), None, at, by);
}

/// Tells readers that a component or environment was archived, or taken out of the archive, by a request of its own.
pub(super) fn tell_archived(write: &mut Write, kind: CatalogKind, id: Uuid, name: &Name, at: Time, by: &Label) {
    let r#type = match kind {
        CatalogKind::Component => EventType::ComponentUpdated,
        CatalogKind::Environment => EventType::EnvironmentUpdated,
    };
    tell(write, r#type, Some(id), Some(name), at, by);
}

/// Tells readers of a component.
pub(super) fn tell_component(write: &mut Write, r#type: EventType, component: &Component, at: Time, by: &Label) {
    tell(write, r#type, Some(component.id), Some(&component.name), at, by);
}

/// Tells readers of an environment.
pub(super) fn tell_environment(write: &mut Write, r#type: EventType, environment: &Environment, at: Time, by: &Label) {
    tell(write, r#type, Some(environment.id), Some(&environment.name), at, by);
}

/// Tells readers that the environments are in another order.
pub(super) fn tell_order(write: &mut Write, at: Time, by: &Label) {
    tell(write, EventType::EnvironmentsOrdered, None, None, at, by);
}
