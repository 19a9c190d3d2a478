//! Opening SQLite.

use std::{
    fs::File,
    future::ready,
    io,
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection as _, Executor as _,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Mutex;

use super::{
    Pool, Store,
    condition::Condition,
    fault,
    files::{self, Files},
};
use crate::error::Error;

/// Older ones have a bug that can corrupt the file when the write-ahead log is reset.
const OLDEST: (u32, u32, u32) = (3, 51, 3);
/// How long a statement waits for another process's write.
const BUSY: Duration = Duration::from_secs(10);
/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(10);
const READERS: u32 = 4;
/// How long reads may go on when the store is closed.
const LATE: Duration = Duration::from_secs(2);
/// After how many steps of SQLite's machine a read looks whether it must end: about every millisecond.
const STEPS: i32 = 10_000;
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
    if url.contains(":memory:") || url.contains("mode=memory") { open_in_memory(options).await } else { open_file(options).await }
}

/// Each connection would have a database of its own: there is one, and it is never given up.
async fn open_in_memory(options: SqliteConnectOptions) -> Result<Store, Error> {
    let only = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).acquire_timeout(WAIT);
    let only = only.after_release(|connection, _| Box::pin(forget_transaction(connection)));
    let only = only.connect_with(options).await.map_err(fault::unexpected)?;
    migrate(&mut *only.acquire().await.map_err(fault::unexpected)?).await?;
    let only = Pool::Sqlite(only);
    let (commits, condition) = (Arc::default(), Arc::default());
    Ok(Store { reads: only.clone(), writes: only.clone(), snapshots: only, commits, condition, anchor: None })
}

async fn open_file(options: SqliteConnectOptions) -> Result<Store, Error> {
    let path = options.get_filename().to_owned();
    if path.as_os_str().is_empty() {
        return Err(Error::Setup("the database URL names no file; it must look like sqlite:PATH".into()));
    }
    let cannot = |error: &dyn std::fmt::Display| Error::Setup(format!("the database file {} cannot be opened: {error}", path.display()));
    // Held until the schema is right. SQLite's own lock does not cover the switch to the write-ahead log, which
    // programs that start together would trip over.
    let starting = lock(&path).await.map_err(|error| cannot(&error))?;
    files::make_private(&path).map_err(|error| cannot(&error))?;
    // A connection that is opened later finds the file, or says so: an empty one in its place would look like a database.
    let options = options.create_if_missing(false);
    let mut first = SqliteConnection::connect_with(&options).await.map_err(|error| cannot(&error))?;
    migrate(&mut first).await?;
    let condition = Arc::new(Condition::of(Files::of(&path)));
    let anchor = Anchor::new(first);
    let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT);
    let writes = writers(&condition).connect_with(writing).await.map_err(|error| cannot(&error))?;
    let reads = readers(&condition, &anchor.ending).connect_with(options.read_only(true)).await.map_err(|error| cannot(&error))?;
    drop(starting);
    let (reads, writes) = (Pool::Sqlite(reads), Pool::Sqlite(writes));
    Ok(Store { snapshots: reads.clone(), reads, writes, commits: Arc::default(), condition, anchor: Some(Arc::new(anchor)) })
}

/// A pool of connections that are open from the start for as long as the store: opening one takes what a full disk or a
/// process out of file descriptors does not have.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(WAIT)
        // A connection to a file cannot be lost. One that has failed is replaced: see `before_acquire`.
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(is_at_rest(connection)))
}

fn writers(condition: &Arc<Condition>) -> SqlitePoolOptions {
    let condition = condition.clone();
    pool(1).before_acquire(move |_, connection| {
        let failed = fault::sqlite::has_failed_since(connection.age) || condition.has_failed_since(connection.age);
        Box::pin(ready(Ok(!failed || condition.check_files().is_err())))
    })
}

fn readers(condition: &Arc<Condition>, ending: &Arc<AtomicBool>) -> SqlitePoolOptions {
    let (condition, ending) = (condition.clone(), ending.clone());
    pool(READERS).after_connect(move |connection, _| Box::pin(interrupt_at_the_end(connection, ending.clone()))).before_acquire(
        move |_, connection| {
            // While the file is away, what is open is all that there is to read from.
            let keep = !fault::sqlite::has_failed_since(connection.age) || condition.check_files().is_err();
            Box::pin(ready(Ok(keep)))
        },
    )
}

