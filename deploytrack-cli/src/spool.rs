//! What could not be sent yet, kept on this machine until a server has acknowledged it.
//!
//! A *run* is one deployment as one call of `deploytrack record` tells it. It has a folder: a file for each event, written
//! and synced before the event is sent and removed once it is acknowledged; the id of the deployment, once it is known;
//! and a lock, held by the process that tells the run, so that others leave it alone until that process has ended, however
//! it ended. No file holds a token.

//!
//! A CI cache may carry the folder around, and other branches may fill that cache. Every file has a seal, which is checked
//! before any of them is believed, and only regular files of the own user are opened.

mod bounds;
mod keys;
mod leftovers;
mod order;
mod refusal;
mod seal;
mod trust;

use std::{
    fs::{self, File, TryLockError},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use deploytrack_core::{clock::Time, text::IdempotencyKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use self::seal::Place;
pub(crate) use self::{
    keys::{Keys, unusable_shared_key},
    order::Turn,
    refusal::Refusal,
    seal::Distrust,
};
use crate::{
    child::{Outcome, Running},
    files::{self, Care},
    patience::{self, Disk},
    process_env::ProcessEnv as Surroundings,
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

/// How long a file system may take where nobody says otherwise.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a mark may take that only spares another process some work.
const PATIENCE_FOR_A_MARK: Duration = Duration::from_secs(1);

/// The folder with all the runs.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    folder: PathBuf,
    /// The server that new runs are for.
    server: String,
    keys: Arc<Keys>,
    disk: Disk,
}

/// A run that nobody else tells.
#[derive(Debug)]
pub(crate) struct Run {
    folder: PathBuf,
    _lock: File,
    /// The server that its files are for.
    server: String,
    keys: Arc<Keys>,
    disk: Disk,
    /// Whether each of its files has a seal of ours.
    is_trusted: bool,
    /// Whether this process began it.
    is_begun_here: bool,
}

impl Spool {
    /// Where the spool is: `$XDG_STATE_HOME/deploytrack/spool`, or the same under `~/.local/state`.
    pub(crate) fn find(surroundings: &Surroundings, keys: Keys, server: String) -> Option<Self> {
        let folder = surroundings.state_folder()?.join("deploytrack").join("spool");
        Some(Self { folder, server, keys: Arc::new(keys), disk: Disk::new(PATIENCE) })
    }

    /// Changes how long its file system may take to answer.
    pub(crate) fn limit_to(&self, limit: Duration) {
        self.disk.limit_to(limit);
    }

    /// Begins a run.
    pub(crate) fn begin(&self) -> io::Result<Run> {
        let spool = self.clone();
        self.disk.run(move || spool.try_begin())
    }

    fn try_begin(&self) -> io::Result<Run> {
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", self.folder.display()));
        files::private_folder(&self.folder).and_then(|()| self.check()).map_err(named)?;
        bounds::room(&self.folder, &self.listed()?)?;
        let id = Uuid::now_v7().to_string();
        // Made under another name, so that nobody sees the run before its lock is held.
        let (unseen, folder) = (self.folder.join(format!(".{id}")), self.folder.join(id));
        files::private_folder(&unseen)?;
        let lock = lock_file(&unseen)?;
        lock.lock()?;
        fs::rename(&unseen, &folder)?;
        sync_folder(&self.folder)?;
        Ok(Run { is_trusted: true, is_begun_here: true, ..self.run_of(folder, lock) })
    }

    fn run_of(&self, folder: PathBuf, lock: File) -> Run {
        let (server, keys, disk) = (self.server.clone(), self.keys.clone(), self.disk.clone());
        Run { folder, _lock: lock, server, keys, disk, is_trusted: false, is_begun_here: false }
    }

    /// The names of the runs, the earliest first.
    pub(crate) fn names(&self) -> io::Result<Vec<String>> {
        let spool = self.clone();
        self.disk.run(move || spool.listed())
    }

    fn listed(&self) -> io::Result<Vec<String>> {
        match self.check() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            checked => checked?,
        }
        let entries = fs::read_dir(&self.folder)?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| Uuid::try_parse(name).is_ok());
        let mut names: Vec<_> = names.collect();
        // Version 7: names sort as they were begun.
        names.sort_unstable();
        Ok(names)
    }

    /// Rejects a spool that a link leads elsewhere, or that others may write to.
    fn check(&self) -> io::Result<()> {
        let ours = self.folder.parent().filter(|parent| files::is_link(parent));
        ours.map_or(Ok(()), files::check_folder)?;
        files::check_folder(&self.folder)
    }

    /// Takes over the run of this name; none when a living process tells it, or another has just ended it. A run that does
    /// not have our seals is an error: see [`Distrust`].
    pub(crate) fn take_over(&self, name: &str) -> io::Result<Option<Run>> {
        let Some(mut run) = self.take_unseen(name)? else { return Ok(None) };
        run.verify()?;
        Ok(Some(run))
    }

    /// Takes over a run without a look at its seals, to show it, drop it, or send it on a person's word.
    pub(crate) fn take_unseen(&self, name: &str) -> io::Result<Option<Run>> {
        let (spool, folder) = (self.clone(), self.folder.join(name));
        self.disk.run(move || {
            let Some(lock) = taken(&folder)? else { return Ok(None) };
            Ok(Some(spool.run_of(folder, lock)))
        })
    }
}

