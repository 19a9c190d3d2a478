//! The spool: the folder with all entries.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use uuid::Uuid;

use super::{
    PATIENCE, bounds,
    entry::Entry,
    keeper_lock::has_keeper,
    keys::Keys,
    seal::Distrust,
    storage::{lock_file, try_lock},
};
use crate::{atomic_write, files, patience::Disk, process_env::ProcessEnv};

/// The folder with all entries.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    pub(super) folder: PathBuf,
    /// The server of new entries.
    server: String,
    pub(super) keys: Arc<Keys>,
    pub(super) disk: Disk,
}

impl Spool {
    /// The spool of this user: `$XDG_STATE_HOME/deploytrack/spool`, or the same under
    /// `~/.local/state`.
    pub(crate) fn find(env: &ProcessEnv, keys: Keys, server: String) -> Option<Self> {
        let folder = env.state_folder()?.join("deploytrack").join("spool");
        Some(Self::in_folder(folder, keys, server))
    }

    pub(super) fn in_folder(folder: PathBuf, keys: Keys, server: String) -> Self {
        Self {
            folder,
            server,
            keys: Arc::new(keys),
            disk: Disk::new(PATIENCE),
        }
    }

    /// Changes how long the file system may take to answer.
    pub(crate) fn limit_to(&self, limit: Duration) {
        self.disk.limit_to(limit);
    }

    /// Creates an entry and locks it.
    ///
    /// # Errors
    /// The folder cannot be written, other users may write to it, or the spool is full.
    pub(crate) fn begin(&self) -> io::Result<Entry> {
        let spool = self.clone();
        self.disk.run(move || spool.try_begin())
    }

    fn try_begin(&self) -> io::Result<Entry> {
        let with_path = |error: io::Error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.folder.display()))
        };
        files::private_folder(&self.folder)
            .and_then(|()| self.check())
            .map_err(with_path)?;
        bounds::room(&self.folder, &self.list()?)?;
        let id = Uuid::now_v7().to_string();
        // Created under a hidden name, so that no other process finds the entry before it is
        // locked.
        let (hidden, folder) = (self.folder.join(format!(".{id}")), self.folder.join(id));
        files::private_folder(&hidden)?;
        let lock = lock_file(&hidden)?;
        lock.lock()?;
        fs::rename(&hidden, &folder)?;
        atomic_write::sync_folder(&self.folder)?;
        Ok(Entry {
            is_trusted: true,
            is_begun_here: true,
            ..self.entry(folder, lock)
        })
    }

    fn entry(&self, folder: PathBuf, lock: File) -> Entry {
        let (server, keys, disk) = (self.server.clone(), self.keys.clone(), self.disk.clone());
        Entry {
            folder,
            _lock: lock,
            server,
            keys,
            disk,
            is_trusted: false,
            is_begun_here: false,
        }
    }

    /// The names of the entries, the oldest first.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let spool = self.clone();
        self.disk.run(move || spool.list())
    }

    fn list(&self) -> io::Result<Vec<String>> {
        match self.check() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            checked => checked?,
        }
        let files = fs::read_dir(&self.folder)?;
        let names = files
            .filter_map(|file| file.ok()?.file_name().into_string().ok())
            .filter(|name| Uuid::try_parse(name).is_ok());
        let mut names: Vec<_> = names.collect();
        // UUIDs of version 7 sort by the time they were created.
        names.sort_unstable();
        Ok(names)
    }

    /// Rejects a spool that is reached through a link, or that other users may write to.
    pub(super) fn check(&self) -> io::Result<()> {
        let parent_link = self.folder.parent().filter(|parent| files::is_link(parent));
        parent_link.map_or(Ok(()), files::check_folder)?;
        files::check_folder(&self.folder)
    }

    /// Opens and locks an entry; none if a living process uses it or has just removed it.
    ///
    /// # Errors
    /// A [`Distrust`] if a file of the entry has no seal of ours.
    pub(crate) fn open(&self, name: &str) -> io::Result<Option<Entry>> {
        let Some(mut entry) = self.open_unverified(name)? else {
            return Ok(None);
        };
        entry.verify()?;
        Ok(Some(entry))
    }

    /// Opens and locks an entry without checking its seals: to show it, to drop it, or to send it
    /// after a person has looked at it.
    pub(crate) fn open_unverified(&self, name: &str) -> io::Result<Option<Entry>> {
        let (spool, folder) = (self.clone(), self.folder.join(name));
        self.disk
            .run(move || Ok(lock(&folder)?.map(|lock| spool.entry(folder, lock))))
    }
}

/// The lock of an entry; none if another process has it or the entry is gone.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let distrust = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => Distrust::error(error.to_string()),
        _ => error,
    };
    match files::check_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        checked => checked.map_err(distrust)?,
    }
    let lock = lock_file(folder)
        .map_err(|error| distrust(io::Error::new(error.kind(), format!("lock: {error}"))))?;
    if !try_lock(&lock)? || has_keeper(folder).map_err(distrust)? {
        return Ok(None);
    }
    // The previous owner of the lock may have removed the entry.
    Ok(folder.exists().then_some(lock))
}
