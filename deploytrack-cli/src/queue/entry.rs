//! An entry: one deployment as one call of `deploytrack record` reports it.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use deploytrack_core::clock::Time;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{
    bounds,
    event::{Event, PendingOutcome},
    keys::Keys,
    outcome::Outcome,
    process_identity::ProcessIdentity,
    seal::{self, Distrust, SealedFile},
    storage::{
        DEPLOYMENT, FIRST_EVENT, ID_FILE, OUTCOME, RUNNING, UNFINISHED, entry_name, event_file,
        position_of,
    },
};
use crate::{
    atomic_write::{self, PRIVATE},
    files::{self, Care},
    patience::Disk,
};

/// An entry that this process has locked.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(super) folder: PathBuf,
    pub(super) _lock: File,
    /// The server that its files are for.
    pub(super) server: String,
    pub(super) keys: Arc<Keys>,
    pub(super) disk: Disk,
    /// Whether each of its files has a seal of ours.
    pub(super) is_trusted: bool,
    /// Whether this process created it.
    pub(super) is_begun_here: bool,
}

impl Entry {
    /// The name of the entry, a UUID.
    pub(crate) fn name(&self) -> String {
        entry_name(&self.folder)
    }

    /// The folder of the entry.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// When the entry was created.
    pub(crate) fn created_at(&self) -> Option<Time> {
        created_at(&self.name())
    }

