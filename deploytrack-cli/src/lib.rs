//! The `deploytrack` command as a function: arguments and the process environment in, text and an exit code out.
//!
//! | Layer | Modules |
//! |---|---|
//! | start | `args` reads the command line and repairs it |
//! | commands | `commands`, one file each; `runtime` runs them |
//! | a command's tools | `session` (client, spool, names), `ui` (streams, form of the answer) |
//! | deployments that survive the network | `delivery` and `spool` (events that wait to be sent), `child` (the wrapped command), `again` (a step that runs again), `follow` (events across lost connections), `id_file` (hands the id to the next step), `secrets` (masks) |
//! | settings | `settings` (server, token, timeout), `profile` (the config file), `proxy`, `lookup` (names to ids), `token` (the claims of a token) |
//! | failures | `error` (message, hints, exit code), `wording` (refusals of the server with flags for fields), `hints` (the way out) |
//! | facts | `ci` (the CI provider and git), `files`, `exposure` and `patience` (files that others own, can read, or that block) |
//! | text | `render` (values to text), `flags` and `time_arg` (values of flags), `text`, `process_env`, `exit` |
//!
//! A module uses modules of its own layer and of the layers below.

mod args;
mod ci;
mod commands;
mod error;
mod exit;
mod exposure;
mod files;
mod flags;
mod follow;
mod hints;
mod lookup;
mod patience;
mod pipeline;
mod process_env;
mod profile;
mod proxy;
mod queue;
mod render;
mod runtime;
mod secrets;
mod session;
mod settings;
mod settings_file;
mod text;
mod time_arg;
mod token;
mod ui;
mod wording;

use std::{ffi::OsString, io::Write};

use clap::CommandFactory as _;

use crate::{
    args::{Args, faults::Faults},
    ci::manner::Manner,
    error::Failure,
    pipeline::child,
    queue::Outcome,
    ui::{Invocation, Streams},
};
pub use crate::{exit::Exit, process_env::ProcessEnv};

/// Runs one command. Answers go to `out`, everything else to `err`.
pub fn run(arguments: impl IntoIterator<Item = OsString>, env: &ProcessEnv, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let arguments = args::trim::own(arguments.into_iter().collect());
    let env = &if has_no_color(&arguments) { env.without_colour() } else { env.clone() };
    let outcome = match args::repair::read(&arguments, env.variable("DEPLOYTRACK_ON_ERROR")) {
        Ok((Args { global, command }, warnings)) => {
            let mut invocation = Invocation { global, env, streams: Streams { out, err } };
            warnings.iter().for_each(|warning| invocation.warn(warning));
            command.run(invocation, Args::command())
        }
        Err(mistakes) => return print_faults(mistakes, env, out, err),
    };
    match outcome.and_then(|()| out.flush().map_err(Failure::from)) {
        Ok(()) => Exit::Done,
        Err(failure) => {
            let failure = failure.with_values(|flag| args::faults::flag_value(&arguments, flag));
            let exit = failure.report(Manner::of(env), out, err);
            if Outcome::is_by_interrupt(failure.message()) {
                child::end_interrupted();
            }
            exit
        }
    }
}

/// Prints help on standard output, or the faults of the command line on standard error.
fn print_faults(mistakes: Faults, env: &ProcessEnv, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let is_wrong = mistakes.use_stderr();
    let (colour, exit) = if is_wrong { (env.colour_on_stderr(), Exit::Usage) } else { (env.colour_on_stdout(), Exit::Done) };
    let stream: &mut dyn Write = if is_wrong { err } else { out };
    let text = mistakes.text(colour);
    // A closed pipe is not a failure, and its error could not be printed either.
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    exit
}

/// Whether `--no-color` is given, also on a command line with faults.
fn has_no_color(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--no-color")
}
