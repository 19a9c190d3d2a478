//! Strict JSON for requests.
//!
//! `serde_json` alone reads an array into a struct by position, accepts duplicate keys and uses the
//! last one, and converts long integers to floats. Here a body is an object, its keys are unique,
//! its numbers keep their value, and a reader reports all faults together, not only the first.
//!
//! Reading is linear in the size of the body: each byte is read a fixed number of times, a body has
//! at most [`MOST_VALUES`] values, and a fault is only formatted when it will be reported.

#[cfg(test)]
mod cost;
mod number;
mod path;
mod strict;
mod suggestion;

use std::{fmt, str::FromStr};

use serde_json::{Map, Value};

use crate::{
    clock::{self, Time},
    fault::{Fault, Faults, MOST_FAULTS},
};

pub use self::{
    path::{pointer_to, shortened},
    strict::MOST_VALUES,
    suggestion::suggested_field,
};

/// Reads one JSON object from `body`.
///
/// # Errors
/// All faults: a body that is not UTF-8, not JSON or not an object; duplicate keys; numbers that would lose precision.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Vec<Fault>> {
    let whole = |detail: String| vec![Fault::at("", detail)];
    let text = std::str::from_utf8(body).map_err(|_| whole("the body is not UTF-8".into()))?;
    if text.trim().is_empty() {
        return Err(whole("the body is empty; it must be a JSON object".into()));
    }
    let mut faults = Faults::default();
    let value = strict::read(text, &mut faults)
        .map_err(|error| whole(format!("the body is not valid JSON: {error}")))?;
    let mut changed = number::changed(text);
    while !faults.is_full()
        && let Some(number) = changed.next()
    {
        faults.add(|| {
            Fault::at(
                "",
                format!(
                    "the number {} cannot be stored exactly; send it as a string",
                    shortened(number)
                ),
            )
        });
    }
    match value {
        Value::Object(map) if faults.is_empty() => Ok(map),
        Value::Object(_) => Err(faults.into()),
        other => Err(whole(format!(
            "the body must be a JSON object, not {}",
            kind(&other)
        ))),
    }
}

/// Reads one JSON object from `body`, and converts it with `read`.
///
/// # Errors
/// All faults of [`object`] and of `read`. A body of more than [`MOST_READ_TWICE`] bytes that is not strict JSON has only the
/// faults of [`object`].
pub fn read<T>(
    body: &[u8],
    read: impl FnOnce(Map<String, Value>) -> Result<T, Vec<Fault>>,
) -> Result<T, Vec<Fault>> {
    let mut faults = match object(body) {
        Ok(map) => return read(map),
        Err(faults) => faults,
    };
    // Strict reading builds no values after a fault, so the body is parsed again. A body that is
    // not an object has no fields.
    if body.len() <= MOST_READ_TWICE
        && let Ok(map) = serde_json::from_slice(body)
    {
        let pointers: std::collections::HashSet<_> =
            faults.iter().map(|fault| fault.pointer.clone()).collect();
        let further = read(map).err().unwrap_or_default();
        faults.extend(
            further
                .into_iter()
                .filter(|fault| !pointers.contains(&fault.pointer)),
        );
    }
    Err(faults)
}

/// The most bytes of a body that is parsed a second time to find further faults.
pub const MOST_READ_TWICE: usize = 64 * 1024;

/// The type of a value, with its article, for a message.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// The greatest [`Fields::position`]: the largest integer of both databases.
pub const MOST_POSITION: u64 = i64::MAX as u64;

/// Converts a number to an integer, if it is whole and a double represents it exactly.
fn whole(number: f64) -> Option<u64> {
    let text = (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0)
        .then(|| format!("{number:.0}"));
    text.and_then(|text| text.parse().ok())
}

/// A reader that takes the fields of an object one by one and collects all faults.
#[derive(Debug)]
pub struct Fields {
    map: Map<String, Value>,
    known: Vec<&'static str>,
    faults: Faults,
    /// Whether faults contain the invalid values, and suggest known fields for unknown ones.
    explains: bool,
}

impl Fields {
    /// A reader of `map`.
    #[must_use]
    pub fn of(map: Map<String, Value>) -> Self {
        Self {
            map,
            known: Vec::new(),
            faults: Faults::default(),
            explains: false,
        }
    }

    /// A reader of an import line, which another program may have written. Its faults contain the
    /// invalid values, and suggest known fields for unknown ones.
    pub(crate) fn of_import(map: Map<String, Value>) -> Self {
        Self {
            explains: true,
            ..Self::of(map)
        }
    }

