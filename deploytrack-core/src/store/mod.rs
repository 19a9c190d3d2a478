//! The store: SQL, and the only module that uses the database.
//!
//! Every query is one text for both databases, next to the function that runs it; `on!` runs it on
//! the open one. The store makes no decisions: it only rejects a write to a row whose revision has
//! changed.

use std::sync::Arc;

use condition::Condition;
use database_version::CommitWatch;
use sqlx::Row as _;
use uuid::Uuid;

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
mod extent;
#[cfg(feature = "sqlite")]
mod files;
mod gone_deployment;
mod history;
mod idempotency;
mod lookup;
mod matrix;
mod migrations;
mod pins;
#[cfg(feature = "postgres")]
mod postgres;
mod retention;
mod revocations;
mod schema;
mod sessions;
mod sets;
#[cfg(feature = "sqlite")]
mod sqlite;
mod sqlx_error;
mod stays;
mod tokens;
mod transfer;
mod verification;
mod walls;
mod write;

pub(crate) use archive::LastUse;
pub(crate) use cell_key::CellKey;
pub(crate) use current::CurrentDeployment;
pub use database_version::{AccessVersion, DatabaseVersion};
pub(crate) use deployment_record::DeploymentRecord;
pub(crate) use deployments::{LineKey, RowFilter};
pub(crate) use draft::{EventSource, NewAnswer, NewEvent, ScopedKey, StoredAnswer, UnarchiveCause};
#[cfg(feature = "sqlite")]
pub(crate) use files::{named, sync_folder_of};
pub(crate) use gone_deployment::GoneDeployment;
pub(crate) use history::EntryResult;
pub(crate) use lookup::CatalogEntry;
pub(crate) use matrix::{Column, Columns, Heading, Section};
pub(crate) use pins::PinKey;
pub(crate) use retention::{Leading, NamedCell, RemovedResult, agrees};
pub(crate) use schema::Schema;
#[cfg(feature = "sqlite")]
pub(crate) use sqlite::Replacement;
use sqlx_error::unexpected;
pub(crate) use sqlx_error::{is_conflict, is_damage};
pub(crate) use stays::{CellPeriod, Successes, VersionKey};
pub(crate) use transfer::{Source, TableContent, Target};
pub(crate) use verification::{Numbering, StoredCell, StoredPeriod, WrongEvent};
pub(crate) use write::{LockedCells, Write};

/// Runs one expression on the open database: a [`Pool`] or a [`Transaction`] of it. On a pool it is
/// a statement, which ends with an error when its PostgreSQL server is no longer the primary.
macro_rules! on {
    (Pool, $database:expr, |$open:ident| $body:expr) => {
        match $database {
            #[cfg(feature = "sqlite")]
            $crate::store::Pool::Sqlite($open) => $body,
            #[cfg(feature = "postgres")]
            $crate::store::Pool::Postgres(primary) => {
                let current = primary.current();
                let $open = &current.pool;
                current.tenure.during(async { $body }).await
            }
        }
    };
    (Transaction, $database:expr, |$open:ident| $body:expr) => {
        match $database {
            #[cfg(feature = "sqlite")]
            $crate::store::Transaction::Sqlite($open) => $body,
            #[cfg(feature = "postgres")]
            $crate::store::Transaction::Postgres($open) => {
                let tenure = $open.tenure.clone();
                tenure.during(async { $body }).await
            }
        }
    };
}
use on;

#[derive(Clone, Debug)]
enum Pool {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(postgres::PrimaryPool),
}

impl Pool {
    async fn close(&self) {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => pool.close().await,
            #[cfg(feature = "postgres")]
            Self::Postgres(primary) => primary.close().await,
        }
    }
}

#[derive(Debug)]
enum Transaction {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(postgres::PrimaryTransaction),
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
    #[cfg(feature = "postgres")]
    following: Option<Arc<postgres::Following>>,
}

/// The kind of program that opens a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum User {
    Server,
    Program,
}

/// The purpose of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    Change,
    /// It shows whether the database accepts writes, and changes nothing.
    Trial,
}

/// A consistent read of the database as it was at one moment. It blocks no writer.
#[derive(Debug)]
pub(crate) struct Snapshot(Transaction);