    /// Stores an event. Events are sent in the order of their positions.
    pub(crate) fn store_event(&self, position: usize, event: &Event) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(event)?;
        bounds::event(&bytes)?;
        self.write(&event_file(position), &bytes)
    }

    /// The events that no server has acknowledged, with their positions, in order. The error for an
    /// unreadable event names its file.
    pub(crate) fn events(&self) -> io::Result<Vec<(usize, Event)>> {
        let mut events = Vec::new();
        for position in self.positions()? {
            let name = event_file(position);
            let Some(content) = self.read(&name)? else {
                continue;
            };
            let event = serde_json::from_slice(&content).map_err(|error| {
                let path = self.folder.join(name);
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("{} cannot be read: {error}", path.display()),
                )
            })?;
            events.push((position, event));
        }
        Ok(events)
    }

    /// The positions of the stored events, in order.
    pub(super) fn positions(&self) -> io::Result<Vec<usize>> {
        let folder = self.folder.clone();
        let mut positions = self.disk.run(move || {
            Ok(fs::read_dir(folder)?
                .filter_map(|file| position_of(&file.ok()?.path()))
                .collect::<Vec<_>>())
        })?;
        positions.sort_unstable();
        Ok(positions)
    }

    /// Removes an event that the server has acknowledged. A copy of the first event stays: it
    /// describes the deployment.
    pub(crate) fn remove_event(&self, position: usize) -> io::Result<()> {
        let name = event_file(position);
        // A stored refusal is about the first event that is left. After this, that is another
        // event.
        self.lift_refusal()?;
        // If a crash brings the event back, it is sent again under its key, and the server gives
        // the same answer.
        if let (0, Some(event)) = (position, self.read(&name)?) {
            self.write(FIRST_EVENT, &event)?;
        }
        self.delete(&name)
    }

    /// The first event, after the server acknowledged it.
    pub(crate) fn acknowledged_start(&self) -> Option<Event> {
        self.parse(FIRST_EVENT)
    }

    /// The id of the deployment, after the server has assigned it.
    pub(crate) fn deployment(&self) -> Option<Uuid> {
        Uuid::try_parse(String::from_utf8(self.read(DEPLOYMENT).ok()??).ok()?.trim()).ok()
    }

    /// Stores the id of the deployment.
    pub(crate) fn store_deployment(&self, id: Uuid) -> io::Result<()> {
        if self.deployment() == Some(id) {
            Ok(())
        } else {
            self.write(DEPLOYMENT, id.to_string().as_bytes())
        }
    }

    /// The id file that names this entry until the deployment has an id.
    pub(crate) fn id_file(&self) -> Option<PathBuf> {
        String::from_utf8(self.read(ID_FILE).ok()??)
            .ok()
            .map(PathBuf::from)
    }

    /// Stores the path of the id file.
    pub(crate) fn store_id_file(&self, path: &Path) -> io::Result<()> {
        self.write(ID_FILE, path.to_string_lossy().as_bytes())
    }

    /// Marks that the outcome is not known yet. Not synced: the event that is stored next is, and
    /// its sync covers the folder.
    pub(crate) fn mark_unfinished(&self, pending: &PendingOutcome) -> io::Result<()> {
        self.write_unsynced(UNFINISHED, &serde_json::to_vec(pending)?)
    }

    /// Whether the outcome is not among the events.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.read(UNFINISHED).is_ok_and(|found| found.is_some())
    }

    /// Server and key of the outcome, while it is not among the events.
    pub(crate) fn pending_outcome(&self) -> Option<PendingOutcome> {
        self.parse(UNFINISHED)
    }

    /// Marks that the outcome is among the events.
    pub(crate) fn mark_finished(&self) -> io::Result<()> {
        self.delete(UNFINISHED)
    }

    /// How the command ended, as the keeper stored it.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.parse_from_keeper(OUTCOME)
    }

    /// Marks that the command is being started. Its process is stored only after it has begun.
    pub(crate) fn mark_starting(&self) -> io::Result<()> {
        self.write_unsynced(RUNNING, b"null")
    }

    /// The process of the command, which may have ended.
    pub(crate) fn process(&self) -> Option<ProcessIdentity> {
        self.parse_from_keeper::<Option<_>>(RUNNING).flatten()
    }

    /// Whether the command may still run: it was being started and its process is not known, or its
    /// process is alive.
    pub(crate) fn command_may_run(&self) -> bool {
        self.parse_from_keeper::<Option<ProcessIdentity>>(RUNNING)
            .is_some_and(|process| process.is_none_or(|process| process.is_alive()))
    }

    /// Stores the process of a command that has no keeper.
    pub(crate) fn store_process(&self, process: &ProcessIdentity) -> io::Result<()> {
        self.write_unsynced(RUNNING, &serde_json::to_vec(process)?)
    }

    /// The server of the entry.
    pub(crate) fn server(&self) -> Option<String> {
        let of_first_event = || Some(self.events().ok()?.first()?.1.server.clone());
        self.pending_outcome()
            .map(|pending| pending.server)
            .or_else(of_first_event)
    }

    /// Removes the entry. It is hidden first, so that no process finds half of it.
    pub(crate) fn remove(self) -> io::Result<()> {
        let (folder, hidden) = (
            self.folder.clone(),
            self.folder.with_file_name(format!(".{}", self.name())),
        );
        self.disk.run(move || {
            fs::rename(&folder, &hidden)?;
            fs::remove_dir_all(hidden)
        })
    }

    /// The content of a file without its seal; none if the file is missing.
    pub(super) fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.read_file(name, self.is_trusted)
    }

    fn read_file(&self, name: &str, checks_seal: bool) -> io::Result<Option<Vec<u8>>> {
        let (path, care) = (
            self.folder.join(name),
            if checks_seal { Care::Own } else { Care::NoLink },
        );
        let bytes = match self
            .disk
            .run(move || files::read(&path, care, bounds::LARGEST_FILE))
        {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Err(Distrust::error(format!("{name}: {error}")));
            }
            bytes => bytes?,
        };
        if !checks_seal {
            return Ok(Some(seal::open_unverified(bytes)));
        }
        let entry = self.name();
        Ok(Some(
            seal::open(
                SealedFile {
                    entry: &entry,
                    name,
                },
                bytes,
                &self.keys,
            )?
            .content,
        ))
    }

    /// A file that the keeper wrote.
    ///
    /// In an entry that this process created the seal is not checked: only our own keeper writes
    /// there. That keeper may have read another token, such as one from a pipe that can be read
    /// once, and its seal would then never fit.
    fn parse_from_keeper<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(
            &self
                .read_file(name, self.is_trusted && !self.is_begun_here)
                .ok()??,
        )
        .ok()
    }

    pub(super) fn parse<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&self.read(name).ok()??).ok()
    }

    fn seal(&self, name: &str, content: &[u8]) -> io::Result<Vec<u8>> {
        // An event names its server itself.
        let server = serde_json::from_slice::<Event>(content)
            .map_or_else(|_| self.server.clone(), |event| event.server);
        let entry = self.name();
        seal::close(
            SealedFile {
                entry: &entry,
                name,
            },
            &server,
            content,
            &self.keys,
        )
    }

    /// Writes a file that survives a crash of the machine.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let (path, sealed) = (self.folder.join(name), self.seal(name, content)?);
        self.disk
            .run(move || atomic_write::synced(&path, PRIVATE, &sealed))
    }

    /// Writes a file that need not survive a crash of the machine.
    fn write_unsynced(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let (path, sealed) = (self.folder.join(name), self.seal(name, content)?);
        self.disk
            .run(move || atomic_write::unsynced(&path, PRIVATE, &sealed))
    }

    pub(super) fn delete(&self, name: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        self.disk.run(move || fs::remove_file(path))
    }
}

/// When the entry of this name was created: a UUID of version 7 contains the time (RFC 9562,
/// section 5.7).
pub(crate) fn created_at(name: &str) -> Option<Time> {
    let (seconds, nanoseconds) = Uuid::try_parse(name).ok()?.get_timestamp()?.to_unix();
    chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}
