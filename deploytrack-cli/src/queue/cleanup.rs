//! Removes folders that crashed processes left behind, and sets unreadable entries aside.

use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use super::{Entry, Spool, storage::LOCK};
use crate::files;

/// Creating or removing an entry never takes this long.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);

impl Spool {
    /// Removes hidden folders of processes that died while they created or removed an entry. Errors
    /// are ignored: the folders only cost space.
    pub(crate) fn clean_up(&self) {
        let spool = self.clone();
        drop(self.disk.run(move || spool.try_clean_up()));
    }

    fn try_clean_up(&self) -> io::Result<()> {
        self.check()?;
        for folder in fs::read_dir(&self.folder)?.flatten() {
            if is_hidden(&folder) && is_abandoned(&folder.path()) {
                drop(fs::remove_dir_all(folder.path()));
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Renames an unreadable entry, so that other entries can be sent and its content is not lost.
    pub(crate) fn set_aside(self) -> io::Result<PathBuf> {
        let aside = self
            .folder
            .with_file_name(format!("{}.unreadable", self.name()));
        let (from, to) = (self.folder.clone(), aside.clone());
        self.disk.run(move || fs::rename(from, to))?;
        Ok(aside)
    }
}

fn is_hidden(folder: &DirEntry) -> bool {
    folder
        .file_name()
        .to_str()
        .and_then(|name| name.strip_prefix('.'))
        .is_some_and(|name| Uuid::try_parse(name).is_ok())
}

/// Whether the folder has not changed for a long time and no process holds its lock.
fn is_abandoned(folder: &Path) -> bool {
    let age = fs::symlink_metadata(folder)
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|then| then.elapsed().ok());
    age.is_some_and(|age| age >= ABANDONED_AFTER) && is_unlocked(folder)
}

/// The lock file is not created here: a missing one is not locked.
fn is_unlocked(folder: &Path) -> bool {
    match files::lockable(&folder.join(LOCK), false) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;

    /// A hidden folder of this age, with or without a lock file.
    fn left_behind(spool: &Path, age: Duration, lock: bool) -> PathBuf {
        let folder = spool.join(format!(".{}", Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        if lock {
            fs::write(folder.join(LOCK), "").unwrap();
        }
        File::open(&folder)
            .unwrap()
            .set_modified(SystemTime::now() - age)
            .unwrap();
        folder
    }

    #[test]
    fn only_old_unlocked_hidden_folders_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let day = ABANDONED_AFTER + Duration::from_mins(1);
        let gone = [
            left_behind(folder.path(), day, false),
            left_behind(folder.path(), day, true),
        ];
        let stay = [
            left_behind(folder.path(), Duration::from_hours(23), true),
            left_behind(folder.path(), day, true),
        ];
        let lock = File::open(stay[1].join(LOCK)).unwrap();
        lock.lock().unwrap();
        let spool = super::super::tests::spool_in(folder.path().to_owned());
        let entry = spool.begin().unwrap();
        spool.clean_up();
        assert!(gone.iter().all(|folder| !folder.exists()));
        assert!(stay.iter().all(|folder| folder.exists()));
        assert_eq!(spool.names().unwrap(), [entry.name()]);
    }

    #[test]
    fn an_entry_that_is_set_aside_is_no_longer_listed_and_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let spool = super::super::tests::spool_in(folder.path().to_owned());
        let entry = spool.begin().unwrap();
        fs::write(entry.folder.join("0.json"), "{").unwrap();
        let aside = entry.set_aside().unwrap();
        assert!(spool.names().unwrap().is_empty());
        assert_eq!(fs::read_to_string(aside.join("0.json")).unwrap(), "{");
    }
}
