//! What could not be sent yet, kept on this machine until a server has acknowledged it.
//!
//! A *run* is one deployment as one call of `deploytrack record` tells it. It has a folder: a file for each event, written
//! and synced before the event is sent and removed once it is acknowledged; the id of the deployment, once it is known;
//! and a lock, held by the process that tells the run, so that others leave it alone until that process has ended, however
//! it ended. No file holds a token.

mod bounds;
mod leftovers;
mod refusal;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
};

use deploytrack_core::{clock::Time, text::IdempotencyKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

pub(crate) use self::refusal::Refusal;
use crate::{
    child::{Outcome, Running},
    surroundings::Surroundings,
};

const LOCK: &str = "lock";
const DEPLOYMENT: &str = "deployment";
/// The first event, once it was acknowledged.
const TOLD: &str = "told";
/// Where the id is awaited.
const ID_FILE: &str = "id-file";
/// While it is there, the command of the run may be at work, and its outcome is still to come. It says how that is to be told.
const UNFINISHED: &str = "unfinished";
/// Locked while the keeper lives, who waits for the command whatever becomes of the process that tells the run.
const KEEPER: &str = "keeper";
/// The process that the command is.
const RUNNING: &str = "running";
/// There once the process that told the run has ended by itself, and left it to the next call.
const LEFT: &str = "left";
/// How the command ended, as the keeper saw it.
const OUTCOME: &str = "outcome";

/// Something to tell a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    /// The server it is for.
    pub(crate) server: String,
    /// The key under which it is carried out once.
    pub(crate) key: IdempotencyKey,
    /// What it asks.
    pub(crate) ask: Ask,
}

/// What an event asks of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Ask {
    /// To record a deployment, whose id the later events of the run need.
    Record {
        /// The body of the request.
        body: Value,
        /// Whether names are registered even where they resemble known ones.
        register: bool,
        /// Whether its key may have been used by the same step of a pipeline before, whose deployment then goes on.
        #[serde(default)]
        again: bool,
    },
    /// To go on with the deployment that an earlier try of the same step recorded.
    Resume {
        /// The body of the request that would record another.
        body: Value,
        /// Whether names are registered even where they resemble known ones.
        register: bool,
        /// The deployment of the earlier try.
        deployment: Uuid,
    },
    /// To change the deployment of the run.
    Update {
        /// The body of the request.
        body: Value,
    },
}

impl Ask {
    /// The body of the request.
    pub(crate) const fn body(&self) -> &Value {
        let (Self::Record { body, .. } | Self::Resume { body, .. } | Self::Update { body }) = self;
        body
    }

    /// The start of a step, as one that goes on with an earlier deployment.
    pub(crate) fn resuming(self, deployment: Uuid) -> Self {
        match self {
            Self::Record { body, register, .. } | Self::Resume { body, register, .. } => Self::Resume { body, register, deployment },
            Self::Update { .. } => self,
        }
    }

    /// The start of a step, as one that repeats nothing.
    pub(crate) fn recording(self) -> Self {
        match self {
            Self::Record { body, register, .. } | Self::Resume { body, register, .. } => Self::Record { body, register, again: false },
            Self::Update { .. } => self,
        }
    }
}

/// How an outcome that is still to come is to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToTell {
    /// The server it is for.
    pub(crate) server: String,
    /// The key under which it is carried out once.
    pub(crate) key: IdempotencyKey,
}

/// The folder with all the runs.
#[derive(Clone, Debug)]
pub(crate) struct Spool(PathBuf);

/// A run that nobody else tells.
#[derive(Debug)]
pub(crate) struct Run {
    folder: PathBuf,
    _lock: File,
}

impl Spool {
    /// Where the spool is: `$XDG_STATE_HOME/deploytrack/spool`, or the same under `~/.local/state`.
    pub(crate) fn find(surroundings: &Surroundings) -> Option<Self> {
        surroundings.state_folder().map(|state| Self(state.join("deploytrack").join("spool")))
    }

