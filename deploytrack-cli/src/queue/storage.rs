//! The files of an entry: their names, and how they are written and locked.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write as _},
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
/// The process of the command.
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

/// Writes a file that survives a crash of the machine: beside the target, synced, then renamed.
/// Readers see the old file or the whole new one.
pub(super) fn write_synced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    replace(folder, name, bytes, File::sync_all)?;
    sync_folder(folder)
}

/// Writes a file that need not survive a crash of the machine: beside the target, then renamed.
pub(super) fn write_unsynced(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    replace(folder, name, bytes, |_| Ok(()))
}

fn replace(
    folder: &Path,
    name: &str,
    bytes: &[u8],
    sync: impl Fn(&File) -> io::Result<()>,
) -> io::Result<()> {
    let draft = folder.join(format!(".{name}"));
    let mut file = files::create(&draft, 0o600)?;
    file.write_all(bytes)?;
    sync(&file)?;
    fs::rename(&draft, folder.join(name))
}

/// Syncs a folder: without this, a rename or a removal in it may be undone when the machine
/// crashes.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
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
