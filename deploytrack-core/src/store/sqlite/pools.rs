//! The connections to an SQLite file: one for writes, several for reads. A failed connection is
//! replaced.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::{
    Connection as _, Executor as _,
    sqlite::{SqliteConnection, SqlitePoolOptions},
};

use super::WAIT;
use crate::store::{condition::Condition, sqlx_error};

pub(super) const READERS: u32 = 4;
/// The number of SQLite's virtual machine steps between two checks for an interrupt: about a
/// millisecond.
const STEPS: i32 = 10_000;

/// A pool whose connections stay open as long as the store: with a full disk or without free file
/// descriptors, new ones could not be opened.
fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .min_connections(connections)
        .max_connections(connections)
        .idle_timeout(None)
        .max_lifetime(None)
        .acquire_timeout(WAIT)
        // A connection to a file cannot be lost. One that has failed is replaced: see
        // `before_acquire`.
        .test_before_acquire(false)
        .after_release(|connection, _| Box::pin(is_at_rest(connection)))
}

pub(super) fn writers(condition: &Arc<Condition>) -> SqlitePoolOptions {
    let condition = condition.clone();
    pool(1).before_acquire(move |_, connection| {
        let failed = sqlx_error::sqlite::has_failed_since(connection.age)
            || condition.has_failed_since(connection.age);
        Box::pin(ready(Ok(!failed || condition.check_files().is_err())))
    })
}

pub(super) fn readers(condition: &Arc<Condition>, ending: &Arc<AtomicBool>) -> SqlitePoolOptions {
    let (condition, ending) = (condition.clone(), ending.clone());
    pool(READERS)
        .after_connect(move |connection, _| {
            Box::pin(interrupt_at_the_end(connection, ending.clone()))
        })
        .before_acquire(move |_, connection| {
            // After the file was deleted, only the open connections can still read it.
            let keep = !sqlx_error::sqlite::has_failed_since(connection.age)
                || condition.check_files().is_err();
            Box::pin(ready(Ok(keep)))
        })
}

/// Whether a connection that returns to the pool has ended its transaction. After a full disk or an
/// I/O error, SQLite rolls back on its own. The ROLLBACK that follows fails, and sqlx counts the
/// transaction for ever.
async fn is_at_rest(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if connection.is_in_transaction() {
        // Wait for that ROLLBACK.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Resets the transaction count of the only connection of a database in memory, which cannot be
/// replaced. sqlx decrements the count when a ROLLBACK succeeds, so this begins a transaction for
/// it.
pub(super) async fn forget_transaction(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    if !is_at_rest(connection).await? {
        connection.execute("begin").await?;
        // This fails, since sqlx counts a transaction, and then sends the ROLLBACK.
        drop(connection.begin_with("begin").await);
        connection.ping().await?;
    }
    Ok(true)
}

/// Interrupts the statements of a connection when `ending` is set.
pub(super) async fn interrupt_at_the_end(
    connection: &mut SqliteConnection,
    ending: Arc<AtomicBool>,
) -> sqlx::Result<()> {
    connection
        .lock_handle()
        .await?
        .set_progress_handler(STEPS, move || !ending.load(Ordering::Relaxed));
    Ok(())
}