    /// Whether the object has the field with a value other than `null`.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some_and(|value| !value.is_null())
    }

    /// Takes the value of a field, if it is present and not `null`.
    pub fn value(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.map.remove(name).filter(|value| !value.is_null())
    }

    /// Takes a text field in which `null` has a meaning: absent, `null` or a text.
    pub fn clearable<T: FromStr<Err: fmt::Display>>(
        &mut self,
        name: &'static str,
    ) -> Option<Option<T>> {
        if self.map.get(name).is_some_and(Value::is_null) {
            self.value(name);
            return Some(None);
        }
        self.text(name).map(Some)
    }

    /// Takes a text field, checked by its type.
    pub fn text<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.value(name)?;
        let Value::String(text) = value else {
            return self.wrong(name, format!("must be a string, not {}", kind(&value)));
        };
        text.parse()
            .map_or_else(|error| self.wrong_value(name, error, &text), Some)
    }

    /// Takes a required text field: as [`Fields::text`], but its absence is a fault.
    pub fn required<T: FromStr<Err: fmt::Display>>(&mut self, name: &'static str) -> Option<T> {
        if !self.has(name) {
            self.value(name);
            return self.wrong(name, "is required");
        }
        self.text(name)
    }

    /// Takes a UUID in its hyphenated form.
    pub fn id(&mut self, name: &'static str) -> Option<uuid::Uuid> {
        let text: String = self.text(name)?;
        parse_id(&text).map_or_else(|error| self.wrong_value(name, error, &text), Some)
    }

    /// Takes an RFC 3339 time.
    pub fn time(&mut self, name: &'static str) -> Option<Time> {
        let text: String = self.text(name)?;
        clock::parse(&text).map_or_else(|error| self.wrong_value(name, error, &text), Some)
    }

    /// Takes a boolean.
    pub fn flag(&mut self, name: &'static str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(flag) => Some(flag),
            other => self.wrong(name, format!("must be true or false, not {}", kind(&other))),
        }
    }

    /// Takes a whole number from 1 to [`MOST_POSITION`], in any notation: in JSON, `3` and `3.0`
    /// are the same number.
    pub fn position(&mut self, name: &'static str) -> Option<usize> {
        let value = self.value(name)?;
        let number = value
            .as_u64()
            .or_else(|| value.as_f64().and_then(whole))
            .filter(|number| (1..=MOST_POSITION).contains(number));
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.map_or_else(
            || {
                self.wrong(
                    name,
                    format!("must be a whole number from 1 to {MOST_POSITION}"),
                )
            },
            Some,
        )
    }

    /// Takes a whole number from 0, in any notation.
    pub(crate) fn count(&mut self, name: &'static str) -> Option<i64> {
        let value = self.value(name)?;
        let number = value
            .as_u64()
            .or_else(|| value.as_f64().and_then(whole))
            .and_then(|number| i64::try_from(number).ok());
        number.map_or_else(|| self.wrong(name, "must be a whole number from 0"), Some)
    }

    /// Adds a fault of the field and returns `None`.
    pub fn wrong<T>(&mut self, name: &str, detail: impl fmt::Display) -> Option<T> {
        self.wrong_at(pointer_to("", name), detail)
    }

    /// As [`Fields::wrong`], with the invalid value in the message of an import line.
    pub(crate) fn wrong_value<T>(
        &mut self,
        name: &str,
        detail: impl fmt::Display,
        value: &str,
    ) -> Option<T> {
        if self.explains {
            self.wrong(name, format!("{detail}; it is \"{}\"", shortened(value)))
        } else {
            self.wrong(name, detail)
        }
    }

    /// As [`Fields::wrong`], for a location inside a field.
    pub(crate) fn wrong_at<T>(&mut self, pointer: String, detail: impl fmt::Display) -> Option<T> {
        self.faults.add(|| Fault::at(pointer, detail));
        None
    }

    /// Finishes reading, and returns `built` if there are no faults.
    ///
    /// # Errors
    /// All faults so far, and a fault for every field that was not taken.
    pub fn finish<T>(mut self, built: Option<T>) -> Result<T, Vec<Fault>> {
        let known = self.known.join(", ");
        let mut is_listed = false;
        for name in self.map.keys().take(MOST_FAULTS + 1) {
            let suggestion = if self.explains {
                suggested_field(name, &self.known)
            } else {
                None
            };
            let detail = match suggestion {
                Some(suggestion) => format!("is not a known field; did you mean {suggestion}?"),
                None if std::mem::replace(&mut is_listed, self.explains) => {
                    "is not a known field".to_owned()
                }
                None => format!("is not a known field; known are {known}"),
            };
            self.faults.add(|| Fault::at(pointer_to("", name), detail));
        }
        match built {
            Some(built) if self.faults.is_empty() => Ok(built),
            _ => Err(self.faults.into()),
        }
    }
}

