//! The `deploytrack` command as a function: arguments and surroundings in, text and an exit code out.
//!
//! | Room | Knows |
//! |---|---|
//! | `args` | the command line |
//! //! | `moment` | times as people say them |
//! //! | `secrets` | what must not reach a server in a text that a command wrote |
//! | `pipeline` | a deployment that survives the network, the runner and ourselves: the wrapped command, the spool, the CI |
//! | `follow` | events as they happen, across lost connections |
//! //! | `settings`, `profile`, `proxy` | which server, with which token, through which proxy, and where that is written |
//! | `files`, `exposure` | files that somebody else may have put in place, or can read |
//! | `hints` | the way out of what stands between a command and its server |
//! | `lookup` | which component or environment a name or an id names |
//! | `session` | what every command needs: the client, the streams, the form of the answer |
//! | `commands` | one file for each command |
//! | `render` | pure functions from values to text |
//! | `wording` | what a server refuses, in the words of the command line |
//! | `error` | what is said when a command fails, and its exit code |

mod args;
mod commands;
mod error;
mod exposure;
mod files;
mod follow;
mod hints;
mod lookup;
mod moment;
mod patience;
mod pipeline;
mod profile;
mod proxy;
mod render;
mod secrets;
mod session;
mod settings;
mod surroundings;
mod wording;

use std::{ffi::OsString, io::Write, time::Duration};

pub use crate::surroundings::Surroundings;
use crate::{
    args::{Args, faults::Mistakes},
    commands::login::Streams,
    error::Failure,
    pipeline::{
        child::{self, Outcome},
        ci::annotations::{self, Manner},
    },
    session::Session,
    settings::Settings,
};

/// How long `verify` waits for its answer unless `--timeout` says otherwise.
const PATIENCE_FOR_VERIFY: Duration = Duration::from_hours(1);

/// How a command ended; a public contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// The server refused (4xx); the message says why.
    Refused,
    /// The command line or the settings are wrong.
    Usage,
    /// Unreachable, timed out or 5xx: worth retrying.
    Unreachable,
    /// Not authorised (401, 403).
    Unauthorised,
    /// A difference was found.
    Difference,
    /// That of the command that was wrapped, whatever it is.
    Command(u8),
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Refused => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Unauthorised => 4,
            Exit::Difference => 6,
            Exit::Command(code) => code,
        })
    }
}

/// Runs one command. Answers go to `out`, everything else to `err`.
pub fn run(arguments: impl IntoIterator<Item = OsString>, surroundings: &Surroundings, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let arguments = args::trim::own(arguments.into_iter().collect());
    let surroundings = &if asks_for_no_colour(&arguments) { surroundings.without_colour() } else { surroundings.clone() };
    let outcome = match args::mend::read(&arguments, surroundings.variable("DEPLOYTRACK_ON_ERROR")) {
        Ok((args, warnings)) => {
            for warning in warnings {
                // Nobody may be reading; the pipeline goes on.
                drop(writeln!(err, "{}", annotations::warning(surroundings, &warning)));
            }
            dispatch(args, surroundings, out, err)
        }
        Err(mistakes) => return usage(mistakes, surroundings, out, err),
    };
    let flushed = outcome.and_then(|()| out.flush().map_err(Failure::from));
    match flushed {
        Ok(()) => Exit::Done,
        Err(failure) => {
            let failure = failure.with_values(|flag| args::faults::given(&arguments, flag));
            let exit = failure.report(Manner::of(surroundings), out, err);
            if Outcome::is_by_interrupt(failure.message()) {
                child::end_interrupted();
            }
            exit
        }
    }
}

/// Says what clap has to say: help on standard output, a mistake on standard error.
fn usage(mistakes: Mistakes, surroundings: &Surroundings, out: &mut dyn Write, err: &mut dyn Write) -> Exit {
    let is_wrong = mistakes.use_stderr();
    let (colour, exit) =
        if is_wrong { (surroundings.colour_on_stderr(), Exit::Usage) } else { (surroundings.colour_on_stdout(), Exit::Done) };
    let stream: &mut dyn Write = if is_wrong { err } else { out };
    let text = mistakes.text(colour);
    // A reader that has gone away is no failure, and there is nobody left to tell.
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.flush()));
    exit
}

/// Whether the command line says so, also one that is wrong otherwise.
fn asks_for_no_colour(arguments: &[OsString]) -> bool {
    arguments.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--no-color")
}

fn dispatch(args: Args, surroundings: &Surroundings, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
    let Args { mut global, command } = args;
    match &command {
        // The server answers when it has read the whole history.
        args::Command::Verify(_) => global.timeout = settings::patience(&global, surroundings)?.or(Some(PATIENCE_FOR_VERIFY)),
        // Nobody waits for an answer longer than for the deployment.
        args::Command::Wait(wait) => {
            let answer = settings::patience(&global, surroundings)?.unwrap_or(settings::DEFAULT_TIMEOUT);
            global.timeout = Some(answer.min(wait.patience()));
        }
        _ => {}
    }
    match command {
        #[cfg(feature = "serve")]
        args::Command::Serve(serve) => commands::serve::run(*serve, &global, surroundings, out, err),
        args::Command::Completions(completions) => commands::completions::run(&completions, out),
        args::Command::Man(man) => commands::man::run(&man, out),
        args::Command::Login(login) => {
            if let Some(warning) = settings::warning_of_login(&global, surroundings) {
                // Nobody may be reading.
                drop(writeln!(err, "{}", annotations::warning(surroundings, &warning)));
            }
            runtime()?.block_on(commands::login::login(login, &global, surroundings, Streams { out, err }))
        }
        args::Command::Keep(keep) => {
            let runtime = runtime()?;
            let ended = runtime.block_on(pipeline::keeper::run(keep, &global, surroundings, Streams { out, err }));
            // A name may still be looked up.
            runtime.shutdown_background();
            Err(ended)
        }
        args::Command::Logout(_) => commands::login::logout(&global, surroundings, Streams { out, err }),
        args::Command::Profile(profile) => commands::profile::run(&profile, &global, surroundings, Streams { out, err }),
        args::Command::Version(_) => at_once(commands::version::run(&global, surroundings, Streams { out, err })),
        args::Command::Doctor(_) => at_once(commands::doctor::run(&global, surroundings, Streams { out, err })),
        args::Command::Open(open) => {
            let settings = Settings::find(&global, surroundings)?;
            let mut session = Session::new(&settings, &global, surroundings, out, err)?;
            at_once(commands::open::run(open, &settings, &mut session))
        }
        command => {
            let runtime = runtime()?;
            if let args::Command::Record(record) = &command {
                record.clear_id_file();
            }
            let usable = Settings::find(&global, surroundings).and_then(|settings| Ok((settings.clone().client()?, settings)));
            let session = match usable {
                Ok((client, settings)) => Session::asking(client, &settings, &global, surroundings, out, err),
                // A command that is recorded runs even where no tracker can be asked, and its record is kept.
                Err(failure) if command.recorded().is_some() => Session::without_settings(&failure, &global, surroundings, out, err),
                Err(failure) => Err(failure),
            };
            let outcome = session.and_then(|session| runtime.block_on(commands::run(command, session)));
            runtime.shutdown_background();
            outcome
        }
    }
}

/// Runs to the end and not a moment longer: a name that is still being looked up is left behind.
fn at_once(command: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = runtime()?;
    let outcome = runtime.block_on(command);
    runtime.shutdown_background();
    outcome
}

/// One thread is enough for a command that asks one question after the other.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Unreachable, format!("cannot start: {error}")))
}