/// Whether a connection that is given back has ended its transaction. When SQLite has rolled back by itself, after a full
/// disk or an I/O error, the ROLLBACK that follows fails, and sqlx counts a transaction for ever.
async fn is_at_rest(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // Waits for that ROLLBACK.
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

/// The same for the only connection of a database in memory, which cannot be replaced. What is rolled back here is a
/// transaction that was begun for it: then the count is right again.
async fn forget_transaction(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if !is_at_rest(connection).await? {
        connection.execute("begin").await?;
        // Refused, since a transaction is counted; the refusal is followed by a ROLLBACK.
        drop(connection.begin_with("begin").await);
        connection.ping().await?;
    }
    Ok(true)
}

/// Has the statements of a connection end, once the store does.
async fn interrupt_at_the_end(connection: &mut SqliteConnection, ending: Arc<AtomicBool>) -> sqlx::Result<()> {
    connection.lock_handle().await?.set_progress_handler(STEPS, move || !ending.load(Ordering::Relaxed));
    Ok(())
}

/// The connection that is opened first and closed last. It keeps the write-ahead log in its place as long as the store is
/// open, and moves everything from there into the file at the end: a reader could not, being read-only.
pub(super) struct Anchor {
    connection: Mutex<Option<SqliteConnection>>,
    /// Set when reads are to be interrupted.
    ending: Arc<AtomicBool>,
}

impl Anchor {
    fn new(connection: SqliteConnection) -> Self {
        Self { connection: Mutex::new(Some(connection)), ending: Arc::default() }
    }

    /// Interrupts reads that go on for too long, unless the guard is dropped before.
    pub(super) fn interrupt_late_reads(&self) -> impl Drop + use<> {
        let ending = self.ending.clone();
        Aborted(tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            ending.store(true, Ordering::Relaxed);
        }))
    }

    /// Moves into the file what no reader needs in the log.
    pub(super) async fn checkpoint(&self) {
        if let Some(connection) = &mut *self.connection.lock().await
            && let Err(error) = sqlx::raw_sql("pragma wal_checkpoint(passive)").execute(connection).await
        {
            tracing::debug!(%error, "the write-ahead log could not be moved into the database file");
        }
    }

    /// Moves everything into the file and closes the connection, which deletes the write-ahead log when no other process
    /// has the database open.
    pub(super) async fn close(&self, condition: &Condition) {
        let Some(mut connection) = self.connection.lock().await.take() else { return };
        if condition.is_displaced() {
            tracing::error!("another database has taken the place of this one; its files are left alone");
            // Closed, it would delete the write-ahead log of the other database.
            return std::mem::forget(connection);
        }
        // Another process that reads delays the end for a moment, no more.
        let moved = sqlx::raw_sql("pragma busy_timeout = 1000; pragma wal_checkpoint(truncate)").execute(&mut connection).await;
        if let Err(error) = moved.and(connection.close().await) {
            tracing::error!(%error, "the write-ahead log could not be moved into the database file; keep it beside that file");
        }
    }
}

impl std::fmt::Debug for Anchor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Anchor").finish_non_exhaustive()
    }
}

