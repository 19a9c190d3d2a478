//! Deployments counted by day.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
#[cfg(feature = "store")]
use chrono::{NaiveTime, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::{catalog::EnvironmentType, invalid::Invalid, query::whole_number, text::Name};
#[cfg(feature = "store")]
use crate::{clock::Time, status::Status};

/// How many deployments of one day have each status now. The day is that of `occurredAt`, the time
/// of the transition into the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DayCounts {
    /// The day, in the offset of the request.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub date: NaiveDate,
    /// The number of deployments that succeeded.
    pub succeeded: u64,
    /// The number of deployments that failed.
    pub failed: u64,
    /// The number of deployments that were rolled back.
    pub rolled_back: u64,
}

impl DayCounts {
    /// A day without deployments.
    #[cfg(feature = "store")]
    pub(crate) const fn empty(date: NaiveDate) -> Self {
        Self {
            date,
            succeeded: 0,
            failed: 0,
            rolled_back: 0,
        }
    }

    /// Adds deployments with this status. Those that have not ended are not counted.
    #[cfg(feature = "store")]
    pub(crate) const fn add(&mut self, status: Status, count: u64) {
        match status {
            Status::Succeeded => self.succeeded += count,
            Status::Failed => self.failed += count,
            Status::RolledBack => self.rolled_back += count,
            Status::Pending | Status::InProgress => {}
        }
    }
}

/// The days to count, and a filter of the deployments. A deployment matches if it matches every
/// field that is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DailyFilter {
    /// How many days to count; the last one is today.
    pub days: DaySpan,
    /// The offset in which the days begin.
    pub utc_offset: UtcOffset,
    /// The component has this name.
    pub component: Option<Name>,
    /// The environment has this name.
    pub environment: Option<Name>,
    /// The environment has this type.
    pub environment_type: Option<EnvironmentType>,
}

/// A day from its first moment to that of the next day.
#[cfg(feature = "store")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Day {
    pub(crate) date: NaiveDate,
    pub(crate) since: Time,
    pub(crate) until: Time,
}

#[cfg(feature = "store")]
impl DailyFilter {
    /// The days to count at this time, the earliest first.
    pub(crate) fn days_at(&self, now: Time) -> Vec<Day> {
        let today = (now + self.utc_offset.ahead()).date_naive();
        let day = |ago: u8| {
            let date = today - TimeDelta::days(ago.into());
            Day {
                date,
                since: self.utc_offset.start_of(date),
                until: self.utc_offset.start_of(date + TimeDelta::days(1)),
            }
        };
        (0..self.days.0).rev().map(day).collect()
    }
}

/// A number of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DaySpan(u8);

impl DaySpan {
    /// The least number.
    pub const LEAST: u8 = 1;
    /// The greatest number.
    pub const MOST: u8 = 90;
    /// The number of a request that names none.
    pub const DEFAULT: u8 = 14;
}

impl Default for DaySpan {
    fn default() -> Self {
        Self(Self::DEFAULT)
    }
}

impl FromStr for DaySpan {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let days = whole_number(text)
            .ok()
            .and_then(|days| u8::try_from(days).ok());
        days.filter(|days| (Self::LEAST..=Self::MOST).contains(days))
            .map(Self)
            .ok_or(Invalid("must be a whole number from 1 to 90"))
    }
}

impl fmt::Display for DaySpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An offset from UTC, as in RFC 3339: `Z`, `+02:00`, `-09:30`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UtcOffset {
    /// How many minutes its clocks are ahead of UTC.
    minutes: i16,
}

impl UtcOffset {
    /// The pattern of its text.
    pub const PATTERN: &str = "^(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$";

    #[cfg(feature = "store")]
    fn ahead(self) -> TimeDelta {
        TimeDelta::minutes(self.minutes.into())
    }

    /// The first moment of a day.
    #[cfg(feature = "store")]
    fn start_of(self, date: NaiveDate) -> Time {
        date.and_time(NaiveTime::MIN).and_utc() - self.ahead()
    }
}

impl FromStr for UtcOffset {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let minutes = if text == "Z" {
            Some(0)
        } else {
            minutes_of(text)
        };
        minutes.map(|minutes| Self { minutes }).ok_or(Invalid(
            "must be Z or an offset such as +02:00, with the + as %2B in an address",
        ))
    }
}

/// The minutes of an offset with a sign.
fn minutes_of(text: &str) -> Option<i16> {
    let &[sign @ (b'+' | b'-'), ref hours @ .., b':', tens, ones] = text.as_bytes() else {
        return None;
    };
    let number = |digits: [u8; 2], most: u8| {
        let are_digits = digits.iter().all(u8::is_ascii_digit);
        let number = |digits: [u8; 2]| (digits[0] - b'0') * 10 + (digits[1] - b'0');
        are_digits
            .then(|| number(digits))
            .filter(|number| *number <= most)
            .map(i16::from)
    };
    let (hours, minutes) = (
        number(hours.try_into().ok()?, 23)?,
        number([tens, ones], 59)?,
    );
    let minutes = hours * 60 + minutes;
    Some(if sign == b'-' { -minutes } else { minutes })
}

impl fmt::Display for UtcOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hours, minutes) = (self.minutes.abs() / 60, self.minutes.abs() % 60);
        match self.minutes {
            0 => f.write_str("Z"),
            1.. => write!(f, "+{hours:02}:{minutes:02}"),
            _ => write!(f, "-{hours:02}:{minutes:02}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_is_z_or_hours_and_minutes_with_a_sign() {
        for (text, minutes) in [
            ("Z", 0),
            ("+00:00", 0),
            ("+02:00", 120),
            ("-09:30", -570),
            ("+23:59", 1439),
        ] {
            let offset: UtcOffset = text.parse().unwrap();
            assert_eq!(offset.minutes, minutes, "{text}");
            assert_eq!(offset.to_string().parse(), Ok(offset), "{text}");
        }
        for bad in [
            "",
            "z",
            "02:00",
            " 02:00",
            "+2:00",
            "+0200",
            "+24:00",
            "+02:60",
            "+02:00:00",
            "+-1:00",
            "+é:00",
            "UTC",
        ] {
            assert!(bad.parse::<UtcOffset>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn there_are_1_to_90_days() {
        assert_eq!(DaySpan::default().to_string(), "14");
        assert!(
            ["1", "90"]
                .iter()
                .all(|days| days.parse::<DaySpan>().is_ok())
        );
        for bad in ["", "0", "91", "-1", "+1", "1.0", "256", "257"] {
            assert!(bad.parse::<DaySpan>().is_err(), "{bad}");
        }
    }
}
