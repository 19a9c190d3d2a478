//! A small disk that a test can fill: a tmpfs, which only root may mount.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use tempfile::TempDir;

/// A mounted tmpfs. It is unmounted when this value is dropped.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts a disk of this many bytes; `None` when mounting is not allowed.
    ///
    /// # Panics
    /// When the temporary folder cannot be made.
    #[must_use]
    pub fn mount(bytes: u64) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={bytes},mode=755");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        mounted
            .is_ok_and(|mounted| mounted.status.success())
            .then(|| Self(folder))
    }

    /// The mount point.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Fills the disk completely.
    ///
    /// # Panics
    /// When the file that fills it cannot be created.
    pub fn fill(&self) {
        let mut ballast = fs::File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .unwrap();
        for block in [1024 * 1024, 4096] {
            while ballast.write_all(&vec![0; block]).is_ok() {}
        }
    }

    /// Deletes the file that fills the disk.
    ///
    /// # Panics
    /// When the disk was not filled.
    pub fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.path())
            .status();
    }
}
