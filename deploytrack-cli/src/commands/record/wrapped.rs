//! `deploytrack record ... -- COMMAND`: the command runs whatever becomes of the tracker.

use std::{ffi::OsString, time::Duration};

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

/// Tells the start, runs the command, tells the outcome. The exit code is the command's own.
pub(super) async fn run(
    new: NewDeployment,
    key: Option<IdempotencyKey>,
    command: &[OsString],
    (on_error, budget): (OnError, Duration),
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let key = key.map_or_else(|| Uuid::new_v4().to_string(), |key| key.to_string());
    let server = session.client.url().to_owned();
    let event = |step: &str, ask| Some(Event { server: server.clone(), key: IdempotencyKey::new(format!("{key}{step}")).ok()?, ask });

    let mut telling = if on_error == OnError::Spool { begin(session) } else { Telling::new(None) };
    let started = NewDeployment { status: Status::InProgress, occurred_at: Some(SystemClock.now()), ..new };
    let ask = Ask::Record { body: started.to_body(), register: started.register };
    tell(&mut telling, event("", ask), session);
    let mut signals = Signals::listen();
    let (delivered, called_off) = tokio::select! {
        delivered = timeout(budget, telling.deliver(&session.client)) => (delivered.ok(), None),
        signal = signals.next() => (None, Some(Outcome::called_off(signal))),
    };
    if on_error == OnError::Fail && called_off.is_none() && !matches!(delivered, Some(Delivered::All)) {
        return Err(not_recorded(delivered, budget));
    }
    let refused = if let Some(Delivered::Refused(error)) = delivered {
        session.warn(&format!("the deployment is not recorded: {error}"));
        true
    } else {
        false
    };

    let outcome = if let Some(outcome) = called_off {
        outcome
    } else {
        telling.mark_unfinished(true);
        child::run(command, &mut signals).await
    };

    if refused {
        telling.end(false);
    } else {
        tell(&mut telling, event("-outcome", Ask::Update { body: change(&outcome).to_body() }), session);
        telling.mark_unfinished(false);
        // A pipeline that is called off meanwhile does not wait: what is left is in the spool.
        tokio::select! {
            () = finish(telling, budget, session) => {}
            _ = signals.next() => {}
        }
    }
    Err(Failure::new(Exit::Command(outcome.code), outcome.reason))
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

/// Adds an event to the run. One whose key would be too long is none; its message says which.
fn tell(telling: &mut Telling, event: Option<Event>, session: &mut Session<'_>) {
    let Some(event) = event else {
        return session.warn("the idempotency key is too long for the events of a run; nothing is told");
    };
    if let Err(error) = telling.add(event) {
        session.warn(&format!("an event is kept in memory alone: the spool cannot be written: {error}"));
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
    failure.hint("the command was not run; without --on-error fail it runs whatever becomes of the record")
}

/// Sends the rest, and with what is left of the budget what earlier runs left behind.
async fn finish(mut telling: Telling, budget: Duration, session: &mut Session<'_>) {
    let client = session.client.clone();
    let sent = timeout(budget, telling.deliver(&client)).await;
    let why = match &sent {
        Ok(Delivered::All) => None,
        Ok(Delivered::Refused(error)) => {
            session.warn(&format!("the outcome is not recorded: {error}"));
            None
        }
        Ok(Delivered::Later(error)) => Some(error.to_string()),
        Err(_) => Some(format!("the server did not answer within {}", humantime::format_duration(budget))),
    };
    match why {
        Some(why) if telling.is_kept() => {
            session.warn(&format!("the deployment is kept in the spool and sent by the next call or by `deploytrack flush`: {why}"));
        }
        Some(why) => session.warn(&format!("the deployment is not recorded: {why}")),
        None => {}
    }
    let all = matches!(sent, Ok(Delivered::All));
    telling.end(matches!(sent, Ok(Delivered::Later(_)) | Err(_)));
    if all {
        flush::what_was_left_behind(budget, session).await;
    }
}

/// Runs the command where no tracker can be asked at all.
pub(crate) async fn run_alone(command: &[OsString]) -> Failure {
    let outcome = child::run(command, &mut Signals::listen()).await;
    Failure::new(Exit::Command(outcome.code), outcome.reason)
}
