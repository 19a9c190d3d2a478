//! Times: the clock, and the text form of a time.
//!
//! Times have a precision of microseconds, the precision of PostgreSQL. On the wire they have
//! milliseconds. No other module reads the wall clock.

use std::{
    fmt,
    sync::{
        OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Instant,
};

use chrono::{DateTime, SecondsFormat, SubsecRound, TimeDelta, Utc};

/// A time in UTC.
pub type Time = DateTime<Utc>;

/// How far a time in a request may be ahead of the clock: five minutes, because clocks differ.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(5);

/// A clock. It is passed in, so that a test can control the time.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The current time, truncated to microseconds.
    fn now(&self) -> Time;

    /// A monotonic time, which does not jump when the clock is set. Only the difference of two such
    /// times has a meaning.
    fn steady(&self) -> Time {
        self.now()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where the wall clock is read"
        )]
        Utc::now().trunc_subsecs(6)
    }

    fn steady(&self) -> Time {
        static FIRST: OnceLock<(Time, Instant)> = OnceLock::new();
        let (time, since) = FIRST.get_or_init(|| (self.now(), Instant::now()));
        (*time + since.elapsed()).trunc_subsecs(6)
    }
}

/// A clock that changes only when a test sets it.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
    /// The sum of all changes by [`ManualClock::set_by`].
    set_by: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `time`.
    #[must_use]
    pub fn at(time: Time) -> Self {
        Self {
            micros: AtomicI64::new(time.timestamp_micros()),
            set_by: AtomicI64::new(0),
        }
    }

    /// Lets the time `step` pass.
    pub fn advance(&self, step: TimeDelta) {
        self.micros
            .fetch_add(step.num_microseconds().unwrap_or(0), Ordering::SeqCst);
    }

    /// Sets the clock forward or back by `step`, as an operator or a time server does. No time
    /// passes.
    pub fn set_by(&self, step: TimeDelta) {
        self.advance(step);
        self.set_by
            .fetch_add(step.num_microseconds().unwrap_or(0), Ordering::SeqCst);
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

/// Formats a time as in the API: RFC 3339, UTC, milliseconds, such as `2026-11-23T18:32:00.000Z`.
#[must_use]
pub fn format(time: &Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Formats a time with microseconds, so that parsing returns the same time.
#[must_use]
pub fn format_exact(time: &Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// The last second of the year 9999, since 1970: no time in a request is later. RFC 3339 has no
/// later year, and the databases, chrono and 64 bits of microseconds all have room for it.
pub const LAST_SECOND: i64 = 253_402_300_799;

/// Parses an RFC 3339 time with any offset, and truncates it to microseconds.
///
/// # Errors
/// A sentence for the caller when the text is not such a time, or the time is before 1970 or after the year 9999.
pub fn parse(text: &str) -> Result<Time, &'static str> {
    // chrono accepts a space instead of the T. RFC 3339 allows it, ISO 8601 does not; one form is
    // enough.
    let time = DateTime::parse_from_rfc3339(text)
        .ok()
        .filter(|_| {
            text.as_bytes()
                .get(10)
                .is_some_and(|separator| matches!(separator, b'T' | b't'))
        })
        .ok_or("must be an RFC 3339 time such as 2026-11-23T18:32:00Z")?
        .to_utc()
        .trunc_subsecs(6);
    if time.timestamp() < 0 {
        return Err("must not lie before 1970-01-01T00:00:00Z");
    }
    if time.timestamp() > LAST_SECOND {
        return Err("must not lie after the year 9999");
    }
    Ok(time)
}

/// Serializes and deserializes a time on the wire; for `#[serde(with = "clock::wire")]`.
pub mod wire {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Time;

    /// Serializes the time with milliseconds.
    ///
    /// # Errors
    /// An error of the serializer.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::format(time))
    }

    /// Deserializes an RFC 3339 time.
    ///
    /// # Errors
    /// An error of the deserializer, or a text that is not a valid time.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        super::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// Like [`wire`], for an optional time, which is `null` when absent.
pub mod wire_option {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Time;

    /// Serializes the time with milliseconds, or `null`.
    ///
    /// # Errors
    /// An error of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => super::wire::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }

    /// Deserializes an RFC 3339 time or `null`.
    ///
    /// # Errors
    /// An error of the deserializer, or a text that is not a valid time.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Time>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| super::parse(&text).map_err(D::Error::custom))
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_microseconds_and_is_formatted_with_milliseconds() {
        let time = parse("2026-11-23T19:32:00.123456789+01:00").unwrap();
        assert_eq!(time.timestamp_subsec_nanos(), 123_456_000);
        assert_eq!(format(&time), "2026-11-23T18:32:00.123Z");
    }

    #[test]
    fn invalid_times_are_rejected() {
        for text in [
            "",
            "yesterday",
            "2026-11-23",
            "2026-11-23T18:32:00",
            "2026-11-23 18:32:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
