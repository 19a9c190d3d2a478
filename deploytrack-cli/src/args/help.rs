//! The help pages: the commands by their purpose, and few options of every command on the page of
//! one command.

use std::{ffi::OsString, fmt::Write as _};

use clap::{Command, CommandFactory as _, error::ErrorKind};

use super::Args;

/// The commands by their purpose, in the order of the help.
const GROUPS: [(&str, &[&str]); 4] = [
    (
        "Record deployments",
        &[
            "record", "update", "wait", "rollback", "undeploy", "import", "flush", "spool",
        ],
    ),
    (
        "Read",
        &[
            "matrix", "list", "show", "latest", "watch", "open", "export",
        ],
    ),
    (
        "Manage",
        &[
            "component",
            "environment",
            "wall",
            "login",
            "logout",
            "profile",
        ],
    ),
    (
        "Operate",
        &[
            "serve",
            "token",
            "audit",
            "verify",
            "retention",
            "doctor",
            "oidc",
            "completions",
            "man",
            "version",
            "help",
        ],
    ),
];

/// The global option that the page of each command shows. The others are in the help of the program.
const SHOWN: &str = "output";

/// The command line as help pages and manual pages describe it.
pub(crate) fn definition() -> Command {
    let mut program = Args::command();
    program.build();
    let (groups, header) = (groups(&program), *program.get_styles().get_header());
    program.help_template(format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{groups}\n\
         {header}Options of every command:{header:#}\n{{options}}{{after-help}}"
    ))
}

/// As [`definition`], with few options of every command on the pages of the commands.
pub(crate) fn brief_definition() -> Command {
    let mut program = definition();
    // Flags of a server are global too, but for the commands below `serve` alone.
    let left_out: Vec<_> = program
        .get_arguments()
        .filter(|argument| argument.is_global_set() && argument.get_id() != SHOWN)
        .map(|argument| argument.get_id().to_string())
        .collect();
    for name in names(&program) {
        program = program.mut_subcommand(name, |command| brief(command, &left_out));
    }
    program
}

/// The help that these arguments ask for, or get because they name no command; `None` in every other
/// case.
pub(super) fn asked_for<'a>(arguments: impl Iterator<Item = &'a OsString>) -> Option<clap::Error> {
    brief_definition()
        .try_get_matches_from(arguments)
        .err()
        .filter(is_help)
}

/// Whether the error is a help page.
pub(super) fn is_help(error: &clap::Error) -> bool {
    !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

fn names(command: &Command) -> Vec<String> {
    command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect()
}

/// The page of a command without these options, and of the commands below it.
fn brief(mut command: Command, left_out: &[String]) -> Command {
    for name in names(&command) {
        command = command.mut_subcommand(name, |below| brief(below, left_out));
    }
    if command.get_name() == "help" {
        return command;
    }
    let more =
        "Options of every command, such as --url, --profile and --timeout: deploytrack --help";
    let after = command.get_after_help().map_or_else(
        || more.to_owned(),
        |text| format!("{}\n\n{more}", text.ansi()),
    );
    command
        .mut_args(|argument| {
            let id = argument.get_id().to_string();
            match id.as_str() {
                "help" => argument.help_heading("Global options"),
                _ if left_out.contains(&id) => argument.hide(true),
                _ => argument,
            }
        })
        .after_help(after)
}

/// The commands with their purposes, under the headings of the groups.
fn groups(program: &Command) -> String {
    let header = program.get_styles().get_header();
    let literal = program.get_styles().get_literal();
    let mut text = String::new();
    for (group, commands) in GROUPS {
        // Writing to a String does not fail.
        let _ = writeln!(text, "\n{header}{group}:{header:#}");
        for command in commands
            .iter()
            .filter_map(|name| program.find_subcommand(name))
        {
            let about = command.get_about().map(ToString::to_string);
            let name = format!("{:<11}", command.get_name());
            let _ = writeln!(
                text,
                "  {literal}{name}{literal:#}  {}",
                about.unwrap_or_default()
            );
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_its_place_in_the_help() {
        let program = definition();
        let grouped: Vec<_> = GROUPS.iter().flat_map(|(_, commands)| *commands).collect();
        for command in program.get_subcommands() {
            let places = grouped
                .iter()
                .filter(|name| ***name == command.get_name())
                .count();
            assert_eq!(
                places,
                usize::from(!command.is_hide_set()),
                "{}",
                command.get_name()
            );
            let about = command
                .get_about()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                about.chars().count() <= 65,
                "too long for a line of the help: {about}"
            );
        }
    }

    #[test]
    fn the_page_of_a_command_shows_few_options_of_every_command() {
        let help = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(OsString::from).collect();
            asked_for(arguments.iter()).unwrap().render().to_string()
        };
        for page in [
            &["deploytrack", "list", "--help"][..],
            &["deploytrack", "help", "list"],
            &["deploytrack", "component", "list", "-h"],
        ] {
            let page = help(page);
            assert!(
                page.contains("--output") && page.contains("--help"),
                "{page}"
            );
            assert!(!page.contains("--cacert <"), "{page}");
        }
        #[cfg(feature = "serve")]
        for (page, flag) in [
            (&["deploytrack", "serve", "--help"][..], "--listen <"),
            (&["deploytrack", "token", "sign", "-h"], "--data-dir <"),
        ] {
            assert!(help(page).contains(flag), "{flag}");
        }
        for page in [&["deploytrack", "--help"][..], &["deploytrack", "help"]] {
            assert!(help(page).contains("--cacert <"));
        }
    }
}
