//! Parsers of flags and variables that ignore surrounding blanks. A value from `$(...)`, a file or
//! a secret store often ends with a line break that does not belong to it.

use std::ffi::OsStr;

use clap::{Arg, Command, Error, builder::TypedValueParser};
use deploytrack_core::text::{trimmed, trimmed_path};

/// Parses a value without the blanks around it.
#[derive(Clone, Debug)]
pub struct TrimmedText<P>(pub P);

/// Parses a path without the line breaks around it.
#[derive(Clone, Debug)]
pub struct TrimmedPath<P>(pub P);

impl<P: TypedValueParser> TypedValueParser for TrimmedText<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        self.0.parse_ref(
            command,
            argument,
            value
                .to_str()
                .map_or(value, |text| OsStr::new(trimmed(text))),
        )
    }

    fn possible_values(
        &self,
    ) -> Option<Box<dyn Iterator<Item = clap::builder::PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

impl<P: TypedValueParser> TypedValueParser for TrimmedPath<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        self.0.parse_ref(
            command,
            argument,
            value
                .to_str()
                .map_or(value, |path| OsStr::new(trimmed_path(path))),
        )
    }
}
