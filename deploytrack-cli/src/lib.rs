//! The `deploytrack` command as a function: arguments and the process environment in, text and an
//! exit code out.
//!
//! The modules form layers. A module uses only modules in the rows above its own, or in the same
//! row.
//!
//! | Modules | Contents |
//! |---|---|
//! | `exit`, `text`, `process_env` | exit codes; text of arguments and files; variables and terminals of the process |
//! | `report` | the line about what was recorded |
//! | `pager` | long answers one screen at a time |
//! | `time_arg`, `flags` | values of flags, and the flags that several commands take |
//! | `atomic_write`, `files`, `exposure`, `patience` | writes without a half-written file; files that other users own or can read, and files that block |
//! | `settings_file`, `token`, `secrets` | files that a flag or a variable names; the claims of a token; masks for secrets |
//! | `render` | values as text |
//! | `ci` | the CI provider and git: facts, outputs, and the formats of warnings and errors |
//! | `wording`, `hints`, `error` | failures: refusals of the server with flags for fields, the way out, message and exit code |
//! | `proxy`, `profile`, `keyless`, `settings` | server, token and timeout; the config file; the proxy; the identity of a pipeline's job |
//! | `lookup`, `short_ids`, `follow` | names to ids; ids to unique beginnings and back; events across lost connections |
//! | `queue` | the spool: events on disk that wait to be sent, and who may send them |
//! | `ui`, `session` | a command's tools: streams and the form of the answer; client, spool and names |
//! | `pipeline` | deployments that survive the network: the wrapped command, its keeper, delivery, repeated steps, id files |
//! | `runtime`, `commands` | one file for each command, and the async runtime that runs them |
//! | `args` | the command line: it is read and repaired, and its faults are explained |
//! | `fuzzing` | the entrances of the fuzz targets, in their builds only |

mod args;
mod atomic_write;
mod ci;
mod commands;
mod error;
mod exit;
mod exposure;
mod files;
mod flags;
mod follow;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hints;
mod keyless;
mod lookup;
mod pager;
mod patience;
mod pipeline;
mod process_env;
mod profile;
mod proxy;
mod queue;
mod render;
mod report;
mod runtime;
mod secrets;
mod session;
mod settings;
mod settings_file;
mod short_ids;
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
    commands::completions,
    error::Failure,
    pipeline::child,
    queue::Outcome,
    ui::{Invocation, Streams},
};
pub use crate::{exit::Exit, process_env::ProcessEnv};

/// Runs one command. Answers go to `out`, everything else to `err`.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    env: &ProcessEnv,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let arguments: Vec<_> = arguments.into_iter().collect();
    if let Some(shell) = completions::asking_shell(env) {
        // A shell shows nothing of an error while a person types.
        let typed = completions::typed(&arguments);
        let request = completions::Request {
            shell,
            typed,
            server: args::named_server(typed),
        };
        let answered = completions::answer(request, Args::command(), env, out);
        return answered.map_or(Exit::Usage, |()| Exit::Done);
    }
    let arguments = args::trim::own(arguments);
    let env = &if has(&arguments, "--no-color") {
        env.without_colour()
    } else {
        env.clone()
    };
    let outcome = match args::repair::read(&arguments, env.variable("DEPLOYTRACK_ON_ERROR")) {
        Ok((Args { global, command }, warnings)) => {
            let mut invocation = Invocation {
                global,
                env,
                streams: Streams { out, err },
            };
            for warning in &warnings {
                invocation.warn(warning);
            }
            command.run(invocation, args::help::brief_definition)
        }
        Err(mistakes) => {
            let uses_pager = !has(&arguments, "--no-pager");
            return print_faults(mistakes, uses_pager, env, out, err);
        }
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
fn print_faults(
    mistakes: Faults,
    uses_pager: bool,
    env: &ProcessEnv,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Exit {
    let is_wrong = mistakes.use_stderr();
    let (colour, exit) = if is_wrong {
        (env.colour_on_stderr(), Exit::Usage)
    } else {
        (env.colour_on_stdout(), Exit::Done)
    };
    let text = mistakes.text(colour);
    let pager =
        pager::for_text(&text, env).filter(|_| uses_pager && !is_wrong && env.stdout_is_terminal);
    if pager.is_some_and(|pager| pager::show(&pager, &text, env).is_ok()) {
        return exit;
    }
    let stream: &mut dyn Write = if is_wrong { err } else { out };
    // A closed pipe is not a failure, and its error could not be printed either.
    drop(
        stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush()),
    );
    exit
}

/// Whether this flag is given, also on a command line with faults.
fn has(arguments: &[OsString], flag: &str) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument == flag)
}
