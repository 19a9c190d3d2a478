//! `deploytrack record ... -- COMMAND`: the command runs whatever becomes of the tracker.

use std::{
    ffi::OsString,
    path::PathBuf,
    time::{Duration, Instant},
};

use deploytrack_core::{
    client::Error,
    clock::{Clock as _, SystemClock},
    deployment::NewDeployment,
    status::Status,
    text::IdempotencyKey,
};
use tokio::time::timeout;
use uuid::Uuid;

use super::start::Start;
use crate::{
    again,
    child::{self, Asked, Outcome, Running, Signals},
    commands::{flush, keep, on_error, on_error::OnError, which},
    delivery::{Delivered, Telling},
    error::Failure,
    exit::Exit,
    flags::{duration, whole},
    session::Session,
    spool::{self, Ask, Event, Refusal, ToTell},
};

/// More lines of a tail than are ever kept.
const MOST_LINES: u64 = 1_000_000;
/// What is said when a command does not run.
pub(super) const NOT_RUN: &str = "the command was not run; without --on-error fail it runs whatever becomes of the record";

/// The command, and what it takes to run it. `--timeout` limits one answer, `--send-timeout` all that is sent before or after
/// the command, and `--command-timeout` the command.
#[derive(Debug, clap::Args)]
pub(crate) struct Wrapping {
    /// How long sending may take in all before COMMAND, and again after it, where --timeout is for one answer; what is left is
    /// kept and sent by the next call
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(crate) send_timeout: Duration,
    /// How long COMMAND may run, such as 30m [default: as long as it takes]
    ///
    /// Then it is ended, with all that it has started: by SIGTERM, and ten seconds later by SIGKILL. The exit code is 124.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "command")]
    command_timeout: Option<Duration>,
    /// When COMMAND fails, keep its last lines as the metadata outputTail, secrets masked
    ///
    /// Its output then goes through a pipe instead of to the terminal itself.
    #[arg(long, value_name = "LINES", default_value_t = 0, requires = "command", hide_default_value = true, value_parser = whole::<usize>(0, MOST_LINES))]
    output_tail: usize,
    /// A command that does it: its start and its outcome are recorded, and its exit code is this command's
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Wrapping {
    /// Whether there is a command.
    pub(crate) const fn is_asked(&self) -> bool {
        !self.command.is_empty()
    }

    /// Whether a --timeout beside a command may be meant for that, as it once was.
    pub(crate) const fn has_open_limit(&self) -> bool {
        self.is_asked() && self.command_timeout.is_none()
    }

    /// The command and its arguments; empty if there is none.
    pub(crate) fn command(&self) -> &[OsString] {
        &self.command
    }

    /// The command and how it is to run, if there is one.
    pub(crate) fn asked<'a>(&'a self, variables: &'a [(&'a str, String)]) -> Option<Asked<'a>> {
        let (limit, output_tail) = (self.command_timeout, self.output_tail);
        self.is_asked().then_some(Asked { command: &self.command, variables, limit, output_tail })
    }
}

/// Tells the start, runs the command, tells the outcome. The id is known once the server has acknowledged the start.
pub(crate) async fn run(
    start: Start,
    key: Option<IdempotencyKey>,
    asked: Asked<'_>,
    (on_error, budget, id_file): (OnError, Duration, Option<PathBuf>),
    session: &mut Session<'_>,
) -> Result<(Outcome, Option<Uuid>), Failure> {
    let mut signals = Signals::listen();
    let key = on_error::key(key)?;
    let new = NewDeployment { status: Status::InProgress, occurred_at: Some(SystemClock.now()), ..start.new };
    let to_tell = ToTell { server: session.server(), key: again::own_key()? };
    let start = Start { new, ..start };
    if let Some(spool) = &session.spool {
        spool.limit_to(budget);
    }
    let telling = if on_error == OnError::Spool { begin(session) } else { Telling::new(None) };
    let mut wrapped = Wrapped { telling, to_tell, on_error, budget, id_file, refused: false, session };
    let outcome = match wrapped.tell_start((key, &start), &mut signals).await? {
        Some(called_off) => called_off,
        None => wrapped.run(asked, &mut signals).await,
    };
    if outcome.unsaid {
        wrapped.session.warn(&outcome.reason);
    }
    let id = wrapped.tell_outcome(&outcome, &mut signals).await;
    Ok((outcome, id))
}

/// A run on disk, or one in memory when the disk does not take it.
fn begin(session: &mut Session<'_>) -> Telling {
    let run = match &session.spool {
        Some(spool) => spool.begin().map_err(|error| error.to_string()),
        None => Err("there is no home directory".to_owned()),
    };
    match run {
        Ok(run) => Telling::new(Some(run)),
        Err(why) => {
            session.warn(&format!("what cannot be sent will be lost: the spool cannot be used: {why}"));
            Telling::new(None)
        }
    }
}

/// A command and what is told of it.
struct Wrapped<'s, 'a> {
    telling: Telling,
    /// How the outcome is told.
    to_tell: ToTell,
    on_error: OnError,
    budget: Duration,
    /// Where the id is still awaited.
    id_file: Option<PathBuf>,
    /// Whether the start was refused, so that an outcome can only be kept behind it.
    refused: bool,
    session: &'s mut Session<'a>,
}

