//! All faults of a command line in one report, each with its value, its rule and the way out.

use std::ffi::OsString;

use clap::{
    Arg, CommandFactory as _, Parser as _,
    builder::StyledStr,
    error::{ContextKind, ContextValue, ErrorKind},
};

use super::{Args, command_line::CommandLine, help, unknown};

/// The errors that clap reports only after it has read all arguments: a missing argument, or two
/// flags that exclude each other.
const AT_THE_END: [ErrorKind; 3] = [
    ErrorKind::MissingRequiredArgument,
    ErrorKind::ArgumentConflict,
    ErrorKind::WrongNumberOfValues,
];

/// The faults of a command line, or the help that `--help` asks for.
#[derive(Debug)]
pub(crate) struct Faults(Vec<clap::Error>);

impl Faults {
    /// Whether these are faults, and not help.
    pub(crate) fn use_stderr(&self) -> bool {
        self.0.iter().all(clap::Error::use_stderr)
    }

    /// Adds the hint that the value of this flag comes from a variable.
    pub(super) fn of_variable(mut self, flag: &str, variable: &str) -> Self {
        let is_of = |error: &&mut clap::Error| matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(wrong)) if wrong.split(' ').next() == Some(flag));
        if let Some(error) = self.0.iter_mut().find(is_of) {
            let tip = StyledStr::from(format!("the value comes from {variable}"));
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        }
        self
    }

    /// The report. The usage and the pointer to `--help` follow once, after the last fault.
    pub(crate) fn text(mut self, colour: bool) -> String {
        let Some(last) = self.0.pop() else {
            return String::new();
        };
        let rendered = |error: &clap::Error| {
            let text = error.render();
            if colour {
                text.ansi().to_string()
            } else {
                text.to_string()
            }
        };
        let mut whole = String::new();
        for mut error in self.0 {
            error.remove(ContextKind::Usage);
            let text = rendered(&error);
            // The last paragraph of each error is the pointer to --help.
            whole.push_str(
                text.rsplit_once("\n\n")
                    .map_or(text.as_str(), |(fault, _)| fault)
                    .trim_end(),
            );
            whole.push('\n');
        }
        whole + &rendered(&last)
    }
}

/// Collects the first fault and those behind it: removes the wrong argument and parses the rest
/// again. `line` may differ from `typed` by repairs.
pub(super) fn all(first: clap::Error, line: &CommandLine<'_>, typed: &CommandLine<'_>) -> Faults {
    if help::is_help(&first) {
        return Faults(vec![help::asked_for(line.all()).unwrap_or(first)]);
    }
    let mut rest = Rest {
        line: CommandLine {
            own: line.own.clone(),
            rest: line.rest,
        },
        removed: Vec::new(),
    };
    let mut found = Vec::new();
    let mut mistake = first;
    for _ in 0..=line.own.len() {
        let is_value_of_removed = rest.is_value_of_removed(&mistake);
        let goes_on = !AT_THE_END.contains(&mistake.kind()) && rest.remove(&mistake);
        if !is_value_of_removed && let Some(mistake) = rest.with_hint(mistake, typed) {
            found.push(mistake);
        }
        let next = if goes_on {
            Args::try_parse_from(rest.line.all())
                .and_then(Args::unambiguous)
                .err()
        } else {
            None
        };
        let Some(next) = next.filter(clap::Error::use_stderr) else {
            break;
        };
        mistake = next;
    }
    Faults(found)
}

/// The command line without the faults that were found.
struct Rest<'a> {
    line: CommandLine<'a>,
    /// The removed arguments: flags with their hyphens, and the values after unknown flags.
    removed: Vec<String>,
}

