//! `deploytrack flush`, and what every wrapped deployment does for those before it.

mod correct;

use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};

use deploytrack_core::client::Error;
use tokio::time::timeout;
use uuid::Uuid;

use self::correct::Correction;
use super::waiting;
use crate::{
    delivery::{Delivered, Telling},
    error::Failure,
    exit::Exit,
    flags::entry_id,
    session::Session,
    spool::{Distrust, Refusal, Run, Spool, Turn},
    text::cut,
};

/// Send what earlier calls could not send
///
/// Prints how many deployments were sent, are kept because the server cannot be asked, and were refused. What is refused is
/// kept too, with the reason; no other command sends it again, unless another token is all it needs. --set and --register
/// correct a record that was refused: the run that is named, or all refused records where they agree in what is set.
///
/// A run is sent when the same token wrote it, a token of the same subject on this machine, or any token with the same
/// `DEPLOYTRACK_SPOOL_KEY`. Every other run may come from somebody who could fill a cache: it stays, `deploytrack spool show`
/// shows it, and --trust sends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack flush
  deploytrack flush 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50 --trust
  deploytrack flush --set environment=production
  deploytrack flush 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50 --set component=user-service --set version=v2.3.1")]
pub(crate) struct Flush {
    /// This run alone
    #[arg(value_parser = entry_id)]
    run: Option<Uuid>,
    /// A field of a refused record and what it should be, such as environment=production; may be repeated
    ///
    /// component, environment, version, deployedBy, commitSha, description or occurredAt; an empty value removes one of the
    /// last four.
    #[arg(long, value_name = "FIELD=VALUE", value_parser = correct::correction)]
    set: Vec<Correction>,
    /// Register the names of a refused record even if they resemble known ones
    #[arg(long)]
    register: bool,
    /// Send this run although another token or machine wrote it: look at it with `deploytrack spool show` first
    #[arg(long, requires = "run")]
    trust: bool,
}

/// What became of the runs that were left behind.
#[derive(Debug, Default)]
struct Tally {
    sent: usize,
    kept: usize,
    refused: usize,
    /// Why the first of those that wait does.
    why: Option<Failure>,
    /// Whether there is no use in asking the server for more.
    stopped: bool,
    /// How many runs in a row failed in a way that may be their own.
    stumbled: usize,
    /// What was recorded, for a line.
    subjects: Vec<String>,
    /// The runs that are not trusted, and why.
    distrusted: Vec<(String, Distrust)>,
}

/// So many runs that fail one after the other are not the reason themselves.
const MOST_STUMBLES: usize = 10;
/// How long a flush waits for another one that is at work.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a wrapped command does: the other flush sends the same runs.
const PATIENCE_OF_A_DEPLOY: Duration = Duration::from_millis(500);
/// The most deployments that a line names.
const MOST_NAMED: usize = 5;
/// The most of an event that a warning repeats.
const MOST_SHOWN: usize = 200;

/// Which runs are sent.
#[derive(Debug, Default)]
struct Wanted {
    /// This one alone.
    run: Option<String>,
    /// Refused ones too, whatever was the reason.
    refused: bool,
    until: Option<Instant>,
}

/// Sends everything that was left behind, and says what became of it.
pub(crate) async fn run(flush: Flush, session: &mut Session<'_>) -> Result<(), Failure> {
    session.spool.iter().for_each(Spool::sweep);
    let run = flush.run.map(|run| run.to_string());
    let _turn = turn(session).await?;
    if let (Some(run), true) = (&run, flush.trust) {
        trust(run, session)?;
    }
    if flush.register || !flush.set.is_empty() {
        correct::correct(run.as_deref(), &flush.set, flush.register, session)?;
    }
    if let (Some(run), Some(spool)) = (&run, &session.spool)
        && !spool.names().map_err(Failure::of_spool)?.contains(run)
    {
        return Err(super::spool::missing(run));
    }
    let tally = send_all(&Wanted { run, refused: true, until: None }, session).await?;
    let distrusted = if tally.distrusted.is_empty() { String::new() } else { format!(", {} not trusted", tally.distrusted.len()) };
    session.line(&format!("{} sent, {} kept, {} refused{distrusted}", tally.sent, tally.kept, tally.refused))?;
    if tally.kept > 0 {
        waiting::say(0, session);
    }
    match (tally.why, tally.refused) {
        (Some(why), _) => Err(why.hint("what is kept is sent by the next flush")),
        (None, 0) if tally.distrusted.is_empty() => Ok(()),
        (None, 0) => Err(Failure::new(Exit::Refused, "some of it is not trusted, as said above, and was not sent").hint(
            "look at it with `deploytrack spool show RUN`; `deploytrack flush RUN --trust` sends it, `deploytrack spool drop RUN` drops it",
        )),
        (None, _) => Err(Failure::new(Exit::Refused, "some of it is refused, as said above, and kept in the spool")
            .hint("mend the cause and repeat the command, correct a record with --set, or drop it with `deploytrack spool drop`")),
    }
}

/// As much as can be sent until then. What does not is left for the next call, and a spool that cannot be read is said by
/// `deploytrack flush`. What was refused is not sent again, unless for a token that was not this one.
pub(crate) async fn what_was_left_behind(until: Instant, session: &mut Session<'_>) {
    let Some(spool) = session.spool.clone() else { return };
    let patience = PATIENCE_OF_A_DEPLOY.min(until.saturating_duration_since(Instant::now()));
    // Another flush that is at work sends the same runs.
    let Ok(Some(_turn)) = spool.turn(patience).await else { return };
    drop(send_all(&Wanted { until: Some(until), ..Wanted::default() }, session).await);
}

