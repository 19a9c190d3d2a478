//! The files that contain a secret or a part of the trust: the secret of tokens, the password of the
//! database, the key of TLS with its certificate, and the issuers of identity tokens.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use deploytrack_core::text;

use crate::token::{Key, KeyFault, Secret, ShortSecret};

/// The most bytes of a secret. A longer file cannot be a secret.
const MOST_BYTES: u64 = 64 * 1024;
/// The time for reading the secret. Reading a FIFO without a writer would never end.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// A file that contains a secret.
#[derive(Clone, Debug)]
pub struct SecretFile {
    path: PathBuf,
    kind: &'static str,
    setting: &'static str,
}

impl SecretFile {
    fn of_tokens(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            kind: "token secret",
            setting: "--jwt-secret-file, DEPLOYTRACK_JWT_SECRET_FILE",
        }
    }

    fn of_former_tokens(path: &Path) -> Self {
        Self {
            kind: "former token secret",
            setting: "--jwt-former-secret-file, DEPLOYTRACK_JWT_FORMER_SECRET_FILE",
            ..Self::of_tokens(path)
        }
    }

    /// A public key of tokens. It is no secret, and is read in the same way.
    fn of_token_key(path: &Path) -> Self {
        Self {
            kind: "token key",
            setting: "--jwt-key, DEPLOYTRACK_JWT_KEY",
            ..Self::of_tokens(path)
        }
    }

    /// The issuers and rules of identity tokens.
    pub(crate) fn of_oidc(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            kind: "OIDC file",
            setting: "--oidc-file, DEPLOYTRACK_OIDC_FILE",
        }
    }

    /// The certificates of issuers.
    pub(crate) fn of_issuer_certificates(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            kind: "certificate file",
            setting: "--oidc-ca-file, DEPLOYTRACK_OIDC_CA_FILE",
        }
    }

    fn of_database(path: &Path, setting: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            kind: "database password",
            setting,
        }
    }

    /// The certificate of TLS. It is no secret, and is read in the same way.
    pub(crate) fn of_certificate(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            kind: "TLS certificate",
            setting: "--tls-cert, DEPLOYTRACK_TLS_CERT",
        }
    }

    /// The key of TLS.
    pub(crate) fn of_key(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            kind: "TLS key",
            setting: "--tls-key, DEPLOYTRACK_TLS_KEY",
        }
    }

    /// Reads the secret without the blanks around it.
    pub(crate) fn read(&self) -> Result<Vec<u8>, SecretFileError> {
        self.read_whole().map(trimmed)
    }

    /// Reads the file as it is, at most 64 KiB.
    pub(crate) fn read_whole(&self) -> Result<Vec<u8>, SecretFileError> {
        let bytes = content(&self.path).map_err(|source| SecretFileError::Read {
            file: self.clone(),
            source,
        })?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(SecretFileError::TooLarge { file: self.clone() });
        }
        Ok(bytes)
    }
}

impl fmt::Display for SecretFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(f, "the {} {path} ({})", self.kind, self.setting)
    }
}

/// The error of a file with a secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretFileError {
    /// The file cannot be read.
    #[error("{file} cannot be read")]
    Read {
        /// The file.
        file: SecretFile,
        /// The cause.
        source: io::Error,
    },
    /// The file cannot be created.
    #[error("the token secret {} cannot be created", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is too large.
    #[error("{file} is larger than 64 KiB")]
    TooLarge {
        /// The file.
        file: SecretFile,
    },
    /// The file contains no password.
    #[error("{file} is empty")]
    Empty {
        /// The file.
        file: SecretFile,
    },
    /// The file is no key for tokens.
    #[error("{file} {source}")]
    Key {
        /// The file.
        file: SecretFile,
        /// What is wrong with it.
        source: KeyFault,
    },
    /// The secret is too short.
    #[error("{file} is too short; {source}")]
    Short {
        /// The file.
        file: SecretFile,
        /// The least length.
        source: ShortSecret,
    },
}

/// Reads the secret of tokens.
pub(crate) fn read(path: &Path) -> Result<Secret, SecretFileError> {
    let file = SecretFile::of_tokens(path);
    Secret::new(file.read()?).map_err(|source| SecretFileError::Short { file, source })
}

/// Reads a former secret of tokens.
pub(crate) fn read_former(path: &Path) -> Result<Key, SecretFileError> {
    let file = SecretFile::of_former_tokens(path);
    let secret = Secret::new(file.read()?);
    secret
        .map(Secret::into_former)
        .map_err(|source| SecretFileError::Short { file, source })
}

