//! Opening PostgreSQL.

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
    postgres::{PgConnectOptions, PgConnection, PgPoolOptions},
};

use super::{Pool, Store, fault};
use crate::error::Error;

/// How long a request waits for a connection before it is told to come back.
const WAIT: Duration = Duration::from_secs(5);
/// How many connections read, and how many write.
const READERS: u32 = 6;
const WRITERS: u32 = 4;
/// After how long a connection that was not used is tried first.
const RESTED: Duration = Duration::from_secs(1);

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/postgres");

pub(super) async fn open(url: &str) -> Result<Store, Error> {
    let options = PgConnectOptions::from_str(url)
        // The text of the error could quote the URL, and with it the password.
        .map_err(|_| Error::Setup("the database URL cannot be read; it must look like postgres://USER:PASSWORD@HOST/DATABASE".into()))?
        .application_name("deploytrack")
        // The ROLLBACK below makes a notice each time there is nothing to undo.
        .options([("client_min_messages", "error"), ("timezone", "UTC")]);
    // Alone first: a pool would only say that it waited in vain, not why.
    let connected = tokio::time::timeout(WAIT, PgConnection::connect_with(&options)).await;
    let mut first =
        connected.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into())).map_err(fault::unexpected)?;
    // sqlx takes an advisory lock around these migrations.
    MIGRATIONS.run_direct(None, &mut first, false).await.map_err(fault::not_migrated)?;
    first.close().await.map_err(fault::unexpected)?;
    let pool = |most| PgPoolOptions::new().max_connections(most).acquire_timeout(WAIT).test_before_acquire(false);
    // Every read is one statement. A connection that has rested may have been lost with its server, so it is tried first.
    let reads = pool(READERS).before_acquire(|connection, rested| {
        Box::pin(async move { if rested.idle_for < RESTED { Ok(true) } else { connection.ping().await.map(|()| true) } })
    });
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
    })
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
