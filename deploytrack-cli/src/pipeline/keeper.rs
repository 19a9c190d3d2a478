//! The keeper: a process between `record ... -- COMMAND` and the command. If the recording process
//! is killed, the keeper still waits for the command and stores its outcome in the spool.
//!
//! It is the hidden command `deploytrack keep`, which only `record` calls.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    error::Failure,
    exit::Exit,
    flags::{Global, duration},
    pipeline::{
        child::{self, RecordingProcess, Signals, WrappedCommand, tracking_variables},
        send,
    },
    process_env::ProcessEnv,
    queue::{self, Entry, KeeperLock, Keys, Outcome, ProcessIdentity, Spool},
    session::Session,
    settings::{self, Settings},
    ui::{Invocation, Streams},
};

/// How long a keeper tries to send the outcome after the recording process died.
const PATIENCE: Duration = Duration::from_secs(10);

/// Wait for a wrapped command
#[derive(Debug, clap::Args)]
pub(crate) struct Keep {
    /// The folder of the spool entry
    folder: PathBuf,
    /// How long the command may run
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    command_timeout: Option<Duration>,
    /// How many of its last lines to store if it fails
    #[arg(long, default_value_t = 0)]
    output_tail: usize,
    /// The process that records the deployment
    #[arg(long, default_value_t = 0)]
    of: u32,
    /// Copy standard input to standard output instead
    #[arg(long)]
    carry: bool,
    /// The command
    #[arg(last = true, required_unless_present = "carry")]
    command: Vec<OsString>,
}

/// Runs a command under a keeper.
///
/// # Errors
/// The keeper cannot be started.
#[cfg(unix)]
pub(crate) async fn start(
    entry: &Entry,
    command: WrappedCommand<'_>,
    flags: &[OsString],
    signals: &mut Signals,
) -> io::Result<Outcome> {
    let mut keeper = Command::new(std::env::current_exe()?);
    keeper
        .arg("keep")
        .arg(entry.folder())
        .args(flags)
        .arg("--output-tail")
        .arg(command.output_tail.to_string());
    keeper.arg("--of").arg(std::process::id().to_string());
    if let Some(limit) = command.limit {
        keeper
            .arg("--command-timeout")
            .arg(humantime::format_duration(limit).to_string());
    }
    keeper
        .arg("--")
        .args(command.command)
        .envs(command.variables.iter().map(|(name, value)| (*name, value)));
    tracking_variables::hide_from(&mut keeper);
    child::run_keeper(keeper, entry, command.limit, signals).await
}

#[cfg(not(unix))]
pub(crate) async fn start(
    _entry: &Entry,
    _command: WrappedCommand<'_>,
    _flags: &[OsString],
    _signals: &mut Signals,
) -> io::Result<Outcome> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Runs the keeper. The "failure" carries the exit code of the command.
pub(crate) async fn run(
    keep: Keep,
    global: &Global,
    env: &ProcessEnv,
    streams: Streams<'_>,
) -> Failure {
    if keep.carry {
        child::copy_stdin_to_stdout();
        return Failure::new(Exit::Done, "");
    }
    let mut signals = Signals::listen();
    let recording_process = RecordingProcess::find(keep.of);
    // The command runs even if the entry cannot be used.
    let lock = KeeperLock::acquire(&keep.folder, keys(global, env))
        .ok()
        .flatten();
    let (command, limit, output_tail) = (&keep.command, keep.command_timeout, keep.output_tail);
    let command = WrappedCommand {
        command,
        limit,
        output_tail,
        ..WrappedCommand::default()
    };
    let store_process = |pid| {
        if let Some(lock) = &lock {
            drop(lock.store_process(&ProcessIdentity::of(pid)));
        }
    };
    let outcome = child::run(command, &mut signals, store_process).await;
    // If the outcome cannot be stored, the recording process reads it from the exit code of the
    // keeper, which must end then.
    if lock.is_some_and(|lock| lock.store_outcome(&outcome).is_ok()) {
        // Until the server has acknowledged the outcome, the recording process can still be killed.
        recording_process.wait_for_end().await;
        signals
            .unless_cancelled(send_if_abandoned(&keep.folder, global, env, streams))
            .await;
    }
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}

/// Sends the outcome if the recording process died: on a machine that is thrown away after the job,
/// there is no next call.
async fn send_if_abandoned(
    folder: &Path,
    global: &Global,
    env: &ProcessEnv,
    Streams { out, err }: Streams<'_>,
) {
    if !queue::is_abandoned(folder) {
        return;
    }
    let name = folder
        .file_name()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    let entry = Spool::find(env, keys(global, env), String::new())
        .and_then(|spool| spool.open(name).ok()?);
    let Some(server) = entry.as_ref().and_then(Entry::server) else {
        return;
    };
    drop(entry);
    // The call that started the keeper has already warned about insecure settings.
    let global = Global {
        url: Some(server),
        quiet: true,
        allow_http: true,
        ..global.clone()
    };
    if let Ok(mut session) = Session::open(Invocation {
        global,
        env,
        streams: Streams { out, err },
    }) {
        send::send_backlog(Instant::now() + PATIENCE, &mut session).await;
    }
}

/// The keys of the call that started the keeper: both have the same token, or are in the same job.
fn keys(global: &Global, env: &ProcessEnv) -> Keys {
    match Settings::find(global, env) {
        Ok(settings) => Keys::of_settings(env, &settings),
        Err(_) => Keys::without_settings(env, settings::named_token(global, env).as_deref()),
    }
}