/// Parses a UUID in its hyphenated form (RFC 9562, section 4), in upper or lower case.
///
/// # Errors
/// A sentence for the caller when the text is not a UUID.
pub fn parse_id(text: &str) -> Result<uuid::Uuid, &'static str> {
    let wrong = "must be a UUID such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f";
    if text.len() != 36 {
        return Err(wrong);
    }
    uuid::Uuid::try_parse(text).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<String> {
        object(body.as_bytes())
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_body_that_is_not_one_object_is_rejected() {
        assert_eq!(
            faults("[1]"),
            ["the body must be a JSON object, not an array"]
        );
        assert_eq!(
            faults("  "),
            ["the body is empty; it must be a JSON object"]
        );
        assert!(faults("{} {}")[0].starts_with("the body is not valid JSON"));
        assert!(faults(&"[".repeat(100_000))[0].starts_with("the body is not valid JSON"));
    }

    #[test]
    fn faults_of_the_json_and_of_its_fields_are_reported_together() {
        let body = br#"{"name": 3, "a": {"b": 1, "b": 2}, "n": 123456789012345678901234567890, "id": "x", "id": "y"}"#;
        let faults = read(body, |map| {
            let mut fields = Fields::of(map);
            let (name, id) = (
                fields.required::<crate::text::Name>("name"),
                fields.id("id"),
            );
            fields.finish(name.zip(id))
        });
        let messages: Vec<_> = faults
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            messages,
            [
                "/a/b is given twice",
                "/id is given twice",
                "the number 123456789012345678901234567890 cannot be stored exactly; send it as a string",
                "/name must be a string, not a number",
                "/a is not a known field; known are name, id",
                "/n is not a known field; known are name, id",
            ]
        );
        let long = format!(
            "{{\"a\": 1, \"a\": 2, \"b\": \"{}\"}}",
            "x".repeat(MOST_READ_TWICE)
        );
        assert_eq!(
            read(long.as_bytes(), |map| Fields::of(map).finish(Some(())))
                .unwrap_err()
                .len(),
            1
        );
    }

    #[test]
    fn duplicate_keys_are_reported_at_any_depth() {
        assert_eq!(
            faults(r#"{"a": {"b/c": [{"x": 1, "x": 2}]}, "a": 1}"#),
            ["/a/b~1c/0/x is given twice", "/a is given twice"]
        );
    }

    #[test]
    fn a_number_that_would_lose_precision_is_rejected() {
        for number in [
            "123456789012345678901234567890",
            "0.1234567890123456789",
            "18446744073709551617",
        ] {
            assert_eq!(
                faults(&format!(r#"{{"n": {number}}}"#)).len(),
                1,
                "{number}"
            );
        }
        for number in [
            "0",
            "-0",
            "-0.0",
            "1.50",
            "1e2",
            "100",
            "18446744073709551615",
            "0.1",
            "1e300",
            "-12.5E-3",
            "6.331929988411112e+242",
        ] {
            assert!(
                object(
                    format!(r#"{{"n": {number}, "s": "\"123456789012345678901234567890"}}"#)
                        .as_bytes()
                )
                .is_ok(),
                "{number}"
            );
        }
    }

    #[test]
    fn a_position_is_a_whole_number_in_any_notation() {
        let read = |number: &str| {
            let mut fields =
                Fields::of(object(format!(r#"{{"order": {number}}}"#).as_bytes()).unwrap());
            let position = fields.position("order");
            fields.finish(position).ok()
        };
        for (number, position) in [
            ("1", 1),
            ("3.0", 3),
            ("3e2", 300),
            ("9223372036854775807", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(read(number), Some(position), "{number}");
        }
        for number in [
            "0",
            "-1",
            "1.5",
            "0.0",
            "9223372036854775808",
            "1e300",
            "\"1\"",
        ] {
            assert_eq!(read(number), None, "{number}");
        }
    }

    #[test]
    fn a_count_is_a_whole_number_in_any_notation() {
        let read = |number: &str| {
            let mut fields =
                Fields::of(object(format!(r#"{{"sequence": {number}}}"#).as_bytes()).unwrap());
            let count = fields.count("sequence");
            fields.finish(count).ok()
        };
        assert_eq!(
            ["0", "185325661.0", "2e1"].map(read),
            [Some(0), Some(185_325_661), Some(20)]
        );
        assert_eq!(
            ["-1", "1.5", "9223372036854775808", "\"1\""].map(read),
            [None; 4]
        );
    }

    #[test]
    fn all_faults_are_reported_together() {
        let mut fields = Fields::of(object(br#"{"name": 3, "extra": 1, "id": "x"}"#).unwrap());
        let (name, id) = (
            fields.required::<crate::text::Name>("name"),
            fields.id("id"),
        );
        let messages: Vec<_> = fields
            .finish(name.zip(id))
            .unwrap_err()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            messages,
            [
                "/name must be a string, not a number",
                "/id must be a UUID such as 0192f7e2-6c1a-7cc3-98c4-dc0c0c07398f",
                "/extra is not a known field; known are name, id",
            ]
        );
    }
}
