//! `deploytrack flush`, and what every wrapped deployment does for those before it.

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use tokio::time::timeout;

use super::waiting;
use crate::{
    Exit,
    delivery::{Delivered, Telling},
    error::Failure,
    session::Session,
    spool::{Run, Spool},
};

/// What became of the runs that were left behind.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    kept: usize,
    refused: usize,
    /// Why the first of those that are kept is.
    why: Option<String>,
}

/// Sends everything that was left behind, and says what became of it.
pub(crate) async fn run(session: &mut Session<'_>) -> Result<(), Failure> {
    session.spool.iter().for_each(Spool::sweep);
    let tally = send_all(None, session).await?;
    session.line(&format!("{} sent, {} kept, {} refused", tally.sent, tally.kept, tally.refused))?;
    if tally.kept > 0 {
        waiting::say(0, session);
    }
    match (tally.why, tally.refused) {
        (Some(why), _) => Err(Failure::new(Exit::Unreachable, why).hint("what is kept is sent by the next flush")),
        (None, 0) => Ok(()),
        (None, _) => Err(Failure::new(Exit::Refused, "the server refused some of it; it is said above and kept no longer")),
    }
}

/// As much as can be sent until then. What does not is left for the next call, and a spool that cannot be read is said by
/// `deploytrack flush`.
pub(crate) async fn what_was_left_behind(until: Instant, session: &mut Session<'_>) {
    drop(send_all(Some(until), session).await);
}

async fn send_all(until: Option<Instant>, session: &mut Session<'_>) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let Some(spool) = session.spool.clone() else { return Ok(tally) };
    for name in spool.names().map_err(Failure::of_spool)? {
        let run = match spool.take_over(&name) {
            Ok(Some(run)) => run,
            Ok(None) => continue,
            // Another person's run, or something that is none, keeps no other from being sent.
            Err(error) => {
                tally.kept += 1;
                session.warn(&format!("run {name} is left as it is: {error}"));
                continue;
            }
        };
        let left = until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) || tally.why.is_some() {
            tally.kept += 1;
            continue;
        }
        send_one(run, left, &mut tally, session).await;
    }
    Ok(tally)
}

async fn send_one(run: Run, left: Option<Duration>, tally: &mut Tally, session: &mut Session<'_>) {
    let name = run.name();
    let events = match run.events() {
        Ok(events) => events.len(),
        Err(error) => {
            tally.kept += 1;
            return set_aside(run, &error, session);
        }
    };
    if events == 0 && (run.deployment().is_none() || !run.is_unfinished()) {
        // Its process died after the last answer, or before the first event. What cannot be removed is found again.
        return drop(run.remove());
    }
    let mut telling = match Telling::of(run) {
        Ok(telling) => telling,
        Err(error) => {
            tally.kept += 1;
            return session.warn(&format!("run {name} is left as it is: {error}"));
        }
    };
    if telling.is_for_another_server(session.client.url()) {
        tally.kept += 1;
        return;
    }
    let (client, unfinished) = (session.client.clone(), telling.is_unfinished());
    let delivery = telling.deliver(&client);
    let delivered = match left {
        Some(left) => timeout(left, delivery).await.ok(),
        None => Some(delivery.await),
    };
    match delivered {
        Some(Delivered::All) => {
            tally.sent += 1;
            if let Some(ago) = waiting::long_ago(&name, session.view.now) {
                session.warn(&format!("deployment {} is recorded only now, after {ago} in the spool, with its own times", id_of(&telling)));
            }
            if unfinished {
                say_unfinished(&telling, session);
            }
            telling.end(false);
        }
        Some(Delivered::Refused(error)) => {
            tally.refused += 1;
            session.warn(&format!("the server refused {}: {error}", telling.described()));
            telling.end(false);
        }
        Some(Delivered::Later(error)) => {
            tally.kept += 1;
            tally.why = Some(error.to_string());
        }
        None => tally.kept += 1,
    }
}

/// What cannot be read is not sent, and keeps nothing else from being sent.
fn set_aside(run: Run, error: &std::io::Error, session: &mut Session<'_>) {
    let name = run.name();
    let aside = if error.kind() == ErrorKind::InvalidData { run.set_aside().ok() } else { None };
    let where_it_is = aside.map_or_else(
        || "it is left as it is".to_owned(),
        |aside| format!("it is set aside in {}; record by hand what it was to say, and remove it", aside.display()),
    );
    session.warn(&format!("run {name} is not sent, and {where_it_is}: {error}"));
}

fn id_of(telling: &Telling) -> String {
    telling.deployment().map(|id| id.to_string()).unwrap_or_default()
}

/// Nobody knows how a command ended whose deploytrack was killed: a guess could make the matrix wrong.
fn say_unfinished(telling: &Telling, session: &mut Session<'_>) {
    let id = id_of(telling);
    session.warn(&format!(
        "deployment {id} was left in progress: the deploytrack that ran its command was killed, and how the command ended, if \
         it began, is not known; say it with `deploytrack update {id} succeeded` or `failed`"
    ));
}
