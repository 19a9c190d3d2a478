//! Decides which entries are trusted: every file must have a seal of ours.

use std::{fs, io};

use super::{
    Entry, Event, Spool, bounds,
    refusal::REFUSED,
    seal::{self, Distrust, SealedFile},
    storage::{DEPLOYMENT, FIRST_EVENT, ID_FILE, OUTCOME, RUNNING, UNFINISHED, event_file},
};
use crate::files::{self, Care};

/// More events than any entry has: a start, an outcome and a few updates.
const MOST_EVENTS: usize = 1_000;
/// The sealed files besides the events.
const SEALED: [&str; 7] = [
    FIRST_EVENT,
    DEPLOYMENT,
    ID_FILE,
    UNFINISHED,
    RUNNING,
    OUTCOME,
    REFUSED,
];

impl Entry {
    /// Checks the seal of every file.
    pub(super) fn verify(&mut self) -> io::Result<()> {
        for name in self.sealed_files()? {
            self.verify_file(&name)?;
        }
        self.is_trusted = true;
        Ok(())
    }

    fn verify_file(&mut self, name: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        let bytes = match self
            .disk
            .run(move || files::read(&path, Care::Own, bounds::LARGEST_FILE))
        {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
            Err(error) => return Err(Distrust::error(format!("{name}: {error}"))),
            Ok(bytes) => bytes,
        };
        let entry = self.name();
        let opened = seal::open(
            SealedFile {
                entry: &entry,
                name,
            },
            bytes,
            &self.keys,
        )?;
        let Ok(Event { server, .. }) = serde_json::from_slice(&opened.content) else {
            return Ok(());
        };
        if server != opened.server {
            return Err(Distrust::error(format!(
                "{name} is for another server than its seal"
            )));
        }
        self.server = server;
        Ok(())
    }

    /// The names of all files that need a seal. Not all of them exist.
    fn sealed_files(&self) -> io::Result<Vec<String>> {
        let positions = self.positions()?;
        if positions.len() > MOST_EVENTS {
            return Err(Distrust::error(format!(
                "it has {} events, and at most {MOST_EVENTS} are read",
                positions.len()
            )));
        }
        Ok(SEALED
            .map(str::to_owned)
            .into_iter()
            .chain(positions.into_iter().map(event_file))
            .collect())
    }

    /// Seals every file again that lacks a seal of a key which this process has learned since the
    /// file was written. Does nothing with a token, whose keys never change.
    ///
    /// Errors are not reported: the seals that the files have stay valid.
    pub(crate) fn add_seals(&self) {
        if !self.keys.may_grow() {
            return;
        }
        for name in self.sealed_files().unwrap_or_default() {
            let path = self.folder.join(&name);
            let bytes = self
                .disk
                .run(move || files::read(&path, Care::Own, bounds::LARGEST_FILE));
            if bytes.is_ok_and(|bytes| !seal::names_all(&bytes, &self.keys))
                && let Ok(Some(content)) = self.read(&name)
            {
                drop(self.write(&name, &content));
            }
        }
    }

    /// Seals every file of an entry that a person has looked at. Links and files that are not
    /// regular stay rejected.
    pub(crate) fn trust(mut self) -> io::Result<Self> {
        for name in self.sealed_files()? {
            if let Some(content) = self.read(&name)? {
                self.write(&name, &content)?;
            }
        }
        self.is_trusted = true;
        Ok(self)
    }
}

impl Spool {
    /// Drops an entry, trusted or not; none if another process uses it. A link in its place is
    /// removed, its target is not.
    pub(crate) fn drop_entry(&self, name: &str) -> io::Result<Option<()>> {
        match self.open_unverified(name) {
            Err(error) if Distrust::of(&error).is_some() => {
                let path = self.folder.join(name);
                self.disk
                    .run(move || {
                        if files::is_link(&path) {
                            fs::remove_file(path)
                        } else {
                            fs::remove_dir_all(path)
                        }
                    })
                    .map(Some)
            }
            found => found?.map(Entry::remove).transpose(),
        }
    }
}
