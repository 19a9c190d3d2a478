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
use super::{Pool, Store, fault};
use crate::error::Error;

/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// How many connections read, and how many write.
const READERS: u32 = 6;
const WRITERS: u32 = 4;
/// After how long a connection that was not used is tried first.
const RESTED: Duration = Duration::from_secs(1);

/// The key of the lock that is held while the database is migrated.
const MIGRATING: i64 = 0x6465_706c_6f79_7472;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations/postgres");

pub(super) async fn open(url: &str) -> Result<Store, Error> {
    let options = PgConnectOptions::from_str(url)
        // The text of the error could quote the URL, and with it the password.
        .map_err(|_| Error::Setup("the database URL cannot be read; it must look like postgres://USER:PASSWORD@HOST/DATABASE".into()))?
        .application_name("deploytrack")
        // A pooler refuses what it cannot set again for each client. No column is a floating-point number.
        .extra_float_digits(None);
    // Alone first: a pool would only say that it waited in vain, not why.
    let lending = pooler::lending(&options).await?;
    let options = match lending {
        Lending::Session => options,
        // A prepared statement is in a process that may be lent to somebody else next.
        Lending::Transaction => options.statement_cache_capacity(0),
    };
    migrate(&options, lending).await?;
    let pool = |most| PgPoolOptions::new().max_connections(most).acquire_timeout(WAIT).test_before_acquire(false);
    let reads = match lending {
        Lending::Session => rested(pool(READERS)),
        Lending::Transaction => lent(pool(READERS)),
    };
    let writes = pool(WRITERS)
        // A caller that goes away can leave a connection in the pool with its transaction open, and the next writer
        // would then lose its own with it (transact-rs/sqlx#4393).
        .before_acquire(|connection, _| {
            Box::pin(async move {
                connection.execute("rollback").await?;
                // With a transaction still counted, sqlx would begin the next one as a savepoint.
                Ok(!connection.is_in_transaction())
            })
        });
    let (reads, writes) = (reads.connect_lazy_with(options.clone()), writes.connect_lazy_with(options));
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

/// Brings the schema up to date, all or nothing, one program at a time.
async fn migrate(options: &PgConnectOptions, lending: Lending) -> Result<(), Error> {
    let migrations = Migrator { migrations: MIGRATIONS.migrations.clone(), locking: false, ..Migrator::DEFAULT };
    let mut connection = PgConnection::connect_with(options).await.map_err(fault::unexpected)?;
    let mut transaction = connection.begin_with(lending.begin()).await.map_err(fault::unexpected)?;
    // Of the transaction and not, as sqlx's own, of the session: behind a pooler that one would never be given back.
    let locked = sqlx::query("select pg_advisory_xact_lock($1)").bind(MIGRATING).execute(&mut *transaction).await;
    locked.map_err(fault::unexpected)?;
    migrations.run_direct(None, &mut *transaction, false).await.map_err(fault::not_migrated)?;
    transaction.commit().await.map_err(fault::unexpected)?;
    connection.close().await.map_err(fault::unexpected)
}

/// Every read is one statement. A connection that has rested may have been lost with its server, so it is tried first.
fn rested(pool: PgPoolOptions) -> PgPoolOptions {
    pool.before_acquire(|connection, rested| {
        Box::pin(async move { if rested.idle_for < RESTED { Ok(true) } else { connection.ping().await.map(|()| true) } })
    })
}

/// Reads in a transaction each.
fn lent(pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_connect(|connection, _| Box::pin(async move { connection.execute(Lending::begin_read()).await.map(drop) }))
        .before_acquire(|connection, _| Box::pin(async move { connection.execute(Lending::begin_read()).await.map(|_| true) }))
        .after_release(|connection, _| Box::pin(async move { connection.execute("rollback").await.map(|_| true) }))
}

/// How many slots the shared counters have.
const SLOTS: u32 = 16;

/// The slot for the next write of this program.
pub(super) fn slot() -> i16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Programs that start together have different numbers.
    let turn = NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id());
    i16::try_from(turn % SLOTS).unwrap_or_default()
}
