//! The arrival of a request, and the time at which the server records the transition in it.
//!
//! Clocks differ: clocks of callers by minutes, clocks of two servers by seconds, and every clock
//! may be set. The rules:
//!
//! - A *live* transition, which has no time, gets the time of its arrival. It is never placed
//!   before the newest time of its cell, so the order in a cell is the order of arrival.
//! - A caller that sends its current time with the request ([`Arrival::sent_at`]) gives a distance:
//!   the transition happened that long before the request was sent. A distance below one second is
//!   live. A longer distance is subtracted from the time of arrival.
//! - A time without the caller's current time is recorded unchanged.

use chrono::TimeDelta;

use crate::{
    clock::{TOLERANCE, Time},
    fault::Fault,
};

/// The time that sending may take. A distance or a difference of clocks below it cannot be
/// distinguished from network delay.
pub const TRANSIT: TimeDelta = TimeDelta::seconds(1);

/// The arrival of a request at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The server's clock when the request arrived.
    pub at: Time,
    /// The sender's clock when the request was sent, if the request has it.
    pub sent_at: Option<Time>,
}

/// The time that the server records for a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The time that decides which deployment is current in the cell.
    pub at: Time,
    /// The time in the request, if it is another one.
    pub claimed: Option<Time>,
}

impl Arrival {
    /// Checks the time in a request. If the sender's clock is known, the time is rejected only when
    /// it is in the future of both clocks: a sender with a wrong clock loses no data.
    ///
    /// Returns the fault of a time that is more than five minutes ahead, or an empty list.
    #[must_use]
    pub fn faults(&self, claimed: Option<Time>) -> Vec<Fault> {
        let newest = self.sent_at.map_or(self.at, |sent_at| sent_at.max(self.at));
        let is_ahead = claimed.is_some_and(|claimed| claimed > newest + TOLERANCE);
        let why = "must not lie more than 5 minutes in the future, by the sender's clock and by the server's";
        is_ahead
            .then(|| Fault::at("/occurredAt", why))
            .into_iter()
            .collect()
    }

    /// Computes the time of a transition. `newest` is the newest time of its cell. `before` is the
    /// time of the previous transition of the same deployment, if there is one.
    #[must_use]
    pub fn place(&self, claimed: Option<Time>, newest: Time, before: Option<Time>) -> Placement {
        let at = match claimed {
            None => self.live(newest),
            Some(claimed) => self.sent_at.map_or(claimed, |sent_at| {
                self.by_distance(claimed, sent_at, newest, before)
            }),
        };
        Placement {
            at,
            claimed: claimed.filter(|claimed| *claimed != at),
        }
    }

    fn live(&self, newest: Time) -> Time {
        self.at.max(newest)
    }

