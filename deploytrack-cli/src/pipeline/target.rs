//! The deployment that a command changes or shows: given by its id, or by the id file of an earlier
//! step.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use deploytrack_core::text::IdPrefix;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::{
    error::Failure,
    exit::Exit,
    flags::deployment_id,
    pipeline::{
        deliver::Delivery,
        id_file::{self, Content, ReadError},
    },
    queue::{Distrust, Entry},
    session::Session,
    short_ids,
};

/// How long another process, such as a flush, may use the entry.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait before the next look at the entry.
const PAUSE: Duration = Duration::from_millis(100);

/// A deployment.
#[derive(Debug, clap::Args)]
pub(crate) struct DeploymentArg {
    /// The id of the deployment, or its beginning
    #[arg(required_unless_present = "id_file", conflicts_with = "id_file", value_parser = deployment_id)]
    id: Option<IdPrefix>,
    /// Take the id from this file, as `record --id-file` wrote it
    #[arg(long, value_name = "FILE")]
    id_file: Option<PathBuf>,
}

/// The deployment that an id file names.
#[derive(Debug)]
pub(crate) enum Target {
    /// A deployment that the server has recorded.
    Recorded(Uuid),
    /// A deployment whose record is still in the spool, so that it has no id yet.
    Queued(Entry),
    /// No deployment, and why: no earlier step recorded one, or its entry is gone.
    Missing(String),
}

impl DeploymentArg {
    /// The deployment with this id, or of this file.
    pub(crate) const fn of(id: Option<IdPrefix>, id_file: Option<PathBuf>) -> Self {
        Self { id, id_file }
    }

    /// The id of a deployment that the server has recorded.
    ///
    /// # Errors
    /// The id file names no deployment, or one that is still in the spool.
    pub(crate) async fn recorded_id(&self, session: &Session<'_>) -> Result<Uuid, Failure> {
        let path = match (&self.id, &self.id_file) {
            (Some(id), _) => return short_ids::resolve(&session.client, id).await,
            (None, Some(path)) => path,
            (None, None) => {
                return Err(
                    Failure::usage("no deployment is named").hint("give its id, or --id-file FILE")
                );
            }
        };
        match target(path, session).await? {
            Target::Recorded(id) => Ok(id),
            Target::Queued(entry) => Err(not_recorded_yet(path, &entry)),
            Target::Missing(why) => Err(missing(&why)),
        }
    }
}

fn not_recorded_yet(path: &Path, entry: &Entry) -> Failure {
    let name = entry.name();
    let message = format!(
        "the deployment of {} is not recorded yet: it is in the spool as entry {name}",
        path.display()
    );
    match entry.refusal() {
        Some(refusal) => Failure::new(
            Exit::Refused,
            format!("{message}, refused: {}", refusal.reason),
        )
        .hint(refusal.way_out(&name, entry.deployment().is_none())),
        None => Failure::new(Exit::Unreachable, message).hint("`deploytrack flush` sends it"),
    }
}

/// The error for an id file that names no deployment.
pub(crate) fn missing(why: &str) -> Failure {
    Failure::usage(why)
        .hint("`deploytrack record ... --id-file FILE` writes the file")
        .hint("`deploytrack list` shows the ids of deployments; an id can be given instead of --id-file")
}

/// The deployment that an id file names.
///
/// The file may name an entry that another process is sending. That process writes the id into the
/// file before it removes the entry, so this waits until the entry can be opened, or the file
/// contains an id, or [`PATIENCE`] is over.
pub(crate) async fn target(path: &Path, session: &Session<'_>) -> Result<Target, Failure> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let entry = match read(path)? {
            Named::Deployment(id) => return Ok(Target::Recorded(id)),
            Named::Nothing(why) => return Ok(Target::Missing(why)),
            Named::Entry(entry) => entry,
        };
        match open(entry, session).await? {
            EntryState::Opened(entry) => return Ok(Target::Queued(entry)),
            EntryState::Gone => return after_removal(path),
            EntryState::InUse if Instant::now() >= deadline => {
                return Ok(entry_problem(path, "is being sent by another process"));
            }
            EntryState::InUse => sleep(PAUSE).await,
        }
    }
}

/// The deployment that the file names after its entry is gone: the process that sent the entry
/// wrote the id before.
fn after_removal(path: &Path) -> Result<Target, Failure> {
    Ok(match read(path)? {
        Named::Deployment(id) => Target::Recorded(id),
        Named::Entry(_) | Named::Nothing(_) => {
            entry_problem(path, "is no longer in this machine's spool")
        }
    })
}

fn entry_problem(path: &Path, problem: &str) -> Target {
    Target::Missing(format!(
        "the spool entry that {} names {problem}",
        path.display()
    ))
}

/// What an id file names.
enum Named {
    Deployment(Uuid),
    Entry(Uuid),
    /// Nothing, and why: the file is missing or empty.
    Nothing(String),
}

fn read(path: &Path) -> Result<Named, Failure> {
    match id_file::read(path) {
        Ok(Content::Id(id)) => Ok(Named::Deployment(id)),
        Ok(Content::Entry(entry)) => Ok(Named::Entry(entry)),
        Err(ReadError::Missing(why)) => Ok(Named::Nothing(why)),
        Err(ReadError::Invalid(why)) => Err(missing(&why)),
    }
}

/// The state of an entry in this machine's spool.
enum EntryState {
    Opened(Entry),
    /// Another process has locked it.
    InUse,
    Gone,
}

async fn open(entry: Uuid, session: &Session<'_>) -> Result<EntryState, Failure> {
    let Some(spool) = &session.spool else {
        return Ok(EntryState::Gone);
    };
    let name = entry.to_string();
    let distrusted = |error: std::io::Error| {
        match Distrust::of(&error) {
        Some(why) => Failure::new(Exit::Refused, format!("entry {name}, which the file names, is not trusted: {why}"))
            .hint(format!("look at it with `deploytrack spool show {name}`; `deploytrack flush {name} --trust` sends it")),
        None => Failure::of_spool(error),
    }
    };
    let mut opened = spool.open(&name);
    let is_distrusted = |error| Distrust::of(error).is_some();
    if opened.as_ref().is_err_and(is_distrusted) && session.prove_identity().await.is_ok() {
        // An earlier job of the same rule may have written it.
        opened = spool.open(&name);
    }
    match opened.map_err(distrusted)? {
        Some(entry) => Ok(EntryState::Opened(entry)),
        None if spool.names().map_err(Failure::of_spool)?.contains(&name) => Ok(EntryState::InUse),
        None => Ok(EntryState::Gone),
    }
}

/// Writes the id file for the next step: with the id of the deployment if it has one, else with the
/// name of its entry.
pub(crate) fn hand_on(path: &Path, delivery: &Delivery) -> Result<(), String> {
    match (delivery.deployment(), delivery.entry()) {
        (Some(id), _) => id_file::write(path, &Content::Id(id)),
        (None, Some(entry)) => hand_on_entry(path, entry),
        (None, None) => Ok(()),
    }
}

/// Writes the name of an entry into the id file. The process that sends the entry replaces it by
/// the id.
pub(crate) fn hand_on_entry(path: &Path, entry: &Entry) -> Result<(), String> {
    let name = Uuid::try_parse(&entry.name()).map_err(|error| error.to_string())?;
    let absolute = std::path::absolute(path)
        .map_err(|error| format!("cannot find {}: {error}", path.display()))?;
    entry
        .store_id_file(&absolute)
        .map_err(|error| format!("the spool cannot be written: {error}"))?;
    id_file::write(path, &Content::Entry(name))
}
