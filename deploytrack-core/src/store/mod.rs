//! The store: SQL, and the only room that knows the database.
//!
//! Every query is one text for both databases, beside the function that runs it; `on!` binds it to the one that is
//! open. The store decides nothing: it refuses to write over a revision it did not expect.

use std::sync::Arc;

use condition::Condition;
use database_version::Commits;
use sqlx::Row as _;

use crate::error::Error;

mod archive;
mod column;
mod components;
mod condition;
mod counts;
mod current;
mod database_version;
mod deployments;
mod environment_order;
mod environments;
mod events;
mod fault;
#[cfg(feature = "sqlite")]
mod files;
mod history;
mod idempotency;
mod names;
#[cfg(feature = "postgres")]
mod postgres;
mod shown;
#[cfg(feature = "sqlite")]
mod sqlite;
mod verification;
mod write;

pub(crate) use archive::{LastUse, UnarchiveCause};
pub(crate) use current::{Current, Place};
pub use database_version::DatabaseVersion;
pub(crate) use deployments::{Line, Revised, RowFilter};
pub(crate) use events::{NewEvent, Told as ToldBy};
pub(crate) use fault::is_damage;
use fault::unexpected;
pub(crate) use history::Told;
pub(crate) use idempotency::{Answer, Kept, Key};
pub(crate) use names::CatalogEntry;
pub(crate) use shown::{Columns, Heading, Section};
pub(crate) use verification::{KeptCell, KeptPeriod, Numbering, ToldWrongly};
pub(crate) use write::Write;

/// Runs one expression on whichever database is open: a [`Pool`] or a [`Transaction`] of it.
macro_rules! on {
    ($kind:ident, $database:expr, |$open:ident| $body:expr) => {
        match $database {
            #[cfg(feature = "sqlite")]
            $crate::store::$kind::Sqlite($open) => $body,
            #[cfg(feature = "postgres")]
            $crate::store::$kind::Postgres($open) => $body,
        }
    };
}
use on;

#[derive(Clone, Debug)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

#[derive(Debug)]
enum Transaction {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// An open database, migrated to what this program expects. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    reads: Pool,
    /// On SQLite one connection, since one writer at a time is all it has; on PostgreSQL a pool that undoes what a caller
    /// who went away has left open.
    writes: Pool,
    /// On SQLite as for other reads; on PostgreSQL as for writes, since a snapshot that was left open would be read for ever.
    snapshots: Pool,
    commits: Arc<Commits>,
    condition: Arc<Condition>,
    /// On SQLite, unless it is in memory.
    #[cfg(feature = "sqlite")]
    anchor: Option<Arc<sqlite::Anchor>>,
    /// On PostgreSQL, for how long a connection is this program's own.
    #[cfg(feature = "postgres")]
    lending: postgres::Lending,
}

/// The database as it was at one moment, for reading what must fit together. It holds up no writer.
#[derive(Debug)]
pub(crate) struct Snapshot(Transaction);

