//! Copies of an SQLite database: making one while the database is in use, and reading one without
//! changing it.

use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use sqlx::{
    ConnectOptions as _, Connection as _,
    sqlite::{SqliteConnection, SqlitePoolOptions},
};

use super::{
    BUSY, WAIT,
    location::{Location, file_name},
    lock,
    pools::interrupt_at_the_end,
    replacement,
};
use crate::{
    error::Error,
    store::{
        Pool, Store,
        files::{require_database, require_header},
        sqlx_error::unexpected,
    },
};

/// The connections that read a copy. A verification needs two after it met damage.
const READERS: u32 = 2;

impl Store {
    /// Copies the database in a file into an empty file, as it is at one moment. No writer waits:
    /// the write-ahead log keeps the pages that the copy reads. Dropping the future ends the copy.
    ///
    /// The copy is complete when this returns, but perhaps not yet on the disk.
    pub(crate) async fn copy_file(database: &Path, target: &Path) -> Result<(), Error> {
        require_header(database)?;
        finish_restore(database).await?;
        let options = Location::of_file(database)
            .options
            .create_if_missing(false)
            .busy_timeout(BUSY)
            // A copy takes as long as it takes; that is no news for the log.
            .disable_statement_logging();
        let mut connection = SqliteConnection::connect_with(&options)
            .await
            .map_err(unexpected)?;
        let ending = Ending::default();
        interrupt_at_the_end(&mut connection, ending.0.clone())
            .await
            .map_err(unexpected)?;
        let target = file_name(target);
        let copied = sqlx::query("vacuum into ?")
            .bind(target.to_string_lossy().into_owned())
            .execute(&mut connection)
            .await;
        let closed = connection.close().await;
        copied
            .and(closed.map(|()| sqlx::sqlite::SqliteQueryResult::default()))
            .map_err(unexpected)?;
        Ok(())
    }

    /// Opens the database in a file to read it as it is, whatever its schema. It migrates nothing.
    pub(crate) async fn open_unchanged(path: &Path) -> Result<Self, Error> {
        require_database(path)?;
        let options = Location::of_file(path)
            .options
            .create_if_missing(false)
            .read_only(true)
            .busy_timeout(BUSY)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(WAIT)
            .connect_with(options)
            .await
            .map_err(unexpected)?;
        Ok(Self::of_pool(Pool::Sqlite(pool)))
    }
}

/// Opens the database in a file to read all of it. No server may have it open meanwhile, which the
/// lock ensures.
///
/// # Errors
/// [`Error::Setup`] if there is no such file, or a server has it open.
pub(in crate::store) async fn open_alone(path: &Path) -> Result<(Store, File), Error> {
    if !path.exists() {
        return Err(Error::Setup(format!(
            "there is no database at {}",
            path.display()
        )));
    }
    let server =
        lock::try_server(path)?.ok_or_else(|| lock::in_use(path, "a server is running"))?;
    finish_restore(path).await?;
    Ok((Store::open_unchanged(path).await?, server))
}

/// Finishes a restore that a crash has interrupted.
async fn finish_restore(database: &Path) -> Result<(), Error> {
    if replacement::is_pending(database) {
        let _starting = lock::start(database).await.map_err(io_error)?;
        replacement::finish(database).map_err(io_error)?;
    }
    Ok(())
}

fn io_error(error: std::io::Error) -> Error {
    Error::Unavailable(error.into())
}

/// Interrupts a connection when it is dropped.
#[derive(Default)]
struct Ending(Arc<AtomicBool>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
