//! What is left of runs that are none any more.

use std::{
    fs::{self, DirEntry},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use uuid::Uuid;

use super::{LOCK, Run, Spool};
use crate::files;

/// Nobody makes or removes a run for as long as that.
const ABANDONED_AFTER: Duration = Duration::from_hours(24);

impl Spool {
    /// Removes what processes left that died while they made or removed a run. What cannot be removed is in nobody's way.
    pub(crate) fn sweep(&self) {
        let spool = self.clone();
        drop(self.disk.run(move || spool.try_to_sweep()));
    }

    fn try_to_sweep(&self) -> io::Result<()> {
        self.check()?;
        for entry in fs::read_dir(&self.folder)?.flatten() {
            if is_unseen(&entry) && is_abandoned(&entry.path()) {
                drop(fs::remove_dir_all(entry.path()));
            }
        }
        Ok(())
    }
}

impl Run {
    /// Puts a run that cannot be read where it is in nobody's way, and nothing of it is lost.
    pub(crate) fn set_aside(self) -> io::Result<PathBuf> {
        let aside = self.folder.with_file_name(format!("{}.unreadable", self.name()));
        let (from, to) = (self.folder.clone(), aside.clone());
        self.disk.run(move || fs::rename(from, to))?;
        Ok(aside)
    }
}

fn is_unseen(entry: &DirEntry) -> bool {
    entry.file_name().to_str().and_then(|name| name.strip_prefix('.')).is_some_and(|name| Uuid::try_parse(name).is_ok())
}

/// Whether nothing happened in the folder for long, and nobody holds its lock.
fn is_abandoned(folder: &Path) -> bool {
    let age = fs::symlink_metadata(folder).and_then(|metadata| metadata.modified()).ok().and_then(|then| then.elapsed().ok());
    age.is_some_and(|age| age >= ABANDONED_AFTER) && is_free(folder)
}

/// Opened without making it: a lock that is not there is held by nobody.
fn is_free(folder: &Path) -> bool {
    match files::lockable(&folder.join(LOCK), false) {
        Ok(lock) => lock.try_lock().is_ok(),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::File, time::SystemTime};

    use super::*;

    /// A folder that a process left, with or without a lock, last touched so long ago.
    fn left(spool: &Path, age: Duration, lock: bool) -> PathBuf {
        let folder = spool.join(format!(".{}", Uuid::now_v7()));
        fs::create_dir(&folder).unwrap();
        if lock {
            fs::write(folder.join(LOCK), "").unwrap();
        }
        File::open(&folder).unwrap().set_modified(SystemTime::now() - age).unwrap();
        folder
    }

    #[test]
    fn only_what_is_abandoned_is_swept_away() {
        let folder = tempfile::tempdir().unwrap();
        let day = ABANDONED_AFTER + Duration::from_mins(1);
        let gone = [left(folder.path(), day, false), left(folder.path(), day, true)];
        let stay = [left(folder.path(), Duration::from_hours(23), true), left(folder.path(), day, true)];
        let lock = File::open(stay[1].join(LOCK)).unwrap();
        lock.lock().unwrap();
        let spool = super::super::at(folder.path().to_owned());
        let run = spool.begin().unwrap();
        spool.sweep();
        assert!(gone.iter().all(|folder| !folder.exists()));
        assert!(stay.iter().all(|folder| folder.exists()));
        assert_eq!(spool.names().unwrap(), [run.name()]);
    }

    #[test]
    fn what_is_set_aside_is_found_no_more_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let spool = super::super::at(folder.path().to_owned());
        let run = spool.begin().unwrap();
        fs::write(run.folder.join("0.json"), "{").unwrap();
        let aside = run.set_aside().unwrap();
        assert!(spool.names().unwrap().is_empty());
        assert_eq!(fs::read_to_string(aside.join("0.json")).unwrap(), "{");
    }
}
