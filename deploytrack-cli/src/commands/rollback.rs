//! `deploytrack rollback`

mod cell;
mod explain;

use deploytrack_core::{
    catalog::Reference,
    client::Error,
    clock::{Clock as _, SystemClock},
    deployment::{Change, Deployment, Metadata, NewDeployment},
    rollback,
    status::Status,
    text::{Reason, Version},
};

use self::cell::{Cell, Place};
use super::{
    masking as discreet,
    on_error::{self, OnError},
    record::wrapped::{self, Wrapping},
    waiting,
};
use crate::{error::Failure, exit::Exit, render::text::clean, session::Session, spool::Ask};

/// Go back to the version before
///
/// Records a deployment of the newest version that succeeded there before the present one and was not rolled back, and marks
/// the present deployment as rolled back. Repeated, it walks further back, to no version twice. --to names the version, also
/// one that was rolled back; --explain shows what is considered, and does nothing.
///
/// With -- COMMAND the command does it: it finds the version in `DEPLOYTRACK_VERSION`, and only when it succeeds is the present
/// deployment marked. The tracker must say which version it is: when it cannot be asked, the command does not run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack rollback --component user-service --environment production --reason 'errors at checkout'
  deploytrack rollback -c user-service -e production --explain
  deploytrack rollback -c user-service -e production --to v2.3.0
  deploytrack rollback -c user-service -e production -- sh -c './deploy.sh \"$DEPLOYTRACK_VERSION\"'")]
pub(crate) struct Rollback {
    /// What goes back
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// Where
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Reference,
    /// Go back to this version, which succeeded there before
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    /// Show which version it would go back to and why, and do nothing
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    pub(crate) wrapping: Wrapping,
}

/// From where to where a rollback goes.
#[derive(Debug)]
struct Way {
    component: String,
    environment: String,
    /// What is current; nothing after an undeployment.
    from: Option<Deployment>,
    target: Deployment,
}

impl Way {
    fn in_words(&self, goes: &str) -> String {
        let from = self.from.as_ref().map(|from| format!(" from {}", from.version)).unwrap_or_default();
        format!("{} in {} {goes}{from} to {}", self.component, self.environment, self.target.version)
    }
}

pub(crate) async fn run(rollback: Rollback, session: &mut Session<'_>) -> Result<(), Failure> {
    let place = (session.component(&rollback.component).await?.id, session.environment(&rollback.environment).await?.id);
    let cell = Cell::read(place, session).await?;
    let way = way(&rollback, place, &cell, session).await;
    if rollback.explain {
        explain::run(&cell, way.as_ref().ok(), session)?;
        return way.map(drop);
    }
    go(rollback, &way?, session).await
}

/// Where to go back to, or why that cannot be.
async fn way(rollback: &Rollback, place: Place, cell: &Cell, session: &Session<'_>) -> Result<Way, Failure> {
    let target = match &rollback.to {
        Some(version) => named(version, rollback, place, cell, session).await?,
        None if cell.current.is_none() => return Err(nothing_is_current(rollback, cell)),
        None => cell.target().cloned().ok_or_else(|| nothing_before(rollback, cell))?,
    };
    let (component, environment) = (target.component_name.to_string(), target.environment_name.to_string());
    Ok(Way { component, environment, from: cell.current.clone(), target })
}

/// The success of the version that was named.
async fn named(version: &Version, rollback: &Rollback, place: Place, cell: &Cell, session: &Session<'_>) -> Result<Deployment, Failure> {
    if cell.current.as_ref().is_some_and(|current| current.version == *version) {
        let message = format!("{version} is current already for {} in {}", rollback.component, rollback.environment);
        return Err(Failure::new(Exit::Refused, message));
    }
    cell::success_of(version, place, session).await?.ok_or_else(|| {
        let message = format!("{version} never succeeded for {} in {}", rollback.component, rollback.environment);
        ways_out(Failure::new(Exit::Refused, message), cell, "these versions did")
    })
}

fn nothing_is_current(rollback: &Rollback, cell: &Cell) -> Failure {
    let message = format!("nothing of {} is current in {}", rollback.component, rollback.environment);
    ways_out(Failure::new(Exit::Refused, message), cell, "--to VERSION puts one back that succeeded there before")
}