    /// Begins a run.
    pub(crate) fn begin(&self) -> io::Result<Run> {
        private_folder(&self.0).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", self.0.display())))?;
        bounds::room(&self.0, &self.names()?)?;
        let id = Uuid::now_v7().to_string();
        // Made under another name, so that nobody sees the run before its lock is held.
        let (unseen, folder) = (self.0.join(format!(".{id}")), self.0.join(id));
        private_folder(&unseen)?;
        let lock = lock_file(&unseen)?;
        lock.lock()?;
        fs::rename(&unseen, &folder)?;
        sync_folder(&self.0)?;
        Ok(Run { folder, _lock: lock })
    }

    /// The names of the runs, the earliest first.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| Uuid::try_parse(name).is_ok());
        let mut names: Vec<_> = names.collect();
        // Version 7: names sort as they were begun.
        names.sort_unstable();
        Ok(names)
    }

    /// Takes over the run of this name; none when a living process tells it, or another has just ended it.
    pub(crate) fn take_over(&self, name: &str) -> io::Result<Option<Run>> {
        let folder = self.0.join(name);
        let lock = match lock_file(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            lock => lock?,
        };
        if !locked(&lock)? || is_kept(&folder)? {
            return Ok(None);
        }
        // Whoever had the lock before may have removed the run under it.
        Ok(folder.exists().then_some(Run { folder, _lock: lock }))
    }
}

/// The folder of a run whose command this process waits for.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    _lock: File,
}

impl Kept {
    /// Takes the place of the keeper; none when the run has ended or has one.
    pub(crate) fn take(folder: &Path) -> io::Result<Option<Self>> {
        let lock = private_file(&folder.join(KEEPER))?;
        Ok(locked(&lock)?.then(|| Self { folder: folder.to_owned(), _lock: lock }))
    }

    /// Keeps which process the command is.
    pub(crate) fn begun(&self, running: &Running) -> io::Result<()> {
        put(&self.folder, RUNNING, &serde_json::to_vec(running)?, |_| Ok(()))
    }

    /// Keeps how the command ended.
    pub(crate) fn keep(&self, outcome: &Outcome) -> io::Result<()> {
        // For the processes that follow on a machine that lives: when it dies, this process does.
        put(&self.folder, OUTCOME, &serde_json::to_vec(outcome)?, |_| Ok(()))
    }
}

/// Marks that the next call tells a run, which nobody else does any more.
pub(crate) fn leave(folder: &Path) {
    // A keeper that does not see it tells the run at once.
    drop(put(folder, LEFT, b"", |_| Ok(())));
}

/// Whether a run is there that the process that told it neither ended nor left.
pub(crate) fn is_without_teller(folder: &Path) -> bool {
    folder.exists() && !folder.join(LEFT).exists()
}

