//! The command line.

mod command_line;
pub(crate) mod faults;
pub(crate) mod help;
pub(crate) mod repair;
pub(crate) mod trim;
mod unknown;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser, error::ErrorKind};

use self::command_line::CommandLine;

use crate::{commands::Command, flags::Global};

/// Record and show which version of a component runs in which environment
#[derive(Debug, Parser)]
#[command(name = "deploytrack", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Wherever a component or an environment is needed, give its name or its UUID.
The token comes from DEPLOYTRACK_TOKEN, the file DEPLOYTRACK_TOKEN_FILE or the profile.

Examples:
  deploytrack serve --demo
  deploytrack record -c user-service -e production --version v2.3.1 --status succeeded
  deploytrack matrix
  deploytrack show user-service production

Exit codes:
  0  done
  1  the server refused the request
  2  wrong usage
  3  the server is unreachable, timed out, or failed: worth repeating
  4  not authorised
  6  a difference was found
  The exit code of a wrapped command is its own.";

impl Args {
    /// Rejects an ambiguous `--timeout`.
    ///
    /// # Errors
    /// The message names the flag for each meaning.
    pub(crate) fn unambiguous(self) -> Result<Self, clap::Error> {
        let (Some(timeout), Some((flag, meaning))) =
            (self.global.timeout, self.command.other_timeout())
        else {
            return Ok(self);
        };
        let given = humantime::format_duration(timeout);
        let message = format!(
            "--timeout {given} limits one answer of the server, not {meaning}: for that, give {flag} {given}; to limit each answer \
             too, give both flags, or set DEPLOYTRACK_TIMEOUT"
        );
        Err(Self::command().error(ErrorKind::ArgumentConflict, message))
    }
}

/// The flags that name a server, on a command line that may be unfinished.
pub(crate) fn named_server(typed: &[OsString]) -> Global {
    let line = CommandLine::of(typed);
    let value = |flag| line.only_value(flag, None);
    Global {
        url: value("--url"),
        profile: value("--profile"),
        cacert: value("--cacert").map(Into::into),
        ..Global::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
