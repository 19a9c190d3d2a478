//! The time limit of a command.

use std::time::Duration;

#[cfg(unix)]
use rustix::process::Signal;
use tokio::time::{Instant, sleep_until};

#[cfg(unix)]
use super::{descendants::Descendants, signals::resume};
use super::{
    forward,
    signals::{Received, Target},
};
use crate::queue::Outcome;

/// How long a command may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// The time limit of a command and of every process that it has started.
#[derive(Debug)]
pub(super) struct TimeLimit {
    limit: Option<Duration>,
    /// When the next signal is due.
    alarm: Option<Instant>,
    /// Whether the limit has been exceeded.
    is_over: bool,
    #[cfg(unix)]
    descendants: Option<Descendants>,
}

impl TimeLimit {
    /// A limit for a command that starts next.
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self {
            limit,
            // A limit beyond the range of the clock never ends.
            alarm: limit.and_then(|limit| Instant::now().checked_add(limit)),
            is_over: false,
            #[cfg(unix)]
            descendants: limit.map(|_| Descendants::from_now_on()),
        }
    }

    pub(super) const fn is_set(&self) -> bool {
        self.limit.is_some()
    }

    /// Completes when the next signal is due.
    pub(super) async fn over(&self) {
        match self.alarm {
            Some(alarm) => sleep_until(alarm).await,
            None => std::future::pending().await,
        }
    }

    /// Sends SIGTERM first, and SIGKILL the second time, to the command and the processes that it
    /// has started.
    pub(super) fn enforce(&mut self, target: Option<Target>) {
        self.signal(target);
        self.alarm = (!self.is_over).then(|| Instant::now() + GRACE);
        self.is_over = true;
    }

    #[cfg(unix)]
    fn signal(&self, target: Option<Target>) {
        let number = if self.is_over {
            Signal::KILL
        } else {
            Signal::TERM
        };
        let own_group = target
            .filter(|target| target.own_group)
            .map(|target| target.pid);
        let found = self.descendants.as_ref().is_some_and(|descendants| {
            let found = descendants.signal(number, own_group);
            // A stopped process handles the signal only after it continues.
            descendants.signal(Signal::CONT, own_group);
            found
        });
        if !found {
            forward(target, Received::sent(number.as_raw()));
            target.into_iter().for_each(resume);
        }
    }

    #[cfg(not(unix))]
    fn signal(&self, target: Option<Target>) {
        forward(target, Received::sent(if self.is_over { 9 } else { 15 }));
    }

    /// Reaps orphans that have ended, except for the command itself.
    pub(super) fn reap(&self, command: Option<u32>) {
        #[cfg(unix)]
        self.descendants
            .iter()
            .for_each(|descendants| descendants.reap(command));
        #[cfg(not(unix))]
        let _ = command;
    }

    /// The outcome, after the processes that the command has started are gone, too.
    pub(super) async fn outcome(&self, ended: Outcome) -> Outcome {
        let Some(limit) = self.limit.filter(|_| self.is_over) else {
            return ended;
        };
        #[cfg(unix)]
        if let Some(descendants) = &self.descendants {
            descendants
                .end_by(self.alarm.unwrap_or_else(Instant::now))
                .await;
        }
        Outcome::timed_out(limit)
    }
}
