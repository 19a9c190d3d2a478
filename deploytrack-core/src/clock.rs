//! Time: where it is read, and how it is written.
//!
//! Times have microseconds, since PostgreSQL keeps no more, and show milliseconds on the wire. This is the only room
//! that reads the wall clock.

use std::{
    fmt,
    sync::{
        Mutex, OnceLock, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};
use uuid::{ContextV7, Uuid};

/// A moment, in UTC.
pub type Time = DateTime<Utc>;

/// How far ahead of the clock a caller's time may be: five minutes, for clocks that differ.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// Tells the time. Passed in, so that a test can fix it.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment, with microseconds and nothing finer.
    fn now(&self) -> Time;

    /// A time that runs on evenly when the clock is set. Only the distance between two of them means anything.
    fn steady(&self) -> Time {
        self.now()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
        Utc::now().trunc_subsecs(6)
    }

    fn steady(&self) -> Time {
        static FIRST: OnceLock<(Time, Instant)> = OnceLock::new();
        let (time, since) = FIRST.get_or_init(|| (self.now(), Instant::now()));
        (*time + since.elapsed()).trunc_subsecs(6)
    }
}

/// A clock that stands still until it is moved; for tests.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    /// By how much it was set.
    set_by: AtomicI64,
}

impl ManualClock {
    /// A clock that stands at `time`.
    #[must_use]
    pub fn at(time: Time) -> Self {
        Self { micros: AtomicI64::new(time.timestamp_micros()), set_by: AtomicI64::new(0) }
    }

    /// Moves the clock by `step`.
    pub fn advance(&self, step: TimeDelta) {
        self.micros.fetch_add(step.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }

    /// Sets the clock forward or back by `step`, as an operator or a time server does: no time passes.
    pub fn set_by(&self, step: TimeDelta) {
        self.advance(step);
        self.set_by.fetch_add(step.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or_default()
    }

    fn steady(&self) -> Time {
        self.now() - TimeDelta::microseconds(self.set_by.load(Ordering::SeqCst))
    }
}

/// Makes identifiers that sort in the order they were made (UUID version 7, RFC 9562 section 5.7).
#[derive(Debug)]
pub struct Ids(Mutex<ContextV7>);

impl Default for Ids {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl Ids {
    /// The next identifier, made at `now`. Identifiers of one `Ids` only ever grow.
    #[must_use]
    pub fn next(&self, now: Time) -> Uuid {
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seconds = u64::try_from(now.timestamp()).unwrap_or(0);
        Uuid::new_v7(uuid::Timestamp::from_unix(&*context, seconds, now.timestamp_subsec_nanos()))
    }
}

/// Writes a time as the API does: RFC 3339, UTC, milliseconds, such as `2026-11-23T18:32:00.000Z`.
#[must_use]
pub fn format(time: &Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes a time with all its microseconds, for a body that must come back exactly.
#[must_use]
pub fn format_exact(time: &Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// How long ago something was, in its largest unit: `45s`, `12m`, `5h`, `3d`, `6w`, `2y`. What lies ahead, by a clock that
/// differs, is `0s` old.
#[must_use]
pub fn age(now: Time, then: Time) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        ..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        _ => match seconds / DAY {
            days @ ..14 => format!("{days}d"),
            days @ 14..365 => format!("{}w", days / 7),
            days => format!("{}y", days / 365),
        },
    }
}

/// Reads an RFC 3339 time with any offset and keeps its microseconds.
///
/// # Errors
/// A sentence for the caller when the text is no such time, or lies before 1970 or after the year 9999.
pub fn parse(text: &str) -> Result<Time, &'static str> {
    // chrono takes a space, as RFC 3339 allows and ISO 8601 does not; one form is enough.
    let time = DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|_| text.as_bytes().get(10).is_some_and(|separator| matches!(separator, b'T' | b't')))
        .ok_or("must be an RFC 3339 time such as 2026-11-23T18:32:00Z")?
        .to_utc()
        .trunc_subsecs(6);
    if time.timestamp() < 0 {
        return Err("must not lie before 1970-01-01T00:00:00Z");
    }
    if time.timestamp() > 253_402_300_799 {
        return Err("must not lie after the year 9999");
    }
    Ok(time)
}

/// Reads and writes a time on the wire; for `#[serde(with = "clock::wire")]`.
pub mod wire {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Time;

    /// Writes the time with milliseconds.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format(time))
    }

    /// Reads an RFC 3339 time.
    ///
    /// # Errors
    /// Those of the deserializer, and a text that is no time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        super::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// As [`wire`], for a time that may be absent and is then `null`.
pub mod wire_option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Time;

    /// Writes the time with milliseconds, or `null`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::wire::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Reads an RFC 3339 time or `null`.
    ///
    /// # Errors
    /// Those of the deserializer, and a text that is no time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text).map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_microseconds_and_shows_milliseconds() {
        let time = parse("2026-11-23T19:32:00.123456789+01:00").unwrap();
        assert_eq!(time.timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(format(&time), "2026-11-23T18:32:00.123Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "yesterday", "2026-11-23", "2026-11-23T18:32:00", "2026-11-23 18:32:00Z", "1969-12-31T23:59:59Z"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn ages_have_one_unit() {
        let now = parse("2026-11-23T18:32:00Z").unwrap();
        for (then, expected) in [
            ("2026-11-23T18:33:00Z", "0s"),
            ("2026-11-23T18:31:15Z", "45s"),
            ("2026-11-23T18:20:00Z", "12m"),
            ("2026-11-23T13:00:00Z", "5h"),
            ("2026-11-20T18:00:00Z", "3d"),
            ("2026-11-10T18:32:00Z", "13d"),
            ("2026-10-10T18:00:00Z", "6w"),
            ("2024-11-01T18:00:00Z", "2y"),
        ] {
            assert_eq!(age(now, parse(then).unwrap()), expected, "{then}");
        }
    }

    #[test]
    fn ids_grow_while_the_clock_stands_still() {
        let (ids, clock) = (Ids::default(), ManualClock::at(DateTime::UNIX_EPOCH + TimeDelta::days(20_000)));
        let made: Vec<_> = (0..5000).map(|_| ids.next(clock.now())).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }
}
