//! `deploytrack completions`, and the answers to the scripts that it prints.

mod values;

use std::{ffi::OsString, io::Write};

use clap::ValueEnum;
use clap_complete::env::{EnvCompleter, Shells};

use crate::{error::Failure, flags::Global, process_env::ProcessEnv};

/// The variable with which a script calls this program, with the name of its shell.
const VARIABLE: &str = "DEPLOYTRACK_COMPLETE";
const PROGRAM: &str = "deploytrack";

/// Print the completion script for a shell
///
/// The script asks this program for the words that fit: commands, flags, and the names of
/// components, environments, walls and profiles. Names come from the server of the profile; without
/// an answer within a second there are none. The script belongs to this version of the program, so
/// a shell should read it at its start.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  echo 'source <(deploytrack completions bash)' >> ~/.bashrc
  echo 'source <(deploytrack completions zsh)' >> ~/.zshrc
  echo 'deploytrack completions fish | source' > ~/.config/fish/completions/deploytrack.fish")]
pub(crate) struct Completions {
    /// The shell
    shell: Shell,
}

/// A shell.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

pub(crate) fn run(completions: &Completions, out: &mut dyn Write) -> Result<(), Failure> {
    let name = completions.shell.to_possible_value();
    let name = name.as_ref().map_or("", |name| name.get_name());
    let mut script = Vec::new();
    completer(name)?.write_registration(VARIABLE, PROGRAM, PROGRAM, PROGRAM, &mut script)?;
    Ok(out.write_all(&script)?)
}

fn completer(name: &str) -> Result<&'static dyn EnvCompleter, Failure> {
    const SHELLS: Shells<'static> = Shells::builtins();
    let shell = SHELLS.0.iter().copied().find(|shell| shell.is(name));
    shell.ok_or_else(|| Failure::usage(format!("{VARIABLE} names no shell: {name}")))
}

/// The shell that asks for completions, if one does.
pub(crate) fn asking_shell(env: &ProcessEnv) -> Option<&str> {
    env.variable(VARIABLE)
}

/// The command line that a script sends: it follows a `--`.
pub(crate) fn typed(arguments: &[OsString]) -> &[OsString] {
    let dash = arguments.iter().position(|argument| argument == "--");
    dash.map_or(&[], |dash| &arguments[dash + 1..])
}

/// The question of a script.
pub(crate) struct Request<'a> {
    pub(crate) shell: &'a str,
    /// The words of the command line so far.
    pub(crate) typed: &'a [OsString],
    /// The flags among them that name a server.
    pub(crate) server: Global,
}

/// Answers a script: writes the words of the program that fit.
///
/// # Errors
/// The name of an unknown shell, and a closed output.
pub(crate) fn answer(
    request: Request<'_>,
    program: clap::Command,
    env: &ProcessEnv,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let Request {
        shell,
        typed,
        server,
    } = request;
    let mut program = values::of_names(program, shell, server, env);
    program.build();
    let mut words = Vec::new();
    let folder = std::env::current_dir().ok();
    completer(shell)?.write_complete(
        &mut program,
        typed.to_vec(),
        folder.as_deref(),
        &mut words,
    )?;
    Ok(out.write_all(&words)?)
}
