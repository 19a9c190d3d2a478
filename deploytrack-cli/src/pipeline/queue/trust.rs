//! Which runs are believed: those whose every file has a seal of ours.

use std::{fs, io};

use super::{
    DEPLOYMENT, Event, ID_FILE, OUTCOME, RUNNING, Run, Spool, TOLD, UNFINISHED, bounds,
    refusal::REFUSED,
    seal::{self, Distrust, Place},
};
use crate::files::{self, Care};

/// A run has a start, an outcome, and a few updates.
const MOST_EVENTS: usize = 1_000;
/// The files beside the events that decide something.
const DECIDING: [&str; 7] = [TOLD, DEPLOYMENT, ID_FILE, UNFINISHED, RUNNING, OUTCOME, REFUSED];

impl Run {
    /// Checks the seal of every file that decides something.
    pub(super) fn verify(&mut self) -> io::Result<()> {
        for name in self.deciding()? {
            self.verify_file(&name)?;
        }
        self.is_trusted = true;
        Ok(())
    }

    fn verify_file(&mut self, name: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        let bytes = match self.disk.run(move || files::read(&path, Care::Own, bounds::LARGEST_FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
            Err(error) => return Err(Distrust::error(format!("{name}: {error}"))),
            Ok(bytes) => bytes,
        };
        let run = self.name();
        let opened = seal::open(Place { run: &run, file: name }, bytes, &self.keys)?;
        let Ok(Event { server, .. }) = serde_json::from_slice(&opened.content) else { return Ok(()) };
        if server != opened.server {
            return Err(Distrust::error(format!("{name} is for another server than its seal")));
        }
        self.server = server;
        Ok(())
    }

    /// The names of the files that decide something, whether they are there or not.
    fn deciding(&self) -> io::Result<Vec<String>> {
        let steps = self.steps()?;
        if steps.len() > MOST_EVENTS {
            return Err(Distrust::error(format!("it has {} events, and at most {MOST_EVENTS} are read", steps.len())));
        }
        Ok(DECIDING.map(str::to_owned).into_iter().chain(steps.iter().map(|step| format!("{step}.json"))).collect())
    }

    /// Puts our seal on every file of a run that a person has looked at. Links and what is not a regular file stay rejected.
    pub(crate) fn trust(mut self) -> io::Result<Self> {
        for name in self.deciding()? {
            if let Some(content) = self.read(&name)? {
                self.write(&name, &content)?;
            }
        }
        self.is_trusted = true;
        Ok(self)
    }
}

impl Spool {
    /// Drops a run, trusted or not; none when it is at work. What is in its place is removed, and where a link leads is not.
    pub(crate) fn drop_run(&self, name: &str) -> io::Result<Option<()>> {
        match self.take_unseen(name) {
            Err(error) if Distrust::of(&error).is_some() => {
                let path = self.folder.join(name);
                self.disk.run(move || if files::is_link(&path) { fs::remove_file(path) } else { fs::remove_dir_all(path) }).map(Some)
            }
            found => found?.map(Run::remove).transpose(),
        }
    }
}
