//! What the keeper and the recording process leave for each other in an entry.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    PATIENCE,
    keys::Keys,
    outcome::Outcome,
    process_identity::ProcessIdentity,
    seal::{self, SealedFile},
    storage::{KEEPER, LEFT, OUTCOME, RUNNING, entry_name, try_lock},
};
use crate::{
    atomic_write::{self, PRIVATE},
    files, patience,
};

/// How long writing the mark of [`leave`] may take: the mark only saves another process some work.
const PATIENCE_FOR_A_MARK: Duration = Duration::from_secs(1);

/// The entry of the command that this process, a keeper, waits for.
#[derive(Debug)]
pub(crate) struct KeeperLock {
    folder: PathBuf,
    keys: Keys,
    _lock: File,
}

impl KeeperLock {
    /// Becomes the keeper of an entry; none if the entry is removed or has a keeper.
    pub(crate) fn acquire(folder: &Path, keys: Keys) -> io::Result<Option<Self>> {
        let path = folder.join(KEEPER);
        let lock = patience::within(PATIENCE, move || {
            let lock = files::lockable(&path, true)?;
            Ok(try_lock(&lock)?.then_some(lock))
        })?;
        Ok(lock.map(|lock| Self {
            folder: folder.to_owned(),
            keys,
            _lock: lock,
        }))
    }

    /// Stores the process of the command.
    pub(crate) fn store_process(&self, process: &ProcessIdentity) -> io::Result<()> {
        self.store(RUNNING, &serde_json::to_vec(process)?)
    }

    /// Stores how the command ended.
    pub(crate) fn store_outcome(&self, outcome: &Outcome) -> io::Result<()> {
        self.store(OUTCOME, &serde_json::to_vec(outcome)?)
    }

    /// Not synced: if the machine crashes, the command and this process die with it.
    fn store(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let sealed = seal::close(
            SealedFile {
                entry: &entry_name(&self.folder),
                name,
            },
            "",
            content,
            &self.keys,
        )?;
        let path = self.folder.join(name);
        patience::within(PATIENCE, move || {
            atomic_write::unsynced(&path, PRIVATE, &sealed)
        })
    }
}

/// Marks that the recording process has left an entry to the next call.
pub(crate) fn leave(folder: &Path) {
    let path = folder.join(LEFT);
    // Without the mark the keeper sends the entry at once.
    drop(patience::within(PATIENCE_FOR_A_MARK, move || {
        atomic_write::unsynced(&path, PRIVATE, b"")
    }));
}

/// Whether the recording process of an entry died: it neither removed the entry nor left it to the
/// next call.
pub(crate) fn is_abandoned(folder: &Path) -> bool {
    folder.exists() && !folder.join(LEFT).exists()
}

/// Whether a living keeper waits for the command of an entry. A keeper that is about to end does not
/// use an entry that was left to the next call.
pub(super) fn has_keeper(folder: &Path) -> io::Result<bool> {
    if folder.join(LEFT).exists() {
        return Ok(false);
    }
    match files::lockable(&folder.join(KEEPER), false) {
        Ok(keeper) => Ok(!try_lock(&keeper)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
