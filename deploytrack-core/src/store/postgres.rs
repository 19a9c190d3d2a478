//! Opening PostgreSQL, directly or through a pooler, and following its primary.

mod certificate;
mod hosts;
mod pooler;
mod primary;
mod tenure;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection as _, Executor as _,
    migrate::{Migrate as _, Migrator},
    postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions},
};
use tokio_util::task::AbortOnDropHandle;

use self::primary::{Newest, Watch};
pub(super) use self::{
    pooler::Lending,
    tenure::{PrimaryPool, PrimaryTransaction},
};
use super::{Pool, Purpose, Store, migrations, sqlx_error};
use crate::error::Error;

/// How long a request waits for a connection before it fails with a request to retry.
const WAIT: Duration = Duration::from_secs(5);
/// The most connections for reads and for writes.
const READERS: u32 = 6;
const WRITERS: u32 = 4;
/// How long a connection may be idle before it is tested again.
const RESTED: Duration = Duration::from_secs(1);

/// The key of the advisory lock that is held during the migrations.
const MIGRATING: i64 = 0x6465_706c_6f79_7472;
/// The key of the advisory lock that writes share and a migration takes alone: what a write of an
/// older server adds while a migration rewrites the tables would be lost to it.
const WRITING: i64 = MIGRATING + 1;
/// The code of the error with which the beginning of a write fails on a newer database.
const DIVISION_BY_ZERO: &str = "22012";

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

/// The task that follows the primary. It ends when the store is closed, or dropped.
pub(super) type Following = AbortOnDropHandle<()>;

/// Opens the database at a URL and migrates it.
pub(super) async fn open(url: &str) -> Result<Store, Error> {
    open_with(url, Some(&MIGRATIONS)).await
}

/// Opens the database at a URL to read it as it is, whatever its schema.
pub(super) async fn open_unchanged(url: &str) -> Result<Store, Error> {
    open_with(url, None).await
}

async fn open_with(url: &str, migrations: Option<&Migrator>) -> Result<Store, Error> {
    let hosts = hosts::hosts(url)?;
    let newest = Newest::default();
    let options = primary::find(&hosts, &newest).await?;
    // A single connection first: a pool would report a timeout and not the cause.
    let lending = pooler::lending(&options).await?;
    let mut first = PgConnection::connect_with(&options)
        .await
        .map_err(sqlx_error::unexpected)?;
    if let Some(migrations) = migrations {
        migrate(&mut first, lending, migrations).await?;
    }
    let identity = primary::identity(&mut first, &newest)
        .await
        .map_err(sqlx_error::unexpected)?;
    first.close().await.map_err(sqlx_error::unexpected)?;
    let (reads, writes) = pools(&options, lending, &newest);
    let (reads, writes) = (PrimaryPool::new(reads), PrimaryPool::new(writes));
    let watch = Watch {
        hosts,
        lending,
        identity,
        newest,
        reads: reads.clone(),
        writes: writes.clone(),
    };
    let (reads, writes) = (Pool::Postgres(reads), Pool::Postgres(writes));
    Ok(Store {
        snapshots: writes.clone(),
        reads,
        writes,
        commits: Arc::default(),
        condition: Arc::default(),
        #[cfg(feature = "sqlite")]
        anchor: None,
        lending,
        following: Some(Arc::new(Following::new(tokio::spawn(watch.run())))),
    })
}

/// The pools of one server, for reads and for writes.
fn pools(options: &PgConnectOptions, lending: Lending, newest: &Newest) -> (PgPool, PgPool) {
    let options = match lending {
        Lending::Session => options.clone(),
        // Prepared statements live in a server process that the pooler may lend to another client
        // next.
        Lending::Transaction => options.clone().statement_cache_capacity(0),
    };
    let pool = |most| {
        PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
    };
    let reads = match lending {
        Lending::Session => rested(on_primary(pool(READERS), newest)),
        Lending::Transaction => lent(pool(READERS), newest),
    };
    let writes = on_primary(pool(WRITERS), newest)
        // A cancelled caller can leave a connection in the pool with its transaction open. The next
        // writer would then lose its own transaction with it (transact-rs/sqlx#4393).
        .before_acquire(|connection, _| {
            Box::pin(async move {
                connection.execute("rollback").await?;
                // While sqlx counts an open transaction, it would begin the next one as a
                // savepoint.
                Ok(!connection.is_in_transaction())
            })
        });
    (
        reads.connect_lazy_with(options.clone()),
        writes.connect_lazy_with(options),
    )
}

/// Opens connections to the primary only. A former primary may be a standby when it answers again,
/// or may not know yet that it is none any more; it would answer reads with what it has.
fn on_primary(pool: PgPoolOptions, newest: &Newest) -> PgPoolOptions {
    let newest = newest.clone();
    pool.after_connect(move |connection, _| {
        let newest = newest.clone();
        Box::pin(async move { check_primary(connection, &newest).await })
    })
}

