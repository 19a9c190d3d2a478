//! The locks beside an SQLite database. The system releases them when a process ends, however it
//! ends.

use std::{fs::File, io, path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use crate::{
    error::Error,
    store::files::{LOCKS, named},
};

/// How long a server waits for the one before it, which may be closing the database.
const PREDECESSOR: Duration = Duration::from_secs(3);
/// The interval between two attempts.
const ATTEMPT: Duration = Duration::from_millis(50);

/// Waits for the lock that a program holds while it opens the database.
pub(super) async fn start(database: &Path) -> io::Result<File> {
    let path = named(database, LOCKS[0]);
    let locked = tokio::task::spawn_blocking(move || {
        open(&path).and_then(|file| file.lock().map(|()| file))
    });
    locked.await.map_err(io::Error::other)?
}

/// Takes the lock that a server holds as long as it has the database open. Two servers on one file
/// would each have its own queue of writes and its own caches.
pub(super) async fn server(database: &Path) -> Result<File, Error> {
    let until = Instant::now() + PREDECESSOR;
    loop {
        if let Some(locked) = try_server(database)? {
            return Ok(locked);
        }
        if Instant::now() > until {
            return Err(in_use(database, "another server uses it"));
        }
        sleep(ATTEMPT).await;
    }
}

/// Takes the lock of a server, unless one is running.
pub(super) fn try_server(database: &Path) -> Result<Option<File>, Error> {
    let path = named(database, LOCKS[1]);
    let cannot = |error: io::Error| {
        Error::Setup(format!(
            "the file {} cannot be locked: {error}",
            path.display()
        ))
    };
    let file = open(&path).map_err(cannot)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Ok(None),
        Err(std::fs::TryLockError::Error(error)) => Err(cannot(error)),
    }
}

/// The error for a database that another process has open.
pub(super) fn in_use(database: &Path, why: &str) -> Error {
    Error::Setup(format!(
        "the database file {} is in use: {why}; stop that program first, or name another database",
        database.display()
    ))
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
