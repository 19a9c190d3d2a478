//! The id file: it hands the id of a deployment from one step of a pipeline to the next.
//!
//! The file contains the id and a newline. While the record is still in the spool there is no id
//! yet: the file then contains `run:` and the name of the entry, and the process that sends the
//! entry replaces that by the id.

use std::{fmt, fs, io, path::Path, str::FromStr};

use uuid::Uuid;

use crate::{
    atomic_write,
    files::{self, Care},
    patience::{self, FOR_A_SETTING},
    text::{decode, trimmed},
};

/// More than an id and the spaces or the byte order mark that an editor may add.
const MOST_BYTES: u64 = 1024;

/// The content of an id file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// The id of a deployment.
    Id(Uuid),
    /// The name of an entry in the spool, whose deployment has no id yet.
    Entry(Uuid),
}

/// Why an id file could not be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// The file is missing or empty: the step before this one recorded nothing.
    Missing(String),
    /// The file cannot be read, or is not an id file.
    Invalid(String),
}

/// Reads an id file.
pub(crate) fn read(path: &Path) -> Result<Content, ReadError> {
    let shown = path.display();
    match read_bytes(path).and_then(decode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(ReadError::Missing(format!("there is no file {shown}")))
        }
        Err(error) => Err(ReadError::Invalid(format!("cannot read {shown}: {error}"))),
        Ok(text) if trimmed(&text).is_empty() => {
            Err(ReadError::Missing(format!("{shown} is empty")))
        }
        Ok(text) => trimmed(&text)
            .parse()
            .map_err(|()| ReadError::Invalid(format!("{shown} holds no id of a deployment"))),
    }
}

/// Writes an id file; no reader sees half of it.
pub(crate) fn write(path: &Path, content: &Content) -> Result<(), String> {
    try_write(path, content).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn try_write(path: &Path, content: &Content) -> io::Result<()> {
    let (path, text) = (path.to_owned(), format!("{content}\n"));
    patience::within(FOR_A_SETTING, move || {
        may_replace(&path)?;
        // An id is no secret, and the next step may be another user's.
        atomic_write::unsynced(&path, 0o644, text.as_bytes())
    })
}

/// Removes the file of an earlier pipeline, which would name the wrong deployment.
pub(crate) fn clear(path: &Path) -> Result<(), String> {
    let owned = path.to_owned();
    let removed = patience::within(FOR_A_SETTING, move || match may_replace(&owned) {
        Ok(true) => fs::remove_file(&owned),
        found => found.map(drop),
    });
    removed.map_err(|error| format!("cannot remove the old {}: {error}", path.display()))
}

/// Replaces the name of an entry by the id of its deployment. A file that names something else is
/// not changed.
pub(crate) fn resolve(path: &Path, entry: Uuid, id: Uuid) {
    if read(path).is_ok_and(|content| content == Content::Entry(entry)) {
        // The folder may be gone: the pipeline may have ended long ago.
        drop(write(path, &Content::Id(id)));
    }
}

/// Whether there is a file to replace.
///
/// # Errors
/// The file is neither an id file nor empty: a restored workspace can contain a link or a script of that name.
fn may_replace(path: &Path) -> io::Result<bool> {
    match files::read(path, Care::NoLink, MOST_BYTES).and_then(decode) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Ok(text) if trimmed(&text).is_empty() || trimmed(&text).parse::<Content>().is_ok() => {
            Ok(true)
        }
        Ok(_) => Err(io::Error::other(
            "it is not an id file: it holds something else than the id of a deployment, and is not replaced",
        )),
        Err(error) => Err(error),
    }
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    patience::within(FOR_A_SETTING, move || {
        files::read(&path, Care::NoLink, MOST_BYTES)
    })
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Entry(entry) => write!(f, "run:{entry}"),
        }
    }
}

impl FromStr for Content {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = |text| Uuid::try_parse(text).map_err(drop);
        text.strip_prefix("run:").map_or_else(
            || id(text).map(Self::Id),
            |entry| id(entry).map(Self::Entry),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_is_read_and_its_entry_is_replaced_by_the_id() {
        let folder = tempfile::tempdir().unwrap();
        let (path, entry, id) = (folder.path().join("id"), Uuid::now_v7(), Uuid::now_v7());
        write(&path, &Content::Entry(entry)).unwrap();
        assert_eq!(read(&path).unwrap(), Content::Entry(entry));
        resolve(&path, Uuid::now_v7(), id);
        assert_eq!(
            read(&path).unwrap(),
            Content::Entry(entry),
            "of another entry"
        );
        resolve(&path, entry, id);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{id}\n"));
        clear(&path).unwrap();
        clear(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_that_is_not_an_id_file_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            write(folder.path(), &Content::Id(Uuid::nil()))
                .unwrap_err()
                .contains("not a regular file")
        );
        assert!(clear(folder.path()).is_err() && folder.path().exists());
        let (script, link) = (folder.path().join("deploy.sh"), folder.path().join("link"));
        fs::write(&script, "#!/bin/sh").unwrap();
        std::os::unix::fs::symlink(&script, &link).unwrap();
        for path in [&script, &link] {
            assert!(
                write(path, &Content::Id(Uuid::nil())).is_err()
                    && clear(path).is_err()
                    && read(path).is_err()
            );
        }
        assert_eq!(fs::read_to_string(&script).unwrap(), "#!/bin/sh");
    }
}