/// The lock of a run, unless somebody else has it or the run is gone.
fn taken(folder: &Path) -> io::Result<Option<File>> {
    let distrusted = |error: io::Error| match error.kind() {
        io::ErrorKind::InvalidData => Distrust::error(error.to_string()),
        _ => error,
    };
    match files::check_folder(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        checked => checked.map_err(distrusted)?,
    }
    let lock = lock_file(folder).map_err(|error| distrusted(io::Error::new(error.kind(), format!("lock: {error}"))))?;
    if !locked(&lock)? || is_kept(folder).map_err(distrusted)? {
        return Ok(None);
    }
    // Whoever had the lock before may have removed the run under it.
    Ok(folder.exists().then_some(lock))
}

/// The folder of a run whose command this process waits for.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    keys: Keys,
    _lock: File,
}

impl Kept {
    /// Takes the place of the keeper; none when the run has ended or has one.
    pub(crate) fn take(folder: &Path, keys: Keys) -> io::Result<Option<Self>> {
        let path = folder.join(KEEPER);
        let lock = patience::within(PATIENCE, move || {
            let lock = files::lockable(&path, true)?;
            Ok(locked(&lock)?.then_some(lock))
        })?;
        Ok(lock.map(|lock| Self { folder: folder.to_owned(), keys, _lock: lock }))
    }

    /// Keeps which process the command is.
    pub(crate) fn begun(&self, running: &Running) -> io::Result<()> {
        self.put(RUNNING, &serde_json::to_vec(running)?)
    }

    /// Keeps how the command ended.
    pub(crate) fn keep(&self, outcome: &Outcome) -> io::Result<()> {
        self.put(OUTCOME, &serde_json::to_vec(outcome)?)
    }

    /// For the processes that follow on a machine that lives: when it dies, this process does.
    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let sealed = seal::close(Place { run: &name_of(&self.folder), file: name }, "", content, &self.keys)?;
        let (folder, name) = (self.folder.clone(), name.to_owned());
        patience::within(PATIENCE, move || put(&folder, &name, &sealed, |_| Ok(())))
    }
}

/// Marks that the next call tells a run, which nobody else does any more.
pub(crate) fn leave(folder: &Path) {
    let folder = folder.to_owned();
    // A keeper that does not see it tells the run at once.
    drop(patience::within(PATIENCE_FOR_A_MARK, move || put(&folder, LEFT, b"", |_| Ok(()))));
}