impl Wrapped<'_, '_> {
    /// Tells that the command begins; the outcome when it was called off meanwhile.
    async fn tell_start(&mut self, (key, start): (IdempotencyKey, &Start), signals: &mut Signals) -> Result<Option<Outcome>, Failure> {
        self.telling.mark_unfinished(&self.to_tell);
        self.tell(key, start.to_ask(true));
        let obstacle = start.obstacle.clone().or_else(|| self.session.obstacle.as_ref().map(|obstacle| obstacle.why.clone()));
        let delivered = if let Some(why) = obstacle {
            Some(self.telling.refuse(Error::Setup(why)))
        } else {
            tokio::select! {
                delivered = timeout(self.budget, self.telling.deliver(&self.session.client)) => delivered.ok(),
                signal = signals.next_that_ends() => return Ok(Some(Outcome::called_off(signal))),
            }
        };
        match delivered {
            Some(Delivered::All) => self.hand_on(),
            delivered if self.on_error == OnError::Fail => return Err(not_recorded(delivered, self.budget)),
            Some(Delivered::Refused(error)) => {
                self.say_refused("the deployment", &error);
                self.refused = true;
            }
            // It is sent again with the outcome.
            Some(Delivered::Later(_)) | None => {}
        }
        Ok(None)
    }

    /// Runs the command under a keeper, or by itself where nothing could be kept.
    async fn run(&mut self, asked: Asked<'_>, signals: &mut Signals) -> Outcome {
        let Some(run) = self.telling.run() else { return child::run(asked, signals, drop).await };
        match keep::start(run, asked, &self.session.flags, signals).await {
            Ok(ended) => ended,
            Err(_) => child::run(asked, signals, |pid| drop(run.begun_without_keeper(&Running::of(pid)))).await,
        }
    }

    /// Writes the id where the next step looks for it, or the run that will have it.
    fn hand_on(&mut self) {
        let handed = self.id_file.take().map_or(Ok(()), |path| which::hand_on(&path, &self.telling));
        if let Err(why) = handed {
            self.session.warn(&why);
        }
    }

    /// Adds an event to the run, and gives whether the disk took it.
    fn tell(&mut self, key: IdempotencyKey, ask: Ask) -> bool {
        let server = self.session.server();
        let Err(error) = self.telling.add(Event { server, key, ask }) else { return true };
        self.session.warn(&format!("an event of the deployment may be lost: the spool cannot be written: {error}"));
        false
    }

    /// Sends what is left, and then, in the rest of the budget, what earlier runs left behind. A pipeline that is called off meanwhile does not wait.
    async fn tell_outcome(mut self, outcome: &Outcome, signals: &mut Signals) -> Option<Uuid> {
        let body = self.telling.body_of(outcome);
        // Without its outcome on disk, the run must not look as if it had none to tell.
        if self.tell(self.to_tell.key.clone(), Ask::Update { body }) {
            self.telling.mark_finished();
        }
        let (id, folder) = (self.telling.deployment(), self.telling.run().map(|run| run.folder().to_owned()));
        let sent = signals.unless_called_off(self.send_the_rest()).await;
        sent.unwrap_or_else(|| {
            if let Some(folder) = folder {
                spool::leave(&folder);
            }
            id
        })
    }

    async fn send_the_rest(mut self) -> Option<Uuid> {
        let until = Instant::now() + self.budget;
        let served = self.refused || self.send_outcome().await;
        let id = self.telling.deployment();
        self.hand_on();
        self.telling.end();
        if served && self.session.obstacle.is_none() {
            flush::what_was_left_behind(until, self.session).await;
        }
        id
    }

    /// Whether the server gave its verdict, so that it can be asked for more.
    async fn send_outcome(&mut self) -> bool {
        match timeout(self.budget, self.telling.deliver(&self.session.client)).await {
            Ok(Delivered::All) => return true,
            Ok(Delivered::Refused(error)) => {
                let what = if self.telling.deployment().is_none() { "the deployment" } else { "the outcome" };
                self.say_refused(what, &error);
                return true;
            }
            // Another token will do.
            Ok(Delivered::Later(error @ Error::Unauthorised(_))) => self.say_refused("the deployment", &error),
            Ok(Delivered::Later(error)) => self.say_kept(Failure::of(&error).message()),
            Err(_) => self.say_kept(&format!("the server did not answer within {}", humantime::format_duration(self.budget))),
        }
        false
    }

    fn say_refused(&mut self, what: &str, error: &Error) {
        let warning = match (Refusal::of(error), self.telling.run().filter(|_| self.telling.is_kept())) {
            (Some(refusal), Some(run)) => {
                let way_out = refusal.way_out(&run.name(), self.telling.deployment().is_none());
                format!("{what} is refused and kept in the spool: {}; {way_out}", refusal.reason)
            }
            _ => format!("{what} is not recorded: {}", Failure::of(error).summary().1),
        };
        self.session.warn(&warning);
    }

    fn say_kept(&mut self, why: &str) {
        let warning = if self.telling.is_kept() {
            format!("the deployment is kept in the spool and sent by the next call or by `deploytrack flush`: {why}")
        } else {
            format!("the deployment is not recorded: {why}")
        };
        self.session.warn(&warning);
    }
}

/// Why a command does not run that must not without a record.
fn not_recorded(delivered: Option<Delivered>, budget: Duration) -> Failure {
    let failure = match delivered {
        Some(Delivered::Refused(error) | Delivered::Later(error)) => Failure::from(error),
        Some(Delivered::All) | None => {
            Failure::new(Exit::Unreachable, format!("the server did not answer within {}", humantime::format_duration(budget)))
        }
    };
    failure.hint(NOT_RUN)
}

/// Runs the command where no tracker can be asked at all.
pub(crate) async fn run_alone(asked: Asked<'_>) -> Failure {
    let outcome = child::run(asked, &mut Signals::listen(), drop).await;
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}
