//! A backup until it is complete: the file `TARGET.partial`.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{describe, digest_of};
use crate::{
    backup::{Backup, Extent},
    store::{named, sync_folder_of},
};

/// A file that is removed unless it is published. Its lock shows that its process is alive.
pub(super) struct Draft {
    path: PathBuf,
    target: PathBuf,
    file: File,
}

impl Draft {
    /// Creates an empty file beside the target, which only its owner can read.
    pub(super) fn create(target: &Path) -> io::Result<Self> {
        if target.try_exists()? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "this file exists already; name another one, or a folder",
            ));
        }
        let path = named(target, ".partial");
        remove_abandoned(&path)?;
        let file = create_private(&path)?;
        let draft = Self {
            path,
            target: target.to_owned(),
            file,
        };
        draft.file.try_lock()?;
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the copy and its description to the disk and gives both their names. The copy gets its
    /// name last, so that every backup has its description.
    pub(super) fn publish(self, extent: Extent) -> io::Result<Backup> {
        self.file.sync_all()?;
        let bytes = self.file.metadata()?.len();
        let backup = describe(extent, bytes, digest_of(&self.path)?);
        let (description, partial) = (named(&self.target, ".json"), named(&self.path, ".json"));
        let _ = fs::remove_file(&partial);
        let mut file = create_private(&partial)?;
        serde_json::to_writer_pretty(&mut file, &backup)?;
        writeln!(file)?;
        file.sync_all()?;
        fs::rename(partial, description)?;
        fs::rename(&self.path, &self.target)?;
        sync_folder_of(&self.target)?;
        Ok(backup)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for end in ["", "-journal", ".json"] {
            let _ = fs::remove_file(named(&self.path, end));
        }
    }
}

/// Removes the unfinished backups in a folder whose processes were killed.
///
/// # Errors
/// The folder cannot be read.
pub fn remove_abandoned_drafts(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".db.partial") && remove_abandoned(&path).is_ok() {
            tracing::info!(path = %path.display(), "removed a backup that was not finished");
        }
    }
    Ok(())
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Removes the file of a process that was killed.
fn remove_abandoned(path: &Path) -> io::Result<()> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    file.try_lock().map_err(|_| {
        let message = format!("another backup is writing to {}", path.display());
        io::Error::new(io::ErrorKind::AlreadyExists, message)
    })?;
    let _ = fs::remove_file(named(path, "-journal"));
    fs::remove_file(path)
}