/// A task that ends with this value.
struct Aborted(tokio::task::JoinHandle<()>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits for the exclusive lock that is held while a program opens the database.
async fn lock(database: &Path) -> io::Result<File> {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    let locked = tokio::task::spawn_blocking(move || {
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path)?;
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

    impl Scratch {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("deploytrack-{}.db", uuid::Uuid::now_v7())))
        }

        fn url(&self) -> String {
            format!("sqlite:{}", self.0.display())
        }
    }

    /// Writes 64 KiB, in a statement with many steps.
    async fn write(store: &Store) -> Result<(), Error> {
        let mut write = store.write().await?;
        let sql = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 64)
            insert into idempotency_keys select hex(randomblob(8)), hex(randomblob(8)), zeroblob(1), hex(zeroblob(512)), 0 from n";
        on!(Transaction, &mut write.transaction, |open| sqlx::raw_sql(sql).execute(&mut **open).await.map(drop))
            .map_err(fault::unexpected)?;
        write.commit().await
    }

    async fn run(store: &Store, sql: &'static str) {
        on!(Pool, &store.writes, |pool| sqlx::raw_sql(sql).execute(pool).await.map(drop)).unwrap();
    }

    /// SQLite undoes the transaction by itself when a write is interrupted, and a full database refuses its statement.
    #[tokio::test]
    async fn a_write_that_fails_half_way_leaves_a_writer_that_works() {
        let scratch = Scratch::new();
        for url in [scratch.url(), "sqlite::memory:".into()] {
            let store = open(&url).await.unwrap();
            for round in 0..10 {
                run(&store, "pragma max_page_count = 1").await;
                let refusal = write(&store).await.unwrap_err();
                assert!(matches!(refusal, Error::Unavailable(_)), "{url}, round {round}: {refusal:?}");
                run(&store, "pragma max_page_count = 100000").await;
                write(&store).await.unwrap();
                interrupt_next(&store, true).await;
                let refusal = write(&store).await.unwrap_err();
                assert!(matches!(refusal, Error::Unavailable(_)), "{url}, round {round}: {refusal:?}");
                if url.contains("memory") {
                    interrupt_next(&store, false).await;
                }
                write(&store).await.unwrap();
                store.ready().await.unwrap();
            }
            store.close().await;
        }
    }

    /// Has the statements of the writer that take many steps interrupted.
    async fn interrupt_next(store: &Store, interrupt: bool) {
        let Pool::Sqlite(pool) = &store.writes else { return };
        let mut connection = pool.acquire().await.unwrap();
        connection.lock_handle().await.unwrap().set_progress_handler(500, move || !interrupt);
    }

    #[tokio::test]
    async fn a_reader_whose_file_could_not_be_read_is_opened_anew() {
        let scratch = Scratch::new();
        let store = open(&scratch.url()).await.unwrap();
        let Pool::Sqlite(reads) = &store.reads else { return };
        for _ in 0..READERS {
            sqlx::query("create temp table old(x)").execute(reads).await.unwrap_or_default();
        }
        assert!(fault::sqlite::is_away(266), "SQLITE_IOERR_READ");
        let old: i64 = sqlx::query_scalar("select count(*) from temp.sqlite_schema").fetch_one(reads).await.unwrap();
        assert_eq!(old, 0, "a connection that was opened before the failure is not used any more");
        store.close().await;
    }

    #[tokio::test]
    async fn a_long_read_does_not_keep_the_store_from_closing() {
        let scratch = Scratch::new();
        let store = open(&scratch.url()).await.unwrap();
        let Pool::Sqlite(reads) = store.reads.clone() else { return };
        let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n";
        let read = tokio::spawn(async move { sqlx::query_scalar::<_, i64>(endless).fetch_one(&reads).await });
        tokio::time::sleep(Duration::from_millis(100)).await;
        tokio::time::timeout(LATE * 3, store.close()).await.unwrap();
        read.await.unwrap().unwrap_err();
        assert!(!std::path::Path::new(&format!("{}-wal", scratch.0.display())).exists());
    }

    #[tokio::test]
    async fn what_is_acknowledged_is_synced_and_references_are_checked() {
        let scratch = Scratch::new();
        let store = open(&scratch.url()).await.unwrap();
        let number = async |pragma: &'static str| -> i64 {
            on!(Pool, &store.writes, |pool| sqlx::query_scalar(pragma).fetch_one(pool).await).unwrap()
        };
        let (synchronous, foreign_keys) = (number("pragma synchronous").await, number("pragma foreign_keys").await);
        let journal: String = on!(Pool, &store.writes, |pool| sqlx::query_scalar("pragma journal_mode").fetch_one(pool).await).unwrap();
        assert_eq!((synchronous, foreign_keys, journal.as_str()), (2, 1, "wal"), "2 is FULL");
        store.close().await;
    }
}
