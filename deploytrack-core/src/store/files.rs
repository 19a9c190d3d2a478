//! The files of an SQLite database: their permissions, and a check that they were not deleted or
//! replaced.

use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use crate::error::Error;

/// The suffixes of the files that SQLite creates beside the database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

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
    for path in [path.to_owned(), named(path, ".lock")]
        .into_iter()
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
pub(super) fn named(database: &Path, end: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// The files of an open database, with their identities. SQLite keeps writing to a file that was
/// deleted or replaced, and no program that opens the path sees those writes.
#[derive(Debug)]
pub(super) struct Files(Vec<(PathBuf, Identity)>);

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
fn identity(path: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;

    fs::metadata(path)
        .ok()
        .map(|found| (found.dev(), found.ino()))
}

/// Elsewhere an open file cannot be deleted.
#[cfg(not(unix))]
fn identity(_: &Path) -> Option<Identity> {
    None
}
