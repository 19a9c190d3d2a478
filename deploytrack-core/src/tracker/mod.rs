//! The use cases of the library, over a store and a clock.
//!
//! A recording, an update and an undeployment take the same way: `record` or `undeploy` checks the
//! request, `writer` queues it and begins a transaction, `cell` carries it out, and `store::write`
//! writes the rows. Other writes, such as an import, begin a transaction of their own with
//! `preconditions`.

use std::{future::Future, sync::Arc};

use chrono::TimeDelta;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    clock::{Clock, SystemClock},
    error::Error,
    ids::Ids,
    store::{DatabaseVersion, Store},
    words::words,
};

mod archive;
mod audit;
#[cfg(feature = "sqlite")]
mod backup;
mod catalog;
mod cell;
mod clock_watch;
mod daily;
mod events;
mod exchange;
mod export;
mod ids;
mod import;
mod large_reads;
mod list;
mod matrix;
mod measurement;
mod name_cache;
mod name_guard;
mod page_links;
mod pages;
mod pins;
mod preconditions;
mod record;
mod resolve;
mod retention;
mod revocations;
mod sessions;
mod token_use;
mod tokens;
mod transfer;
mod undeploy;
mod verification;
mod walls;
mod writer;

#[cfg(feature = "sqlite")]
pub use backup::{Old, Restored, back_up, remove_abandoned_drafts, restore};
use clock_watch::ClockWatch;
use events::EventCache;
pub use events::Events;
pub use exchange::{Exchange, ExchangeOutcome, RefusedIdentity};
pub use export::CatalogCursor;
use large_reads::LargeReads;
use name_cache::NameCache;
pub use name_guard::{NameGuard, Resemblance};
pub use pages::{HistoryPages, LatestPages, MatrixPages, Pages, UnsettledPages};
use preconditions::{ActiveKeys, Start};
pub use preconditions::{IdempotentRequest, RETENTION, Terms, WriteOutcome};
pub use record::fault_of_status;
use token_use::TokenUses;
pub use transfer::TransferSource;
use writer::Queue;
pub use writer::{MAX_GROUP, MAX_QUEUED};

/// Records deployments and answers questions about them. Clones share everything.
///
/// Every write runs in its own task: it completes even if its caller is dropped.
#[derive(Clone, Debug)]
pub struct Tracker {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    registration: Registration,
    name_guard: NameGuard,
    retention: TimeDelta,
    active_keys: Arc<ActiveKeys>,
    queue: Arc<Queue>,
    event_cache: Arc<EventCache>,
    name_cache: Arc<NameCache>,
    clock_watch: Arc<ClockWatch>,
    large_reads: Arc<LargeReads>,
    token_uses: Arc<TokenUses>,
    /// Locked while a verification runs: one at a time is enough.
    verifying: Arc<Mutex<()>>,
    /// Locked while a removal runs.
    removing: Arc<Mutex<()>>,
}

/// What happens when a deployment names an unregistered component or environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// The name is registered with the deployment, unless it resembles a known name.
    #[default]
    Auto,
    /// The deployment is rejected.
    Strict,
}

words! {
    Registration,
    "must be auto or strict",
    {
        Auto => "auto",
        Strict => "strict",
    }
}

impl Tracker {
    /// A tracker over an open store, with the machine's clock and automatic registration.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self {
            store,
            clock: Arc::new(SystemClock),
            ids: Arc::default(),
            registration: Registration::Auto,
            name_guard: NameGuard::default(),
            retention: RETENTION,
            active_keys: Arc::default(),
            queue: Arc::default(),
            event_cache: Arc::default(),
            name_cache: Arc::default(),
            clock_watch: Arc::default(),
            large_reads: Arc::default(),
            token_uses: Arc::default(),
            verifying: Arc::default(),
            removing: Arc::default(),
        }
    }

    /// The tracker with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The tracker with another registration setting.
    #[must_use]
    pub fn with_registration(self, registration: Registration) -> Self {
        Self {
            registration,
            ..self
        }
    }

    /// The tracker with another name guard.
    #[must_use]
    pub fn with_name_guard(self, name_guard: NameGuard) -> Self {
        Self { name_guard, ..self }
    }

    /// The tracker with another retention time: how long answers stay under their idempotency keys.
    /// Answers that are already stored expire as before.
    #[must_use]
    pub fn with_retention(self, retention: TimeDelta) -> Self {
        Self { retention, ..self }
    }

    /// The clock of the tracker.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The state of the database. As long as it stays the same, every read returns the same. It
    /// changes at once with a write of this tracker. On PostgreSQL, it also changes at once with a
    /// write of another program; an SQLite file is checked for such writes every two milliseconds.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn database_version(&self) -> Result<DatabaseVersion, Error> {
        self.store.database_version().await
    }

    /// Whether other servers share the database, so that each call of [`Tracker::database_version`]
    /// is a query.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Checks that the database answers reads and accepts writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        self.store.ready().await
    }

    /// The id of the store: made with the database, and changed by a restore.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn store_id(&self) -> Result<Uuid, Error> {
        self.store.id().await
    }

    /// Waits until the writer of the database answers, whether it accepts writes or refuses them.
    /// A watchdog calls it: a restart helps if the writer does not answer, and not if the disk is
    /// full.
    pub async fn wait_for_writer(&self) {
        self.store.wait_for_writer().await;
    }

    /// Moves SQLite's write-ahead log into the database file, as far as no reader still uses it.
    /// [`Tracker::close`] moves the rest.
    pub async fn checkpoint(&self) {
        self.store.checkpoint().await;
    }

    /// Closes the database after its running statements; see [`Store::close`].
    pub async fn close(&self) {
        self.store.close().await;
    }

    fn next_id(&self) -> Uuid {
        self.ids.next(self.clock.now())
    }
}

/// Runs a write in its own task, which continues when its caller is dropped. Writes of the queue
/// run in the tasks of `writer`.
async fn in_own_task<T: Send + 'static>(
    write: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    tokio::spawn(write)
        .await
        .map_err(|ended| Error::Internal(ended.into()))?
}
