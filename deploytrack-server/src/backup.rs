//! Backups of an SQLite database: their names in a folder, how many of them stay, and the schedule.

mod folder;
pub mod report;
mod schedule;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use deploytrack_core::{
    backup::Backup,
    error::Error,
    tracker::{back_up, remove_abandoned_drafts},
};

pub use self::schedule::{Plan, Schedule};

/// The place for a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A new file.
    File(PathBuf),
    /// A new file in a folder, named after the time.
    Folder(PathBuf),
}

/// A backup that was made.
#[derive(Debug)]
pub struct Made {
    /// Its file.
    pub path: PathBuf,
    /// Its description.
    pub backup: Backup,
    /// The number of older ones that were removed.
    pub removed: usize,
}

impl Target {
    /// The target that a path names: a folder if there is one, or if it ends with a slash.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let ends_with_slash = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        if path.is_dir() || ends_with_slash {
            Self::Folder(path.to_owned())
        } else {
            Self::File(path.to_owned())
        }
    }

    /// The folder `backups` beside a database. It is created if it is missing, for its owner only.
    ///
    /// # Errors
    /// [`Error::Setup`] if the folder cannot be created.
    pub fn beside(database: &Path) -> Result<Self, Error> {
        Self::in_new_folder(database.with_file_name("backups"))
    }

    /// A folder. It is created if it is missing, for its owner only; the folder around it must exist.
    pub(crate) fn in_new_folder(folder: PathBuf) -> Result<Self, Error> {
        let mut builder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        match builder.create(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(unusable(&folder, &error))
            }
            _ => Ok(Self::Folder(folder)),
        }
    }

    /// Makes a backup of a database, and then removes the oldest ones in the folder, so that this
    /// number of them is left.
    ///
    /// # Errors
    /// As [`back_up`]; [`Error::Setup`] if the folder cannot be used.
    pub async fn back_up(&self, database: &Path, keep: Option<usize>) -> Result<Made, Error> {
        let path = match self {
            Self::File(path) => path.clone(),
            Self::Folder(folder) => {
                remove_abandoned_drafts(folder).map_err(|error| unusable(folder, &error))?;
                folder::next_file(folder)
            }
        };
        let backup = back_up(database, &path).await?;
        let removed = match (self, keep) {
            (Self::Folder(folder), Some(keep)) => {
                folder::keep_newest(folder, keep).map_err(|error| unusable(folder, &error))?
            }
            _ => 0,
        };
        Ok(Made {
            path,
            backup,
            removed,
        })
    }
}

fn unusable(folder: &Path, error: &io::Error) -> Error {
    Error::Setup(format!(
        "the folder {} cannot be used for backups: {error}",
        folder.display()
    ))
}
