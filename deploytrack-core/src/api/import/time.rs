//! Times in the formats of other programs.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde_json::Value;

use crate::{
    clock::{self, Time},
    json::Fields,
};

/// Formats with an offset that are not RFC 3339, as in GitLab and other programs.
const WITH_OFFSET: [&str; 3] = [
    "%Y-%m-%d %H:%M:%S%.f %z",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
];
const WITHOUT_OFFSET: [&str; 4] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
];

/// Takes a time of an import: RFC 3339, or a text with the same parts, such as `2021-04-28 21:50:00
/// +0200`.
pub(super) fn read(fields: &mut Fields, name: &'static str) -> Option<Time> {
    match fields.value(name)? {
        Value::String(text) => {
            parse(&text).map_or_else(|why| fields.wrong_value(name, why, &text), Some)
        }
        Value::Number(number) => fields.wrong(
            name,
            of_number(number.as_f64().unwrap_or(f64::NAN), &number.to_string()),
        ),
        other => fields.wrong(
            name,
            format!("must be a string, not {}", crate::json::kind(&other)),
        ),
    }
}

fn parse(text: &str) -> Result<Time, String> {
    let why = match clock::parse(text) {
        Ok(time) => return Ok(time),
        Err(why) => why,
    };
    // GitLab and Ruby write "UTC" instead of an offset.
    let numeric = text
        .strip_suffix(" UTC")
        .map_or_else(|| text.to_owned(), |text| format!("{text} +0000"));
    let time = WITH_OFFSET
        .iter()
        .find_map(|form| DateTime::parse_from_str(&numeric, form).ok());
    // Parsing the time again as RFC 3339 applies the limits of every other time.
    time.map_or_else(
        || Err(format!("{why}{}", hint(text))),
        |time| clock::parse(&time.to_rfc3339()).map_err(str::to_owned),
    )
}

/// A hint at the part that is probably missing.
fn hint(text: &str) -> String {
    if let Some(unit) = text.parse().ok().and_then(unit) {
        return format!("; {}", unit.hint(text));
    }
    if WITHOUT_OFFSET
        .iter()
        .any(|form| NaiveDateTime::parse_from_str(text, form).is_ok())
    {
        return "; it has no time zone: put Z behind it if it is UTC, or an offset such as +02:00"
            .to_owned();
    }
    if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok() {
        return "; it is a day without a time: put T00:00:00Z behind it".to_owned();
    }
    String::new()
}

fn of_number(number: f64, text: &str) -> String {
    let rule = "must be an RFC 3339 time such as 2026-11-23T18:32:00Z";
    unit(number).map_or_else(
        || format!("{rule}, not the number {text}"),
        |unit| format!("{rule}; {}", unit.hint(text)),
    )
}

/// The probable unit of a number that looks like a time since 1970. Since it is a guess, the number
/// is rejected with a hint.
struct Unit {
    name: &'static str,
    filter: &'static str,
    seconds: f64,
}

fn unit(number: f64) -> Option<Unit> {
    let is_likely = |seconds: f64| (1e8..1e10).contains(&seconds);
    [
        ("seconds", "todate", 1.0),
        ("milliseconds", "./1000|todate", 1e3),
    ]
    .into_iter()
    .find(|(_, _, per_second)| is_likely(number / per_second))
    .map(|(name, filter, per_second)| Unit {
        name,
        filter,
        seconds: number / per_second,
    })
}

impl Unit {
    fn hint(&self, text: &str) -> String {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it has at most ten digits before the decimal point"
        )]
        let time = DateTime::from_timestamp(self.seconds as i64, 0)
            .map(|time| clock::format(&time))
            .unwrap_or_default();
        format!(
            "{text} looks like {} since 1970, which is {time}: in jq, `{}` writes it so",
            self.name, self.filter
        )
    }
}
