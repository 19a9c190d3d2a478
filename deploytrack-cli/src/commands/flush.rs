//! `deploytrack flush`

mod correct;

use std::time::Duration;

use deploytrack_core::text::IdPrefix;

use self::correct::Correction;
use crate::{
    error::Failure,
    exit::Exit,
    flags::entry_id,
    pipeline::{
        backlog,
        send::{self, Selection, Summary},
    },
    queue::{FlushLock, Spool},
    session::Session,
};

/// How long to wait for a flush of another process.
const PATIENCE: Duration = Duration::from_secs(10);

/// Send what earlier calls could not send
///
/// Prints how many deployments were sent, how many are kept because the server cannot be asked, and
/// how many were refused. Refused records are kept, too, with the reason. No other command sends
/// them again, unless only the token was refused. --set and --register correct a refused record:
/// the one of ENTRY, or all refused records that have the same value in that field.
///
/// An entry is sent if the same token wrote it, a token of the same subject on this machine, or any
/// token with the same `DEPLOYTRACK_SPOOL_KEY`. Without a token, an entry is sent if this job wrote
/// it, a job that the server accepted by the same rule and for the same repository, or a job with
/// the same identity on this machine. Any other entry may come from somebody who filled a CI cache.
/// It stays in the spool: `deploytrack spool show` prints it, and --trust sends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack flush
  deploytrack flush 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50 --trust
  deploytrack flush --set environment=production
  deploytrack flush 019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50 --set component=user-service --set version=v2.3.1")]
pub(crate) struct Flush {
    /// Send only this entry
    #[arg(value_name = "ENTRY", value_parser = entry_id)]
    entry: Option<IdPrefix>,
    /// Correct a field of a refused record, such as environment=production; may be repeated
    ///
    /// FIELD is component, environment, version, deployedBy, commitSha, description or occurredAt;
    /// an empty value removes one of the last four.
    #[arg(long, value_name = "FIELD=VALUE", value_parser = correct::correction)]
    set: Vec<Correction>,
    /// Register the names of a refused record even if they resemble known ones
    #[arg(long)]
    register: bool,
    /// Send this entry although another token or machine wrote it: look at it with `deploytrack
    /// spool show` first
    #[arg(long, requires = "entry")]
    trust: bool,
}

/// Sends the entries of the spool and prints a summary.
pub(crate) async fn run(flush: Flush, session: &mut Session<'_>) -> Result<(), Failure> {
    session.spool.iter().for_each(Spool::clean_up);
    let name = |entry| match &session.spool {
        Some(spool) => super::spool::name_of(spool, &entry),
        None => Ok(entry.to_string()),
    };
    let entry = flush.entry.map(name).transpose()?;
    let _lock = lock(session).await?;
    prove_identity(session).await?;
    if let (Some(entry), true) = (&entry, flush.trust) {
        trust(entry, session)?;
    }
    if flush.register || !flush.set.is_empty() {
        correct::correct(entry.as_deref(), &flush.set, flush.register, session)?;
    }
    if let (Some(entry), Some(spool)) = (&entry, &session.spool)
        && !spool.names().map_err(Failure::of_spool)?.contains(entry)
    {
        return Err(super::spool::missing(entry));
    }
    let summary = send::send(
        &Selection {
            entry,
            includes_refused: true,
            deadline: None,
        },
        session,
    )
    .await?;
    print(&summary, session)?;
    if summary.kept > 0 {
        backlog::warn_after(0, session);
    }
    result(summary)
}

/// Proves the identity of this job, if there is something to send: without the keys of the job its
/// entries would look like those of somebody else.
async fn prove_identity(session: &Session<'_>) -> Result<(), Failure> {
    let names = session.spool.as_ref().map(Spool::names);
    if names.is_none_or(|names| names.is_ok_and(|names| names.is_empty())) {
        return Ok(());
    }
    let proved = session.prove_identity().await.map_err(Failure::from);
    proved.map_err(|failure| failure.hint("the entries stay in the spool"))
}

/// The right to send, which a flush of another process may have.
async fn lock(session: &Session<'_>) -> Result<Option<FlushLock>, Failure> {
    let Some(spool) = &session.spool else {
        return Ok(None);
    };
    spool
        .lock_for_flush(PATIENCE)
        .await
        .map_err(Failure::of_spool)?
        .map(Some)
        .ok_or_else(|| {
            Failure::new(
                Exit::Unreachable,
                "another `deploytrack flush` is sending the entries of this spool",
            )
            .hint("repeat the command after it has ended")
        })
}

/// Seals an entry that a person has looked at.
fn trust(entry: &str, session: &Session<'_>) -> Result<(), Failure> {
    let Some(spool) = &session.spool else {
        return Ok(());
    };
    let found = spool
        .open_unverified(entry)
        .map_err(Failure::of_spool)?
        .ok_or_else(|| super::spool::missing(entry))?;
    found.trust().map(drop).map_err(Failure::of_spool)
}

fn print(summary: &Summary, session: &mut Session<'_>) -> Result<(), Failure> {
    let distrusted = if summary.distrusted.is_empty() {
        String::new()
    } else {
        format!(", {} not trusted", summary.distrusted.len())
    };
    session.line(&format!(
        "{} sent, {} kept, {} refused{distrusted}",
        summary.sent, summary.kept, summary.refused
    ))
}

/// An error if an entry is left that needs another try, a correction or a person's trust.
fn result(summary: Summary) -> Result<(), Failure> {
    if let Some(failure) = summary.first_failure {
        return Err(failure.hint("the next flush sends the kept entries"));
    }
    if summary.refused > 0 {
        return Err(Failure::new(Exit::Refused, "some entries are refused, as printed above, and stay in the spool")
            .hint("fix the cause and repeat the command, correct a record with --set, or drop it with `deploytrack spool drop`"));
    }
    if !summary.distrusted.is_empty() {
        return Err(Failure::new(Exit::Refused, "some entries are not trusted, as printed above, and were not sent").hint(
            "look at one with `deploytrack spool show ENTRY`; `deploytrack flush ENTRY --trust` sends it, `deploytrack spool drop ENTRY` \
             drops it",
        ));
    }
    Ok(())
}
