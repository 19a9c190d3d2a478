//! The command line as it was typed: our own arguments, and the positions of flags and values.

use std::{ffi::OsString, ops::Range};

/// Our own arguments, and the rest from `--` on.
pub(super) struct CommandLine<'a> {
    pub(super) own: Vec<OsString>,
    pub(super) rest: &'a [OsString],
}

impl<'a> CommandLine<'a> {
    pub(super) fn of(arguments: &'a [OsString]) -> Self {
        let (own, rest) = arguments.split_at(
            arguments
                .iter()
                .position(|argument| argument == "--")
                .unwrap_or(arguments.len()),
        );
        Self {
            own: own.to_vec(),
            rest,
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &OsString> + Clone {
        self.own.iter().chain(self.rest)
    }

    /// The subcommand: the first word that is neither a flag nor the value of a flag.
    pub(super) fn command(&self) -> Option<&str> {
        let mut arguments = self.own.iter().skip(1).map(|argument| argument.to_str());
        while let Some(word) = arguments.next() {
            match word {
                Some(flag) if WITH_VALUE.contains(&flag) => drop(arguments.next()),
                Some(flag) if flag.starts_with('-') => {}
                command => return command,
            }
        }
        None
    }

    /// The positions of a flag: its argument and, if the value is not in the same argument, the
    /// next one.
    pub(super) fn places(&self, long: &str, short: Option<&str>) -> Vec<Range<usize>> {
        let mut places = Vec::new();
        for (index, argument) in self.own.iter().enumerate().skip(1) {
            let text = argument.to_string_lossy();
            if text == long || short == Some(&text) {
                let next = self
                    .own
                    .get(index + 1)
                    .filter(|next| !next.to_string_lossy().starts_with('-'));
                places.push(index..index + 1 + usize::from(next.is_some()));
            } else if bound(&text, long, short).is_some() {
                places.push(index..index + 1);
            }
        }
        places
    }

    /// The value at this position of a flag, if the flag has one.
    pub(super) fn value(&self, place: &Range<usize>) -> Option<OsString> {
        if place.len() == 2 {
            return Some(self.own[place.start + 1].clone());
        }
        let text = self.own[place.start].to_string_lossy();
        let after = if text.starts_with("--") {
            text.split_once('=')?.1
        } else {
            text.get(2..)?.trim_start_matches('=')
        };
        (text.len() > 2).then(|| after.into())
    }

    pub(super) fn replace(&mut self, place: Range<usize>, with: Option<(&str, &str)>) {
        drop(self.own.splice(
            place,
            with.map(|(flag, value)| format!("{flag}={value}").into()),
        ));
    }

    /// The value of a flag that is given exactly once.
    pub(super) fn only_value(&self, long: &str, short: Option<&str>) -> Option<String> {
        match self.places(long, short).as_slice() {
            [place] => self
                .value(place)
                .map(|value| value.to_string_lossy().into_owned()),
            _ => None,
        }
    }
}

/// A value in the same argument as its flag.
fn bound<'t>(text: &'t str, long: &str, short: Option<&str>) -> Option<&'t str> {
    let long = text
        .strip_prefix(long)
        .and_then(|rest| rest.strip_prefix('='));
    long.or_else(|| text.strip_prefix(short?))
}

/// Flags that are allowed before the subcommand and have their value in the next argument.
const WITH_VALUE: [&str; 6] = [
    "--url",
    "--profile",
    "-o",
    "--output",
    "--timeout",
    "--cacert",
];

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::args::Args;

    fn typed(arguments: &[&str]) -> Vec<OsString> {
        std::iter::once("deploytrack")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect()
    }

    #[test]
    fn the_value_of_a_flag_is_not_the_subcommand() {
        for (arguments, command) in [
            (&["record", "-c", "list"][..], Some("record")),
            (&["list", "-c", "record"], Some("list")),
            (
                &["--url", "record", "--quiet", "-o", "json", "update", "x"],
                Some("update"),
            ),
            (&["--url=x", "-ojson", "rollback"], Some("rollback")),
            (&["--help"], None),
        ] {
            let arguments = typed(arguments);
            assert_eq!(
                CommandLine::of(&arguments).command(),
                command,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn every_global_flag_with_a_value_is_listed() {
        let command = Args::command();
        let with_value = command
            .get_arguments()
            .filter(|argument| argument.is_global_set() && argument.get_action().takes_values());
        for argument in with_value {
            let long = argument
                .get_long()
                .map(|long| format!("--{long}"))
                .unwrap_or_default();
            assert!(WITH_VALUE.contains(&long.as_str()), "{long}");
        }
    }
}
