//! The file that hands a deployment's id from one step of a pipeline to the next.
//!
//! It holds the id and a newline. While the record of the deployment is kept in the spool there is no id yet: then it holds
//! `run:` and the name of the run, and whoever sends the run puts the id in its place.

use std::{
    fmt, fs,
    io::{self, Write as _},
    path::Path,
    str::FromStr,
};

use uuid::Uuid;

use crate::{
    files::{self, Care},
    patience::{self, FOR_A_SETTING},
    text::{decode as text_of, trimmed},
};

/// More than an id and what an editor may leave around it.
const MOST_BYTES: u64 = 1024;

/// What the file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// The id of a deployment.
    Id(Uuid),
    /// The name of a run in the spool, whose deployment has no id yet.
    Run(Uuid),
}

/// Why nothing could be read.
#[derive(Debug)]
pub(crate) enum Lack {
    /// There is no file, or nothing in it: the step before this one recorded nothing.
    Nothing(String),
    /// It cannot be read, or is another file.
    Wrong(String),
}

/// Reads the file.
pub(crate) fn read(path: &Path) -> Result<Held, Lack> {
    let shown = path.display();
    match content(path).and_then(text_of) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Lack::Nothing(format!("there is no file {shown}"))),
        Err(error) => Err(Lack::Wrong(format!("cannot read {shown}: {error}"))),
        Ok(text) if trimmed(&text).is_empty() => Err(Lack::Nothing(format!("{shown} is empty"))),
        Ok(text) => trimmed(&text).parse().map_err(|()| Lack::Wrong(format!("{shown} holds no deployment's id"))),
    }
}

/// Writes beside the file and renames: at any moment the file is there whole or not at all.
pub(crate) fn write(path: &Path, held: &Held) -> Result<(), String> {
    try_write(path, held).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn try_write(path: &Path, held: &Held) -> io::Result<()> {
    let (path, text) = (path.to_owned(), format!("{held}\n"));
    patience::within(FOR_A_SETTING, move || {
        may_replace(&path)?;
        let name = path.file_name().ok_or_else(|| io::Error::other("it has no name"))?.to_string_lossy().into_owned();
        let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
        // An id is no secret, and the next step may be another user's.
        let written = files::create(&beside, 0o644).and_then(|mut file| file.write_all(text.as_bytes()));
        written.and_then(|()| fs::rename(&beside, &path)).inspect_err(|_| drop(fs::remove_file(&beside)))
    })
}

/// Removes what an earlier pipeline left, which would name the wrong deployment.
pub(crate) fn clear(path: &Path) -> Result<(), String> {
    let owned = path.to_owned();
    let removed = patience::within(FOR_A_SETTING, move || match may_replace(&owned) {
        Ok(true) => fs::remove_file(&owned),
        found => found.map(drop),
    });
    removed.map_err(|error| format!("cannot remove the old {}: {error}", path.display()))
}

/// Puts the id in the place of the run, where the file still names the run.
pub(crate) fn resolve(path: &Path, run: Uuid, id: Uuid) {
    if read(path).is_ok_and(|held| held == Held::Run(run)) {
        // The pipeline may be long over, and its folder gone.
        drop(write(path, &Held::Id(id)));
    }
}

/// Whether there is a file that may be replaced: one that holds an id or nothing. A restored workspace can hold a link or
/// somebody's script in its place.
fn may_replace(path: &Path) -> io::Result<bool> {
    match files::read(path, Care::NoLink, MOST_BYTES).and_then(text_of) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Ok(text) if trimmed(&text).is_empty() || trimmed(&text).parse::<Held>().is_ok() => Ok(true),
        Ok(_) => Err(io::Error::other("it holds something else than the id of a deployment, and is left alone")),
        Err(error) => Err(error),
    }
}

fn content(path: &Path) -> io::Result<Vec<u8>> {
    let path = path.to_owned();
    patience::within(FOR_A_SETTING, move || files::read(&path, Care::NoLink, MOST_BYTES))
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Run(run) => write!(f, "run:{run}"),
        }
    }
}

impl FromStr for Held {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let id = |text| Uuid::try_parse(text).map_err(drop);
        text.strip_prefix("run:").map_or_else(|| id(text).map(Self::Id), |run| id(run).map(Self::Run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_a_run_becomes_the_id() {
        let folder = tempfile::tempdir().unwrap();
        let (path, run, id) = (folder.path().join("id"), Uuid::now_v7(), Uuid::now_v7());
        write(&path, &Held::Run(run)).unwrap();
        assert_eq!(read(&path).unwrap(), Held::Run(run));
        resolve(&path, Uuid::now_v7(), id);
        assert_eq!(read(&path).unwrap(), Held::Run(run), "of another run");
        resolve(&path, run, id);
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{id}\n"));
        clear(&path).unwrap();
        clear(&path).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_no_file_of_an_id_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write(folder.path(), &Held::Id(Uuid::nil())).unwrap_err().contains("not a regular file"));
        assert!(clear(folder.path()).is_err() && folder.path().exists());
        let (script, link) = (folder.path().join("deploy.sh"), folder.path().join("link"));
        fs::write(&script, "#!/bin/sh").unwrap();
        std::os::unix::fs::symlink(&script, &link).unwrap();
        for path in [&script, &link] {
            assert!(write(path, &Held::Id(Uuid::nil())).is_err() && clear(path).is_err() && read(path).is_err());
        }
        assert_eq!(fs::read_to_string(&script).unwrap(), "#!/bin/sh");
    }
}
