//! Trims blanks around values: the output of `$(...)`, a file or a Jenkins step ends with a line
//! break that is not part of the value.

use std::ffi::{OsStr, OsString};

use clap::{Command, CommandFactory as _, ValueHint};
use deploytrack_core::text::{trimmed, trimmed_path};

use super::Args;

/// Trims the values of the arguments before `--`. The rest belongs to the wrapped command.
pub(crate) fn own(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let end = arguments
        .iter()
        .position(|argument| argument == "--")
        .unwrap_or(arguments.len());
    // This program calls `keep` itself, with the exact path of a folder.
    if arguments.get(1).is_some_and(|command| command == "keep") {
        return arguments;
    }
    let mut paths = None;
    for index in 1..end {
        let Some(text) = arguments[index].to_str().filter(|text| is_padded(text)) else {
            continue;
        };
        let paths = paths.get_or_insert_with(|| Paths::of(&Args::command()));
        arguments[index] = paths.trim(text, &arguments[..index]).into();
    }
    joined(arguments, end)
}

/// Joins a value that begins with a hyphen and has a space, so cannot be a flag, to the flag before
/// it.
fn joined(arguments: Vec<OsString>, end: usize) -> Vec<OsString> {
    let mut joined: Vec<OsString> = Vec::with_capacity(arguments.len());
    for (index, argument) in arguments.into_iter().enumerate() {
        let is_value = index < end
            && argument
                .to_str()
                .is_some_and(|text| text.starts_with('-') && text.contains(char::is_whitespace));
        match joined
            .last_mut()
            .filter(|flag| is_value && flag.to_str().is_some_and(is_bare_flag))
        {
            Some(flag) => {
                flag.push("=");
                flag.push(argument);
            }
            None => joined.push(argument),
        }
    }
    joined
}

fn is_bare_flag(text: &str) -> bool {
    text.len() > 2 && text.starts_with("--") && !text.contains('=')
}

/// Whether trimming could change the argument. Most arguments need no closer look.
fn is_padded(text: &str) -> bool {
    let value = text.split_once('=').map_or(text, |(_, value)| value);
    trimmed(text) != text || trimmed(value) != value
}

/// The flags and commands that take a path.
struct Paths {
    flags: Vec<String>,
    /// Commands with a path as their argument.
    commands: Vec<String>,
}

impl Paths {
    fn of(command: &Command) -> Self {
        let (mut flags, mut commands) = (Vec::new(), Vec::new());
        for command in std::iter::once(command).chain(command.get_subcommands()) {
            for argument in command
                .get_arguments()
                .filter(|argument| argument.get_value_hint() == ValueHint::AnyPath)
            {
                match argument.get_long() {
                    Some(long) => flags.push(format!("--{long}")),
                    None => commands.push(command.get_name().to_owned()),
                }
            }
        }
        Self { flags, commands }
    }

    /// Trims the value of an argument; the argument before it tells whether it is a path.
    fn trim(&self, text: &str, before: &[OsString]) -> String {
        let is_path = |flag: &OsStr| self.flags.iter().any(|path| flag == path.as_str());
        match text
            .split_once('=')
            .filter(|(flag, _)| flag.starts_with("--") && !flag.contains(char::is_whitespace))
        {
            Some((flag, value)) if is_path(OsStr::new(flag)) => {
                format!("{flag}={}", trimmed_path(value))
            }
            Some((flag, value)) => format!("{flag}={}", trimmed(value)),
            None if before.last().is_some_and(|flag| is_path(flag))
                || self.takes_a_path(before) =>
            {
                trimmed_path(text).to_owned()
            }
            None => trimmed(text).to_owned(),
        }
    }

    fn takes_a_path(&self, before: &[OsString]) -> bool {
        before.iter().any(|argument| {
            self.commands
                .iter()
                .any(|command| argument == command.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own_of(arguments: &[&str]) -> Vec<String> {
        let all = std::iter::once("deploytrack")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect();
        own(all)
            .into_iter()
            .skip(1)
            .map(|argument| argument.into_string().unwrap())
            .collect()
    }

    #[test]
    fn blanks_at_both_ends_of_a_value_are_removed() {
        for padded in [
            "v1\n",
            "v1\r\n",
            "\u{feff}v1",
            " v1\t",
            "\u{a0}v1\u{200b}\n",
        ] {
            assert_eq!(
                own_of(&["record", "--version", padded]),
                ["record", "--version", "v1"],
                "{padded:?}"
            );
            assert_eq!(
                own_of(&["record", &format!("--version={padded}")]),
                ["record", "--version=v1"],
                "{padded:?}"
            );
        }
        assert_eq!(
            own_of(&["update", "id\n", "succeeded\r\n"]),
            ["update", "id", "succeeded"]
        );
        assert_eq!(
            own_of(&["record", "-capi\n", "--meta", "a=b \n"]),
            ["record", "-capi", "--meta", "a=b"]
        );
    }

    #[test]
    fn the_wrapped_command_and_the_spaces_of_a_path_are_unchanged() {
        assert_eq!(
            own_of(&["record", "--", "echo", " x\n"]),
            ["record", "--", "echo", " x\n"]
        );
        assert_eq!(
            own_of(&["record", "--id-file", "a file \n"]),
            ["record", "--id-file", "a file "]
        );
        assert_eq!(own_of(&["import", "a file \r\n"]), ["import", "a file "]);
        assert_eq!(own_of(&["keep", "/a folder \n"]), ["keep", "/a folder \n"]);
    }

    #[test]
    fn a_text_may_begin_with_a_hyphen() {
        assert_eq!(
            own_of(&["record", "--description", "- one\n- two"]),
            ["record", "--description=- one\n- two"]
        );
        assert_eq!(
            own_of(&["record", "--register", "--version"]),
            ["record", "--register", "--version"]
        );
        assert_eq!(
            own_of(&["record", "--", "--a", "- b"]),
            ["record", "--", "--a", "- b"]
        );
    }
}