impl Rest<'_> {
    /// Removes the wrong argument, or replaces an unknown flag by the one that it resembles.
    /// Returns whether it found one.
    fn remove(&mut self, mistake: &clap::Error) -> bool {
        let Some(ContextValue::String(wrong)) = mistake.get(ContextKind::InvalidArg) else {
            return false;
        };
        let flag = wrong
            .split([' ', '='])
            .next()
            .unwrap_or_default()
            .to_owned();
        match mistake.kind() {
            ErrorKind::UnknownArgument => {
                let suggested = match mistake.get(ContextKind::SuggestedArg) {
                    Some(ContextValue::String(suggested)) => Some(suggested.clone()),
                    _ => None,
                };
                self.replace_unknown(&flag, suggested.as_deref())
            }
            ErrorKind::ValueValidation | ErrorKind::InvalidValue if flag.starts_with('-') => {
                let Some(ContextValue::String(value)) = mistake.get(ContextKind::InvalidValue)
                else {
                    return false;
                };
                self.remove_flag(&flag, value)
            }
            ErrorKind::ValueValidation | ErrorKind::InvalidValue => {
                let Some(ContextValue::String(value)) = mistake.get(ContextKind::InvalidValue)
                else {
                    return false;
                };
                self.remove_word(value) && {
                    self.removed.push(flag);
                    true
                }
            }
            _ => false,
        }
    }

    fn replace_unknown(&mut self, unknown: &str, suggested: Option<&str>) -> bool {
        let own = &mut self.line.own;
        let is_it = |argument: &OsString| {
            argument
                .to_str()
                .is_some_and(|text| text.split('=').next() == Some(unknown))
        };
        let begins = |argument: &OsString| {
            argument
                .to_str()
                .is_some_and(|text| text.starts_with(unknown))
        };
        let place = own
            .iter()
            .skip(1)
            .position(is_it)
            .or_else(|| own.iter().skip(1).position(begins))
            .map(|at| at + 1);
        let Some(at) = place else { return false };
        let text = own[at].to_string_lossy().into_owned();
        // The suggested flag may be given already; giving it twice would be a new fault.
        let is_new = |flag: &&str| {
            !own.iter()
                .any(|argument| argument.to_string_lossy().split('=').next() == Some(flag))
        };
        if let Some(flag) = suggested.filter(is_new) {
            own[at] = text.replacen(unknown, flag, 1).into();
            return true;
        }
        own.remove(at);
        // The next argument may be the value of the unknown flag.
        if let Some(value) = own
            .get(at)
            .and_then(|next| next.to_str())
            .filter(|next| !next.starts_with('-') && !text.contains('='))
        {
            self.removed.push(value.to_owned());
        }
        self.removed.push(unknown.to_owned());
        true
    }

    fn remove_flag(&mut self, flag: &str, value: &str) -> bool {
        let short = short_of(flag);
        let has_it = |place: &std::ops::Range<usize>| {
            self.line.value(place).unwrap_or_default().to_string_lossy() == value
        };
        let place = self
            .line
            .places(flag, short.as_deref())
            .into_iter()
            .find(has_it);
        let Some(place) = place else { return false };
        drop(self.line.own.drain(place));
        self.removed.push(flag.to_owned());
        true
    }

    fn remove_word(&mut self, word: &str) -> bool {
        let place = self
            .line
            .own
            .iter()
            .skip(1)
            .rposition(|argument| argument == word);
        place.map(|at| self.line.own.remove(at + 1)).is_some()
    }

    /// Whether the mistake is the word after an unknown flag that was removed.
    fn is_value_of_removed(&self, mistake: &clap::Error) -> bool {
        match mistake.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(word)) if mistake.kind() == ErrorKind::UnknownArgument => {
                !word.starts_with('-') && self.removed.contains(word)
            }
            _ => false,
        }
    }

    /// The fault with its hint; `None` if it is only the consequence of a removed argument.
    fn with_hint(&self, mut mistake: clap::Error, typed: &CommandLine<'_>) -> Option<clap::Error> {
        if mistake.kind() == ErrorKind::MissingRequiredArgument
            && let Some(ContextValue::Strings(missing)) = mistake.get(ContextKind::InvalidArg)
        {
            let is_missing = |argument: &&String| {
                !self
                    .removed
                    .iter()
                    .any(|removed| argument.split([' ', '=']).next() == Some(removed))
            };
            let missing: Vec<_> = missing.iter().filter(is_missing).cloned().collect();
            if missing.is_empty() {
                return None;
            }
            mistake.insert(ContextKind::InvalidArg, ContextValue::Strings(missing));
        }
        if let Some(tip) = hyphen_tip(&mistake, typed) {
            mistake.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
        } else if typed.command() == Some("record") || typed.command() == Some("rollback") {
            // No hint to put a flag behind `--`: there it would run as the command.
            mistake.remove(ContextKind::Suggested);
            if let Some(tip) = command_tip(&mistake) {
                mistake.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
            }
        }
        unknown::explain(&mut mistake, typed.command());
        Some(mistake)
    }
}

/// The hint for a value that begins with a hyphen, if that may be the fault.
fn hyphen_tip(mistake: &clap::Error, typed: &CommandLine<'_>) -> Option<StyledStr> {
    let Some(ContextValue::String(wrong)) = mistake.get(ContextKind::InvalidArg) else {
        return None;
    };
    let wrong = wrong.split(' ').next()?;
    let is_of = |flag: &str| flag == wrong || short_of(wrong).is_some_and(|short| short == flag);
    let pairs = typed
        .own
        .windows(2)
        .filter_map(|pair| Some((pair[0].to_str()?, pair[1].to_str()?)));
    let (flag, value) = match mistake.kind() {
        ErrorKind::InvalidValue | ErrorKind::WrongNumberOfValues => pairs
            .into_iter()
            .find(|(flag, value)| is_of(flag) && value.starts_with('-') && !is_known(value))?,
        ErrorKind::UnknownArgument => pairs
            .into_iter()
            .find(|(flag, value)| value.starts_with(wrong) && takes_value(flag))?,
        _ => return None,
    };
    Some(StyledStr::from(format!(
        "write a value that begins with a hyphen with an equals sign: {}={value}",
        long_of(flag)
    )))
}

