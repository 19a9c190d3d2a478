//! The files of an entry: their names, and their locks.

use std::{
    fs::{File, TryLockError},
    io,
    path::Path,
};

use crate::files;

/// Locked by the process that adds to the entry or sends it.
pub(super) const LOCK: &str = "lock";
/// The id of the deployment.
pub(super) const DEPLOYMENT: &str = "deployment";
/// The first event, after the server acknowledged it.
pub(super) const FIRST_EVENT: &str = "told";
/// The path of the id file that waits for the id of the deployment.
pub(super) const ID_FILE: &str = "id-file";
/// Exists until the outcome is among the events: the command may still run. Contains the [`super::PendingOutcome`].
pub(super) const UNFINISHED: &str = "unfinished";
/// Locked while the keeper lives. The keeper waits for the command even if the process that records
/// the deployment dies.
pub(super) const KEEPER: &str = "keeper";
/// The process of the command; `null` from just before its start until the process is known.
pub(super) const RUNNING: &str = "running";
/// Exists after the recording process ended in an orderly way and left the entry to the next call.
pub(super) const LEFT: &str = "left";
/// How the command ended, written by the keeper.
pub(super) const OUTCOME: &str = "outcome";

/// The file name of the event at this position.
pub(super) fn event_file(position: usize) -> String {
    format!("{position}.json")
}

/// The position of the event in this file; none for any other file.
pub(super) fn position_of(path: &Path) -> Option<usize> {
    path.file_name()?
        .to_str()?
        .strip_suffix(".json")?
        .parse()
        .ok()
}

/// Opens the lock file of an entry, and creates it if it is missing.
pub(super) fn lock_file(folder: &Path) -> io::Result<File> {
    files::lockable(&folder.join(LOCK), true)
}

/// Locks a file; `false` if another process has locked it.
pub(super) fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The name of the entry in this folder.
pub(super) fn entry_name(folder: &Path) -> String {
    folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
