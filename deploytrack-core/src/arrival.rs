//! When a message arrived, and where in time that puts what it reports.
//!
//! Clocks differ: those of the callers by minutes, those of two servers by seconds, and any of them may be set. So:
//!
//! - A *live* transition, without a time of its own, is placed at its arrival, and never before the newest entry of its
//!   cell: the order of delivery is the order of the cell.
//! - A caller that sends its own present beside the message ([`Arrival::sent_at`]) gives a distance: the transition
//!   happened so long before it was sent. A distance below a second is live. A longer one is counted back from the
//!   arrival.
//! - A time without the caller's present is taken as it is claimed.

use chrono::TimeDelta;

use crate::{
    clock::{TOLERANCE, Time},
    error::Fault,
};

/// The time that sending may take. A distance or a difference of clocks below it cannot be told from the way through the
/// network.
pub const TRANSIT: TimeDelta = TimeDelta::seconds(1);

/// The arrival of a message at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The server's clock when the message arrived.
    pub at: Time,
    /// The sender's clock when the message was sent, if the sender says so.
    pub sent_at: Option<Time>,
}

/// Where a transition is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The time that decides the cell.
    pub at: Time,
    /// The time that the caller claimed, where it is another one.
    pub claimed: Option<Time>,
}

impl Arrival {
    /// Checks a claimed time. With the sender's present it must lie in the future of both clocks to be refused: a sender
    /// whose clock is wrong loses nothing.
    ///
    /// Returns the fault of a time that is more than five minutes ahead, or nothing.
    #[must_use]
    pub fn faults(&self, claimed: Option<Time>) -> Vec<Fault> {
        let newest = self.sent_at.map_or(self.at, |sent_at| sent_at.max(self.at));
        let is_ahead = claimed.is_some_and(|claimed| claimed > newest + TOLERANCE);
        let why = "must not lie more than 5 minutes in the future, by the sender's clock and by the server's";
        is_ahead.then(|| Fault::at("/occurredAt", why)).into_iter().collect()
    }

    /// Places a transition. `newest` is the newest time of its cell, and `before` the time of the transition before it of
    /// the same deployment, if there is one.
    #[must_use]
    pub fn place(&self, claimed: Option<Time>, newest: Time, before: Option<Time>) -> Placed {
        let at = match claimed {
            None => self.live(newest),
            Some(claimed) => self.sent_at.map_or(claimed, |sent_at| self.counted_back(claimed, sent_at, newest, before)),
        };
        Placed { at, claimed: claimed.filter(|claimed| *claimed != at) }
    }

    fn live(&self, newest: Time) -> Time {
        self.at.max(newest)
    }