/// Whether a run is there that the process that told it neither ended nor left.
pub(crate) fn is_without_teller(folder: &Path) -> bool {
    folder.exists() && !folder.join(LEFT).exists()
}

/// Whether a living keeper waits for the command of a run.
fn is_kept(folder: &Path) -> io::Result<bool> {
    match files::lockable(&folder.join(KEEPER), false) {
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
        name_of(&self.folder)
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
        for step in self.steps()? {
            let name = format!("{step}.json");
            let Some(content) = self.read(&name)? else { continue };
            let event = serde_json::from_slice(&content).map_err(|error| {
                let path = self.folder.join(name);
                io::Error::new(io::ErrorKind::InvalidData, format!("{} cannot be read: {error}", path.display()))
            })?;
            events.push((step, event));
        }
        Ok(events)
    }

    /// The steps whose events are there, in order.
    fn steps(&self) -> io::Result<Vec<usize>> {
        let folder = self.folder.clone();
        let mut steps =
            self.disk.run(move || Ok(fs::read_dir(folder)?.filter_map(|entry| step_of(&entry.ok()?.path())).collect::<Vec<_>>()))?;
        steps.sort_unstable();
        Ok(steps)
    }

    /// Forgets an event that was acknowledged. The first is put aside: it says what the run is about.
    pub(crate) fn forget(&self, step: usize) -> io::Result<()> {
        let name = format!("{step}.json");
        // Whatever was refused, it is this event no more.
        self.lift_refusal()?;
        // One that is there again after a crash is sent again under its key, and answered as before.
        if let (0, Some(event)) = (step, self.read(&name)?) {
            self.write(TOLD, &event)?;
        }
        self.delete(&name)
    }

    /// The first event, once it was acknowledged.
    pub(crate) fn told(&self) -> Option<Event> {
        self.parsed(TOLD)
    }

    /// The deployment of the run, once it is known.
    pub(crate) fn deployment(&self) -> Option<Uuid> {
        Uuid::try_parse(String::from_utf8(self.read(DEPLOYMENT).ok()??).ok()?.trim()).ok()
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
        String::from_utf8(self.read(ID_FILE).ok()??).ok().map(PathBuf::from)
    }

    /// Keeps which file that is.
    pub(crate) fn keep_id_file(&self, path: &Path) -> io::Result<()> {
        self.write(ID_FILE, path.to_string_lossy().as_bytes())
    }

    /// Marks that the outcome is still to come, and how it is to be told. The event that follows makes it outlive the machine.
    pub(crate) fn mark_unfinished(&self, to_tell: &ToTell) -> io::Result<()> {
        self.put(UNFINISHED, &serde_json::to_vec(to_tell)?)
    }

    /// Whether the outcome is not among the events.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.read(UNFINISHED).is_ok_and(|found| found.is_some())
    }

    /// How the outcome is to be told, while it is not among the events.
    pub(crate) fn unfinished(&self) -> Option<ToTell> {
        self.parsed(UNFINISHED)
    }

    /// How the command ended, as its keeper saw it.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        self.of_keeper(OUTCOME)
    }

    /// The server that it is for.
    pub(crate) fn server(&self) -> Option<String> {
        let first = || Some(self.events().ok()?.first()?.1.server.clone());
        self.unfinished().map(|to_tell| to_tell.server).or_else(first)
    }

    /// The process that the command is, or was.
    pub(crate) fn running(&self) -> Option<Running> {
        self.of_keeper(RUNNING)
    }

    /// Keeps which process the command is, where there is no keeper.
    pub(crate) fn begun_without_keeper(&self, running: &Running) -> io::Result<()> {
        self.put(RUNNING, &serde_json::to_vec(running)?)
    }

    /// Marks that the outcome is among the events.
    pub(crate) fn mark_finished(&self) -> io::Result<()> {
        self.delete(UNFINISHED)
    }

    /// Removes the run with all that is in it: out of sight first, so that nobody finds half of it.
    pub(crate) fn remove(self) -> io::Result<()> {
        let (folder, unseen) = (self.folder.clone(), self.folder.with_file_name(format!(".{}", self.name())));
        self.disk.run(move || {
            fs::rename(&folder, &unseen)?;
            fs::remove_dir_all(unseen)
        })
    }

    /// The content of a file under its seal, if there is such a file.
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        self.read_checked(name, self.is_trusted)
    }

    fn read_checked(&self, name: &str, check: bool) -> io::Result<Option<Vec<u8>>> {
        let (path, care) = (self.folder.join(name), if check { Care::Own } else { Care::NoLink });
        let bytes = match self.disk.run(move || files::read(&path, care, bounds::LARGEST_FILE)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(Distrust::error(format!("{name}: {error}"))),
            bytes => bytes?,
        };
        if !check {
            return Ok(Some(seal::open_unseen(bytes)));
        }
        let run = self.name();
        Ok(Some(seal::open(Place { run: &run, file: name }, bytes, &self.keys)?.content))
    }

    /// What the keeper wrote. Nobody but our own keeper writes to a run that this process began; and a keeper that has
    /// another token, such as one from a pipe that is read once, is no reason to wait for ever.
    fn of_keeper<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&self.read_checked(name, self.is_trusted && !self.is_begun_here).ok()??).ok()
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, name: &str) -> Option<T> {
        serde_json::from_slice(&self.read(name).ok()??).ok()
    }

    fn sealed(&self, name: &str, content: &[u8]) -> io::Result<Vec<u8>> {
        // An event says itself which server it is for.
        let server = serde_json::from_slice::<Event>(content).map_or_else(|_| self.server.clone(), |event| event.server);
        let run = self.name();
        seal::close(Place { run: &run, file: name }, &server, content, &self.keys)
    }

    /// Writes what need not outlive the machine.
    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let (folder, name, sealed) = (self.folder.clone(), name.to_owned(), self.sealed(name, content)?);
        self.disk.run(move || put(&folder, &name, &sealed, |_| Ok(())))
    }

    fn write(&self, name: &str, content: &[u8]) -> io::Result<()> {
        let (folder, name, sealed) = (self.folder.clone(), name.to_owned(), self.sealed(name, content)?);
        self.disk.run(move || write(&folder, &name, &sealed))
    }

    fn delete(&self, name: &str) -> io::Result<()> {
        let path = self.folder.join(name);
        self.disk.run(move || fs::remove_file(path))
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
    let mut file = files::create(&beside, 0o600)?;
    file.write_all(bytes)?;
    sync(&file)?;
    fs::rename(&beside, folder.join(name))
}