async fn check_primary(connection: &mut PgConnection, newest: &Newest) -> sqlx::Result<()> {
    match primary::identity(connection, newest).await? {
        Some(_) => Ok(()),
        None => Err(sqlx::Error::Protocol(
            "the server is a standby, or a former primary".into(),
        )),
    }
}

/// Begins a write, unless a newer program has migrated the database. A migration that runs is waited
/// for. All of it is one message, so it costs no round trip.
pub(super) async fn begin_write(
    pool: &PrimaryPool,
    lending: Lending,
    purpose: Purpose,
) -> Result<PrimaryTransaction, Error> {
    let lock = match purpose {
        Purpose::Change => format!("select pg_advisory_xact_lock_shared({WRITING}); "),
        // A long migration must not make a server unready that still answers reads.
        Purpose::Trial => String::new(),
    };
    let last = migrations::last(&MIGRATIONS);
    // After the lock, as a statement of its own, so that it sees the migration.
    let check = format!(
        "select 1 / (case when max(version) > {last} then 0 else 1 end) from _sqlx_migrations"
    );
    let statements = format!("{}; {lock}{check}", lending.begin());
    pool.begin_with(statements).await.map_err(|error| {
        let refusal = error.as_database_error();
        if refusal.is_some_and(|refusal| refusal.code().as_deref() == Some(DIVISION_BY_ZERO)) {
            Error::Outdated
        } else {
            sqlx_error::unexpected(error)
        }
    })
}

/// Migrates the schema, all or nothing, one program at a time.
async fn migrate(
    connection: &mut PgConnection,
    lending: Lending,
    migrations: &Migrator,
) -> Result<(), Error> {
    let migrations = Migrator {
        migrations: migrations.migrations.clone(),
        locking: false,
        ..Migrator::DEFAULT
    };
    let mut transaction = connection
        .begin_with(lending.begin())
        .await
        .map_err(sqlx_error::unexpected)?;
    // A lock of the transaction; sqlx's own lock belongs to the session, and behind a pooler it
    // would never be released.
    lock(&mut transaction, MIGRATING).await?;
    if is_pending(&mut transaction).await? {
        // Wait for the writes in progress, and let later ones wait.
        lock(&mut transaction, WRITING).await?;
    }
    migrations
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(sqlx_error::migration_error)?;
    transaction.commit().await.map_err(sqlx_error::unexpected)
}

/// Takes an advisory lock until the end of the transaction.
async fn lock(transaction: &mut PgConnection, key: i64) -> Result<(), Error> {
    let locked = sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(key)
        .execute(transaction)
        .await;
    locked.map(drop).map_err(sqlx_error::unexpected)
}

/// Whether the database lacks a migration.
async fn is_pending(transaction: &mut PgConnection) -> Result<bool, Error> {
    let table = &Migrator::DEFAULT.table_name;
    let applied = async {
        transaction.ensure_migrations_table(table).await?;
        transaction.list_applied_migrations(table).await
    };
    let applied = applied.await.map_err(sqlx_error::migration_error)?;
    let is_applied = |version| applied.iter().any(|applied| applied.version == version);
    Ok(!MIGRATIONS
        .iter()
        .all(|migration| is_applied(migration.version)))
}

/// Every read is one statement. An idle connection may have been lost with its server, so it is
/// tested first.
fn rested(pool: PgPoolOptions) -> PgPoolOptions {
    pool.before_acquire(|connection, rested| {
        Box::pin(async move {
            if rested.idle_for < RESTED {
                Ok(true)
            } else {
                connection.ping().await.map(|()| true)
            }
        })
    })
}

/// Wraps each read in a transaction. A pooler may lend another server for each of them, so each of
/// them checks the server.
fn lent(pool: PgPoolOptions, newest: &Newest) -> PgPoolOptions {
    let (connected, acquired) = (newest.clone(), newest.clone());
    pool.after_connect(move |connection, _| {
        let newest = connected.clone();
        Box::pin(async move {
            check_primary(connection, &newest).await?;
            begin_read(connection, &newest).await
        })
    })
    .before_acquire(move |connection, _| {
        let newest = acquired.clone();
        Box::pin(async move { begin_read(connection, &newest).await.map(|()| true) })
    })
    .after_release(|connection, _| {
        Box::pin(async move { connection.execute("rollback").await.map(|_| true) })
    })
}

async fn begin_read(connection: &mut PgConnection, newest: &Newest) -> sqlx::Result<()> {
    let check = newest.check().unwrap_or_default();
    let begin = format!("{}; {check}", Lending::begin_read());
    connection
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(begin)))
        .await
        .map(drop)
}

/// The number of slots of the shared counters.
const SLOTS: u32 = 16;

/// The slot for the next write of this program.
pub(super) fn slot() -> i16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Programs that start together have different process ids.
    let turn = NEXT
        .fetch_add(1, Ordering::Relaxed)
        .wrapping_add(std::process::id());
    i16::try_from(turn % SLOTS).unwrap_or_default()
}