    /// Converts a time of the sender's clock to the server's clock.
    fn by_distance(
        &self,
        claimed: Time,
        sent_at: Time,
        newest: Time,
        before: Option<Time>,
    ) -> Time {
        // Recorded times may be ahead of this clock. A distance that is shorter than this error of
        // the clock is ignored.
        let uncertain = TRANSIT.max(newest - self.at);
        if sent_at - claimed < uncertain {
            return self.live(newest);
        }
        let difference = self.at - sent_at;
        let placed = if difference.abs() <= TRANSIT {
            claimed
        } else {
            claimed + difference
        };
        // Two requests of one deployment may have different network delays. Their transitions stay
        // in order.
        before
            .filter(|before| placed < *before && *before - placed <= TRANSIT)
            .unwrap_or(placed)
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

    /// A request that arrives at noon from a sender whose clock is `off` seconds ahead.
    fn skewed(off: i64) -> Arrival {
        Arrival {
            at: noon(),
            sent_at: Some(seconds(off)),
        }
    }

    const NOTHING_BEFORE: Time = Time::UNIX_EPOCH;

    #[test]
    fn a_transition_without_a_time_is_not_placed_before_the_newest_of_its_cell() {
        let arrival = Arrival {
            at: noon(),
            sent_at: None,
        };
        assert_eq!(arrival.place(None, NOTHING_BEFORE, None).at, noon());
        assert_eq!(
            arrival.place(None, seconds(3600), None).at,
            seconds(3600),
            "the clock was set back by an hour"
        );
    }

    #[test]
    fn a_time_without_the_clock_of_its_sender_is_not_changed() {
        let arrival = Arrival {
            at: noon(),
            sent_at: None,
        };
        assert_eq!(
            arrival.place(Some(seconds(-60)), seconds(10), None),
            Placement {
                at: seconds(-60),
                claimed: None
            }
        );
    }

    #[test]
    fn a_time_that_equals_the_clock_of_its_sender_is_live() {
        for off in [-86_400, -600, -2, 0, 2, 1020, 86_400] {
            let placed = skewed(off).place(Some(seconds(off)), NOTHING_BEFORE, None);
            assert_eq!(
                (placed.at, placed.claimed),
                (noon(), Some(seconds(off)).filter(|_| off != 0)),
                "{off}"
            );
        }
    }

    #[test]
    fn a_time_hours_ago_is_placed_correctly_even_if_the_clock_of_its_sender_is_wrong() {
        for off in [-86_400, -600, -2, 2, 1020, 86_400] {
            assert_eq!(
                skewed(off)
                    .place(Some(seconds(off - 7200)), NOTHING_BEFORE, None)
                    .at,
                seconds(-7200),
                "{off}"
            );
        }
    }

    #[test]
    fn times_of_a_correct_clock_are_kept_to_the_microsecond() {
        let arrival = Arrival {
            at: noon(),
            sent_at: Some(noon() - TimeDelta::milliseconds(4)),
        };
        assert_eq!(
            arrival.place(Some(seconds(-7200)), NOTHING_BEFORE, None),
            Placement {
                at: seconds(-7200),
                claimed: None
            }
        );
    }

    #[test]
    fn a_time_ahead_of_the_clock_of_its_sender_is_live() {
        assert_eq!(
            skewed(0).place(Some(seconds(200)), NOTHING_BEFORE, None).at,
            noon()
        );
    }

    #[test]
    fn a_distance_below_the_error_of_the_servers_clock_is_live() {
        let newest = seconds(10);
        assert_eq!(skewed(0).place(Some(seconds(-5)), newest, None).at, newest);
        assert_eq!(
            skewed(0).place(Some(seconds(-60)), newest, None).at,
            seconds(-60)
        );
    }

    #[test]
    fn transitions_of_one_deployment_stay_in_order_within_the_network_delay() {
        let started = noon() - TimeDelta::milliseconds(1500);
        let claimed = noon() - TimeDelta::milliseconds(2000);
        assert_eq!(
            skewed(0)
                .place(Some(claimed), NOTHING_BEFORE, Some(started))
                .at,
            started
        );
        assert_eq!(
            skewed(0)
                .place(Some(seconds(-60)), NOTHING_BEFORE, Some(started))
                .at,
            seconds(-60),
            "a claim of an earlier time is respected"
        );
    }

    #[test]
    fn only_a_time_in_the_future_of_both_clocks_is_rejected() {
        let late = Some(seconds(1020));
        assert_eq!(
            Arrival {
                at: noon(),
                sent_at: None
            }
            .faults(late)
            .len(),
            1
        );
        assert!(skewed(1020).faults(late).is_empty(), "17 minutes ahead");
        assert_eq!(skewed(0).faults(late).len(), 1);
        assert!(
            Arrival {
                at: seconds(1020),
                sent_at: Some(noon())
            }
            .faults(late)
            .is_empty(),
            "17 minutes behind"
        );
    }

    proptest! {
        #[test]
        fn live_transitions_stay_in_the_order_of_arrival(clocks in prop::collection::vec((-86_400_000_i64..86_400_000, 0_i64..900, -5_000_i64..5_000), 1..40)) {
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