fn nothing_before(rollback: &Rollback, cell: &Cell) -> Failure {
    let current = cell.current.as_ref().map(|current| format!(" than {}", current.version)).unwrap_or_default();
    let message = format!("there is no other version{current} of {} to go back to in {}", rollback.component, rollback.environment);
    let mut failure = Failure::new(Exit::Refused, message);
    if cell.more {
        failure = failure.hint(format!("only the newest {} deployments there were read; --to VERSION finds older ones", cell.size()));
    }
    if cell.others().is_none() {
        return failure.hint("no other version succeeded there; `deploytrack record` records another deployment");
    }
    ways_out(failure, cell, "the others were rolled back; --to VERSION goes to one all the same").hint("--explain shows what is considered")
}

/// Names the versions that there are, or where to look for others.
fn ways_out(failure: Failure, cell: &Cell, what: &str) -> Failure {
    match cell.others() {
        Some(others) => failure.hint(format!("{what}: {others}")),
        None => failure.hint("`deploytrack list` shows what has been deployed"),
    }
}

/// Records the way back, and marks what was current.
async fn go(rollback: Rollback, way: &Way, session: &mut Session<'_>) -> Result<(), Failure> {
    let (new, reason) = (again(way)?, discreet::reason(rollback.reason, session));
    let variables = [("DEPLOYTRACK_VERSION", way.target.version.to_string())];
    let Some(asked) = rollback.wrapping.asked(&variables) else {
        let recorded = session.client.record(&NewDeployment { status: Status::Succeeded, ..new }).await;
        recorded.map_err(not_answered)?;
        if let Some(from) = &way.from {
            mark(from, reason, false, session).await?;
        }
        return session.line(&clean(&way.in_words("went back")));
    };
    let how = (OnError::Spool, rollback.wrapping.send_timeout, None);
    let (outcome, _) = wrapped::run(new.into(), None, asked, how, session).await?;
    waiting::say(waiting::LATE, session);
    if !outcome.succeeded {
        return Err(Failure::new(Exit::Command(outcome.code), outcome.reason));
    }
    if let Some(from) = &way.from {
        // The command has run, and its exit code is this command's.
        mark(from, reason, true, session).await?;
    }
    Ok(())
}

/// A record without an answer may have been made: a second rollback would then go one version further.
fn not_answered(error: Error) -> Failure {
    let is_open = matches!(error, Error::Unreachable { .. } | Error::Timeout { .. } | Error::Server(_) | Error::Unreadable(_));
    let failure = Failure::from(error);
    if is_open { failure.hint("before the next try, `deploytrack rollback ... --explain` shows whether it was recorded") } else { failure }
}

/// The version to go back to, once more.
fn again(Way { from, target, .. }: &Way) -> Result<NewDeployment, Failure> {
    let map = from.iter().map(|from| (rollback::OF.to_owned(), from.id.to_string().into())).collect();
    Ok(NewDeployment {
        commit_sha: target.commit_sha.clone(),
        metadata: Metadata::new(map).map_err(|why| Failure::usage(why.to_string()))?,
        ..NewDeployment::new(target.component_id.into(), target.environment_id.into(), target.version.clone())
    })
}

/// Marks what was current as rolled back; a mark that cannot be sent is kept, since the way back is done. A refusal is kept
/// too, and ends this command unless it `has_run` another, whose exit code counts.
async fn mark(current: &Deployment, reason: Option<Reason>, has_run: bool, session: &mut Session<'_>) -> Result<(), Failure> {
    let change = Change { reason, occurred_at: Some(SystemClock.now()), ..Change::to(Status::RolledBack) };
    let key = on_error::key(None)?;
    match session.client.under(key.clone()).update(current.id, &change).await {
        Err(error) if on_error::goes_on(OnError::Spool, &error) => {
            on_error::go_on(OnError::Spool, (key, Ask::Update { body: change.to_body() }), Some(current.id), &error, session);
            Ok(())
        }
        // Somebody else rolled it back meanwhile.
        Err(Error::Refused(problem)) if problem.current_status == Some(Status::RolledBack) => Ok(()),
        Err(error) => {
            let event = (key, Ask::Update { body: change.to_body() });
            let (_, said) = on_error::keep_refused(OnError::Spool, event, Some(current.id), &error, session);
            let failure = said.into_iter().fold(Failure::from(error), Failure::hint);
            if !has_run {
                return Err(failure);
            }
            session.warn(&failure.summary().1);
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
