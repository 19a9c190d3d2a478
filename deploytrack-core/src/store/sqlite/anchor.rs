//! Closing an SQLite database: the write-ahead log is moved into the file.

use std::{
    fs::File,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{Connection as _, sqlite::SqliteConnection};
use tokio::sync::Mutex;

use crate::store::condition::Condition;

/// How long reads may continue after the store is closed.
pub(super) const LATE: Duration = Duration::from_secs(2);

/// The connection that is opened first and closed last. While it is open, SQLite does not delete
/// the write-ahead log. At the end it moves the log into the file, which the read-only connections
/// of readers cannot do.
pub(in crate::store) struct Anchor {
    connection: Mutex<Option<SqliteConnection>>,
    /// The lock of a server, released when the database is closed.
    server: Mutex<Option<File>>,
    /// Set when reads are to be interrupted.
    pub(super) ending: Arc<AtomicBool>,
}

impl Anchor {
    pub(super) fn new(connection: SqliteConnection, server: Option<File>) -> Self {
        Self {
            connection: Mutex::new(Some(connection)),
            server: Mutex::new(server),
            ending: Arc::default(),
        }
    }

    /// Interrupts reads that take too long, unless the guard is dropped first.
    pub(in crate::store) fn interrupt_late_reads(&self) -> impl Drop + use<> {
        let ending = self.ending.clone();
        Aborted(tokio::spawn(async move {
            tokio::time::sleep(LATE).await;
            ending.store(true, Ordering::Relaxed);
        }))
    }

    /// Moves the part of the log that no reader uses into the file.
    pub(in crate::store) async fn checkpoint(&self) {
        if let Some(connection) = &mut *self.connection.lock().await
            && let Err(error) = sqlx::raw_sql("pragma wal_checkpoint(passive)")
                .execute(connection)
                .await
        {
            tracing::debug!(%error, "the write-ahead log could not be moved into the database file");
        }
    }

    /// Moves the log into the file and closes the connection. Closing deletes the log if no other
    /// process has the database open.
    pub(in crate::store) async fn close(&self, condition: &Condition) {
        self.close_connection(condition).await;
        self.server.lock().await.take();
    }

    async fn close_connection(&self, condition: &Condition) {
        let Some(mut connection) = self.connection.lock().await.take() else {
            return;
        };
        if condition.is_displaced() {
            tracing::error!(
                "another database has replaced the files of this one; they are not changed"
            );
            // Closing would delete the write-ahead log of the other database.
            return std::mem::forget(connection);
        }
        // A reader in another process delays the close by a second at most.
        let moved = sqlx::raw_sql("pragma busy_timeout = 1000; pragma wal_checkpoint(truncate)")
            .execute(&mut connection)
            .await;
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

/// A task that is aborted when this value is dropped.
struct Aborted(tokio::task::JoinHandle<()>);

impl Drop for Aborted {
    fn drop(&mut self) {
        self.0.abort();
    }
}
