//! The files of an SQLite database: their permissions, and a check that they were not deleted or
//! replaced.

use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use crate::{
    error::Error,
    measurement::{DiskMeasurements, FileMeasurements},
};

/// The suffixes of the files that SQLite creates beside the database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// The suffixes of the lock files: one for the time in which a program opens the database, one for
/// the time in which a server has it open.
pub(super) const LOCKS: [&str; 2] = [".lock", ".server-lock"];

/// Creates the file with mode 0600, and sets that mode on existing files. SQLite copies the mode of
/// the database to the files beside it. An existing file must not be opened here: closing it would
/// drop the locks that SQLite holds on it in this process.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    #[cfg(unix)]
    for path in [path.to_owned()]
        .into_iter()
        .chain(LOCKS.map(|end| named(path, end)))
        .chain(beside(path))
    {
        close_to_others(&path);
    }
    Ok(())
}

/// Restricts a file to its owner. If that fails, as for a file of another user, it logs a warning.
#[cfg(unix)]
fn close_to_others(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;

    let Ok(found) = fs::metadata(path) else {
        return;
    };
    if found.is_file()
        && found.permissions().mode() & 0o077 != 0
        && let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(0o600))
    {
        tracing::warn!(path = %path.display(), %error, "other users may read this file, and its permissions cannot be changed");
    }
}

/// The paths of the files beside the database.
fn beside(database: &Path) -> impl Iterator<Item = PathBuf> {
    BESIDE.into_iter().map(|end| named(database, end))
}

/// The path of the database with a suffix.
pub(crate) fn named(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The size of the header of an SQLite database.
const HEADER: u64 = 100;

/// Refuses a file that is missing or shorter than the header of an SQLite database. SQLite takes it
/// for an empty database, and deletes the write-ahead log beside it, which may be all that is left.
///
/// The file is not opened: closing it would drop the locks that SQLite holds on it in this process.
pub(super) fn require_header(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Ok(found) if found.len() >= HEADER || !found.is_file() => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::Unavailable(error.into()))
        }
        _ => Err(not_a_database(path)),
    }
}

/// Refuses a file without a header that has a write-ahead log beside it.
pub(super) fn require_header_beside_log(path: &Path) -> Result<(), Error> {
    // SQLite follows a symbolic link first.
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let log = named(&real, BESIDE[0]);
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) && require_header(path).is_err() {
        let (path, log) = (path.display(), log.display());
        return Err(Error::Setup(format!(
            "the database file {path} is missing or shorter than the header of an SQLite database, and SQLite would delete its write-ahead log \
             {log}, which has data: put the file back, or move the log away to begin with an empty database"
        )));
    }
    Ok(())
}

/// Refuses a file that does not begin as SQLite's do. No connection of this process may have it
/// open; see [`require_header`].
pub(super) fn require_database(path: &Path) -> Result<(), Error> {
    let mut start = [0; 16];
    match fs::File::open(path).and_then(|mut file| file.read_exact(&mut start)) {
        Ok(()) if start == *b"SQLite format 3\0" => Ok(()),
        Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            Err(Error::Unavailable(error.into()))
        }
        _ => Err(not_a_database(path)),
    }
}

fn not_a_database(path: &Path) -> Error {
    Error::Setup(format!(
        "the file {} is not an SQLite database",
        path.display()
    ))
}

/// Writes the names in the folder of a file to the disk. Without this, a crash of the machine may
/// undo a renaming.
pub(crate) fn sync_folder_of(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = std::path::absolute(path)?.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// The files of an open database, with their identities. SQLite keeps writing to a file that was
/// deleted or replaced, and no program that opens the path sees those writes.
#[derive(Debug)]
pub(super) struct Files(Vec<(PathBuf, Identity)>);

/// The room of the file system of a file, which may be deleted.
#[cfg(target_os = "linux")]
fn disk(file: &Path) -> Option<DiskMeasurements> {
    let found = rustix::fs::statvfs(file.parent()?).ok()?;
    Some(DiskMeasurements {
        available: found.f_bavail.saturating_mul(found.f_frsize),
        size: found.f_blocks.saturating_mul(found.f_frsize),
    })
}

#[cfg(not(target_os = "linux"))]
const fn disk(_: &Path) -> Option<DiskMeasurements> {
    None
}

/// The device and the number of a file.
type Identity = (u64, u64);

impl Files {
    /// The files of a database. A connection must have read from it, so that all of them exist.
    pub(super) fn of(database: &Path) -> Self {
        let database = std::path::absolute(database).unwrap_or_else(|_| database.to_owned());
        // SQLite follows a symbolic link first.
        let real = fs::canonicalize(&database).unwrap_or_else(|_| database.clone());
        let existing = |path: PathBuf| identity(&path).map(|identity| (path, identity));
        Self(
            [database]
                .into_iter()
                .chain(beside(&real))
                .filter_map(existing)
                .collect(),
        )
    }

    /// The size of these files, and the room of their file system. The index in memory (`-shm`) is
    /// no data.
    pub(super) fn measure(&self) -> FileMeasurements {
        let is_data = |path: &&PathBuf| !path.as_os_str().as_encoded_bytes().ends_with(b"-shm");
        let paths = self.0.iter().map(|(path, _)| path).filter(is_data);
        let sizes = paths.filter_map(|path| fs::metadata(path).ok());
        FileMeasurements {
            database: sizes.map(|found| found.len()).sum(),
            disk: self.0.first().and_then(|(path, _)| disk(path)),
        }
    }

    /// Returns an error when a file is not the one that was opened.
    pub(super) fn check(&self) -> Result<(), Error> {
        let changed = self
            .0
            .iter()
            .find(|(path, opened)| identity(path) != Some(*opened));
        changed.map_or(Ok(()), |(path, _)| {
            Err(Error::Unavailable(gone(path).into()))
        })
    }

    /// Whether a file beside the database now belongs to another database. Closing this one would
    /// delete it.
    pub(super) fn are_foreign(&self) -> bool {
        self.0
            .iter()
            .skip(1)
            .any(|(path, opened)| identity(path).is_some_and(|found| found != *opened))
    }
}

fn gone(path: &Path) -> String {
    let what = if path.exists() {
        "replaced"
    } else {
        "deleted or moved"
    };
    let path = path.display();
    format!(
        "the database file {path} was {what} while it was open; every write fails until the file is back or the program is restarted"
    )
}

#[cfg(unix)]
pub(super) fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(path)
        .ok()
        .map(|found| (found.dev(), found.ino()))
}

/// Elsewhere an open file cannot be deleted.
#[cfg(not(unix))]
pub(super) fn identity(_: &Path) -> Option<Identity> {
    None
}
