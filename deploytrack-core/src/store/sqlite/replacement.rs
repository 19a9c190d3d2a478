//! Replacing a database by a restored one.
//!
//! The restored database is prepared beside the old one, as `FILE.restored.partial`. Its renaming to
//! `FILE.restored` decides: before it the old database is in place, after it the restored one. What
//! remains, setting the old files aside and renaming once more, is repeated by the next program that
//! opens the database if a crash has interrupted it. The log of the old database must be gone before
//! the restored file has its name: SQLite would replay the log into that file.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use sqlx::{Connection as _, sqlite::SqliteConnection};
use uuid::Uuid;

use super::{location::Location, lock};
use crate::{
    error::Error,
    store::{
        Write,
        files::{LOCKS, identity, named, require_database, sync_folder_of},
        on,
        sqlx_error::unexpected,
    },
};

/// The ends of the names of the files that belong to a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The right to replace a database: no other program of deploytrack has it open, or opens it.
#[derive(Debug)]
pub(crate) struct Replacement {
    database: PathBuf,
    _server: fs::File,
    _starting: fs::File,
}

impl Replacement {
    /// Locks a database. An interrupted replacement is finished first.
    ///
    /// # Errors
    /// [`Error::Setup`] if a program has the database open.
    pub(crate) async fn of(database: &Path) -> Result<Self, Error> {
        let server = lock::try_server(database)?
            .ok_or_else(|| lock::in_use(database, "a server is running"))?;
        let starting = lock::start(database)
            .await
            .map_err(|error| unlockable(&error))?;
        finish(database).map_err(|error| unlockable(&error))?;
        refuse_open(database).await?;
        Ok(Self {
            database: database.to_owned(),
            _server: server,
            _starting: starting,
        })
    }

    /// The path for the restored database.
    pub(crate) fn draft(&self) -> PathBuf {
        draft(&self.database)
    }

    /// Puts the restored database in the place of the old one. Returns the path of the old one, if
    /// there was one.
    pub(crate) fn decide(&self) -> io::Result<Option<PathBuf>> {
        adopt_owner(&self.draft(), &self.database)?;
        fs::File::open(self.draft())?.sync_all()?;
        fs::rename(self.draft(), restored(&self.database))?;
        sync_folder_of(&self.database)?;
        finish(&self.database)
    }
}

/// Refuses a database that another program has open, also one that is not deploytrack's. Leaving the
/// write-ahead mode needs the only connection; it also moves the log into the file, so that one file
/// is set aside. A damaged database may refuse that, and is replaced with its log.
async fn refuse_open(database: &Path) -> Result<(), Error> {
    if require_database(database).is_err() {
        return Ok(());
    }
    let options = Location::of_file(database).options.create_if_missing(false);
    let options = options.busy_timeout(std::time::Duration::from_millis(500));
    let left = async {
        let mut connection = SqliteConnection::connect_with(&options).await?;
        let mode = sqlx::query_scalar::<_, String>("pragma journal_mode = delete")
            .fetch_one(&mut connection)
            .await;
        connection.close().await?;
        mode
    };
    let in_use = || Err(lock::in_use(database, "another program has it open"));
    match left.await {
        Ok(mode) if mode == "wal" => in_use(),
        Ok(_) => Ok(()),
        Err(sqlx::Error::Database(error)) if error.message().contains("locked") => in_use(),
        Err(error) => {
            let error = unexpected(error);
            tracing::debug!(%error, "the old database is set aside with its write-ahead log");
            Ok(())
        }
    }
}

/// Whether a crash has interrupted a replacement after its decision.
pub(super) fn is_pending(database: &Path) -> bool {
    restored(database).exists()
}

/// Finishes a replacement after its decision, if there is one, and removes the draft of one that was
/// interrupted before. Returns the path of the old database. The caller holds the lock of the start,
/// as a running replacement does.
pub(super) fn finish(database: &Path) -> io::Result<Option<PathBuf>> {
    for end in ["", ".lock", "-wal", "-shm", "-journal"] {
        let _ = fs::remove_file(named(&draft(database), end));
    }
    if !is_pending(database) {
        return Ok(None);
    }
    let former = former(database);
    let had_one = set_aside(database, &former)?;
    fs::rename(restored(database), database)?;
    sync_folder_of(database)?;
    Ok(had_one.then_some(former))
}

/// Gives the files of the old database another name. The file itself keeps its first name as well
/// until the restored one takes it, so that a database is in place at every moment.
fn set_aside(database: &Path, former: &Path) -> io::Result<bool> {
    for end in BESIDE {
        let (from, to) = (named(database, end), named(former, end));
        if from.exists() {
            fs::rename(from, to)?;
        }
    }
    if !database.exists() {
        return Ok(former.exists());
    }
    match fs::hard_link(database, former) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // A file system without hard links.
        Err(_) => fs::rename(database, former)?,
        Ok(()) => {}
    }
    sync_folder_of(database)?;
    Ok(true)
}

/// The name for the old database: the first that no other file has.
fn former(database: &Path) -> PathBuf {
    let name = |number: u32| match number {
        1 => named(database, ".before-restore"),
        number => named(database, &format!(".before-restore-{number}")),
    };
    // After an interruption the old database may have that name already.
    let is_own = |path: &Path| identity(path).is_some() && identity(path) == identity(database);
    let mut names = (1..).map(name);
    names
        .find(|path| !path.exists() || is_own(path))
        .unwrap_or_else(|| named(database, ".before-restore"))
}

fn draft(database: &Path) -> PathBuf {
    named(database, ".restored.partial")
}

fn restored(database: &Path) -> PathBuf {
    named(database, ".restored")
}

/// Gives a file the owner of the database that it replaces, or that of the folder: root restores
/// files that a server without its rights must open.
fn adopt_owner(file: &Path, database: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, chown};

        let folder = std::path::absolute(database)?;
        let owner =
            fs::metadata(database).or_else(|_| fs::metadata(folder.parent().unwrap_or(&folder)))?;
        let own = fs::metadata(file)?;
        if (own.uid(), own.gid()) != (owner.uid(), owner.gid()) {
            let all = LOCKS.map(|end| named(database, end));
            for path in all.iter().map(PathBuf::as_path).chain([file]) {
                chown(path, Some(owner.uid()), Some(owner.gid()))?;
            }
        }
    }
    #[cfg(not(unix))]
    let _ = (file, database);
    Ok(())
}

fn unlockable(error: &io::Error) -> Error {
    Error::Setup(format!("the database cannot be locked: {error}"))
}

impl Write {
    /// Gives the store a new id, which it returns, and ends what a backup must not bring back: the
    /// sessions, which may have been ended since.
    pub(crate) async fn begin_anew(&mut self) -> Result<Uuid, Error> {
        let id = Uuid::new_v4();
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("update store set id = $1")
                .bind(id)
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)?;
        on!(Transaction, self.unflushed(), |write| {
            sqlx::query("delete from sessions")
                .execute(&mut **write)
                .await
                .map(|_| ())
        })
        .map_err(unexpected)?;
        Ok(id)
    }
}
