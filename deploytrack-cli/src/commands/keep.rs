//! `deploytrack keep`, which only `record ... -- COMMAND` calls: a process between itself and the command, that stays with
//! the command when the other is killed, and keeps how it ended.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    child::{self, Asked, Outcome, Running, Signals, marks},
    commands::flush,
    error::Failure,
    exit::Exit,
    flags::{Global, duration},
    process_env::ProcessEnv as Surroundings,
    session::Session,
    settings::{self, Settings},
    spool::{self, Kept, Keys, Run, Spool},
    ui::{Invocation, Streams},
};

/// How long a keeper that is alone tries to tell how the command ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Stay with the command of a run
#[derive(Debug, clap::Args)]
pub(crate) struct Keep {
    /// The folder of the run
    folder: PathBuf,
    /// How long the command may run
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    command_timeout: Option<Duration>,
    /// How many of its last lines to keep when it fails
    #[arg(long, default_value_t = 0)]
    output_tail: usize,
    /// The process that tells the run
    #[arg(long, default_value_t = 0)]
    of: u32,
    /// Carry standard input to standard output instead
    #[arg(long)]
    carry: bool,
    /// The command
    #[arg(last = true, required_unless_present = "carry")]
    command: Vec<OsString>,
}

/// Runs a command under a keeper; an error when there can be none.
#[cfg(unix)]
pub(crate) async fn start(run: &Run, asked: Asked<'_>, flags: &[OsString], signals: &mut Signals) -> io::Result<Outcome> {
    let mut keeper = Command::new(std::env::current_exe()?);
    keeper.arg("keep").arg(run.folder()).args(flags).arg("--output-tail").arg(asked.output_tail.to_string());
    keeper.arg("--of").arg(std::process::id().to_string());
    if let Some(limit) = asked.limit {
        keeper.arg("--command-timeout").arg(humantime::format_duration(limit).to_string());
    }
    keeper.arg("--").args(asked.command).envs(asked.variables.iter().map(|(name, value)| (*name, value)));
    marks::put_away_from(&mut keeper);
    child::run_keeper(keeper, run, asked.limit, signals).await
}

#[cfg(not(unix))]
pub(crate) async fn start(_run: &Run, _asked: Asked<'_>, _flags: &[OsString], _signals: &mut Signals) -> io::Result<Outcome> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The keeper itself.
pub(crate) async fn run(keep: Keep, global: &Global, surroundings: &Surroundings, streams: Streams<'_>) -> Failure {
    if keep.carry {
        child::carry_on();
        return Failure::new(Exit::Done, "");
    }
    let mut signals = Signals::listen();
    let teller = child::Teller::find(keep.of);
    // Whatever becomes of the record, the command runs.
    let kept = Kept::take(&keep.folder, keys(global, surroundings)).ok().flatten();
    let asked = Asked { command: &keep.command, limit: keep.command_timeout, output_tail: keep.output_tail, ..Asked::default() };
    let begun = |pid| kept.iter().for_each(|kept| drop(kept.begun(&Running::of(pid))));
    let outcome = child::run(asked, &mut signals, begun).await;
    // Without what it kept, the exit code tells as much, and is waited for.
    if kept.is_some_and(|kept| kept.keep(&outcome).is_ok()) {
        // The process that tells the run may be killed until the server has acknowledged the outcome.
        teller.outlive().await;
        signals.unless_called_off(tell_when_alone(&keep.folder, global, surroundings, streams)).await;
    }
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}

/// Tells how the command ended when the process that would have told it is gone: on a machine that is thrown away after the
/// job there is no next call.
async fn tell_when_alone(folder: &Path, global: &Global, surroundings: &Surroundings, Streams { out, err }: Streams<'_>) {
    if !spool::is_without_teller(folder) {
        return;
    }
    let name = folder.file_name().and_then(OsStr::to_str).unwrap_or_default();
    let left = Spool::find(surroundings, keys(global, surroundings), String::new()).and_then(|spool| spool.take_over(name).ok()?);
    let Some(server) = left.as_ref().and_then(Run::server) else { return };
    drop(left);
    // What is dangerous about the settings has been said by the call that started the keeper.
    let global = Global { url: Some(server), quiet: true, allow_http: true, ..global.clone() };
    if let Ok(mut session) = Session::open(Invocation { global, env: surroundings, streams: Streams { out, err } }) {
        flush::what_was_left_behind(Instant::now() + PATIENCE, &mut session).await;
    }
}

/// The keys of the call that started the keeper: it has the same token.
fn keys(global: &Global, surroundings: &Surroundings) -> Keys {
    let token =
        Settings::find(global, surroundings).map_or_else(|_| settings::named_token(global, surroundings), |settings| settings.token);
    Keys::of(surroundings, token.as_deref())
}
