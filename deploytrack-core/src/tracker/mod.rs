//! The use cases: what a caller can ask of a tracker, over a store and a clock.

use std::{fmt, future::Future, str::FromStr, sync::Arc};

use chrono::TimeDelta;
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    clock::{Clock, SystemClock},
    error::Error,
    ids::Ids,
    store::{DatabaseVersion, Store},
};

mod archive;
mod catalog;
mod clock_watch;
mod events;
mod exporting;
mod importing;
mod known_names;
mod large_reads;
mod matrix;
mod name_guard;
mod names;
mod pages;
mod paging;
mod reading;
mod recording;
mod removal;
mod terms;
mod verification;
mod writer;

use clock_watch::ClockWatch;
pub use events::Events;
use events::Newest;
pub use exporting::NamesRead;
use known_names::KnownNames;
use large_reads::LargeReads;
pub use name_guard::{NameGuard, Resemblance, UnknownNameGuard};
pub use pages::{AttemptPages, HistoryPages, LatestPages, MatrixPages, Pages};
pub use recording::fault_of_status;
use terms::{Begun, Running};
pub use terms::{Once, RETENTION, Terms, Written};
use writer::Queue;

/// Keeps track of deployments. Clones share everything.
///
/// Every write runs in a task of its own: a caller that goes away half-way neither stops it nor leaves it half done.
#[derive(Clone, Debug)]
pub struct Tracker {
    store: Store,
    clock: Arc<dyn Clock>,
    ids: Arc<Ids>,
    registration: Registration,
    name_guard: NameGuard,
    retention: TimeDelta,
    running: Arc<Running>,
    queue: Arc<Queue>,
    newest: Arc<Newest>,
    known_names: Arc<KnownNames>,
    clock_watch: Arc<ClockWatch>,
    large_reads: Arc<LargeReads>,
    /// Held while a verification runs: one at a time is enough.
    verifying: Arc<Mutex<()>>,
}

/// What happens when a deployment names a component or environment that nobody has registered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Registration {
    /// It is registered on the way, unless it resembles a known name.
    #[default]
    Auto,
    /// The deployment is refused.
    Strict,
}

/// A word that is no registration setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be auto or strict")]
pub struct UnknownRegistration;

impl FromStr for Registration {
    type Err = UnknownRegistration;

    fn from_str(word: &str) -> Result<Self, UnknownRegistration> {
        match word {
            "auto" => Ok(Self::Auto),
            "strict" => Ok(Self::Strict),
            _ => Err(UnknownRegistration),
        }
    }
}

impl fmt::Display for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Strict => "strict",
        })
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
            running: Arc::default(),
            queue: Arc::default(),
            newest: Arc::default(),
            known_names: Arc::default(),
            clock_watch: Arc::default(),
            large_reads: Arc::default(),
            verifying: Arc::default(),
        }
    }

    /// The tracker with another clock.
    #[must_use]
    pub fn with_clock(self, clock: Arc<dyn Clock>) -> Self {
        Self { clock, ..self }
    }

    /// The tracker with another way to treat unknown names.
    #[must_use]
    pub fn with_registration(self, registration: Registration) -> Self {
        Self { registration, ..self }
    }

    /// The tracker with another way to treat names that look like typing errors.
    #[must_use]
    pub fn with_name_guard(self, name_guard: NameGuard) -> Self {
        Self { name_guard, ..self }
    }

    /// The tracker with another time for which answers are kept under their idempotency keys, from the moment of the
    /// answer on. Keys that are kept already stay as long as they were to stay.
    #[must_use]
    pub fn with_retention(self, retention: TimeDelta) -> Self {
        Self { retention, ..self }
    }

    /// The clock that decides what is now.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The state of the database: as long as it is the same, so is everything that can be read. What this tracker has
    /// written is seen at once. On PostgreSQL, so is what others have written; an SQLite file that several programs write
    /// to is looked at every two milliseconds.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn database_version(&self) -> Result<DatabaseVersion, Error> {
        self.store.database_version().await
    }

    /// Whether other servers share the database, so that each look at its version is a query.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        self.store.is_shared()
    }

    /// Asks the database whether it answers reads and takes writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        self.store.ready().await
    }

    /// Moves what has been written from SQLite's write-ahead log into the file of the database, as far as no reader is in
    /// the way. [`Tracker::close`] moves the rest.
    pub async fn checkpoint(&self) {
        self.store.checkpoint().await;
    }

    /// Closes the database, after what it is doing; see [`Store::close`].
    pub async fn close(&self) {
        self.store.close().await;
    }

    fn next_id(&self) -> Uuid {
        self.ids.next(self.clock.now())
    }
}

/// Runs a write in its own task, which goes on when its caller is dropped.
async fn in_own_task<T: Send + 'static>(write: impl Future<Output = Result<T, Error>> + Send + 'static) -> Result<T, Error> {
    tokio::spawn(write).await.map_err(|ended| Error::Internal(ended.into()))?
}
