//! Ids of records: UUIDs that sort in the order in which they were made.

use std::sync::{Mutex, PoisonError};

use uuid::{ContextV7, Uuid};

use crate::clock::Time;

/// Generates ids that sort in the order in which they were made (UUID version 7, RFC 9562 section 5.7).
#[derive(Debug)]
pub struct Ids(Mutex<ContextV7>);

impl Default for Ids {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl Ids {
    /// Generates the next id, at the time `now`. It is greater than every earlier id of this `Ids`.
    #[must_use]
    pub fn next(&self, now: Time) -> Uuid {
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(
            &*context,
            seconds,
            now.timestamp_subsec_nanos(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[test]
    fn ids_increase_while_the_clock_does_not_move() {
        let (ids, clock) = (
            Ids::default(),
            ManualClock::at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000)),
        );
        let made: Vec<_> = (0..5000).map(|_| ids.next(clock.now())).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }
}