/// Whether a living keeper waits for the command of a run.
fn is_kept(folder: &Path) -> io::Result<bool> {
    match File::open(folder.join(KEEPER)) {
        Ok(keeper) => Ok(!locked(&keeper)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Locks a file unless somebody else has.
fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Run {
    /// Its name.
    pub(crate) fn name(&self) -> String {
        self.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }

    /// When it was begun, as its name says.
    pub(crate) fn begun(&self) -> Option<Time> {
        begun(&self.name())
    }

    /// Keeps an event; `step` puts it in order.
    pub(crate) fn keep(&self, step: usize, event: &Event) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(event)?;
        bounds::event(&bytes)?;
        self.write(&format!("{step}.json"), &bytes)
    }

    /// The events that are not acknowledged yet, in order. One that cannot be read is named.
    pub(crate) fn events(&self) -> io::Result<Vec<(usize, Event)>> {
        let mut events = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Some(step) = step_of(&path) else { continue };
            let event = serde_json::from_slice(&fs::read(&path)?)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{} cannot be read: {error}", path.display())))?;
            events.push((step, event));
        }
        events.sort_unstable_by_key(|(step, _)| *step);
        Ok(events)
    }

    /// Forgets an event that was acknowledged. The first is put aside: it says what the run is about.
    pub(crate) fn forget(&self, step: usize) -> io::Result<()> {
        let path = self.folder.join(format!("{step}.json"));
        // Whatever was refused, it is this event no more.
        self.lift_refusal()?;
        // One that is there again after a crash is sent again under its key, and answered as before.
        if step == 0 { fs::rename(path, self.folder.join(TOLD)) } else { fs::remove_file(path) }
    }

    /// The first event, once it was acknowledged.
    pub(crate) fn told(&self) -> Option<Event> {
        serde_json::from_slice(&fs::read(self.folder.join(TOLD)).ok()?).ok()
    }

    /// The deployment of the run, once it is known.
    pub(crate) fn deployment(&self) -> Option<Uuid> {
        Uuid::try_parse(fs::read_to_string(self.folder.join(DEPLOYMENT)).ok()?.trim()).ok()
    }

    /// Keeps the deployment of the run.
    pub(crate) fn keep_deployment(&self, id: Uuid) -> io::Result<()> {
        if self.deployment() == Some(id) { Ok(()) } else { self.write(DEPLOYMENT, id.to_string().as_bytes()) }
    }

    /// Its folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that names this run and awaits the id of its deployment.
    pub(crate) fn id_file(&self) -> Option<PathBuf> {
        fs::read_to_string(self.folder.join(ID_FILE)).ok().map(PathBuf::from)
    }

    /// Keeps which file that is.
    pub(crate) fn keep_id_file(&self, path: &Path) -> io::Result<()> {
        self.write(ID_FILE, path.to_string_lossy().as_bytes())
    }

    /// Marks that the outcome is still to come, and how it is to be told. The event that follows makes it outlive the machine.
    pub(crate) fn mark_unfinished(&self, to_tell: &ToTell) -> io::Result<()> {
        put(&self.folder, UNFINISHED, &serde_json::to_vec(to_tell)?, |_| Ok(()))
    }

    /// Whether the outcome is not among the events.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.folder.join(UNFINISHED).exists()
    }

    /// How the outcome is to be told, while it is not among the events.
    pub(crate) fn unfinished(&self) -> Option<ToTell> {
        serde_json::from_slice(&fs::read(self.folder.join(UNFINISHED)).ok()?).ok()
    }

    /// How the command ended, as its keeper saw it.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        serde_json::from_slice(&fs::read(self.folder.join(OUTCOME)).ok()?).ok()
    }

    /// The server that it is for.
    pub(crate) fn server(&self) -> Option<String> {
        let first = || Some(self.events().ok()?.first()?.1.server.clone());
        self.unfinished().map(|to_tell| to_tell.server).or_else(first)
    }

    /// The process that the command is, or was.
    pub(crate) fn running(&self) -> Option<Running> {
        serde_json::from_slice(&fs::read(self.folder.join(RUNNING)).ok()?).ok()
    }

    /// Keeps which process the command is, where there is no keeper.
    pub(crate) fn begun_without_keeper(&self, running: &Running) -> io::Result<()> {
        put(&self.folder, RUNNING, &serde_json::to_vec(running)?, |_| Ok(()))
    }

    /// Marks that the outcome is among the events.
    pub(crate) fn mark_finished(&self) -> io::Result<()> {
        fs::remove_file(self.folder.join(UNFINISHED))
    }

    /// Removes the run with all that is in it: out of sight first, so that nobody finds half of it.
    pub(crate) fn remove(self) -> io::Result<()> {
        let unseen = self.folder.with_file_name(format!(".{}", self.name()));
        fs::rename(&self.folder, &unseen)?;
        fs::remove_dir_all(unseen)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        write(&self.folder, name, bytes)
    }
}

/// Writes beside the file, syncs, and renames: at any moment the file is there whole or not at all.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    put(folder, name, bytes, File::sync_all)?;
    sync_folder(folder)
}

/// Writes beside the file and renames, so that no process sees half of it.
fn put(folder: &Path, name: &str, bytes: &[u8], sync: impl Fn(&File) -> io::Result<()>) -> io::Result<()> {
    let beside = folder.join(format!(".{name}"));
    let mut file = private_file(&beside)?;
    file.write_all(bytes)?;
    sync(&file)?;
    fs::rename(&beside, folder.join(name))
}

