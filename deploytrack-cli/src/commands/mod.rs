//! The commands, one file each.

pub(crate) mod archive;
pub(crate) mod completions;
pub(crate) mod component;
pub(crate) mod discreet;
pub(crate) mod doctor;
pub(crate) mod environment;
mod export;
pub(crate) mod flush;
pub(crate) mod import;
pub(crate) mod latest;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod man;
pub(crate) mod matrix;
pub(crate) mod open;
pub(crate) mod profile;
pub(crate) mod record;
pub(crate) mod rollback;
#[cfg(feature = "serve")]
pub(crate) mod serve;
mod show;
pub(crate) mod spool;
pub(crate) mod token;
pub(crate) mod undeploy;
pub(crate) mod update;
mod verify;
pub(crate) mod version;
pub(crate) mod wait;
pub(crate) mod watch;

use deploytrack_core::text::Invalid;

use crate::{args::Command, error::Failure, session::Session};

/// What `--idempotency-key` is for.
const KEY_HELP: &str = "Do this once under this key, however often the command is repeated with it [default: a random key]";

/// Runs a command that asks a server.
pub(crate) async fn run(command: Command, mut session: Session<'_>) -> Result<(), Failure> {
    let outcome = Box::pin(run_in(command, &mut session)).await;
    for (kind, known) in session.client.take_resemblances() {
        session.warn(&format!("a new {kind} is registered, and its name resembles {known}"));
    }
    archive::print_notes(&session.client.take_archive_notes(), &mut session);
    outcome
}

async fn run_in(command: Command, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        // These ask no server, or one of their own, and never come here.
        #[cfg(feature = "serve")]
        Command::Serve(_) => Ok(()),
        Command::Completions(_) | Command::Man(_) | Command::Login(_) | Command::Logout(_) | Command::Keep(_) => Ok(()),
        Command::Version(_) | Command::Doctor(_) | Command::Open(_) | Command::Profile(_) => Ok(()),
        Command::Record(record) => record::run(*record, session).await,
        Command::Update(update) => update::run(update, session).await,
        Command::Undeploy(undeploy) => undeploy::run(undeploy, session).await,
        Command::Wait(wait) => wait::run(wait, session).await,
        Command::Verify(_) => verify::run(session).await,
        Command::Rollback(rollback) => Box::pin(rollback::run(*rollback, session)).await,
        Command::Flush(flush) => flush::run(flush, session).await,
        Command::Spool(spool) => spool::run(&spool, session),
        Command::List(list) => list::run(list, session).await,
        Command::Show(show) => show::run(show.which.recorded_id(session).await?, session).await,
        Command::Latest(latest) => latest::run(latest, session).await,
        Command::Matrix(matrix) => matrix::run(matrix, session).await,
        Command::Watch(watch) => watch::run(watch, session).await,
        Command::Component(component) => component::run(component, session).await,
        Command::Environment(environment) => environment::run(environment, session).await,
        Command::Import(import) => import::run(&import, session).await,
        Command::Export(export) => export::run(export, session).await,
    }
}

/// Reads a text that may be empty, where an empty one removes a value.
fn or_empty<T: std::str::FromStr<Err = Invalid>>(text: &str) -> Result<String, Invalid> {
    if !text.is_empty() {
        text.parse::<T>()?;
    }
    Ok(text.to_owned())
}

#[expect(clippy::option_option, reason = "left alone, removed and set are three answers, as in core's changes")]
/// An empty text removes a value, any other sets it.
fn clearable<T: std::str::FromStr<Err = deploytrack_core::text::Invalid>>(
    flag: &str,
    text: Option<String>,
) -> Result<Option<Option<T>>, Failure> {
    match text {
        None => Ok(None),
        Some(text) if text.is_empty() => Ok(Some(None)),
        Some(text) => text.parse().map(|value| Some(Some(value))).map_err(|why| Failure::usage(format!("--{flag} {why}"))),
    }
}

/// `key=value` pairs as metadata.
fn metadata(pairs: Vec<(String, String)>) -> Result<deploytrack_core::deployment::Metadata, Failure> {
    let map = pairs.into_iter().map(|(key, value)| (key, value.into())).collect();
    deploytrack_core::deployment::Metadata::new(map).map_err(|why| Failure::usage(format!("--meta {why}")))
}

/// The pairs that fit into the metadata. What does not fit loses its largest values, and that is said.
fn fitting(mut pairs: Vec<(String, String)>, session: &mut Session<'_>) -> Vec<(String, String)> {
    while let (Err(why), Some(largest)) = (metadata(pairs.clone()), largest(&pairs)) {
        let (key, value) = pairs.remove(largest);
        session.warn(&format!("{}: {key}, with {} characters, is left out", why.message(), value.chars().count()));
    }
    pairs
}

fn largest(pairs: &[(String, String)]) -> Option<usize> {
    (0..pairs.len()).max_by_key(|index| pairs[*index].0.len() + pairs[*index].1.len())
}
