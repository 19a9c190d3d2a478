//! `deploytrack record ... -- COMMAND`: the command runs whatever becomes of the tracker.

use std::{
    ffi::OsString,
    time::{Duration, Instant},
};

use deploytrack_core::{
    clock::{Clock as _, SystemClock},
    deployment::{Change, NewDeployment},
    status::Status,
    text::{IdempotencyKey, Reason},
};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    Exit,
    child::{self, Outcome, Signals},
    commands::{flush, on_error::OnError},
    delivery::{Delivered, Telling},
    error::Failure,
    session::Session,
    spool::{Ask, Event},
};

/// What is said when a command does not run.
pub(super) const NOT_RUN: &str = "the command was not run; without --on-error fail it runs whatever becomes of the record";

/// A command, and variables for it besides its own.
type Asked<'a> = (&'a [OsString], &'a [(&'a str, String)]);

/// Tells the start, runs the command, tells the outcome. The id is known once the server has acknowledged the start.
pub(crate) async fn run(
    new: NewDeployment,
    key: Option<IdempotencyKey>,
    command: Asked<'_>,
    (on_error, budget): (OnError, Duration),
    session: &mut Session<'_>,
) -> Result<(Outcome, Option<Uuid>), Failure> {
    let mut signals = Signals::listen();
    let key = key.map_or_else(|| Uuid::new_v4().to_string(), |key| key.to_string());
    let telling = if on_error == OnError::Spool { begin(session) } else { Telling::new(None) };
    let mut wrapped = Wrapped { telling, key, on_error, budget, refused: false, session };
    let outcome = match wrapped.tell_start(new, &mut signals).await? {
        Some(called_off) => called_off,
        None => wrapped.run(command, &mut signals).await,
    };
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
    key: String,
    on_error: OnError,
    budget: Duration,
    /// Whether the server refused the start, so that there is nothing an outcome could be told of.
    refused: bool,
    session: &'s mut Session<'a>,
}

impl Wrapped<'_, '_> {
    /// Tells that the command begins; the outcome when it was called off meanwhile.
    async fn tell_start(&mut self, new: NewDeployment, signals: &mut Signals) -> Result<Option<Outcome>, Failure> {
        let started = NewDeployment { status: Status::InProgress, occurred_at: Some(SystemClock.now()), ..new };
        self.tell("", Ask::Record { body: started.to_body(), register: started.register });
        let delivered = tokio::select! {
            delivered = timeout(self.budget, self.telling.deliver(&self.session.client)) => delivered.ok(),
            signal = signals.next() => return Ok(Some(Outcome::called_off(signal))),
        };
        match delivered {
            Some(Delivered::All) => {}
            delivered if self.on_error == OnError::Fail => return Err(not_recorded(delivered, self.budget)),
            Some(Delivered::Refused(error)) => {
                self.session.warn(&format!("the deployment is not recorded: {error}"));
                self.refused = true;
            }
            // It is sent again with the outcome.
            Some(Delivered::Later(_)) | None => {}
        }
        Ok(None)
    }

    async fn run(&mut self, (command, variables): Asked<'_>, signals: &mut Signals) -> Outcome {
        self.telling.mark_unfinished(true);
        child::run(command, variables, signals).await
    }

    /// Adds an event to the run.
    fn tell(&mut self, step: &str, ask: Ask) {
        let server = self.session.client.url().to_owned();
        let told = match IdempotencyKey::new(format!("{}{step}", self.key)) {
            Ok(key) => self.telling.add(Event { server, key, ask }).map_err(|error| format!("the spool cannot be written: {error}")),
            Err(why) => Err(format!("its idempotency key {why}")),
        };
        if let Err(why) = told {
            self.session.warn(&format!("an event of the deployment may be lost: {why}"));
        }
    }

    /// Sends what is left, and then, in the rest of the budget, what earlier runs left behind. A pipeline that is called off meanwhile does not wait.
    async fn tell_outcome(mut self, outcome: &Outcome, signals: &mut Signals) -> Option<Uuid> {
        if self.refused {
            self.telling.end(false);
            return None;
        }
        self.tell("-outcome", Ask::Update { body: change(outcome).to_body() });
        self.telling.mark_unfinished(false);
        let id = self.telling.deployment();
        tokio::select! {
            sent = self.send_the_rest() => sent,
            _ = signals.next() => id,
        }
    }

    async fn send_the_rest(mut self) -> Option<Uuid> {
        let until = Instant::now() + self.budget;
        let sent = timeout(self.budget, self.telling.deliver(&self.session.client)).await;
        match &sent {
            Ok(Delivered::All) => {}
            Ok(Delivered::Refused(error)) => self.session.warn(&format!("the outcome is not recorded: {error}")),
            Ok(Delivered::Later(error)) => self.say_kept(&error.to_string()),
            Err(_) => self.say_kept(&format!("the server did not answer within {}", humantime::format_duration(self.budget))),
        }
        let id = self.telling.deployment();
        self.telling.end(matches!(sent, Ok(Delivered::Later(_)) | Err(_)));
        if matches!(sent, Ok(Delivered::All)) {
            flush::what_was_left_behind(until, self.session).await;
        }
        id
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

fn change(outcome: &Outcome) -> Change {
    let status = if outcome.succeeded { Status::Succeeded } else { Status::Failed };
    let reason = if outcome.succeeded { None } else { Reason::new(outcome.reason.chars().take(1024).collect::<String>()).ok() };
    Change { occurred_at: Some(SystemClock.now()), reason, ..Change::to(status) }
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
pub(crate) async fn run_alone(command: &[OsString]) -> Failure {
    let outcome = child::run(command, &[], &mut Signals::listen()).await;
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}