/// When a run was begun: its name says so (UUID version 7, RFC 9562 section 5.7).
pub(crate) fn begun(name: &str) -> Option<Time> {
    let (seconds, nanoseconds) = Uuid::try_parse(name).ok()?.get_timestamp()?.to_unix();
    chrono::DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanoseconds)
}

fn step_of(path: &Path) -> Option<usize> {
    path.file_name()?.to_str()?.strip_suffix(".json")?.parse().ok()
}

fn lock_file(folder: &Path) -> io::Result<File> {
    private_file(&folder.join(LOCK))
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Makes what was renamed or removed in a folder outlive a machine that dies.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool() -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool(folder.path().join("spool"));
        (folder, spool)
    }

    fn event(number: usize) -> Event {
        let ask = Ask::Update { body: serde_json::json!({"status": "failed", "number": number}) };
        Event { server: "http://host".to_owned(), key: format!("k-{number}").parse().unwrap(), ask }
    }

    #[test]
    fn a_run_is_left_alone_while_its_process_lives_and_found_afterwards() {
        let (_folder, spool) = spool();
        let run = spool.begin().unwrap();
        run.keep(0, &event(0)).unwrap();
        let to_tell = ToTell { server: "http://host".to_owned(), key: "k".parse().unwrap() };
        run.mark_unfinished(&to_tell).unwrap();
        let name = run.name();
        assert_eq!(spool.names().unwrap(), [name.as_str()]);
        assert!(spool.take_over(&name).unwrap().is_none());
        drop(run);
        let found = spool.take_over(&name).unwrap().unwrap();
        assert_eq!(found.unfinished(), Some(to_tell));
        assert_eq!(found.events().unwrap(), [(0, event(0))]);
        found.remove().unwrap();
        assert!(spool.take_over(&name).unwrap().is_none());
    }

    #[test]
    fn a_run_is_left_alone_while_its_keeper_lives() {
        let (_folder, spool) = spool();
        let run = spool.begin().unwrap();
        let (name, folder) = (run.name(), run.folder().to_owned());
        let keeper = Kept::take(&folder).unwrap().unwrap();
        assert!(Kept::take(&folder).unwrap().is_none());
        drop(run);
        assert!(spool.take_over(&name).unwrap().is_none());
        drop(keeper);
        let found = spool.take_over(&name).unwrap().unwrap();
        found.remove().unwrap();
        assert!(Kept::take(&folder).is_err());
    }

    #[test]
    fn events_come_in_order_and_are_forgotten_one_by_one() {
        let (_folder, spool) = spool();
        let run = spool.begin().unwrap();
        for step in [1, 0, 10] {
            run.keep(step, &event(step)).unwrap();
        }
        run.forget(0).unwrap();
        assert_eq!(run.events().unwrap(), [(1, event(1)), (10, event(10))]);
        assert_eq!(run.told(), Some(event(0)));
        let id = Uuid::now_v7();
        run.keep_deployment(id).unwrap();
        assert_eq!(run.deployment(), Some(id));
        run.remove().unwrap();
        assert!(spool.names().unwrap().is_empty());
    }

    #[test]
    fn half_of_a_file_is_no_event() {
        let (_folder, spool) = spool();
        let run = spool.begin().unwrap();
        fs::write(run.folder.join(".0.json"), "{").unwrap();
        assert_eq!(run.events().unwrap(), []);
        fs::write(run.folder.join("1.json"), "{").unwrap();
        assert!(run.events().unwrap_err().to_string().contains("1.json"));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_may_look_into_the_spool() {
        use std::os::unix::fs::PermissionsExt;

        let (_folder, spool) = spool();
        let run = spool.begin().unwrap();
        run.keep(0, &event(0)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&spool.0), mode(&run.folder), mode(&run.folder.join("0.json"))), (0o700, 0o700, 0o600));
    }
}
