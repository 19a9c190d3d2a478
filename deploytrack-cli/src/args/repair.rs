//! Values that cannot be recorded, and that only this run of a pipeline has. They must not cost the record, let alone the
//! deploy: an optional one is cut or left out, a name is kept as it was given.

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
    faults::{self, Mistakes},
};
use crate::{
    commands::{Command, record::start::STAND_IN, repairs::Repairs},
    text::{cut, one_line},
};

/// The most of a wrong value that a warning repeats.
const MOST_SHOWN: usize = 40;

/// What becomes of a wrong value.
enum Remedy {
    Cut(String, &'static str),
    LeaveOut(&'static str),
    /// It stays in the field of this name, and the record is not sent before it is corrected.
    Keep(&'static str),
}

/// Reads the command line. Where it belongs to a pipeline that goes on whatever becomes of its record, what is wrong with
/// the values of this run is mended.
pub(crate) fn read(arguments: &[OsString], on_error: Option<&str>) -> Result<(Args, Vec<String>), Mistakes> {
    let mut line = CommandLine::of(arguments);
    let is_of_variable = line.places(ON_ERROR, None).is_empty();
    line.take(on_error);
    let goes_on = line.goes_on();
    let mut mended = Repairs::default();
    if goes_on {
        line.decode(&mut mended);
    }
    // Each turn removes the mistake of one argument.
    for _ in 0..=arguments.len() {
        match Args::try_parse_from(line.all()).and_then(Args::unambiguous) {
            Err(mistake) if goes_on && line.mend(&mistake, &mut mended) => {}
            Ok(args) => return Ok(with(args, mended)),
            Err(mistake) => {
                let mistakes = faults::all(mistake, &line, &CommandLine::of(arguments));
                return Err(if is_of_variable { mistakes.of_variable(ON_ERROR, "DEPLOYTRACK_ON_ERROR") } else { mistakes });
            }
        }
    }
    let read = Args::try_parse_from(line.all()).and_then(Args::unambiguous);
    read.map(|args| with(args, mended)).map_err(|mistake| faults::all(mistake, &line, &CommandLine::of(arguments)))
}

fn with(mut args: Args, mut mended: Repairs) -> (Args, Vec<String>) {
    let warnings = std::mem::take(&mut mended.warnings);
    if let Command::Record(record) = &mut args.command {
        record.mended = mended;
    }
    (args, warnings)
}

impl CommandLine<'_> {
    /// Takes the variable in the place of the flag; an empty flag is none.
    fn take(&mut self, variable: Option<&str>) {
        while let Some(place) = self.places(ON_ERROR, None).into_iter().find(|place| self.value(place).is_none_or(|value| value.is_empty()))
        {
            self.replace(place, None);
        }
        if let (Some(value), Some("record" | "update"), true) = (variable, self.command(), self.places(ON_ERROR, None).is_empty()) {
            self.own.push(format!("{ON_ERROR}={value}").into());
        }
    }

    /// Whether the pipeline goes on without a record: a command is to run, or errors are spooled or only said.
    fn goes_on(&self) -> bool {
        let command = self.command();
        let on_error = self.places(ON_ERROR, None).last().and_then(|place| self.value(place)?.into_string().ok());
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

    /// Values that are no text become text, or are kept as well as can be.
    fn decode(&mut self, mended: &mut Repairs) {
        const RULE: &str = "must be UTF-8 text";
        for flag in OF_THE_RUN.iter().filter(|flag| !flag.is_path) {
            while let Some(place) = self.not_text(flag) {
                let value = self.value(&place).unwrap_or_default().to_string_lossy().into_owned();
                let remedy = match remedy(flag.long, &value) {
                    Remedy::Keep(_) if !self.keeps_names() => break,
                    Remedy::Keep(field) => Remedy::Keep(field),
                    _ => Remedy::Cut(value.clone(), "kept with \u{fffd} for what is none"),
                };
                self.apply(flag, (place, &value), RULE, remedy, mended);
            }
        }
    }

    /// Whether a record with a name that cannot be sent can be kept. Other commands ask the server about the name at once.
    fn keeps_names(&self) -> bool {
        self.command() == Some("record")
    }

    fn not_text(&self, flag: &Flag) -> Option<Range<usize>> {
        let is_text = |place: &Range<usize>| self.own[place.clone()].iter().all(|argument| argument.to_str().is_some());
        self.places(flag.long, flag.short).into_iter().find(|place| !is_text(place))
    }

    /// Whether a mistake could be mended.
    fn mend(&mut self, mistake: &clap::Error, mended: &mut Repairs) -> bool {
        let Some(ContextValue::String(argument)) = mistake.get(ContextKind::InvalidArg) else { return false };
        let Some(flag) = OF_THE_RUN.iter().find(|flag| argument.split(' ').next() == Some(flag.long)) else { return false };
        let value = match (mistake.kind(), mistake.get(ContextKind::InvalidValue)) {
            (ErrorKind::ValueValidation, Some(ContextValue::String(value))) => value.clone(),
            // A variable that is not set leaves nothing where the value should be.
            (ErrorKind::InvalidValue, _) => String::new(),
            _ => return false,
        };
        let has_it = |place: &Range<usize>| self.value(place).unwrap_or_default().to_string_lossy() == value;
        let Some(place) = self.places(flag.long, flag.short).into_iter().find(has_it) else { return false };
        let rule = std::error::Error::source(mistake).map_or_else(|| "must not be empty".to_owned(), ToString::to_string);
        let remedy = remedy(flag.long, &value);
        let is_kept = matches!(remedy, Remedy::Keep(_));
        if (flag.is_its_authors && !value.is_empty()) || (is_kept && !self.keeps_names()) {
            return false;
        }
        self.apply(flag, (place, &value), &rule, remedy, mended);
        true
    }

    fn apply(&mut self, flag: &Flag, (place, value): (Range<usize>, &str), rule: &str, remedy: Remedy, mended: &mut Repairs) {
        let wrong = match value {
            "" => format!("{} is empty", flag.long),
            _ => format!("{} {rule}, not '{}'", flag.long, cut(value, MOST_SHOWN)),
        };
        mended.without_commit |= flag.long == "--commit-sha" && !value.is_empty();
        match remedy {
            Remedy::Cut(new, done) => {
                mended.warnings.push(format!("{wrong}: it is {done}"));
                self.replace(place, Some((flag.long, &new)));
            }
            Remedy::LeaveOut(done) => {
                mended.warnings.push(format!("{wrong}: {done}"));
                self.replace(place, None);
            }
            Remedy::Keep(field) => {
                mended.obstacles.push(wrong);
                mended.as_given.insert(field.to_owned(), Value::from(value));
                self.replace(place, flag.is_required.then_some((flag.long, STAND_IN)));
            }
        }
    }
}

/// A flag whose value comes from the run of a pipeline rather than from who wrote it.
struct Flag {
    long: &'static str,
    short: Option<&'static str>,
    /// Whether something must stand in its place.
    is_required: bool,
    /// Whether any bytes will do.
    is_path: bool,
    /// Whether only an empty value is one of the run, since a variable is not set; a wrong one is who wrote the pipeline's.
    is_its_authors: bool,
}

const ON_ERROR: &str = "--on-error";

/// The subcommands of a pipeline that may go on without them.
const COMMANDS: [&str; 3] = ["record", "update", "rollback"];

const fn flag(long: &'static str) -> Flag {
    Flag { long, short: None, is_required: false, is_path: false, is_its_authors: false }
}

const OF_THE_RUN: &[Flag] = &[
    Flag { short: Some("-c"), is_required: true, ..flag("--component") },
    Flag { short: Some("-e"), is_required: true, ..flag("--environment") },
    Flag { is_required: true, ..flag("--version") },
    flag("--occurred-at"),
    flag("--deployed-by"),
    flag("--commit-sha"),
    flag("--description"),
    flag("--reason"),
    flag("--meta"),
    flag("--idempotency-key"),
    Flag { is_path: true, ..flag("--id-file") },
    Flag { is_path: true, ..flag("--cacert") },
    Flag { is_its_authors: true, ..flag("--send-timeout") },
    Flag { is_its_authors: true, ..flag("--output-tail") },
    Flag { is_its_authors: true, ..flag("--timeout") },
    Flag { is_its_authors: true, ..flag("--command-timeout") },
];

fn remedy(flag: &str, value: &str) -> Remedy {
    const LEFT_OUT: Remedy = Remedy::LeaveOut("it is left out");
    match flag {
        "--component" => Remedy::Keep("component"),
        // A tag's variable is empty where there is no tag.
        "--environment" | "--version" if value.is_empty() => Remedy::LeaveOut("the default is taken"),
        "--environment" => Remedy::Keep("environment"),
        "--version" => Remedy::Keep("version"),
        "--occurred-at" if !value.is_empty() => Remedy::Keep("occurredAt"),
        "--description" if !value.is_empty() => Remedy::Cut(cut(value, Description::MOST), "cut"),
        "--reason" if !value.is_empty() => Remedy::Cut(cut(value, Reason::MOST), "cut"),
        "--deployed-by" if !one_line(value).is_empty() => {
            Remedy::Cut(cut(&one_line(value), Label::MOST), "recorded on one line, and cut to its length")
        }
        "--idempotency-key" if !value.is_empty() => Remedy::Cut(Digest::of(value.as_bytes()).to_string(), "replaced by its digest"),
        _ => LEFT_OUT,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(arguments: &[&str]) -> Vec<OsString> {
        std::iter::once("deploytrack").chain(arguments.iter().copied()).map(OsString::from).collect()
    }

    #[test]
    fn the_variable_is_taken_where_errors_are_spooled_and_nowhere_else() {
        let pushed = |arguments: &[&str]| {
            let arguments = typed(arguments);
            let mut line = CommandLine::of(&arguments);
            line.take(Some("spool"));
            line.own.last().unwrap() == "--on-error=spool"
        };
        assert!(pushed(&["record", "-c", "api"]) && pushed(&["update", "x", "failed"]));
        assert!(!pushed(&["list", "-c", "record"]) && !pushed(&["record", "--on-error", "fail"]) && !pushed(&["rollback"]));
    }
}
