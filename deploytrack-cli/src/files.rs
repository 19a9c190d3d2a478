//! Reads files that another program may have put in place: a restored cache or
//! workspace can contain links, FIFOs and files of other users.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::{fs::OFlags, io::Errno, process::geteuid};

/// The largest number of bytes of a settings file: a token, a config file, certificates.
pub(crate) const MOST_OF_A_SETTING: u64 = 4 * 1024 * 1024;
const OTHERS_MAY_WRITE: u32 = 0o022;
/// Follows no link, and does not block on a FIFO without a writer.
const CAREFUL: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// Which files may be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Regular files of the user, with one name (no hard links) and not through a link.
    Own,
    /// Regular files of any user, not through a link.
    NoLink,
    /// Regular files of any user, also through a link. Pipes, too: a shell passes the output of a
    /// command as one.
    Chosen,
}

/// Reads a file.
///
/// # Errors
/// The file is not one that `care` allows, or has more than `most` bytes.
pub(crate) fn read(path: &Path, care: Care, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path, care)?;
    let size = check(&file, care)?.len();
    let mut bytes = Vec::new();
    // A file may grow while it is read, and a pipe has no size.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if size > most || bytes.len() as u64 > most {
        return Err(invalid(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Opens a file for locking. It is never truncated.
pub(crate) fn lockable(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .read(true)
        .write(true)
        .create(create)
        .truncate(false)
        .mode(0o600)
        .custom_flags(CAREFUL.bits().cast_signed());
    let file = options.open(path).map_err(with_clear_message)?;
    check(&file, Care::Own)?;
    Ok(file)
}

/// Creates a folder, and its parents, with access for the owner only.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Rejects a folder that is a link, belongs to another user, or is writable for other users.
pub(crate) fn check_folder(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Err(invalid("it is a link".to_owned()));
    }
    if !found.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::NotADirectory,
            "it is not a folder",
        ));
    }
    check_owner(&found)?;
    if found.mode() & OTHERS_MAY_WRITE != 0 {
        return Err(invalid(format!(
            "other users may write to it (mode {:03o}): `chmod go-w` on it",
            found.mode() & 0o777
        )));
    }
    Ok(())
}

/// Whether a path is a symbolic link.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

fn open(path: &Path, care: Care) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    if care != Care::Chosen {
        options.custom_flags(CAREFUL.bits().cast_signed());
    }
    options.open(path).map_err(with_clear_message)
}

/// Replaces unclear error messages of the system for links, sockets and folders.
fn with_clear_message(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => invalid("it is a link".to_owned()),
        Some(Errno::NXIO | Errno::ISDIR) => invalid("it is not a regular file".to_owned()),
        _ => error,
    }
}

fn check(file: &File, care: Care) -> io::Result<Metadata> {
    let found = file.metadata()?;
    let is_pipe = std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type());
    let is_wanted = found.is_file() || (care == Care::Chosen && is_pipe);
    if !is_wanted {
        return Err(invalid("it is not a regular file".to_owned()));
    }
    if care == Care::Own {
        check_owner(&found)?;
        if found.nlink() > 1 {
            return Err(invalid(format!(
                "it has {} names (hard links)",
                found.nlink()
            )));
        }
    }
    Ok(found)
}

fn check_owner(found: &Metadata) -> io::Result<()> {
    let own = geteuid().as_raw();
    if found.uid() == own {
        Ok(())
    } else {
        Err(invalid(format!(
            "it belongs to user {} and not to user {own}",
            found.uid()
        )))
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, path::PathBuf};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn rejection(path: &Path) -> String {
        read(path, Care::Own, 10).unwrap_err().to_string()
    }

    fn create_with(folder: &Path, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
        let path = folder.join(name);
        make(&path);
        path
    }

    #[test]
    fn only_a_small_regular_file_without_hard_links_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = create_with(folder.path(), "file", |path| {
            fs::write(path, "0123456789").unwrap();
        });
        assert_eq!(read(&file, Care::Own, 10).unwrap(), b"0123456789");
        assert!(
            read(&file, Care::Own, 9)
                .unwrap_err()
                .to_string()
                .contains("more than 9 bytes")
        );
        let link = create_with(folder.path(), "link", |path| {
            std::os::unix::fs::symlink(&file, path).unwrap();
        });
        assert_eq!(rejection(&link), "it is a link");
        assert_eq!(read(&link, Care::Chosen, 10).unwrap(), b"0123456789");
        let fifo = create_with(folder.path(), "fifo", |path| {
            mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap();
        });
        let socket = create_with(folder.path(), "socket", |path| {
            drop(UnixListener::bind(path).unwrap());
        });
        let directory = create_with(folder.path(), "directory", |path| {
            fs::create_dir(path).unwrap();
        });
        for path in [&fifo, &socket, &directory] {
            assert_eq!(
                rejection(path),
                "it is not a regular file",
                "{}",
                path.display()
            );
            assert!(lockable(path, true).is_err());
        }
        let _name = create_with(folder.path(), "second", |path| {
            fs::hard_link(&file, path).unwrap();
        });
        assert_eq!(rejection(&file), "it has 2 names (hard links)");
    }

    #[test]
    fn opening_a_file_for_locking_does_not_truncate_it_or_follow_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let script = create_with(folder.path(), "deploy.sh", |path| {
            fs::write(path, "#!/bin/sh").unwrap();
        });
        let link = create_with(folder.path(), "lock", |path| {
            std::os::unix::fs::symlink(&script, path).unwrap();
        });
        assert!(lockable(&link, true).is_err());
        drop(lockable(&script, true).unwrap());
        assert_eq!(fs::read_to_string(script).unwrap(), "#!/bin/sh");
    }
}
