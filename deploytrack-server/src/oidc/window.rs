//! The windows in which an identity token is exchanged.
//!
//! An identity token may be exchanged again: some CI systems give a job one token, and every
//! command of the job exchanges it. A repetition within a window gets the same token with the same
//! end, so that repetitions prolong nothing and create no further tokens.

use std::time::Duration;

use deploytrack_core::clock::Time;

/// A window of an identity token, which is half as long as the lifetime of the exchanged token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExchangeWindow {
    /// The number of the window, from 0.
    pub(crate) number: i64,
    /// The end of the exchanged token: half of its lifetime or more from now.
    pub(crate) ends: Time,
}

impl ExchangeWindow {
    /// The window of an identity token that was issued at this time, in seconds since 1970. One
    /// without `iat` counts from 1970.
    pub(crate) fn of(issued: Option<i64>, lifetime: Duration, now: Time) -> Self {
        let lifetime = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX / 4);
        let (half, began) = ((lifetime / 2).max(1), issued.unwrap_or(0));
        let number = (now.timestamp() - began).max(0) / half;
        let ends = began + number * half + lifetime;
        Self {
            number,
            ends: Time::from_timestamp(ends, 0).unwrap_or(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::clock::parse;

    use super::*;

    #[test]
    fn an_exchanged_token_lasts_at_least_half_of_its_lifetime_and_ends_for_all_repetitions_at_once()
    {
        let issued = parse("2026-11-23T18:00:00Z").unwrap();
        let at = |seconds: i64| {
            let now = issued + chrono::TimeDelta::seconds(seconds);
            let lifetime = Duration::from_hours(1);
            let window = ExchangeWindow::of(Some(issued.timestamp()), lifetime, now);
            (window.number, (window.ends - issued).num_seconds())
        };
        assert_eq!(at(0), (0, 3600));
        assert_eq!(at(1799), (0, 3600));
        assert_eq!(at(1800), (1, 5400));
        assert_eq!(at(10_000), (5, 12_600));
        assert_eq!(at(-60), (0, 3600), "the clock of the issuer is ahead");
    }
}
