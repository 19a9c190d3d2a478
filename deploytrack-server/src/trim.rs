//! Blanks around settings: what `$(...)`, a file or a secret store hands over ends with a line break that nobody means.

use std::{ffi::OsStr, path::Path};

use clap::{Arg, Command, Error, builder::TypedValueParser};

/// Characters that show nothing and are no white space to Unicode: the byte order mark, and spaces without a width.
const INVISIBLE: [char; 3] = ['\u{feff}', '\u{200b}', '\u{2060}'];

/// A text without the blanks at both ends.
#[must_use]
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || INVISIBLE.contains(&c))
}

/// A path without line breaks at its ends. Spaces may be a part of its name, and so may line breaks where it is there.
fn trimmed_path(path: &str) -> &str {
    if Path::new(path).exists() { path } else { path.trim_matches(['\r', '\n', '\u{feff}']) }
}

/// Reads a text without its blanks.
#[derive(Clone, Debug)]
pub struct Trimmed<P>(pub P);

/// Reads a path without its line breaks.
#[derive(Clone, Debug)]
pub(crate) struct TrimmedPath<P>(pub(crate) P);

impl<P: TypedValueParser> TypedValueParser for Trimmed<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<P::Value, Error> {
        self.0.parse_ref(command, argument, value.to_str().map_or(value, |text| OsStr::new(trimmed(text))))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

impl<P: TypedValueParser> TypedValueParser for TrimmedPath<P> {
    type Value = P::Value;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<P::Value, Error> {
        self.0.parse_ref(command, argument, value.to_str().map_or(value, |path| OsStr::new(trimmed_path(path))))
    }
}