/// The hint for a word that may be the command, without the `--` in front of it.
fn command_tip(mistake: &clap::Error) -> Option<StyledStr> {
    match mistake.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word))
            if mistake.kind() == ErrorKind::UnknownArgument && !word.starts_with('-') =>
        {
            let tip = format!("if it is the command to run, write -- before it: -- {word}");
            Some(StyledStr::from(tip))
        }
        _ => None,
    }
}

fn arguments() -> Vec<Arg> {
    let command = Args::command();
    let of_all = command.get_arguments().cloned();
    of_all
        .chain(
            command
                .get_subcommands()
                .flat_map(|command| command.get_arguments().cloned()),
        )
        .collect()
}

fn is_flag(argument: &Arg, text: &str) -> bool {
    argument
        .get_long()
        .is_some_and(|long| text.strip_prefix("--") == Some(long))
        || argument
            .get_short()
            .is_some_and(|short| text.strip_prefix('-') == Some(short.to_string().as_str()))
}

fn is_known(text: &str) -> bool {
    let flag = text.split('=').next().unwrap_or_default();
    arguments().iter().any(|argument| is_flag(argument, flag))
}

fn takes_value(flag: &str) -> bool {
    arguments()
        .iter()
        .any(|argument| is_flag(argument, flag) && argument.get_action().takes_values())
}

/// The short form of a long flag.
pub(super) fn short_of(long: &str) -> Option<String> {
    let known = arguments()
        .into_iter()
        .filter(|argument| is_flag(argument, long));
    known
        .filter_map(|argument| argument.get_short())
        .map(|short| format!("-{short}"))
        .next()
}

fn long_of(flag: &str) -> String {
    let known = arguments()
        .into_iter()
        .find(|argument| is_flag(argument, flag) && argument.get_long().is_some());
    known
        .and_then(|argument| Some(format!("--{}", argument.get_long()?)))
        .unwrap_or_else(|| flag.to_owned())
}

/// The value of a flag that is given exactly once.
pub(crate) fn flag_value(arguments: &[OsString], flag: &str) -> Option<String> {
    CommandLine::of(arguments).only_value(flag, short_of(flag).as_deref())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(arguments: &[&str]) -> String {
        let typed: Vec<_> = std::iter::once("deploytrack")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect();
        let mistake = Args::try_parse_from(&typed).unwrap_err();
        all(mistake, &CommandLine::of(&typed), &CommandLine::of(&typed)).text(false)
    }

    #[test]
    fn all_faults_are_reported_at_once_without_their_consequences() {
        let text = report(&[
            "list",
            "--take",
            "0",
            "--skip=x",
            "--status",
            "done",
            "--enviroment",
            "a",
            "--foo",
            "bar",
            "--since",
            "never",
        ]);
        for part in [
            "'0' for '--take",
            "'x' for '--skip",
            "'done' for '--status",
            "'--enviroment'",
            "'--foo'",
            "'never' for '--since",
        ] {
            assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
        }
        assert_eq!(
            (
                text.matches("error:").count(),
                text.matches("For more information").count()
            ),
            (6, 1),
            "{text}"
        );
        let text = report(&[
            "record",
            "-c",
            "a\u{7}",
            "--version",
            "v\u{7}",
            "--status=x",
        ]);
        assert!(
            !text.contains("required") && text.matches("error:").count() == 3,
            "{text}"
        );
        assert_eq!(
            report(&["update", "nothing", "never"])
                .matches("error:")
                .count(),
            2
        );
    }

    #[test]
    fn a_word_too_many_is_named_by_every_command() {
        fn try_all(command: &clap::Command, path: &[&str]) {
            for below in command.get_subcommands() {
                let path = [path, &[below.get_name()]].concat();
                let takes_any = below.get_positionals().any(|word| {
                    word.get_num_args()
                        .is_some_and(|most| most.max_values() > 9)
                });
                if below.has_subcommands() || path[0] == "help" {
                    try_all(below, &path);
                } else if !takes_any {
                    let words = [&path[..], &["last"; 9]].concat();
                    assert!(
                        report(&words).contains("'last'"),
                        "{words:?}: {}",
                        report(&words)
                    );
                }
            }
        }
        try_all(&Args::command(), &[]);
        for command in ["record", "rollback"] {
            let text = report(&[command, "-c", "api", "-e", "production", "./deploy.sh"]);
            for part in ["unexpected argument './deploy.sh'", "-- ./deploy.sh"] {
                assert!(text.contains(part), "{text}");
            }
        }
    }

    #[test]
    fn a_value_that_begins_with_a_hyphen_gets_a_hint() {
        for arguments in [
            &["list", "-e", "-rf"][..],
            &["list", "--environment", "-rf"],
            &["record", "-c", "api", "-e", "-rf"],
        ] {
            let text = report(arguments);
            assert!(
                text.contains("--environment=-rf") && !text.contains("-- -r"),
                "{text}"
            );
        }
    }

    #[test]
    fn the_short_form_of_a_flag_is_found() {
        assert_eq!(
            (short_of("--component").as_deref(), short_of("--version")),
            (Some("-c"), None)
        );
    }
}
