//! Files that somebody else may have put in place: a restored cache or workspace can hold links, FIFOs and foreign files.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustix::{fs::OFlags, io::Errno, process::geteuid};

/// The most bytes of a setting: a token, a config file, certificates.
pub(crate) const MOST_OF_A_SETTING: u64 = 4 * 1024 * 1024;
const OTHERS_MAY_WRITE: u32 = 0o022;
/// Through no link; and a FIFO without a writer would block the call.
const CAREFUL: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Which files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// The user's own regular files, under one name and through no link.
    Own,
    /// Regular files of any user, through no link.
    NoLink,
    /// Regular files of any user, also through a link. A pipe is read too: a shell substitutes one for a command's output.
    Chosen,
}

/// Reads a file of at most so many bytes.
pub(crate) fn read(path: &Path, care: Care, most: u64) -> io::Result<Vec<u8>> {
    let file = open(path, care)?;
    let size = check(&file, care)?.len();
    let mut bytes = Vec::new();
    // A file may grow, and a pipe has no size.
    file.take(most + 1).read_to_end(&mut bytes)?;
    if size > most || bytes.len() as u64 > most {
        return Err(invalid(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// Opens a file that is only locked. It is never truncated.
pub(crate) fn lockable(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false).mode(0o600).custom_flags(CAREFUL.bits().cast_signed());
    let file = options.open(path).map_err(named)?;
    check(&file, Care::Own)?;
    Ok(file)
}

/// Creates a file that only its owner reads, in the place of one that an earlier process left there.
pub(crate) fn create(path: &Path, mode: u32) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().write(true).create_new(true).mode(mode).open(path)
}

/// Creates a folder that only its owner may enter, and the folders above it.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Rejects a folder that is a link, belongs to another user, or is writable for others.
pub(crate) fn check_folder(path: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    if found.is_symlink() {
        return Err(invalid("it is a link".to_owned()));
    }
    if !found.is_dir() {
        return Err(io::Error::new(io::ErrorKind::NotADirectory, "it is not a folder"));
    }
    check_owner(&found)?;
    if found.mode() & OTHERS_MAY_WRITE != 0 {
        return Err(invalid(format!("other users may write to it (mode {:03o}): `chmod go-w` on it", found.mode() & 0o777)));
    }
    Ok(())
}

/// Whether a path is a link, wherever it leads.
pub(crate) fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink())
}

fn open(path: &Path, care: Care) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    if care != Care::Chosen {
        options.custom_flags(CAREFUL.bits().cast_signed());
    }
    options.open(path).map_err(named)
}

/// The system's words for a link and a socket help nobody.
fn named(error: io::Error) -> io::Error {
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
            return Err(invalid(format!("it has {} names (hard links)", found.nlink())));
        }
    }
    Ok(found)
}

fn check_owner(found: &Metadata) -> io::Result<()> {
    let own = geteuid().as_raw();
    if found.uid() == own { Ok(()) } else { Err(invalid(format!("it belongs to user {} and not to user {own}", found.uid()))) }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use std::{os::unix::net::UnixListener, path::PathBuf};

    use rustix::fs::{CWD, FileType, Mode, mknodat};

    use super::*;

    fn why(path: &Path) -> String {
        read(path, Care::Own, 10).unwrap_err().to_string()
    }

    fn made(folder: &Path, name: &str, make: impl FnOnce(&Path)) -> PathBuf {
        let path = folder.join(name);
        make(&path);
        path
    }

    #[test]
    fn only_a_small_regular_file_under_one_name_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = made(folder.path(), "file", |path| fs::write(path, "0123456789").unwrap());
        assert_eq!(read(&file, Care::Own, 10).unwrap(), b"0123456789");
        assert!(read(&file, Care::Own, 9).unwrap_err().to_string().contains("more than 9 bytes"));
        let link = made(folder.path(), "link", |path| std::os::unix::fs::symlink(&file, path).unwrap());
        assert_eq!(why(&link), "it is a link");
        assert_eq!(read(&link, Care::Chosen, 10).unwrap(), b"0123456789");
        let fifo = made(folder.path(), "fifo", |path| mknodat(CWD, path, FileType::Fifo, Mode::RWXU, 0).unwrap());
        let socket = made(folder.path(), "socket", |path| drop(UnixListener::bind(path).unwrap()));
        let directory = made(folder.path(), "directory", |path| fs::create_dir(path).unwrap());
        for path in [&fifo, &socket, &directory] {
            assert_eq!(why(path), "it is not a regular file", "{}", path.display());
            assert!(lockable(path, true).is_err());
        }
        let _name = made(folder.path(), "second", |path| fs::hard_link(&file, path).unwrap());
        assert_eq!(why(&file), "it has 2 names (hard links)");
    }

    #[test]
    fn a_lock_never_empties_a_file_and_follows_no_link() {
        let folder = tempfile::tempdir().unwrap();
        let script = made(folder.path(), "deploy.sh", |path| fs::write(path, "#!/bin/sh").unwrap());
        let link = made(folder.path(), "lock", |path| std::os::unix::fs::symlink(&script, path).unwrap());
        assert!(lockable(&link, true).is_err());
        drop(lockable(&script, true).unwrap());
        assert_eq!(fs::read_to_string(script).unwrap(), "#!/bin/sh");
    }
}
