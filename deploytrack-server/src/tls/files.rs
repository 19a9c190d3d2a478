//! The files of the certificate and the key.

use std::path::{Path, PathBuf};

use deploytrack_core::digest::Digest;

use crate::secret_file::{SecretFile, SecretFileError};

/// The files of a certificate with its chain, and of its key, in PEM form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate of the server first, then those of its issuers.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The contents of the two files.
pub(super) struct Contents {
    pub(super) certificate: Vec<u8>,
    pub(super) key: Vec<u8>,
}

impl Contents {
    /// The hashes of the contents, to find a change without the key in memory.
    pub(super) fn hashes(&self) -> [Digest; 2] {
        [&self.certificate, &self.key].map(|bytes| Digest::of(bytes))
    }
}

impl TlsFiles {
    pub(super) fn certificate(&self) -> SecretFile {
        SecretFile::of_certificate(&self.certificate)
    }

    pub(super) fn key(&self) -> SecretFile {
        SecretFile::of_key(&self.key)
    }

    /// Reads both files.
    pub(super) fn read(&self) -> Result<Contents, SecretFileError> {
        Ok(Contents {
            certificate: self.certificate().read()?,
            key: self.key().read()?,
        })
    }

    /// Whether the files may be read again: a pipe has its content once.
    pub(super) fn can_change(&self) -> bool {
        [&self.certificate, &self.key]
            .into_iter()
            .all(|path| path.is_file() || !path.exists())
    }

    /// A warning about a key that every user of the machine can read. It is no error: a file that a
    /// container mounts has the permissions that it has outside.
    #[must_use]
    pub fn exposure(&self) -> Option<String> {
        let mode = mode(&self.key)?;
        (mode & 0o004 != 0).then(|| {
            format!(
                "{} can be read by every user of this machine (mode {mode:03o}); chmod 600 makes it private",
                self.key()
            )
        })
    }
}

/// The permissions of a file.
#[cfg(unix)]
fn mode(path: &Path) -> Option<u32> {
    let metadata = std::fs::metadata(path).ok()?;
    Some(std::os::unix::fs::MetadataExt::mode(&metadata) & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Option<u32> {
    None
}
