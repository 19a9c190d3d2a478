//! The process between this one and the command, and what becomes of the command when that is killed.

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

use super::{Limit, Outcome, Running, Signals, in_a_group_of_its_own, signals::Target, tell};
use crate::pipeline::queue::Run;

/// A signal that a child has ended may be blocked, so that it is looked for now and then.
const PAUSE: Duration = Duration::from_millis(500);

/// Runs a keeper to its end; an error when there can be none.
///
/// When the keeper is killed the command becomes a child of this process, which then waits for it. So do other processes
/// that the command leaves behind; they are nobody's business, and are only kept from staying as zombies.
pub(crate) async fn run_keeper(mut keeper: Command, run: &Run, limit: Option<Duration>, signals: &mut Signals) -> io::Result<Outcome> {
    // Where that is not to be had, a command that loses its keeper is waited for without its status.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    in_a_group_of_its_own(&mut keeper);
    let limit = Limit::of(limit);
    let keeper = keeper.spawn()?.id();
    let mut watch = Watch { run, keeper, target: Target::of(keeper), orphan: None, seen: None, limit };
    loop {
        if let Some(outcome) = watch.look() {
            return Ok(if watch.orphan.is_some() { watch.limit.judge(outcome).await } else { outcome });
        }
        tokio::select! {
            event = signals.next_or_child() => event.into_iter().for_each(|received| tell(Some(watch.target), received)),
            () = watch.limit.over(), if watch.orphan.is_some() => watch.limit.enforce(Some(watch.target)),
            () = sleep(PAUSE) => {}
        }
    }
}

/// The process that tells a run, as its keeper sees it.
pub(crate) struct Teller {
    pid: u32,
    handle: Option<OwnedFd>,
}

impl Teller {
    /// The process of this number.
    pub(crate) fn find(pid: u32) -> Self {
        let found = i32::try_from(pid).ok().and_then(Pid::from_raw);
        Self { pid, handle: found.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok()) }
    }

    /// Tells it that the outcome is there, and waits for its end, holding on to nothing that others may wait for. Where the
    /// system does not tell when another process ends, this does not wait.
    pub(crate) async fn outlive(self) {
        let Some(parent) = getppid().filter(|parent| parent.as_raw_nonzero().get().unsigned_abs() == self.pid) else { return };
        let Some(handle) = self.handle else { return };
        let _ = kill_process(parent, Signal::CHILD);
        if let Ok(nothing) = File::options().read(true).write(true).open("/dev/null") {
            let _ = (dup2_stdin(&nothing), dup2_stdout(&nothing), dup2_stderr(&nothing));
        }
        let ended = move || poll(&mut [PollFd::new(&handle, PollFlags::IN)], None).is_ok();
        drop(tokio::task::spawn_blocking(ended).await);
    }
}

/// What is waited for.
struct Watch<'a> {
    run: &'a Run,
    keeper: u32,
    /// The keeper; the command itself once the keeper is gone.
    target: Target,
    /// The command that lost its keeper, and the keeper's end.
    orphan: Option<(Running, Outcome)>,
    /// The command's end, when this process saw it.
    seen: Option<Outcome>,
    limit: Limit,
}

impl Watch<'_> {
    /// The outcome, once there is one.
    fn look(&mut self) -> Option<Outcome> {
        // The keeper stays until this process has told it.
        if let Some(outcome) = self.run.outcome() {
            return Some(outcome);
        }
        // Before its status is asked for: one that ends in between has one.
        let gone = self.orphan.as_ref().is_some_and(|(running, _)| !running.is_alive());
        while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
            let ended = Outcome::of(ExitStatus::from_raw(status.as_raw()));
            let pid = pid.as_raw_nonzero().get().unsigned_abs();
            if pid == self.keeper {
                if let Some(outcome) = self.keeper_ended(status.signaled(), ended) {
                    return Some(outcome);
                }
            } else if self.run.running().is_some_and(|running| running.pid == pid) {
                self.seen = Some(ended);
            }
        }
        self.command_ended(gone)
    }

    /// The outcome that the keeper left. None when it was killed and the command runs on.
    fn keeper_ended(&mut self, killed: bool, ended: Outcome) -> Option<Outcome> {
        let running = self.run.running().filter(|_| killed);
        match (self.run.outcome(), running) {
            (Some(outcome), _) => Some(outcome),
            (None, None) => Some(ended),
            (None, Some(running)) => {
                self.target = Target::of(running.pid);
                self.orphan = Some((running, ended));
                None
            }
        }
    }

    fn command_ended(&self, gone: bool) -> Option<Outcome> {
        let (_, keeper) = self.orphan.as_ref()?;
        let unseen = || gone.then(|| Outcome::unknown(keeper.code));
        self.seen.clone().or_else(unseen)
    }
}