/// Reads the public keys of tokens in a file.
pub(crate) fn read_keys(path: &Path) -> Result<Vec<Key>, SecretFileError> {
    let file = SecretFile::of_token_key(path);
    Key::in_file(&file.read()?).map_err(|source| SecretFileError::Key { file, source })
}

/// Reads the password of a database from the file that a setting names.
pub(crate) fn read_password(
    path: &Path,
    setting: &'static str,
) -> Result<Vec<u8>, SecretFileError> {
    let file = SecretFile::of_database(path, setting);
    match file.read()? {
        empty if empty.is_empty() => Err(SecretFileError::Empty { file }),
        password => Ok(password),
    }
}

/// The content of a file or a pipe, up to one byte more than a secret may have.
fn content(path: &Path) -> io::Result<Vec<u8>> {
    let (path, (sender, receiver)) = (path.to_owned(), mpsc::sync_channel(1));
    let read = move || {
        let file = File::open(path)?;
        if !is_file_or_pipe(&file.metadata()?) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is neither a file nor a pipe",
            ));
        }
        let mut bytes = Vec::new();
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // Sending fails if the timeout has passed, which is not an error here.
    thread::Builder::new().spawn(move || drop(sender.send(read())))?;
    let late = || {
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("reading it took more than {} s", READ_TIMEOUT.as_secs()),
        ))
    };
    receiver
        .recv_timeout(READ_TIMEOUT)
        .unwrap_or_else(|_| late())
}

fn is_file_or_pipe(metadata: &fs::Metadata) -> bool {
    #[cfg(unix)]
    if std::os::unix::fs::FileTypeExt::is_fifo(&metadata.file_type()) {
        return true;
    }
    metadata.is_file()
}

/// The secret without the blanks around it, which editors, shells and secret stores add. A binary
/// secret loses only one line break at its end.
pub(crate) fn trimmed(mut bytes: Vec<u8>) -> Vec<u8> {
    if let Ok(secret) = std::str::from_utf8(&bytes) {
        return text::trimmed(secret).as_bytes().to_vec();
    }
    if bytes.ends_with(b"\n") {
        bytes.pop();
        if bytes.ends_with(b"\r") {
            bytes.pop();
        }
    }
    bytes
}

/// Reads the secret, and creates it first if the file does not exist. Servers that start at the
/// same time read the same one.
pub(crate) fn read_or_create(path: &Path) -> Result<Secret, SecretFileError> {
    if !path.exists() {
        create(path).map_err(|source| SecretFileError::Create {
            path: path.to_owned(),
            source,
        })?;
    }
    read(path)
}

/// Writes a new secret to a draft file, which only the owner can read, and renames it. An existing
/// file is never replaced: no process reads half a secret, and of several simultaneous starts the
/// first one sets it.
fn create(path: &Path) -> io::Result<()> {
    let mut secret = [0; 32];
    getrandom::fill(&mut secret)?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let draft = tempfile::Builder::new()
        .prefix(".jwt-secret.")
        .tempfile_in(folder)?;
    writeln!(draft.as_file(), "{}", URL_SAFE_NO_PAD.encode(secret))?;
    draft.as_file().sync_all()?;
    match draft.persist_noclobber(path) {
        Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => return Err(error.error),
        _ => {}
    }
    // Without this, a crash of the machine may undo the renaming, and with it every issued token.
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::Verifier;

    /// What only this secret makes.
    fn sample(secret: &Secret) -> String {
        let secret = Verifier::new(secret).token_secret("a seed");
        secret.expose().to_owned()
    }

    #[test]
    fn simultaneous_starts_use_the_same_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwt-secret");
        let tokens: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..32)
                .map(|_| scope.spawn(|| sample(&read_or_create(&path).unwrap())))
                .collect();
            starts
                .into_iter()
                .map(|start| start.join().unwrap())
                .collect()
        });
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left behind"
        );
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions())
                & 0o777,
            0o600
        );
    }

    #[test]
    fn a_line_break_at_the_end_does_not_belong_to_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let mut tokens = Vec::new();
        for end in ["", "\n", "\r\n"] {
            fs::write(&path, format!("{}{end}", "s".repeat(32))).unwrap();
            tokens.push(sample(&read(&path).unwrap()));
        }
        assert!(tokens.iter().all(|token| *token == tokens[0]));
        fs::write(&path, format!("{}\n", "s".repeat(31))).unwrap();
        assert!(matches!(read(&path), Err(SecretFileError::Short { .. })));
        assert!(matches!(
            read(&folder.path().join("absent")),
            Err(SecretFileError::Read { .. })
        ));
    }
}
