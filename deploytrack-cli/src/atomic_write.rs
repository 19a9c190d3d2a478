//! Atomic writes: a reader sees the old content of a file or the whole new one.
//!
//! The new content is written to a draft in the same folder, which is then renamed. A draft has a
//! random name and is created with its final mode, so no link is followed and no other user can
//! read it before. A draft is removed if the write fails; only a killed process leaves one behind.

use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// The mode of a file that only the owner can read.
pub(crate) const PRIVATE: u32 = 0o600;

/// Writes a file that survives a crash of the machine: both the file and its folder are synced.
pub(crate) fn synced(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    replace(path, mode, bytes, File::sync_all)?;
    sync_folder(folder_of(path))
}

/// Writes a file that need not survive a crash of the machine.
pub(crate) fn unsynced(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    replace(path, mode, bytes, |_| Ok(()))
}

/// Syncs a folder: without this, a rename or a removal in it may be undone when the machine
/// crashes.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

fn replace(
    path: &Path,
    mode: u32,
    bytes: &[u8],
    sync: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<()> {
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::other("it has no name"))?;
    let mut hidden = OsString::from(".");
    hidden.push(name);
    hidden.push(".");
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(mode);
    let draft = tempfile::Builder::new()
        .prefix(&hidden)
        .make_in(folder_of(path), |draft| options.open(draft))?;
    // Errors of `NamedTempFile` itself would name the draft.
    let mut file = draft.as_file();
    file.write_all(bytes)?;
    sync(file)?;
    draft.persist(path).map(drop).map_err(|error| error.error)
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    #[test]
    fn a_write_replaces_a_file_or_a_link_with_its_mode_and_leaves_no_draft() {
        let folder = tempfile::tempdir().unwrap();
        let [path, target] = ["file", "target"].map(|name| folder.path().join(name));
        fs::write(&target, "target").unwrap();
        symlink(&target, &path).unwrap();
        for mode in [PRIVATE, 0o640] {
            synced(&path, mode, b"new").unwrap();
            let found = fs::symlink_metadata(&path).unwrap();
            assert_eq!(found.permissions().mode(), 0o100_000 | mode);
        }
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(&target).unwrap(), b"target");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }

    #[test]
    fn a_failed_write_leaves_no_draft_and_its_error_does_not_name_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("folder");
        fs::create_dir(&path).unwrap();
        let error = unsynced(&path, PRIVATE, b"new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
        assert!(!error.to_string().contains("at path"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        let absent = unsynced(&path.join("a/b"), PRIVATE, b"new").unwrap_err();
        assert_eq!(absent.to_string(), "No such file or directory (os error 2)");
    }
}
