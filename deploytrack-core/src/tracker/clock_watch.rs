//! Comparing the server's clock with the recorded times.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::Tracker;
use crate::{arrival::TRANSIT, clock::Time};

/// The least time between two warnings.
const BETWEEN_WARNINGS: Duration = Duration::from_mins(1);

/// When the last warning was logged.
#[derive(Debug, Default)]
pub(super) struct ClockWatch(Mutex<Option<Instant>>);

impl ClockWatch {
    /// Logs a warning, at most once a minute, if the clock is behind the newest recorded time.
    pub(super) fn compare(&self, now: Time, newest: Time) {
        let behind = newest - now;
        if behind <= TRANSIT || !self.is_due() {
            return;
        }
        tracing::warn!(
            seconds_behind = behind.num_seconds(),
            newest_recorded = %crate::clock::format(&newest),
            "the clock of this server is behind the recorded times; live transitions get later times; check the time synchronisation"
        );
    }

    fn is_due(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = last.is_none_or(|last| last.elapsed() >= BETWEEN_WARNINGS);
        if is_due {
            *last = Some(Instant::now());
        }
        is_due
    }
}

impl Tracker {
    /// Compares the clock with the newest row of the history, and logs a warning if the clock is
    /// behind it. A server calls this when it starts. An unreadable row does not prevent the start.
    pub async fn compare_clock(&self) {
        match self.store.last_recorded().await {
            Ok(Some(newest)) => self.clock_watch.compare(self.clock.now(), newest),
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, "the clock could not be compared with the history");
            }
        }
    }
}
