//! A time as a flag: a date, a time or an age.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use deploytrack_core::clock::{self, Time};

/// A point in time, absolute or as an age.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeArg {
    At(Time),
    Ago(Duration),
}

impl TimeArg {
    /// The absolute time; an age is counted back from `now`.
    pub(crate) fn resolve(self, now: Time) -> Time {
        match self {
            Self::At(time) => time,
            Self::Ago(before) => now
                .checked_sub_signed(chrono::TimeDelta::from_std(before).unwrap_or_default())
                .unwrap_or(now),
        }
    }
}

/// Parses an RFC 3339 time, a date or a date and time in UTC, or an age such as `2 days ago`.
pub(crate) fn parse(text: &str) -> Result<TimeArg, String> {
    let text = text.trim();
    if let Some(ago) = text
        .strip_suffix("ago")
        .filter(|ago| ago.ends_with(char::is_whitespace))
    {
        let wrong = |rule: &str| format!("{rule}, such as '2 days ago' or '90m ago'");
        let ago = humantime::parse_duration(ago.trim())
            .map_err(|_| wrong("must be a duration with a unit"))?;
        return if ago < Duration::from_hours(24 * 366 * 100) {
            Ok(TimeArg::Ago(ago))
        } else {
            Err(wrong("must be at most 100 years ago"))
        };
    }
    let whole = |time: NaiveDateTime| clock::parse(&clock::format(&time.and_utc()));
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .ok()
        .and_then(|date| date.and_hms_opt(0, 0, 0));
    let minute = || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").ok();
    let second = || NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok();
    match date.or_else(minute).or_else(second) {
        Some(time) => whole(time).map(TimeArg::At).map_err(str::to_owned),
        None if DateTime::parse_from_rfc3339(text).is_ok() => clock::parse(text).map(TimeArg::At).map_err(str::to_owned),
        None => Err(
            "must be a time such as 2026-11-23T18:32:00Z, a date such as 2026-11-23 (0:00 UTC of that day), or an age such as '2 days ago'"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_a_date_and_an_age_are_parsed() {
        let now = clock::parse("2026-11-23T18:32:00Z").unwrap();
        for (text, expected) in [
            ("2026-08-01", "2026-08-01T00:00:00Z"),
            ("2026-08-01 14:30", "2026-08-01T14:30:00Z"),
            ("2026-08-01 14:30:15", "2026-08-01T14:30:15Z"),
            ("2026-08-01T14:30:00+02:00", "2026-08-01T12:30:00Z"),
            ("2 days ago", "2026-11-21T18:32:00Z"),
            ("90m ago", "2026-11-23T17:02:00Z"),
            ("1h 2m ago", "2026-11-23T17:30:00Z"),
        ] {
            assert_eq!(
                parse(text).unwrap().resolve(now),
                clock::parse(expected).unwrap(),
                "{text}"
            );
        }
        for text in [
            "",
            "yesterday",
            "ago",
            "2 days",
            "two days ago",
            "2026-13-01",
            "2026-08-01 25:00",
            "1960-01-01",
            "999999 years ago",
            "2 daysago",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
