//! Opening SQLite.

use std::{fs::File, io, path::Path, str::FromStr, sync::Arc, time::Duration};

use sqlx::{
    Connection as _, Sqlite,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Pool, Store, fault};
use crate::error::Error;

/// Older ones have a bug that can corrupt the file when the write-ahead log is reset.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(10);
/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// How much of the file the writer keeps in memory, in negative KiB: the upper levels of every index of some ten million
/// deployments. With SQLite's 2 MiB a large write spills pages into the log before its commit.
const WRITER_CACHE: &str = "-32768";
/// How many pages the log grows to before they are moved into the file: 16 MiB. Moving them waits for the disk twice.
const CHECKPOINT: &str = "4000";

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");

pub(super) async fn open(url: &str) -> Result<Store, Error> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|error| Error::Setup(format!("the database URL cannot be read: {error}")))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // NORMAL makes no fsync at commit: a power failure would lose what was acknowledged.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    if url.contains(":memory:") || url.contains("mode=memory") {
        // Each connection would have a database of its own: there is one, and it is never given up.
        let only = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).acquire_timeout(WAIT);
        let only = only.connect_with(options).await.map_err(fault::unexpected)?;
        migrate(&mut *only.acquire().await.map_err(fault::unexpected)?).await?;
        let only = Pool::Sqlite(only);
        return Ok(Store { reads: only.clone(), writes: only.clone(), snapshots: only, commits: Arc::default() });
    }
    let path = options.get_filename().to_owned();
    if path.as_os_str().is_empty() {
        return Err(Error::Setup("the database URL names no file; it must look like sqlite:PATH".into()));
    }
    let cannot = |error: &dyn std::fmt::Display| Error::Setup(format!("the database file {} cannot be opened: {error}", path.display()));
    // Held until the schema is right. SQLite's own lock does not cover the switch to the write-ahead log, which
    // programs that start together would trip over.
    let starting = lock(&path).await.map_err(|error| cannot(&error))?;
    let mut first = SqliteConnection::connect_with(&options).await.map_err(|error| cannot(&error))?;
    migrate(&mut first).await?;
    // A connection to a file cannot be lost, so none is tried before it is used.
    let pool = |most| SqlitePoolOptions::new().max_connections(most).acquire_timeout(WAIT).test_before_acquire(false);
    let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT);
    let writes: sqlx::Pool<Sqlite> = pool(1).connect_with(writing).await.map_err(|error| cannot(&error))?;
    let reads = pool(READERS).connect_lazy_with(options.read_only(true));
    first.close().await.map_err(fault::unexpected)?;
    drop(starting);
    let (reads, writes) = (Pool::Sqlite(reads), Pool::Sqlite(writes));
    Ok(Store { snapshots: reads.clone(), reads, writes, commits: Arc::default() })
}

/// Waits for the exclusive lock that is held while a program opens the database.
async fn lock(database: &Path) -> io::Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::options().create(true).truncate(false).write(true).open(path)?;
        file.lock().map(|()| file)
    });
    locked.await.map_err(io::Error::other)?
}

/// Brings the schema up to date, all or nothing.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), Error> {
    let version: String = sqlx::query_scalar("select sqlite_version()").fetch_one(&mut *connection).await.map_err(fault::unexpected)?;
    if parsed(&version).is_none_or(|version| version < OLDEST) {
        let (major, minor, patch) = OLDEST;
        return Err(Error::Setup(format!("this program was built with SQLite {version}; it needs {major}.{minor}.{patch} or newer")));
    }
    let mut transaction = connection.begin_with("begin exclusive").await.map_err(fault::unexpected)?;
    MIGRATIONS.run_direct(None, &mut *transaction, false).await.map_err(fault::not_migrated)?;
    transaction.commit().await.map_err(fault::unexpected)
}

fn parsed(version: &str) -> Option<(u32, u32, u32)> {
    let mut parts = version.split('.').map(|part| part.parse().ok());
    Some((parts.next()??, parts.next()??, parts.next()??))
}

#[cfg(test)]
mod tests {
    use super::{super::on, *};

    /// A file of its own, removed with what SQLite keeps beside it.
    struct Scratch(std::path::PathBuf);

    impl Drop for Scratch {
        fn drop(&mut self) {
            for beside in ["", "-wal", "-shm", ".lock"] {
                let _ = std::fs::remove_file(format!("{}{beside}", self.0.display()));
            }
        }
    }

    #[tokio::test]
    async fn what_is_acknowledged_is_synced_and_references_are_checked() {
        let scratch = Scratch(std::env::temp_dir().join(format!("deploytrack-{}.db", uuid::Uuid::now_v7())));
        let store = open(&format!("sqlite:{}", scratch.0.display())).await.unwrap();
        let number = async |pragma: &'static str| -> i64 {
            on!(Pool, &store.writes, |pool| sqlx::query_scalar(pragma).fetch_one(pool).await).unwrap()
        };
        let (synchronous, foreign_keys) = (number("pragma synchronous").await, number("pragma foreign_keys").await);
        let journal: String = on!(Pool, &store.writes, |pool| sqlx::query_scalar("pragma journal_mode").fetch_one(pool).await).unwrap();
        assert_eq!((synchronous, foreign_keys, journal.as_str()), (2, 1, "wal"), "2 is FULL");
        store.close().await;
    }
}
