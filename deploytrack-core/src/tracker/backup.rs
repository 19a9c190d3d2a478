//! Backups of an SQLite database: making them, and restoring one.

mod draft;
mod restore;

use std::{
    fs::{self, File},
    path::Path,
};

use self::draft::Draft;
pub use self::{
    draft::remove_abandoned_drafts,
    restore::{Old, Restored, restore},
};
use super::{Tracker, verification::accept};
use crate::{
    backup::{Backup, Extent},
    clock::{Clock as _, SystemClock},
    digest::Digest,
    error::Error,
    store::{Schema, Store, named},
    verification::Verification,
};

/// Copies the SQLite database in a file, which may be in use, to the file `target`, which must not
/// exist, and its description to `target` with `.json`. No writer waits. The copy is verified like
/// the database itself, is readable by its owner only, and is on the disk when this returns. After an
/// error, or when the future is dropped, no file is left.
///
/// The secret of tokens is not in the database, and so not in the backup.
///
/// # Errors
/// [`Error::Setup`] with a sentence for the operator: a file is missing or exists already, the disk
/// is full, or the history is damaged.
pub async fn back_up(database: &Path, target: &Path) -> Result<Backup, Error> {
    let database_name = database.display();
    if !database.exists() {
        return Err(Error::Setup(format!(
            "there is no database at {database_name}"
        )));
    }
    let draft = Draft::create(target).map_err(|error| failed(database, target, &error))?;
    Store::copy_file(database, draft.path())
        .await
        .map_err(|error| failed(database, target, &cause(&error)))?;
    let extent = verified(draft.path())
        .await
        .map_err(|error| failed(database, target, &cause(&error)))?;
    in_background(move || draft.publish(extent))
        .await?
        .map_err(|error| failed(database, target, &error))
}

fn failed(database: &Path, target: &Path, cause: &dyn std::fmt::Display) -> Error {
    let (database, target) = (database.display(), target.display());
    Error::Setup(format!(
        "the database {database} cannot be backed up to {target}: {cause}"
    ))
}

/// An error with its cause, for an operator.
fn cause(error: &Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// Verifies the database in a file without changing it, and returns how far it goes.
async fn verified(path: &Path) -> Result<Extent, Error> {
    let store = Store::open_unchanged(path).await?;
    let read = async {
        let schema = store.schema().await?;
        let extent = store.extent().await?;
        let report = match schema {
            Schema::Same => Tracker::new(store.clone()).verify().await?,
            Schema::Older => verify_migrated(path).await?,
        };
        accept(&report)?;
        Ok(extent)
    };
    let read = read.await;
    store.close().await;
    read
}

/// Verifies a database with an older schema: a second copy gets the migrations, so that an older
/// program can still use the first one.
async fn verify_migrated(path: &Path) -> Result<Verification, Error> {
    let migrated = Removed::new(named(path, ".migrated"));
    let (from, to) = (path.to_owned(), migrated.0.clone());
    in_background(move || fs::copy(from, to))
        .await?
        .map_err(|error| Error::Unavailable(error.into()))?;
    let store = Store::open_file(&migrated.0).await?;
    let report = Tracker::new(store.clone()).verify().await;
    store.close().await;
    report
}

/// Runs work that waits for the disk.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|ended| Error::Internal(ended.into()))
}

/// A temporary database. Its files are removed when this is dropped.
struct Removed(std::path::PathBuf);

impl Removed {
    /// Removes the files of a process that was killed: SQLite would replay their log into the new
    /// database.
    fn new(path: std::path::PathBuf) -> Self {
        let removed = Self(path);
        removed.clear();
        removed
    }

    fn clear(&self) {
        for end in ["", ".lock", "-wal", "-shm", "-journal"] {
            let _ = fs::remove_file(named(&self.0, end));
        }
    }
}

impl Drop for Removed {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The digest of a file.
fn digest_of(path: &Path) -> std::io::Result<Digest> {
    Digest::of_reader(File::open(path)?)
}

fn describe(extent: Extent, bytes: u64, sha256: Digest) -> Backup {
    Backup {
        created_at: SystemClock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        extent,
        bytes,
        sha256,
    }
}
