//! The limit of a rate, as a setting.

use std::{fmt, num::NonZeroU32, str::FromStr, time::Duration};

use thiserror::Error;

/// The greatest number of requests of a limit.
const MOST: u32 = 1_000_000_000;
/// The units of a limit: the letter, the words in a sentence, and the seconds.
const UNITS: [(char, &str, u64); 3] = [
    ('s', "a second", 1),
    ('m', "a minute", 60),
    ('h', "an hour", 3600),
];

/// The limit of a rate: a number of requests in a unit of time, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit(Option<Rate>);

/// A number of requests in a unit of time. All of them may come at once; each one that was used comes
/// back after its part of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rate {
    pub(crate) requests: NonZeroU32,
    /// The position in [`UNITS`].
    unit: usize,
}

impl Rate {
    /// So many requests a minute, at least one.
    pub(crate) const fn a_minute(requests: u32) -> Self {
        let requests = match NonZeroU32::new(requests) {
            Some(requests) => requests,
            None => NonZeroU32::MIN,
        };
        Self { requests, unit: 1 }
    }

    /// The time in which all requests come back.
    pub(crate) fn window(self) -> Duration {
        Duration::from_secs(UNITS.get(self.unit).map_or(1, |unit| unit.2))
    }

    /// The unit of time, in words.
    pub(crate) fn unit(self) -> &'static str {
        UNITS.get(self.unit).map_or("", |unit| unit.1)
    }
}

impl RateLimit {
    /// No limit.
    pub const OFF: Self = Self(None);

    /// So many requests a minute, at least one.
    #[must_use]
    pub const fn a_minute(requests: u32) -> Self {
        Self(Some(Rate::a_minute(requests)))
    }

    pub(crate) const fn rate(self) -> Option<Rate> {
        self.0
    }
}

/// The text is no limit of a rate.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("must be off, or a number from 1 to {MOST} and a unit, such as 200/s, 12000/m or 100000/h")]
pub struct BadRateLimit;

impl FromStr for RateLimit {
    type Err = BadRateLimit;

    fn from_str(text: &str) -> Result<Self, BadRateLimit> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let (number, letter) = text.split_once('/').ok_or(BadRateLimit)?;
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let requests = number.parse().ok().filter(|_| is_number);
        let requests = requests.filter(|requests: &NonZeroU32| requests.get() <= MOST);
        let unit = UNITS.iter().position(|unit| unit.0.to_string() == letter);
        match (requests, unit) {
            (Some(requests), Some(unit)) => Ok(Self(Some(Rate { requests, unit }))),
            _ => Err(BadRateLimit),
        }
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some(rate) => {
                let letter = UNITS.get(rate.unit).map_or('s', |unit| unit.0);
                write!(f, "{}/{letter}", rate.requests)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_off_or_a_number_with_a_unit() {
        for text in ["off", "1/s", "12000/m", "1000000000/h"] {
            assert_eq!(text.parse::<RateLimit>().unwrap().to_string(), text);
        }
        let minute: RateLimit = "600/m".parse().unwrap();
        assert_eq!(minute, RateLimit::a_minute(600));
        assert_eq!(minute.rate().unwrap().window(), Duration::from_mins(1));
        for text in [
            "",
            "0",
            "0/s",
            "12000",
            "12000/",
            "/m",
            "12000/d",
            "+5/s",
            "-5/s",
            "1.5/s",
            "5 /s",
            "5/S",
            "5/ms",
            "1000000001/h",
            "99999999999/s",
            "OFF",
            "none",
        ] {
            assert_eq!(text.parse::<RateLimit>(), Err(BadRateLimit), "{text}");
        }
    }
}
