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
    error::{Error, Fault},
    event::{Event, Position},
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

    /// Forgets all events, since a removal may have removed the deployments of some.
    pub(super) fn clear(&self) {
        self.events().clear();
    }

    /// Adds a page, unless events of removed deployments are left out of it: a lookup is by
    /// position.
    fn add(&self, page: &[Arc<Event>]) {
        if !page.is_sorted_by(|one, next| one.id + 1 == next.id) {
            return;
        }
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
    store: Uuid,
}

impl Events {
    /// The number of the last event that was returned or left out; before the first, the number
    /// after which events are returned.
    #[must_use]
    pub const fn position(&self) -> i64 {
        self.position
    }

    /// The id of the store that the events belong to.
    #[must_use]
    pub const fn store(&self) -> Uuid {
        self.store
    }

    /// Waits for events and returns the next ones, in their order, 64 at most. Events of removed
    /// deployments are left out. Cancel safe: no event is lost if the future is dropped.
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
                if let Some(next) = self.tracker.after_removed(self.position).await? {
                    self.position = next;
                    continue;
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
        self.begin_events(after, None).await
    }

    /// Continues to read events after a position of an earlier reader.
    ///
    /// # Errors
    /// As [`Tracker::events`]; [`Error::StoreReplaced`] if the position is one of another store, so
    /// that events would be missed.
    pub async fn resume_events(&self, after: Position) -> Result<Events, Error> {
        self.begin_events(Some(after.number), after.store).await
    }

    async fn begin_events(
        &self,
        after: Option<i64>,
        read_from: Option<Uuid>,
    ) -> Result<Events, Error> {
        let reader = self.store.watch_events();
        let (last, store) = self.store.last_position().await?;
        if read_from.is_some_and(|read_from| read_from != store) {
            return Err(Error::StoreReplaced(after.unwrap_or_default()));
        }
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
            store,
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

    /// The end of the next page after this number, if all its events are of removed deployments.
    async fn after_removed(&self, after: i64) -> Result<Option<i64>, Error> {
        let end_of_page = after.saturating_add_unsigned(PAGE as u64);
        let until = self.store.last_event().await?.min(end_of_page);
        let are_removed = self.store.are_events_removed(after, until).await?;
        Ok(are_removed.then_some(until))
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
