//! A time as a flag: a date, a time, a day such as `yesterday`, or an age.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta};
use deploytrack_core::clock::{self, Clock as _, SystemClock, Time};

/// The most that an age may be.
const OLDEST: Duration = Duration::from_hours(24 * 366 * 100);

const FORMS: &str = "must be a time such as 2026-11-23T18:32:00Z or '2026-11-23 18:32', a date such as 2026-11-23, \
    today or yesterday (0:00 UTC of that day), or an age such as 2h, 3d or '2 days ago'";

/// Parses a time: RFC 3339, or a date with or without a time in UTC, `now`, `today`, `yesterday`,
/// or an age that is counted back from the present, such as `2h` or `2 days ago`.
pub(crate) fn parse(text: &str) -> Result<Time, String> {
    parse_at(text, SystemClock.now())
}

fn parse_at(text: &str, now: Time) -> Result<Time, String> {
    let text = text.trim();
    let days_ago = |days| now.date_naive().checked_sub_days(Days::new(days));
    let day = match text.to_ascii_lowercase().as_str() {
        "now" => return Ok(now),
        "today" => days_ago(0),
        "yesterday" => days_ago(1),
        _ => NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
    };
    let midnight = day.and_then(|day| day.and_hms_opt(0, 0, 0));
    let parsed = |form| NaiveDateTime::parse_from_str(text, form).ok();
    let time = midnight
        .or_else(|| parsed("%Y-%m-%d %H:%M"))
        .or_else(|| parsed("%Y-%m-%d %H:%M:%S"));
    if let Some(time) = time {
        return clock::parse(&clock::format(&time.and_utc())).map_err(str::to_owned);
    }
    if DateTime::parse_from_rfc3339(text).is_ok() {
        return clock::parse(text).map_err(str::to_owned);
    }
    let age = age(text).ok_or(FORMS)?;
    TimeDelta::from_std(age)
        .ok()
        .filter(|_| age < OLDEST)
        .and_then(|age| now.checked_sub_signed(age))
        .ok_or_else(|| "must be at most 100 years ago".to_owned())
}

/// The duration of an age: `2h`, `2 days`, or either with `ago`.
fn age(text: &str) -> Option<Duration> {
    let before = text
        .strip_suffix("ago")
        .filter(|before| before.ends_with(char::is_whitespace));
    humantime::parse_duration(before.unwrap_or(text).trim())
        .ok()
        // A number without a unit may mean anything; humantime takes only the 0.
        .filter(|_| text.contains(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_a_date_a_day_and_an_age_are_parsed() {
        let now = clock::parse("2026-11-23T18:32:00Z").unwrap();
        for (text, expected) in [
            ("2026-08-01", "2026-08-01T00:00:00Z"),
            ("2026-08-01 14:30", "2026-08-01T14:30:00Z"),
            ("2026-08-01 14:30:15", "2026-08-01T14:30:15Z"),
            ("2026-08-01T14:30:00+02:00", "2026-08-01T12:30:00Z"),
            ("now", "2026-11-23T18:32:00Z"),
            ("today", "2026-11-23T00:00:00Z"),
            ("Yesterday", "2026-11-22T00:00:00Z"),
            ("2h", "2026-11-23T16:32:00Z"),
            ("3d", "2026-11-20T18:32:00Z"),
            ("2 days", "2026-11-21T18:32:00Z"),
            ("2 days ago", "2026-11-21T18:32:00Z"),
            ("90m ago", "2026-11-23T17:02:00Z"),
            ("1h 2m ago", "2026-11-23T17:30:00Z"),
        ] {
            assert_eq!(
                parse_at(text, now),
                Ok(clock::parse(expected).unwrap()),
                "{text}"
            );
        }
        for text in [
            "",
            "0",
            "12",
            "ago",
            "tomorrow",
            "two days ago",
            "2026-13-01",
            "2026-08-01 25:00",
            "1960-01-01",
            "999999 years ago",
            "2 daysago",
            "-2h",
        ] {
            assert!(parse_at(text, now).is_err(), "{text}");
        }
    }
}
