//! The command line.

mod command_line;
pub(crate) mod faults;
pub(crate) mod repair;
pub(crate) mod trim;

use clap::{CommandFactory as _, Parser, error::ErrorKind};

use crate::{commands::Command, flags::Global};

/// What runs where, since when, and who put it there.
#[derive(Debug, Parser)]
#[command(name = "deploytrack", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

const AFTER_HELP: &str = "\
Everywhere a component or environment is named, its name or its UUID serves.
The token comes from DEPLOYTRACK_TOKEN, from the file DEPLOYTRACK_TOKEN_FILE, or from the profile.

Examples:
  deploytrack serve --demo
  deploytrack record --component user-service --environment production --version v2.3.1
  deploytrack matrix

Exit codes: 0 done, 1 the server refused, 2 usage, 3 unreachable, timed out or 5xx, 4 not authorised,\n6 a difference was found";

impl Args {
    /// Refuses a --timeout that may mean two things.
    ///
    /// # Errors
    /// A sentence with the flag for each of them.
    pub(crate) fn unambiguous(self) -> Result<Self, clap::Error> {
        let (Some(timeout), Some((flag, meaning))) = (self.global.timeout, self.command.other_timeout()) else { return Ok(self) };
        let given = humantime::format_duration(timeout);
        let message = format!(
            "--timeout {given} is how long to wait for one answer of the server, and not {meaning}: for that give {flag} {given}; to \
             limit each answer too, give both, or set DEPLOYTRACK_TIMEOUT"
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
