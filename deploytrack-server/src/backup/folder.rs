//! The backups in a folder. Their names are in the order of their times.

use std::{
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use chrono::NaiveDateTime;
use deploytrack_core::clock::{Clock as _, SystemClock, Time};

/// The form of a name, with the time in UTC.
const NAME: &str = "deploytrack-%Y%m%dT%H%M%S%.3fZ.db";

/// The path of a backup that is made now.
pub(super) fn next_file(folder: &Path) -> PathBuf {
    folder.join(SystemClock.now().format(NAME).to_string())
}

/// The time in the name of a backup.
fn time_of(name: &OsStr) -> Option<Time> {
    let time = NaiveDateTime::parse_from_str(name.to_str()?, NAME).ok()?;
    Some(time.and_utc())
}

/// The backups in a folder, oldest first.
fn backups(folder: &Path) -> io::Result<Vec<(Time, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        found.extend(time_of(&entry.file_name()).map(|time| (time, entry.path())));
    }
    found.sort_unstable();
    Ok(found)
}

/// The time of the newest backup in a folder.
pub(super) fn newest(folder: &Path) -> Option<Time> {
    let (time, _) = backups(folder).ok()?.pop()?;
    Some(time)
}

/// Removes the oldest backups, so that this number is left. Other files are not touched. Returns how
/// many were removed.
pub(super) fn keep_newest(folder: &Path, keep: usize) -> io::Result<usize> {
    let found = backups(folder)?;
    let surplus = found.len().saturating_sub(keep);
    for (_, path) in &found[..surplus] {
        fs::remove_file(path)?;
        let mut description = path.clone().into_os_string();
        description.push(".json");
        match fs::remove_file(&description) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(surplus)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_backups_and_all_other_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        let names = [
            "deploytrack-20261129T235959.999Z.db",
            "deploytrack-20261130T000000.000Z.db",
            "deploytrack-20261130T000000.001Z.db",
        ];
        let others = [
            "deploytrack-1.db",
            "other.db",
            "deploytrack-20261129T235959.999Z.db.partial",
        ];
        for name in names.iter().chain(&others) {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::write(folder.path().join(format!("{}.json", names[0])), "").unwrap();
        assert_eq!(keep_newest(folder.path(), 2).unwrap(), 1);
        let mut left: Vec<_> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort_unstable();
        let mut expected = [&names[1..], &others].concat();
        expected.sort_unstable();
        assert_eq!(left, expected);
        assert_eq!(keep_newest(folder.path(), 2).unwrap(), 0);
        assert_eq!(newest(folder.path()), time_of(names[2].as_ref()));
    }

    #[test]
    fn the_name_of_a_new_backup_has_its_time() {
        let now = SystemClock.now();
        let path = next_file(Path::new("backups"));
        let time = time_of(path.file_name().unwrap()).unwrap();
        assert!((time - now).num_seconds().abs() < 60, "{}", path.display());
    }
}