impl Store {
    /// Opens the database at `url` and migrates it, under a lock in case several programs start at
    /// once.
    ///
    /// `sqlite:PATH` creates the file if it is missing. `sqlite::memory:` lives as long as the
    /// store. `postgres://USER:PASSWORD@HOST/DATABASE` must exist; with several hosts, separated by
    /// commas, the one that accepts writes is used, also when another one takes over. In the path of a `sqlite:` URL,
    /// `?` begins the parameters and `%` an escape; [`Store::open_file`] takes a path literally.
    ///
    /// If the process may have a file size limit (`RLIMIT_FSIZE`), it must handle or ignore
    /// SIGXFSZ, which would end it. The write then fails as on a full disk.
    ///
    /// # Errors
    /// [`Error::Setup`] if the URL or the database cannot be used; the message names the way out
    /// and contains no password. [`Error::Unavailable`] if the database cannot be reached.
    pub async fn open(url: &str) -> Result<Self, Error> {
        Self::open_as(url, User::Program).await
    }

    /// Opens a database as [`Store::open`] does, for a server: an SQLite file has one server at a
    /// time. Other programs may use it beside the server.
    ///
    /// # Errors
    /// As [`Store::open`]; [`Error::Setup`] if another server has the SQLite file open. A server that
    /// is just ending is waited for.
    pub async fn open_to_serve(url: &str) -> Result<Self, Error> {
        Self::open_as(url, User::Server).await
    }

    #[cfg_attr(
        not(feature = "sqlite"),
        expect(unused_variables, reason = "PostgreSQL has any number of servers")
    )]
    async fn open_as(url: &str, user: User) -> Result<Self, Error> {
        match scheme(url) {
            #[cfg(feature = "sqlite")]
            Some("sqlite") => sqlite::open(url, user).await,
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => postgres::open(url).await,
            _ => Err(unsupported()),
        }
    }

    /// Opens the SQLite database in a file, and creates the file if it is missing. The path is
    /// taken literally.
    ///
    /// # Errors
    /// As [`Store::open`].
    #[cfg(feature = "sqlite")]
    pub async fn open_file(path: &std::path::Path) -> Result<Self, Error> {
        sqlite::open_path(path, User::Program).await
    }

    /// Opens the SQLite database in a file for a server, as [`Store::open_to_serve`] does.
    ///
    /// # Errors
    /// As [`Store::open_to_serve`].
    #[cfg(feature = "sqlite")]
    pub async fn open_file_to_serve(path: &std::path::Path) -> Result<Self, Error> {
        sqlite::open_path(path, User::Server).await
    }

    /// The file of an SQLite database that a URL names; `None` for a database in memory.
    ///
    /// # Errors
    /// [`Error::Setup`] if the URL is invalid.
    #[cfg(feature = "sqlite")]
    pub fn file_of(url: &str) -> Result<Option<std::path::PathBuf>, Error> {
        sqlite::file_of(url)
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
        #[cfg(feature = "postgres")]
        if let Some(following) = &self.following {
            following.abort();
        }
        tokio::join!(self.reads.close(), self.writes.close());
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

    /// The id of the store, which a restore changes. It is read from the database each time, since
    /// a database of PostgreSQL may be replaced while it is open.
    pub(crate) async fn id(&self) -> Result<Uuid, Error> {
        on!(Pool, &self.reads, |pool| sqlx::query_scalar(
            "select id from store"
        )
        .fetch_one(pool)
        .await)
        .map_err(unexpected)
    }

    /// Begins a write.
    pub(crate) async fn write(&self) -> Result<Write, Error> {
        let begun = self
            .condition
            .note(self.begin_write(Purpose::Change).await)?;
        Ok(Write::new(
            begun,
            self.slot(),
            self.commits.clone(),
            self.condition.begin_write(),
        ))
    }

    /// Begins a transaction that writes, unless a newer program has migrated the database.
    #[cfg_attr(
        not(feature = "postgres"),
        expect(
            unused_variables,
            reason = "SQLite has one writer, migrations included"
        )
    )]
    async fn begin_write(&self, purpose: Purpose) -> Result<Transaction, Error> {
        // Check first: a connection that is opened now would write to the file that has replaced
        // the database.
        self.condition.check_files()?;
        match &self.writes {
            #[cfg(feature = "sqlite")]
            Pool::Sqlite(pool) => sqlite::begin_write(pool).await.map(Transaction::Sqlite),
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => postgres::begin_write(pool, self.lending, purpose)
                .await
                .map(Transaction::Postgres),
        }
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

/// The scheme of a database URL.
fn scheme(url: &str) -> Option<&str> {
    url.split_once(':').map(|(scheme, _)| scheme)
}

/// The error for a database that this program does not support.
fn unsupported() -> Error {
    Error::Setup(format!(
        "the database URL must begin with {}",
        [
            ("sqlite:", cfg!(feature = "sqlite")),
            ("postgres:", cfg!(feature = "postgres"))
        ]
        .iter()
        .filter_map(|(scheme, enabled)| enabled.then_some(*scheme))
        .collect::<Vec<_>>()
        .join(" or ")
    ))
}
