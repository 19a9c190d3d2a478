//! Opening PostgreSQL, directly or through a pooler.

mod certificate;
mod pooler;

use std::{
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection as _, Executor as _,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
};

pub(super) use self::pooler::Lending;
use super::{Pool, Store, sqlx_error};
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

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

pub(super) async fn open(url: &str) -> Result<Store, Error> {
    let options = PgConnectOptions::from_str(url)
        // Not the text of the error: it could quote the URL, and with it the password.
        .map_err(|_| Error::Setup("the database URL cannot be read; it must look like postgres://USER:PASSWORD@HOST/DATABASE".into()))?
        .application_name("deploytrack")
        // A pooler rejects parameters that it cannot set for each client. No column is a
        // floating-point number.
        .extra_float_digits(None);
    // A single connection first: a pool would report a timeout and not the cause.
    let lending = pooler::lending(&options).await?;
    let options = match lending {
        Lending::Session => options,
        // Prepared statements live in a server process that the pooler may lend to another client
        // next.
        Lending::Transaction => options.statement_cache_capacity(0),
    };
    migrate(&options, lending).await?;
    let pool = |most| {
        PgPoolOptions::new()
            .max_connections(most)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
    };
    let reads = match lending {
        Lending::Session => rested(pool(READERS)),
        Lending::Transaction => lent(pool(READERS)),
    };
    let writes = pool(WRITERS)
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
    let (reads, writes) = (
        reads.connect_lazy_with(options.clone()),
        writes.connect_lazy_with(options),
    );
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
    })
}

/// Migrates the schema, all or nothing, one program at a time.
async fn migrate(options: &PgConnectOptions, lending: Lending) -> Result<(), Error> {
    let migrations = Migrator {
        migrations: MIGRATIONS.migrations.clone(),
        locking: false,
        ..Migrator::DEFAULT
    };
    let mut connection = PgConnection::connect_with(options)
        .await
        .map_err(sqlx_error::unexpected)?;
    let mut transaction = connection
        .begin_with(lending.begin())
        .await
        .map_err(sqlx_error::unexpected)?;
    // A lock of the transaction; sqlx's own lock belongs to the session, and behind a pooler it
    // would never be released.
    let locked = sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(MIGRATING)
        .execute(&mut *transaction)
        .await;
    locked.map_err(sqlx_error::unexpected)?;
    migrations
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(sqlx_error::migration_error)?;
    transaction.commit().await.map_err(sqlx_error::unexpected)?;
    connection.close().await.map_err(sqlx_error::unexpected)
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

/// Wraps each read in a transaction.
fn lent(pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_connect(|connection, _| {
        Box::pin(async move { connection.execute(Lending::begin_read()).await.map(drop) })
    })
    .before_acquire(|connection, _| {
        Box::pin(async move {
            connection
                .execute(Lending::begin_read())
                .await
                .map(|_| true)
        })
    })
    .after_release(|connection, _| {
        Box::pin(async move { connection.execute("rollback").await.map(|_| true) })
    })
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
