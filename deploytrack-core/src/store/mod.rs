//! The store: SQL, and the only module that uses the database.
//!
//! Every query is one text for both databases, next to the function that runs it; `on!` runs it on
//! the open one. The store makes no decisions: it only rejects a write to a row whose revision has
//! changed.

use std::sync::Arc;

use condition::Condition;
use database_version::CommitWatch;
use sqlx::Row as _;

use crate::error::Error;

mod archive;
mod cell_key;
mod cells;
mod column;
mod components;
mod condition;
mod counts;
mod current;
mod database_version;
mod deployment_record;
mod deployments;
mod draft;
mod environment_order;
mod environments;
mod events;
#[cfg(feature = "sqlite")]
mod files;
mod history;
mod idempotency;
mod lookup;
mod matrix;
#[cfg(feature = "postgres")]
mod postgres;
mod sessions;
mod sets;
#[cfg(feature = "sqlite")]
mod sqlite;
mod sqlx_error;
mod stays;
mod verification;
mod walls;
mod write;

pub(crate) use archive::LastUse;
pub(crate) use cell_key::CellKey;
pub(crate) use current::CurrentDeployment;
pub use database_version::DatabaseVersion;
pub(crate) use deployment_record::DeploymentRecord;
pub(crate) use deployments::{LineKey, RowFilter};
pub(crate) use draft::{EventSource, NewAnswer, NewEvent, ScopedKey, StoredAnswer, UnarchiveCause};
pub(crate) use history::EntryResult;
pub(crate) use lookup::CatalogEntry;
pub(crate) use matrix::{Column, Columns, Heading, Section};
pub(crate) use sqlx_error::is_damage;
use sqlx_error::unexpected;
pub(crate) use stays::{CellPeriod, Successes, VersionKey};
pub(crate) use verification::{Numbering, StoredCell, StoredPeriod, WrongEvent};
pub(crate) use write::{LockedCells, Write};

/// Runs one expression on the open database: a [`Pool`] or a [`Transaction`] of it.
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

/// An open, migrated database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    reads: Pool,
    /// On SQLite one connection, since SQLite has one writer at a time. On PostgreSQL a pool that
    /// rolls back the transactions that cancelled callers left open.
    writes: Pool,
    /// On SQLite the pool of `reads`. On PostgreSQL the pool of `writes`, which rolls back: a later
    /// read would otherwise use the same old snapshot.
    snapshots: Pool,
    commits: Arc<CommitWatch>,
    condition: Arc<Condition>,
    /// On SQLite, unless the database is in memory.
    #[cfg(feature = "sqlite")]
    anchor: Option<Arc<sqlite::Anchor>>,
    /// On PostgreSQL, how long a pooler lends a connection to this program.
    #[cfg(feature = "postgres")]
    lending: postgres::Lending,
}

/// A consistent read of the database as it was at one moment. It blocks no writer.
#[derive(Debug)]
pub(crate) struct Snapshot(Transaction);

