//! Blanks around settings: what `$(...)`, a file or a secret store hands over ends with a line break that nobody means.

use std::ffi::OsStr;

use clap::{Arg, Command, Error, builder::TypedValueParser};
use deploytrack_core::text::{trimmed, trimmed_path};

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