    /// Where a time lies by the server's clock that was read from the clock of the sender.
    fn counted_back(&self, claimed: Time, sent_at: Time, newest: Time, before: Option<Time>) -> Time {
        // What is recorded lies ahead of this clock: a distance that is shorter than the error of the clock decides nothing.
        let uncertain = TRANSIT.max(newest - self.at);
        if sent_at - claimed < uncertain {
            return self.live(newest);
        }
        let difference = self.at - sent_at;
        let placed = if difference.abs() <= TRANSIT { claimed } else { claimed + difference };
        // Two messages of one deployment may take different times on their way; they stay in order.
        before.filter(|before| placed < *before && *before - placed <= TRANSIT).unwrap_or(placed)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock;

    fn noon() -> Time {
        clock::parse("2026-06-01T12:00:00Z").unwrap()
    }

    fn seconds(seconds: i64) -> Time {
        noon() + TimeDelta::seconds(seconds)
    }

    /// A message that arrives at noon, sent when the sender's clock was so many seconds off.
    fn skewed(off: i64) -> Arrival {
        Arrival { at: noon(), sent_at: Some(seconds(off)) }
    }

    const NOTHING_BEFORE: Time = Time::UNIX_EPOCH;

    #[test]
    fn a_transition_without_a_time_is_placed_after_the_newest_of_its_cell() {
        let arrival = Arrival { at: noon(), sent_at: None };
        assert_eq!(arrival.place(None, NOTHING_BEFORE, None).at, noon());
        assert_eq!(arrival.place(None, seconds(3600), None).at, seconds(3600), "the clock was set back by an hour");
    }

    #[test]
    fn a_time_without_the_present_of_its_sender_is_taken_as_it_is() {
        let arrival = Arrival { at: noon(), sent_at: None };
        assert_eq!(arrival.place(Some(seconds(-60)), seconds(10), None), Placed { at: seconds(-60), claimed: None });
    }

    #[test]
    fn a_time_that_its_sender_reads_as_the_present_is_live() {
        for off in [-86_400, -600, -2, 0, 2, 1020, 86_400] {
            let placed = skewed(off).place(Some(seconds(off)), NOTHING_BEFORE, None);
            assert_eq!((placed.at, placed.claimed), (noon(), Some(seconds(off)).filter(|_| off != 0)), "{off}");
        }
    }

    #[test]
    fn a_time_of_hours_ago_lands_where_it_happened_whatever_the_clock_of_its_sender() {
        for off in [-86_400, -600, -2, 2, 1020, 86_400] {
            assert_eq!(skewed(off).place(Some(seconds(off - 7200)), NOTHING_BEFORE, None).at, seconds(-7200), "{off}");
        }
    }

    #[test]
    fn a_clock_that_is_right_keeps_its_times_to_the_microsecond() {
        let arrival = Arrival { at: noon(), sent_at: Some(noon() - TimeDelta::milliseconds(4)) };
        assert_eq!(arrival.place(Some(seconds(-7200)), NOTHING_BEFORE, None), Placed { at: seconds(-7200), claimed: None });
    }

    #[test]
    fn what_was_read_from_a_clock_that_was_set_back_since_counts_by_its_arrival() {
        assert_eq!(skewed(0).place(Some(seconds(200)), NOTHING_BEFORE, None).at, noon());
    }

    #[test]
    fn a_distance_below_the_error_of_the_servers_clock_is_live() {
        let newest = seconds(10);
        assert_eq!(skewed(0).place(Some(seconds(-5)), newest, None).at, newest);
        assert_eq!(skewed(0).place(Some(seconds(-60)), newest, None).at, seconds(-60));
    }

    #[test]
    fn messages_of_one_deployment_stay_in_order_within_the_time_of_sending() {
        let started = noon() - TimeDelta::milliseconds(1500);
        let claimed = noon() - TimeDelta::milliseconds(2000);
        assert_eq!(skewed(0).place(Some(claimed), NOTHING_BEFORE, Some(started)).at, started);
        assert_eq!(skewed(0).place(Some(seconds(-60)), NOTHING_BEFORE, Some(started)).at, seconds(-60), "a claim that means it");
    }

    #[test]
    fn only_a_time_in_the_future_of_both_clocks_is_refused() {
        let late = Some(seconds(1020));
        assert_eq!(Arrival { at: noon(), sent_at: None }.faults(late).len(), 1);
        assert!(skewed(1020).faults(late).is_empty(), "17 minutes ahead");
        assert_eq!(skewed(0).faults(late).len(), 1);
        assert!(Arrival { at: seconds(1020), sent_at: Some(noon()) }.faults(late).is_empty(), "17 minutes behind");
    }

    proptest! {
        #[test]
        fn live_messages_keep_the_order_of_their_delivery(clocks in prop::collection::vec((-86_400_000_i64..86_400_000, 0_i64..900, -5_000_i64..5_000), 1..40)) {
            let mut newest = NOTHING_BEFORE;
            for (turn, (off, distance, server)) in clocks.into_iter().enumerate() {
                let at = seconds(i64::try_from(turn).unwrap()) + TimeDelta::milliseconds(server);
                let sent_at = at + TimeDelta::milliseconds(off);
                let placed = Arrival { at, sent_at: Some(sent_at) }.place(Some(sent_at - TimeDelta::milliseconds(distance)), newest, None);
                prop_assert!(placed.at >= newest);
                newest = placed.at;
            }
        }
    }
}