/// The right to send, which another flush may have.
async fn turn(session: &Session<'_>) -> Result<Option<Turn>, Failure> {
    let Some(spool) = &session.spool else { return Ok(None) };
    spool.turn(PATIENCE).await.map_err(Failure::of_spool)?.map(Some).ok_or_else(|| {
        Failure::new(Exit::Unreachable, "another `deploytrack flush` is at work in this spool")
            .hint("it sends what the spool keeps; repeat the command when it has ended")
    })
}

/// Makes a run ours that a person has looked at.
fn trust(run: &str, session: &Session<'_>) -> Result<(), Failure> {
    let Some(spool) = &session.spool else { return Ok(()) };
    let found = spool.take_unseen(run).map_err(Failure::of_spool)?.ok_or_else(|| super::spool::missing(run))?;
    found.trust().map(drop).map_err(Failure::of_spool)
}

async fn send_all(wanted: &Wanted, session: &mut Session<'_>) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let Some(spool) = session.spool.clone() else { return Ok(tally) };
    send_each(&spool, wanted, &mut tally, session).await?;
    say_sent(&tally, session)?;
    say_distrusted(&tally, session);
    Ok(tally)
}

/// One line for all: a pipeline with a forged cache must not drown in warnings.
fn say_distrusted(tally: &Tally, session: &mut Session<'_>) {
    let Some((name, why)) = tally.distrusted.first() else { return };
    let which = match tally.distrusted.len() {
        1 => format!("run {name} of the spool is not trusted and not sent"),
        count => format!("{count} runs of the spool are not trusted and not sent, run {name}"),
    };
    session.warn(&format!(
        "{which}: {why}; `deploytrack spool list` shows why, `deploytrack flush RUN --trust` sends one, `deploytrack spool drop RUN` drops it"
    ));
}

fn say_sent(tally: &Tally, session: &mut Session<'_>) -> Result<(), Failure> {
    if tally.sent == 0 {
        return Ok(());
    }
    let named = tally.subjects.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
    let more = tally.subjects.len().saturating_sub(MOST_NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    session.note(&format!("sent from the spool what earlier calls could not send: {named}{more}"))
}

async fn send_each(spool: &Spool, wanted: &Wanted, tally: &mut Tally, session: &mut Session<'_>) -> Result<(), Failure> {
    for name in spool.names().map_err(Failure::of_spool)? {
        if wanted.run.as_ref().is_some_and(|run| *run != name) || (!wanted.refused && stays_refused(spool, &name)) {
            continue;
        }
        let left = wanted.until.map(|until| until.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) || tally.stopped {
            tally.kept += 1;
            continue;
        }
        let run = match spool.take_over(&name) {
            Ok(Some(run)) => run,
            Ok(None) => continue,
            // Another person's run, or something that is none, keeps no other from being sent.
            Err(error) => {
                if let Some(why) = Distrust::of(&error) {
                    tally.distrusted.push((name, why.clone()));
                    continue;
                }
                tally.kept += 1;
                session.warn(&format!("run {name} is left as it is: {error}"));
                continue;
            }
        };
        send_one(run, left, tally, session).await;
    }
    Ok(())
}

/// Whether a run was refused for a reason that is not the token's.
fn stays_refused(spool: &Spool, name: &str) -> bool {
    spool.refusal(name).is_some_and(|refusal| !refusal.is_of_the_token())
}

/// Whether the next run would fare no better. An answer that is no verdict of the server (500, the page of a proxy) may be
/// for this run alone.
fn stops(error: &Error) -> bool {
    match error {
        Error::Server(problem) => matches!(problem.status, 429 | 502 | 503 | 504),
        Error::Unauthorised(problem) => !problem.code.is_empty(),
        Error::Unreachable { .. } | Error::Timeout { .. } => true,
        Error::Refused(_) | Error::Unreadable(_) | Error::Setup(_) => false,
    }
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
    let subject = telling.subject();
    let (client, unfinished) = (session.client.clone(), telling.is_unfinished());
    let delivery = telling.deliver(&client);
    let delivered = match left {
        Some(left) => timeout(left, delivery).await.ok(),
        None => Some(delivery.await),
    };
    match delivered {
        Some(Delivered::All) => {
            tally.sent += 1;
            tally.subjects.push(subject);
            tally.stumbled = 0;
            if let Some(ago) = waiting::long_ago(&name, session.view.now) {
                session.warn(&format!("deployment {} is recorded only now, after {ago} in the spool, with its own times", id_of(&telling)));
            }
            if unfinished {
                say_unfinished(&telling, session);
            }
            telling.end();
        }
        Some(Delivered::Refused(error)) => {
            tally.refused += 1;
            tally.stumbled = 0;
            let refusal = Refusal::of(&error)
                .map(|refusal| format!("{}; {}", refusal.reason, refusal.way_out(&name, telling.deployment().is_none())));
            session.warn(&format!("run {name} is refused, {}: {}", cut(&telling.described(), MOST_SHOWN), refusal.unwrap_or_default()));
        }
        Some(Delivered::Later(error)) => {
            let of_the_token = matches!(error, Error::Unauthorised(_));
            *(if of_the_token { &mut tally.refused } else { &mut tally.kept }) += 1;
            tally.stumbled += 1;
            tally.stopped = stops(&error) || tally.stumbled >= MOST_STUMBLES;
            tally.why.get_or_insert_with(|| {
                if of_the_token { error.into() } else { Failure::new(Exit::Unreachable, Failure::of(&error).message()) }
            });
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
