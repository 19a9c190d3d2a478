//! `deploytrack keep`, which only `record ... -- COMMAND` calls: a process between itself and the command, that stays with
//! the command when the other is killed, and keeps how it ended.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Exit,
    child::{self, Asked, Outcome, Signals},
    error::Failure,
    spool::Kept,
};

/// Stay with the command of a run
#[derive(Debug, clap::Args)]
pub(crate) struct Keep {
    /// The folder of the run
    folder: PathBuf,
    /// How many of its last lines to keep when it fails
    #[arg(long, default_value_t = 0)]
    output_tail: usize,
    /// The command
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

/// Runs a command under a keeper; an error when there can be none.
pub(crate) async fn start(folder: &Path, asked: Asked<'_>, signals: &mut Signals) -> io::Result<Outcome> {
    let mut command: Vec<OsString> = vec![std::env::current_exe()?.into()];
    command.extend([OsStr::new("keep"), folder.as_os_str(), OsStr::new("--output-tail")].map(OsStr::to_owned));
    command.push(asked.output_tail.to_string().into());
    if let Some(timeout) = asked.timeout {
        command.extend([OsString::from("--timeout"), humantime::format_duration(timeout).to_string().into()]);
    }
    command.push("--".into());
    command.extend_from_slice(asked.command);
    let mut keeper = child::prepared(Asked { command: &command, ..asked }).ok_or_else(|| io::Error::other("there is no command"))?;
    let own_group = child::in_a_group_of_its_own(&mut keeper);
    Ok(child::wait(keeper.spawn()?, own_group, None, signals).await)
}

/// The keeper itself.
pub(crate) async fn run(keep: Keep, timeout: Option<Duration>) -> Failure {
    let mut signals = Signals::listen();
    // Whatever becomes of the record, the command runs.
    let kept = Kept::take(&keep.folder).ok().flatten();
    let asked = Asked { command: &keep.command, timeout, output_tail: keep.output_tail, ..Asked::default() };
    let outcome = child::run(asked, &mut signals).await;
    if let Some(kept) = kept {
        // Without it, the exit code tells as much.
        drop(kept.keep(&outcome));
    }
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}
