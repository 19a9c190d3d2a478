//! What becomes of a record or an update when the server cannot be asked.

use clap::ValueEnum;
use deploytrack_core::{client::Error, text::IdempotencyKey};
use uuid::Uuid;

use crate::{
    error::Failure,
    pipeline::queue::{Ask, Event, Refusal, Run, deliver::is_final},
    session::Session,
};

/// What to do when the server cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Keep it, and send it with the next call or `deploytrack flush`
    Spool,
    /// Say so, and go on
    Warn,
    /// End with an error
    Fail,
}

/// Whether a failed write is one that the pipeline goes on without: the server could not be asked, and nobody said that
/// this ends the pipeline. A refusal is never passed over.
pub(crate) fn goes_on(on_error: OnError, error: &Error) -> bool {
    on_error != OnError::Fail && !is_final(error) && !matches!(error, Error::Unauthorised(_))
}

/// Keeps what was refused where errors are spooled, and gives the run and what to say of it beside the error, which still
/// ends the command: a refusal is never passed over.
pub(crate) fn keep_refused(
    on_error: OnError,
    (key, ask): (IdempotencyKey, Ask),
    of: Option<Uuid>,
    error: &Error,
    session: &Session<'_>,
) -> (Option<Run>, Option<String>) {
    let (OnError::Spool, Some(refusal)) = (on_error, Refusal::of(error)) else { return (None, None) };
    let event = Event { server: session.server(), key, ask };
    let kept = match &session.spool {
        Some(spool) => spool.begin().and_then(|run| keep(run, &event, of)).and_then(|run| run.refuse(&refusal).map(|()| run)),
        None => Err(std::io::Error::other("there is no home directory")),
    };
    match kept {
        Ok(run) => {
            let way_out = refusal.way_out(&run.name(), of.is_none());
            (Some(run), Some(format!("it is kept in the spool as refused: {way_out}")))
        }
        Err(why) => (None, Some(format!("nothing of it is kept: the spool cannot be used: {why}"))),
    }
}

/// Keeps what could not be sent, and gives the run it is kept in, or only says so.
pub(crate) fn go_on(
    on_error: OnError,
    (key, ask): (IdempotencyKey, Ask),
    of: Option<Uuid>,
    error: &Error,
    session: &mut Session<'_>,
) -> Option<Run> {
    let event = Event { server: session.server(), key, ask };
    let failure = Failure::of(error);
    let error = failure.message();
    let kept = match (&session.spool, on_error) {
        (Some(spool), OnError::Spool) => spool.begin().and_then(|run| keep(run, &event, of)).map_err(|error| error.to_string()),
        (None, OnError::Spool) => Err("there is no home directory".to_owned()),
        _ => {
            session.warn(&format!("nothing is recorded: {error}"));
            return None;
        }
    };
    session.warn(&match &kept {
        Ok(_) => format!("it is kept in the spool and sent by the next call or by `deploytrack flush`: {error}"),
        Err(why) => format!("nothing is recorded: {error}; and the spool cannot be used: {why}"),
    });
    kept.ok()
}

/// A run that the disk or the bounds do not take leaves nothing behind.
fn keep(run: Run, event: &Event, of: Option<Uuid>) -> std::io::Result<Run> {
    let kept = of.map_or(Ok(()), |id| run.keep_deployment(id)).and_then(|()| run.keep(0, event));
    if let Err(error) = kept {
        // What cannot be removed holds no event, and the next flush removes it.
        drop(run.remove());
        return Err(error);
    }
    Ok(run)
}

/// The key that was given, or a random one: what is sent now and what is kept are one write.
pub(crate) fn key(given: Option<IdempotencyKey>) -> Result<IdempotencyKey, Failure> {
    given.map_or_else(|| IdempotencyKey::new(Uuid::new_v4().to_string()).map_err(|why| Failure::usage(why.to_string())), Ok)
}
