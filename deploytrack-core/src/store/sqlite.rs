//! Opening SQLite.

mod anchor;
mod copy;
mod location;
mod lock;
mod network;
mod pools;
mod replacement;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Connection as _,
    sqlite::{
        SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
        SqliteSynchronous,
    },
};

pub(super) use self::anchor::Anchor;
pub(super) use self::copy::open_alone;
pub(crate) use self::replacement::Replacement;
use self::{
    location::Location,
    pools::{forget_transaction, readers, writers},
};
use super::{
    Pool, Store, User,
    condition::Condition,
    files::{self, Files},
    migrations, sqlx_error,
};
use crate::error::Error;

/// The oldest version that is accepted. Older ones have a bug that can corrupt the file when the
/// write-ahead log is reset.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// How long a statement waits for a write of another process.
const BUSY: Duration = Duration::from_secs(10);
/// How long a request waits for a connection before it fails with a request to retry.
const WAIT: Duration = Duration::from_secs(10);
/// The size of the writer's page cache, in negative KiB: enough for the upper levels of every index
/// of about ten million deployments. With SQLite's default of 2 MiB, a large write spills pages
/// into the log before its commit.
const WRITER_CACHE: &str = "-32768";
/// The size in pages at which the log is moved into the file: 16 MiB. Each move waits for the disk
/// twice.
const CHECKPOINT: &str = "4000";

pub(super) static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");

/// Opens the database that a URL names.
pub(super) async fn open(url: &str, user: User) -> Result<Store, Error> {
    open_at(Location::of_url(url)?, user).await
}

/// Opens the database in a file. The path is taken literally.
pub(super) async fn open_path(path: &Path, user: User) -> Result<Store, Error> {
    open_at(Location::of_file(path), user).await
}

/// The file that a URL names; `None` for a database in memory.
pub(super) fn file_of(url: &str) -> Result<Option<PathBuf>, Error> {
    Ok(Location::of_url(url)?.path)
}

async fn open_at(Location { path, options }: Location, user: User) -> Result<Store, Error> {
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL makes no fsync at commit: a power failure would lose acknowledged writes.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    match path {
        Some(path) => open_file(&path, options, user).await,
        None => open_in_memory(options).await,
    }
}

/// Each connection would have its own database, so there is only one, and it is never closed.
async fn open_in_memory(options: SqliteConnectOptions) -> Result<Store, Error> {
    let only = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(WAIT);
    let only = only.after_release(|connection, _| Box::pin(forget_transaction(connection)));
    let only = only
        .connect_with(options)
        .await
        .map_err(sqlx_error::unexpected)?;
    migrate(&mut *only.acquire().await.map_err(sqlx_error::unexpected)?).await?;
    Ok(Store::of_pool(Pool::Sqlite(only)))
}

impl Store {
    /// A store whose reads and writes use the same connections.
    fn of_pool(pool: Pool) -> Self {
        Self {
            reads: pool.clone(),
            writes: pool.clone(),
            snapshots: pool,
            commits: Arc::default(),
            condition: Arc::default(),
            anchor: None,
            #[cfg(feature = "postgres")]
            lending: super::postgres::Lending::default(),
            #[cfg(feature = "postgres")]
            following: None,
        }
    }
}

async fn open_file(path: &Path, options: SqliteConnectOptions, user: User) -> Result<Store, Error> {
    let cannot = |error: &dyn std::fmt::Display| {
        Error::Setup(format!(
            "the database file {} cannot be opened: {error}",
            path.display()
        ))
    };
    network::refuse(path)?;
    let server = match user {
        User::Server => Some(lock::server(path).await?),
        User::Program => None,
    };
    // Held until the schema is up to date. SQLite's own lock does not cover the switch to the
    // write-ahead log, which fails when several programs start together.
    let starting = lock::start(path).await.map_err(|error| cannot(&error))?;
    if let Some(former) = replacement::finish(path).map_err(|error| cannot(&error))? {
        tracing::warn!(former = %former.display(), "a restore that was interrupted is complete now");
    }
    files::require_header_beside_log(path)?;
    files::make_private(path).map_err(|error| cannot(&error))?;
    // Later connections must not create an empty database where the file was deleted.
    let options = options.create_if_missing(false);
    let mut first = SqliteConnection::connect_with(&options)
        .await
        .map_err(|error| cannot(&error))?;
    migrate(&mut first).await?;
    let condition = Arc::new(Condition::new(Files::of(path)));
    let anchor = Anchor::new(first, server);
    let writing = options
        .clone()
        .pragma("cache_size", WRITER_CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT);
    let writes = writers(&condition)
        .connect_with(writing)
        .await
        .map_err(|error| cannot(&error))?;
    let reads = readers(&condition, &anchor.ending)
        .connect_with(options.read_only(true))
        .await
        .map_err(|error| cannot(&error))?;
    drop(starting);
    let (reads, writes) = (Pool::Sqlite(reads), Pool::Sqlite(writes));
    Ok(Store {
        snapshots: reads.clone(),
        reads,
        writes,
        commits: Arc::default(),
        condition,
        anchor: Some(Arc::new(anchor)),
        #[cfg(feature = "postgres")]
        lending: super::postgres::Lending::default(),
        #[cfg(feature = "postgres")]
        following: None,
    })
}

/// Begins a write, unless a newer program has migrated the database.
pub(super) async fn begin_write(
    pool: &SqlitePool,
) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, Error> {
    // Immediate: a transaction that reads first and takes the lock later fails at once, whatever
    // the timeout. A migration has the same lock.
    let mut begun = pool
        .begin_with("begin immediate")
        .await
        .map_err(sqlx_error::unexpected)?;
    let is_newer: bool = sqlx::query_scalar(migrations::IS_NEWER)
        .bind(migrations::last(&MIGRATIONS))
        .fetch_one(&mut *begun)
        .await
        .map_err(sqlx_error::unexpected)?;
    if is_newer {
        return Err(Error::Outdated);
    }
    Ok(begun)
}

/// Migrates the schema, all or nothing.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    let version: String = sqlx::query_scalar("select sqlite_version()")
        .fetch_one(&mut *connection)
        .await
        .map_err(sqlx_error::unexpected)?;
    if parsed(&version).is_none_or(|version| version < OLDEST) {
        let (major, minor, patch) = OLDEST;
        return Err(Error::Setup(format!(
            "this program was built with SQLite {version}; it needs {major}.{minor}.{patch} or newer"
        )));
    }
    let mut transaction = connection
        .begin_with("begin exclusive")
        .await
        .map_err(sqlx_error::unexpected)?;
    MIGRATIONS
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(sqlx_error::migration_error)?;
    transaction.commit().await.map_err(sqlx_error::unexpected)
}

fn parsed(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests;