impl Store {
    /// Opens the database at `url` and migrates it, under a lock in case several programs start at
    /// once.
    ///
    /// `sqlite:PATH` creates the file if it is missing. `sqlite::memory:` lives as long as the
    /// store. `postgres://USER:PASSWORD@HOST/DATABASE` must exist. In the path of a `sqlite:` URL,
    /// `?` begins the parameters and `%` an escape; [`Store::open_file`] takes a path literally.
    ///
    /// If the process may have a file size limit (`RLIMIT_FSIZE`), it must handle or ignore
    /// SIGXFSZ, which would end it. The write then fails as on a full disk.
    ///
    /// # Errors
    /// [`Error::Setup`] if the URL or the database cannot be used; the message names the way out
    /// and contains no password. [`Error::Unavailable`] if the database cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Error> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => sqlite::open(url).await,
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => postgres::open(url).await,
            _ => Err(Error::Setup(format!(
                "the database URL must begin with {}",
                [
                    ("sqlite:", cfg!(feature = "sqlite")),
                    ("postgres:", cfg!(feature = "postgres"))
                ]
                .iter()
                .filter_map(|(scheme, enabled)| enabled.then_some(*scheme))
                .collect::<Vec<_>>()
                .join(" or ")
            ))),
        }
    }

    /// Opens the SQLite database in a file, and creates the file if it is missing. The path is
    /// taken literally.
    ///
    /// # Errors
    /// As [`Store::open`].
    #[cfg(feature = "sqlite")]
    pub async fn open_file(path: &std::path::Path) -> Result<Self, Error> {
        sqlite::open_path(path).await
    }

    /// Closes every connection after its running statements. On SQLite, a read that takes longer
    /// than two seconds is interrupted. Then the write-ahead log is moved into the database file,
    /// which contains everything afterwards.
    pub async fn close(&self) {
        #[cfg(feature = "sqlite")]
        let _interrupt = self
            .anchor
            .as_ref()
            .map(|anchor| anchor.interrupt_late_reads());
        let reads = async { on!(Pool, &self.reads, |pool| pool.close().await) };
        let writes = async { on!(Pool, &self.writes, |pool| pool.close().await) };
        tokio::join!(reads, writes);
        #[cfg(feature = "sqlite")]
        if let Some(anchor) = &self.anchor {
            anchor.close(&self.condition).await;
        }
    }

    /// Moves SQLite's write-ahead log into the database file, as far as no reader still uses it.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(clippy::unused_async, reason = "PostgreSQL makes its own checkpoints")
    )]
    pub(crate) async fn checkpoint(&self) {
        #[cfg(feature = "sqlite")]
        if let Some(anchor) = &self.anchor {
            anchor.checkpoint().await;
        }
    }

    /// Checks that the database answers reads and accepts writes.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if it does not.
    pub async fn ready(&self) -> Result<(), Error> {
        let one: i64 = on!(Pool, &self.reads, |pool| sqlx::query(
            "select cast(1 as bigint)"
        )
        .fetch_one(pool)
        .await
        .and_then(|row| row.try_get(0)))
        .map_err(unexpected)?;
        debug_assert_eq!(one, 1, "the database returns 1");
        self.writable().await
    }

    /// Begins a write.
    pub(crate) async fn write(&self) -> Result<Write, Error> {
        let begun = self.condition.note(self.begin_write().await)?;
        Ok(Write::new(
            begun,
            self.slot(),
            self.commits.clone(),
            self.condition.begin_write(),
        ))
    }

    async fn begin_write(&self) -> Result<Transaction, Error> {
        // Check first: a connection that is opened now would write to the file that has replaced
        // the database.
        self.condition.check_files()?;
        match &self.writes {
            // Immediate: a transaction that reads first and takes the lock later fails at once,
            // whatever the timeout.
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool
                .begin_with("begin immediate")
                .await
                .map(Transaction::Sqlite),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool
                .begin_with(self.lending.begin())
                .await
                .map(Transaction::Postgres),
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

    /// How many writes may run at once with a benefit.
    pub(crate) const fn writers(&self) -> usize {
        match &self.writes {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => 1,
            // One write waits for the disk while the other one works.
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => 2,
        }
    }

    /// The slot of the shared counters that a write adds to. Writers that add to the same slot
    /// block each other. On PostgreSQL the slots are used in turn, from a number that differs
    /// between servers.
    fn slot(&self) -> i16 {
        match &self.writes {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(_) => 0,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => postgres::slot(),
        }
    }

    /// Begins a consistent read of the database as it is now.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot, Error> {
        let begun = match &self.snapshots {
            // The write-ahead log keeps the pages of a running read.
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => pool.begin().await.map(Transaction::Sqlite),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => pool
                .begin_with(self.lending.begin_snapshot())
                .await
                .map(Transaction::Postgres),
        };
        let mut snapshot = begun.map(Snapshot).map_err(unexpected)?;
        snapshot.execute("savepoint reading").await?;
        Ok(snapshot)
    }
}
