//! The command line.

mod command_line;
pub(crate) mod faults;
pub(crate) mod repair;
pub(crate) mod trim;

use clap::{CommandFactory as _, Parser, error::ErrorKind};

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
The token comes from DEPLOYTRACK_TOKEN, from the file DEPLOYTRACK_TOKEN_FILE, or from the profile.

Examples:
  deploytrack serve --demo
  deploytrack record --component user-service --environment production --version v2.3.1
  deploytrack matrix

Exit codes: 0 done, 1 the server refused, 2 usage, 3 unreachable, timed out or 5xx, 4 not authorised,\n6 a difference was found";

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }
}