impl Store {
    /// Opens the database at `url` and migrates it, under a lock when several programs start at once.
    ///
    /// `sqlite:PATH` makes the file when it is missing; `sqlite::memory:` lasts as long as the store;
    /// `postgres://USER:PASSWORD@HOST/DATABASE` must exist. In the path of a `sqlite:` URL a `?` begins parameters and a `%`
    /// an escape: [`Store::open_file`] takes a path as it is.
    ///
    /// Where the process may have a file size limit (`RLIMIT_FSIZE`), it must handle or ignore SIGXFSZ, which would end it;
    /// the write is then refused as on a full disk.
    ///
    /// # Errors
    /// [`Error::Setup`] when the URL or the database cannot be used; its message says what to do and holds no
    /// password. [`Error::Unavailable`] when the database cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Error> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => sqlite::open(url).await,
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => postgres::open(url).await,
            _ => Err(Error::Setup(format!(
                "the database URL must begin with {}",
                [("sqlite:", cfg!(feature = "sqlite")), ("postgres:", cfg!(feature = "postgres"))]
                    .iter()
                    .filter_map(|(scheme, known)| known.then_some(*scheme))
                    .collect::<Vec<_>>()
                    .join(" or ")
            ))),
        }
    }

    /// Opens the SQLite database in a file, and makes the file when it is missing. The path is taken as it is, whatever
    /// characters it has.
    ///
    /// # Errors
    /// As [`Store::open`].
    #[cfg(feature = "sqlite")]
    pub async fn open_file(path: &std::path::Path) -> Result<Self, Error> {
        sqlite::open_path(path).await
    }

    /// Closes every connection, after what they are doing. On SQLite, a read that takes longer than two seconds is
    /// interrupted; then everything is moved from the write-ahead log into the file of the database, which holds it alone.
    pub async fn close(&self) {
        #[cfg(feature = "sqlite")]
        let _interrupt = self.anchor.as_ref().map(|anchor| anchor.interrupt_late_reads());
        let reads = async { on!(Pool, &self.reads, |pool| pool.close().await) };
        let writes = async { on!(Pool, &self.writes, |pool| pool.close().await) };
        tokio::join!(reads, writes);
        #[cfg(feature = "sqlite")]
        if let Some(anchor) = &self.anchor {
            anchor.close(&self.condition).await;
        }
    }

    /// Moves what has been written from SQLite's write-ahead log into the file, as far as no reader is in the way.
    #[cfg_attr(not(feature = "sqlite"), expect(clippy::unused_async, reason = "PostgreSQL makes its checkpoints by itself"))]
    pub(crate) async fn checkpoint(&self) {
        #[cfg(feature = "sqlite")]
        if let Some(anchor) = &self.anchor {
            anchor.checkpoint().await;
        }
    }

    /// Asks the database whether it answers reads and takes writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        let one: i64 =
            on!(Pool, &self.reads, |pool| sqlx::query("select cast(1 as bigint)").fetch_one(pool).await.and_then(|row| row.try_get(0)))
                .map_err(unexpected)?;
        debug_assert_eq!(one, 1, "the database counts");
        self.writable().await
    }

    /// Begins a write.
    pub(crate) async fn write(&self) -> Result<Write, Error> {
        let begun = self.condition.noted(self.begin_write().await)?;
        Ok(Write::new(begun, self.slot(), self.commits.clone(), self.condition.begun()))
    }

    async fn begin_write(&self) -> Result<Transaction, Error> {
        // Check first: a connection that is opened now would write to the file that has replaced the database.
        self.condition.check_files()?;
        match &self.writes {
            // Immediate: a transaction that reads first and asks for the lock later fails at once, whatever the timeout.
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.begin_with("begin immediate").await.map(Transaction::Sqlite),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.begin_with(self.lending.begin()).await.map(Transaction::Postgres),
        }
        .map_err(unexpected)
    }

    /// Whether other servers may share the database.
    pub(crate) const fn is_shared(&self) -> bool {
        match &self.writes {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => true,
        }
    }

    /// How many writes may well be in progress at once.
    pub(crate) const fn writers(&self) -> usize {
        match &self.writes {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => 1,
            // One waits for the disk while the other is at work.
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => 2,
        }
    }

    /// The slot of the shared counters for a write to add to. On PostgreSQL they take turns, from a number that differs
    /// between servers: who adds to one slot waits for each other.
    fn slot(&self) -> i16 {
        match &self.writes {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => 0,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => postgres::slot(),
        }
    }

    /// Begins to read the database as it is now.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Error> {
        let begun = match &self.snapshots {
            // The write-ahead log keeps what a reader has begun to read.
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.begin().await.map(Transaction::Sqlite),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool.begin_with(self.lending.begin_snapshot()).await.map(Transaction::Postgres),
        };
        let mut snapshot = begun.map(Snapshot).map_err(unexpected)?;
        snapshot.execute("savepoint reading").await?;
        Ok(snapshot)
    }
}
