//! Ids of records: UUIDs that sort in the order in which they were made, and their prefixes.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use uuid::{ContextV7, Uuid};

use crate::{clock::Time, text::IdPrefix};

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

/// The deployments whose ids begin with a prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IdMatches {
    /// The prefix.
    pub prefix: IdPrefix,
    /// The id if exactly one deployment matches, the least and the greatest id if several match, no
    /// id if none matches.
    pub ids: Vec<Uuid>,
}

impl IdPrefix {
    /// The least and the greatest id with this prefix.
    #[must_use]
    pub fn range(&self) -> [Uuid; 2] {
        [Uuid::nil(), Uuid::max()].map(|end| {
            let given = self.as_str();
            let rest = end.to_string().split_off(given.len());
            // A checked prefix and the rest of an id are an id.
            Uuid::try_parse(&(given.to_owned() + &rest)).unwrap_or(end)
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta};

    use super::*;
    use crate::clock::{Clock as _, ManualClock};

    #[test]
    fn a_prefix_is_a_range_of_ids() {
        let range = |prefix: &str| {
            let [first, last] = IdPrefix::new(prefix).unwrap().range();
            (first.to_string(), last.to_string())
        };
        assert_eq!(
            range("019AB1e2-7"),
            (
                "019ab1e2-7000-0000-0000-000000000000".to_owned(),
                "019ab1e2-7fff-ffff-ffff-ffffffffffff".to_owned()
            )
        );
        let whole = "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f52";
        assert_eq!(range(whole), (whole.to_owned(), whole.to_owned()));
        assert_eq!(range("019ab1e2-").0, range("019ab1e2").0);
    }

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
