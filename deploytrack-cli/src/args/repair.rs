//! Repairs values that only this run of a pipeline has and that cannot be recorded.
//!
//! A wrong value must not prevent the record, and never the deploy: an optional value is cut or
//! left out, and a name stays as it was given until somebody corrects it.

use std::{ffi::OsString, ops::Range};

use clap::{
    Parser as _,
    error::{ContextKind, ContextValue, ErrorKind},
};
use deploytrack_core::{
    digest::Digest,
    text::{Description, Label, Reason},
};
use serde_json::Value;

use super::{
    Args,
    command_line::CommandLine,
    faults::{self, Faults},
};
use crate::{
    commands::{Command, repairs::Repairs},
    pipeline::start::STAND_IN,
    text::{cut, one_line},
};

/// The most characters of a wrong value that a warning quotes.
const MOST_SHOWN: usize = 40;

/// What to do with a wrong value.
enum Remedy {
    Cut(String, &'static str),
    LeaveOut(&'static str),
    /// Keep the value in the field of this name. The record is not sent before it is corrected.
    Keep(&'static str),
}

/// Parses the command line. In a pipeline that continues without its record, wrong values of this
/// run are repaired, with a warning for each.
pub(crate) fn read(
    arguments: &[OsString],
    on_error: Option<&str>,
) -> Result<(Args, Vec<String>), Faults> {
    let mut line = CommandLine::of(arguments);
    let is_of_variable = line.places(ON_ERROR, None).is_empty();
    line.use_variable(on_error);
    let goes_on = line.goes_on();
    let mut repairs = Repairs::default();
    if goes_on {
        line.decode(&mut repairs);
    }
    // Each iteration repairs one argument.
    for _ in 0..=arguments.len() {
        match Args::try_parse_from(line.all()).and_then(Args::unambiguous) {
            Err(mistake) if goes_on && line.repair(&mistake, &mut repairs) => {}
            Ok(args) => return Ok(with(args, repairs)),
            Err(mistake) => {
                let mistakes = faults::all(mistake, &line, &CommandLine::of(arguments));
                return Err(if is_of_variable {
                    mistakes.of_variable(ON_ERROR, "DEPLOYTRACK_ON_ERROR")
                } else {
                    mistakes
                });
            }
        }
    }
    let read = Args::try_parse_from(line.all()).and_then(Args::unambiguous);
    read.map(|args| with(args, repairs))
        .map_err(|mistake| faults::all(mistake, &line, &CommandLine::of(arguments)))
}

fn with(mut args: Args, mut repairs: Repairs) -> (Args, Vec<String>) {
    let warnings = std::mem::take(&mut repairs.warnings);
    if let Command::Record(record) = &mut args.command {
        record.mended = repairs;
    }
    (args, warnings)
}

impl CommandLine<'_> {
    /// Uses the variable if the flag is not given. An empty flag counts as not given.
    fn use_variable(&mut self, variable: Option<&str>) {
        while let Some(place) = self
            .places(ON_ERROR, None)
            .into_iter()
            .find(|place| self.value(place).is_none_or(|value| value.is_empty()))
        {
            self.replace(place, None);
        }
        if let (Some(value), Some("record" | "update"), true) = (
            variable,
            self.command(),
            self.places(ON_ERROR, None).is_empty(),
        ) {
            self.own.push(format!("{ON_ERROR}={value}").into());
        }
    }

    /// Whether the pipeline continues without a record: a command is wrapped, or `--on-error` is
    /// `spool` or `warn`.
    fn goes_on(&self) -> bool {
        let command = self.command();
        let on_error = self
            .places(ON_ERROR, None)
            .last()
            .and_then(|place| self.value(place)?.into_string().ok());
        let on_error = on_error.as_deref();
        let goes_on = matches!(on_error, Some("spool" | "warn"));
        let explains = self.own.iter().any(|argument| argument == "--explain");
        match command.filter(|command| COMMANDS.contains(command)) {
            Some("record") if self.rest.len() > 1 => on_error != Some("fail") && !explains,
            Some("rollback") => self.rest.len() > 1,
            Some(_) => goes_on && !explains,
            None => false,
        }
    }

    /// Replaces values that are not UTF-8 by text, with U+FFFD for invalid bytes.
    fn decode(&mut self, repairs: &mut Repairs) {
        const RULE: &str = "must be UTF-8 text";
        for flag in OF_THE_RUN.iter().filter(|flag| !flag.is_path) {
            while let Some(place) = self.not_text(flag) {
                let value = self
                    .value(&place)
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let remedy = match remedy(flag.long, &value) {
                    Remedy::Keep(_) if !self.keeps_names() => break,
                    Remedy::Keep(field) => Remedy::Keep(field),
                    _ => Remedy::Cut(
                        value.clone(),
                        "recorded with \u{fffd} for each invalid byte",
                    ),
                };
                self.apply(flag, (place, &value), RULE, remedy, repairs);
            }
        }
    }

    /// Whether a wrong name can stay in the record. Other commands ask the server about the name at
    /// once.
    fn keeps_names(&self) -> bool {
        self.command() == Some("record")
    }

    fn not_text(&self, flag: &Flag) -> Option<Range<usize>> {
        let is_text = |place: &Range<usize>| {
            self.own[place.clone()]
                .iter()
                .all(|argument| argument.to_str().is_some())
        };
        self.places(flag.long, flag.short)
            .into_iter()
            .find(|place| !is_text(place))
    }

    /// Repairs the value of one fault. Returns whether it could.
    fn repair(&mut self, mistake: &clap::Error, repairs: &mut Repairs) -> bool {
        let Some(ContextValue::String(argument)) = mistake.get(ContextKind::InvalidArg) else {
            return false;
        };
        let Some(flag) = OF_THE_RUN
            .iter()
            .find(|flag| argument.split(' ').next() == Some(flag.long))
        else {
            return false;
        };
        let value = match (mistake.kind(), mistake.get(ContextKind::InvalidValue)) {
            (ErrorKind::ValueValidation, Some(ContextValue::String(value))) => value.clone(),
            // `--flag $UNSET` leaves the flag without a value.
            (ErrorKind::InvalidValue, _) => String::new(),
            _ => return false,
        };
        let has_it =
            |place: &Range<usize>| self.value(place).unwrap_or_default().to_string_lossy() == value;
        let Some(place) = self.places(flag.long, flag.short).into_iter().find(has_it) else {
            return false;
        };
        let rule = std::error::Error::source(mistake)
            .map_or_else(|| "must not be empty".to_owned(), ToString::to_string);
        let remedy = remedy(flag.long, &value);
        let is_kept = matches!(remedy, Remedy::Keep(_));
        if (flag.is_its_authors && !value.is_empty()) || (is_kept && !self.keeps_names()) {
            return false;
        }
        self.apply(flag, (place, &value), &rule, remedy, repairs);
        true
    }

    fn apply(
        &mut self,
        flag: &Flag,
        (place, value): (Range<usize>, &str),
        rule: &str,
        remedy: Remedy,
        repairs: &mut Repairs,
    ) {
        let wrong = match value {
            "" => format!("{} is empty", flag.long),
            _ => format!("{} {rule}, not '{}'", flag.long, cut(value, MOST_SHOWN)),
        };
        repairs.without_commit |= flag.long == "--commit-sha" && !value.is_empty();
        match remedy {
            Remedy::Cut(new, done) => {
                repairs.warnings.push(format!("{wrong}: it is {done}"));
                self.replace(place, Some((flag.long, &new)));
            }
            Remedy::LeaveOut(done) => {
                repairs.warnings.push(format!("{wrong}: {done}"));
                self.replace(place, None);
            }
            Remedy::Keep(field) => {
                repairs.obstacles.push(wrong);
                repairs
                    .as_given
                    .insert(field.to_owned(), Value::from(value));
                self.replace(place, flag.is_required.then_some((flag.long, STAND_IN)));
            }
        }
    }
}

/// A flag whose value comes from the run of a pipeline, not from the author of the pipeline.
struct Flag {
    long: &'static str,
    short: Option<&'static str>,
    /// Whether the flag must have a value.
    is_required: bool,
    /// Whether the value may have any bytes.
    is_path: bool,
    /// Whether the author chooses the value: an empty one is repaired (a variable is not set), a
    /// wrong one is a usage error.
    is_its_authors: bool,
}

const ON_ERROR: &str = "--on-error";

/// The subcommands that a pipeline may continue without.
const COMMANDS: [&str; 3] = ["record", "update", "rollback"];

const fn flag(long: &'static str) -> Flag {
    Flag {
        long,
        short: None,
        is_required: false,
        is_path: false,
        is_its_authors: false,
    }
}

const OF_THE_RUN: &[Flag] = &[
    Flag {
        short: Some("-c"),
        is_required: true,
        ..flag("--component")
    },
    Flag {
        short: Some("-e"),
        is_required: true,
        ..flag("--environment")
    },
    Flag {
        is_required: true,
        ..flag("--version")
    },
    flag("--occurred-at"),
    flag("--deployed-by"),
    flag("--commit-sha"),
    flag("--description"),
    flag("--reason"),
    flag("--meta"),
    flag("--idempotency-key"),
    Flag {
        is_path: true,
        ..flag("--id-file")
    },
    Flag {
        is_path: true,
        ..flag("--cacert")
    },
    Flag {
        is_its_authors: true,
        ..flag("--send-timeout")
    },
    Flag {
        is_its_authors: true,
        ..flag("--output-tail")
    },
    Flag {
        is_its_authors: true,
        ..flag("--timeout")
    },
    Flag {
        is_its_authors: true,
        ..flag("--command-timeout")
    },
];

fn remedy(flag: &str, value: &str) -> Remedy {
    const LEFT_OUT: Remedy = Remedy::LeaveOut("it is left out");
    match flag {
        "--component" => Remedy::Keep("component"),
        // The variable of the tag is empty in a run without a tag.
        "--environment" | "--version" if value.is_empty() => {
            Remedy::LeaveOut("the default is used")
        }
        "--environment" => Remedy::Keep("environment"),
        "--version" => Remedy::Keep("version"),
        "--occurred-at" if !value.is_empty() => Remedy::Keep("occurredAt"),
        "--description" if !value.is_empty() => Remedy::Cut(cut(value, Description::MOST), "cut"),
        "--reason" if !value.is_empty() => Remedy::Cut(cut(value, Reason::MOST), "cut"),
        "--deployed-by" if !one_line(value).is_empty() => Remedy::Cut(
            cut(&one_line(value), Label::MOST),
            "recorded on one line, and cut if too long",
        ),
        "--idempotency-key" if !value.is_empty() => Remedy::Cut(
            Digest::of(value.as_bytes()).to_string(),
            "replaced by its digest",
        ),
        _ => LEFT_OUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> Vec<OsString> {
        std::iter::once("deploytrack")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect()
    }

    #[test]
    fn the_variable_is_used_only_where_the_flag_exists_and_is_not_given() {
        let pushed = |arguments: &[&str]| {
            let arguments = typed(arguments);
            let mut line = CommandLine::of(&arguments);
            line.use_variable(Some("spool"));
            line.own.last().unwrap() == "--on-error=spool"
        };
        assert!(pushed(&["record", "-c", "api"]) && pushed(&["update", "x", "failed"]));
        assert!(
            !pushed(&["list", "-c", "record"])
                && !pushed(&["record", "--on-error", "fail"])
                && !pushed(&["rollback"])
        );
    }
}
