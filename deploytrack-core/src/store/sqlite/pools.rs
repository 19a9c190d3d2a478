//! The connections to an SQLite file: one writes, some read, and one that has failed is replaced.

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
use crate::store::{condition::Condition, fault};

pub(super) const READERS: u32 = 4;
/// After how many steps of SQLite's machine a read looks whether it must end: about every millisecond.
const STEPS: i32 = 10_000;

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

pub(super) fn writers(condition: &Arc<Condition>) -> SqlitePoolOptions {
    let condition = condition.clone();
    pool(1).before_acquire(move |_, connection| {
        let failed = fault::sqlite::has_failed_since(connection.age) || condition.has_failed_since(connection.age);
        Box::pin(ready(Ok(!failed || condition.check_files().is_err())))
    })
}

pub(super) fn readers(condition: &Arc<Condition>, ending: &Arc<AtomicBool>) -> SqlitePoolOptions {
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
    if connection.is_in_transaction() {
        // Waits for that ROLLBACK.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// The same for the only connection of a database in memory, which cannot be replaced. What is rolled back here is a
/// transaction that was begun for it: then the count is right again.
pub(super) async fn forget_transaction(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
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