fn name_of(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
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
    files::lockable(&folder.join(LOCK), true)
}

/// Makes what was renamed or removed in a folder outlive a machine that dies.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A spool in this folder, with the keys of a token.
#[cfg(test)]
fn at(folder: PathBuf) -> Spool {
    let keys = Keys::of(&Surroundings::default(), Some("token"));
    Spool { folder, server: "http://host".to_owned(), keys: Arc::new(keys), disk: Disk::new(PATIENCE) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::of(&Surroundings::default(), Some("token"))
    }

    fn spool() -> (tempfile::TempDir, Spool) {
        let folder = tempfile::tempdir().unwrap();
        let spool = at(folder.path().join("spool"));
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
        let keeper = Kept::take(&folder, keys()).unwrap().unwrap();
        assert!(Kept::take(&folder, keys()).unwrap().is_none());
        drop(run);
        assert!(spool.take_over(&name).unwrap().is_none());
        drop(keeper);
        let found = spool.take_over(&name).unwrap().unwrap();
        found.remove().unwrap();
        assert!(Kept::take(&folder, keys()).is_err());
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
        run.write("1.json", b"{").unwrap();
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
        assert_eq!((mode(&spool.folder), mode(&run.folder), mode(&run.folder.join("0.json"))), (0o700, 0o700, 0o600));
    }
}
