//! Watches the keeper, and the command itself if the keeper is killed.

use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::process::ExitStatusExt as _},
    process::{Command, ExitStatus},
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, poll},
    process::{Pid, PidfdFlags, Signal, WaitOptions, getppid, kill_process, pidfd_open, wait},
    stdio::{dup2_stderr, dup2_stdin, dup2_stdout},
};
use tokio::time::sleep;

use super::{Signals, TimeLimit, forward, set_process_group, signals::Target};
use crate::queue::{Entry, Outcome, ProcessIdentity};

/// How often to look without a signal: SIGCHLD may be blocked.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs a keeper to its end.
///
/// If the keeper is killed, the command becomes a child of this process, which then waits for it.
/// Other processes that the command leaves behind become children, too; they are only reaped.
///
/// # Errors
/// The keeper cannot be started.
pub(crate) async fn run_keeper(
    mut keeper: Command,
    entry: &Entry,
    limit: Option<Duration>,
    signals: &mut Signals,
) -> io::Result<Outcome> {
    // If the system refuses this, the exit status of a command that loses its keeper stays unknown.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    set_process_group(&mut keeper);
    let limit = TimeLimit::new(limit);
    let keeper = keeper.spawn()?.id();
    let mut watch = Watch {
        entry,
        keeper,
        target: Target::of(keeper),
        orphan: None,
        seen: None,
        limit,
    };
    loop {
        if let Some(outcome) = watch.outcome() {
            return Ok(if watch.orphan.is_some() {
                watch.limit.outcome(outcome).await
            } else {
                outcome
            });
        }
        tokio::select! {
            event = signals.next_or_child() => event.into_iter().for_each(|received| forward(Some(watch.target), received)),
            () = watch.limit.over(), if watch.orphan.is_some() => watch.limit.enforce(Some(watch.target)),
            () = sleep(PAUSE) => {}
        }
    }
}

/// The process that records the deployment, as its keeper sees it.
pub(crate) struct RecordingProcess {
    pid: u32,
    handle: Option<OwnedFd>,
}

impl RecordingProcess {
    /// The process with this id.
    pub(crate) fn find(pid: u32) -> Self {
        let found = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self {
            pid,
            handle: found.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()),
        }
    }

    /// Notifies the process that the outcome is stored, and waits for its end. Closes the standard
    /// streams before, since other processes may wait for their end. Does not wait if the system
    /// cannot report the end of another process.
    pub(crate) async fn wait_for_end(self) {
        let Some(parent) =
            getppid().filter(|parent| parent.as_raw_nonzero().get().unsigned_abs() == self.pid)
        else {
            return;
        };
        let Some(handle) = self.handle else { return };
        let _ = kill_process(parent, Signal::CHILD);
        if let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
            let _ = (dup2_stdin(&null), dup2_stdout(&null), dup2_stderr(&null));
        }
        let ended = move || poll(&mut [PollFd::new(&handle, PollFlags::IN)], None).is_ok();
        drop(tokio::task::spawn_blocking(ended).await);
    }
}

/// The processes that are watched.
struct Watch<'a> {
    entry: &'a Entry,
    keeper: u32,
    /// The receiver of signals: the keeper, or the command after the keeper is gone.
    target: Target,
    /// The command that lost its keeper.
    orphan: Option<Orphan>,
    /// How the command ended, if this process saw it.
    seen: Option<Outcome>,
    limit: TimeLimit,
}

/// A command whose keeper was killed.
struct Orphan {
    command: ProcessIdentity,
    /// How the keeper ended.
    keeper: Outcome,
}

impl Watch<'_> {
    /// The outcome, as soon as there is one.
    fn outcome(&mut self) -> Option<Outcome> {
        // The keeper that stored it stays until this process has ended.
        if let Some(outcome) = self.entry.outcome() {
            return Some(outcome);
        }
        // Checked before the exit statuses are read: for a command that ends in between, the status
        // is read next time.
        let is_gone = self
            .orphan
            .as_ref()
            .is_some_and(|orphan| !orphan.command.is_alive());
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let ended = Outcome::of(ExitStatus::from_raw(status.as_raw()));
            let pid = pid.as_raw_nonzero().get().unsigned_abs();
            if pid == self.keeper {
                if let Some(outcome) = self.keeper_ended(status.signaled(), ended) {
                    return Some(outcome);
                }
            } else if self
                .entry
                .process()
                .is_some_and(|command| command.pid == pid)
            {
                self.seen = Some(ended);
            }
        }
        self.command_ended(is_gone)
    }

    /// The outcome after the end of the keeper. None if it was killed and the command still runs.
    fn keeper_ended(&mut self, was_killed: bool, keeper: Outcome) -> Option<Outcome> {
        let command = self.entry.process().filter(|_| was_killed);
        match (self.entry.outcome(), command) {
            (Some(outcome), _) => Some(outcome),
            (None, None) => Some(keeper),
            (None, Some(command)) => {
                self.target = Target::of(command.pid);
                self.orphan = Some(Orphan { command, keeper });
                None
            }
        }
    }

    /// The outcome of a command that lost its keeper.
    fn command_ended(&self, is_gone: bool) -> Option<Outcome> {
        let orphan = self.orphan.as_ref()?;
        let unknown = || is_gone.then(|| Outcome::unknown(orphan.keeper.code));
        self.seen.clone().or_else(unknown)
    }
}
