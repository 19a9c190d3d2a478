//! `deploytrack rollback`

use chrono::TimeDelta;
use deploytrack_core::{
    catalog::Reference,
    clock::{Clock as _, SystemClock, Time},
    deployment::{Change, Deployment, Metadata, NewDeployment},
    status::Status,
    text::Reason,
};
use uuid::Uuid;

use super::{
    discreet,
    on_error::{self, OnError},
    record::wrapped::{self, Wrapping},
    waiting,
};
use crate::{Exit, error::Failure, render::text::clean, session::Session, spool::Ask};

/// Go back to what was current before
///
/// Records a deployment of the version that was current before the present one, and marks the present one as rolled back.
/// With -- COMMAND the command does it: it finds the version in `DEPLOYTRACK_VERSION`, and only when it succeeds is the present
/// deployment marked. The tracker must say which version it is: when it cannot be asked, the command does not run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack rollback --component user-service --environment production --reason 'errors at checkout'
  deploytrack rollback -c user-service -e production -- sh -c './deploy.sh \"$DEPLOYTRACK_VERSION\"'")]
pub(crate) struct Rollback {
    /// What goes back
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// Where
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Reference,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    #[command(flatten)]
    pub(crate) wrapping: Wrapping,
}

pub(crate) async fn run(rollback: Rollback, session: &mut Session<'_>) -> Result<(), Failure> {
    let place = (session.component_id(&rollback.component).await?, session.environment_id(&rollback.environment).await?);
    let nothing = |what: &str| {
        let message = format!("nothing of {} {what} in {}", rollback.component, rollback.environment);
        Failure::new(Exit::Refused, message).hint("`deploytrack list` shows what has been deployed")
    };
    let current = current(place, None, session).await?.ok_or_else(|| nothing("is current"))?;
    // What was current just before this one succeeded.
    let before = current.succeeded_at.map(|since| since - TimeDelta::microseconds(1));
    let previous = self::current(place, before, session).await?.ok_or_else(|| nothing("was current before"))?;
    let new = again(&previous, &current)?;
    let variables = [("DEPLOYTRACK_VERSION", previous.version.to_string())];
    if let Some(asked) = rollback.wrapping.asked(session.timeout, &variables) {
        let how = (OnError::Spool, rollback.wrapping.send_timeout, None);
        let (outcome, _) = wrapped::run(new, None, asked, how, session).await?;
        waiting::say(waiting::LATE, session);
        if !outcome.succeeded {
            return Err(Failure::new(Exit::Command(outcome.code), outcome.reason));
        }
    } else {
        let done = NewDeployment { status: Status::Succeeded, ..new };
        session.client.record(&done).await?;
    }
    let reason = discreet::reason(rollback.reason, session);
    mark(&current, reason, session).await?;
    if !rollback.wrapping.is_asked() {
        session.line(&clean(&format!(
            "{} in {} went back from {} to {}",
            current.component_name, current.environment_name, current.version, previous.version
        )))?;
    }
    Ok(())
}

/// What is current of a component in an environment, or was at a moment.
async fn current((component, environment): (Uuid, Uuid), at: Option<Time>, session: &Session<'_>) -> Result<Option<Deployment>, Failure> {
    let latest = session.client.latest(component, at).await?.value;
    Ok(latest.into_iter().find(|deployment| deployment.environment_id == environment))
}

/// The previous version once more.
fn again(previous: &Deployment, current: &Deployment) -> Result<NewDeployment, Failure> {
    let map = [("rollbackOf".to_owned(), current.id.to_string().into())].into_iter().collect();
    Ok(NewDeployment {
        commit_sha: previous.commit_sha.clone(),
        metadata: Metadata::new(map).map_err(|why| Failure::usage(why.to_string()))?,
        ..NewDeployment::new(current.component_id.into(), current.environment_id.into(), previous.version.clone())
    })
}

/// Marks what was current as rolled back; what cannot be sent is kept, since the way back is done.
async fn mark(current: &Deployment, reason: Option<Reason>, session: &mut Session<'_>) -> Result<(), Failure> {
    let change = Change { reason, occurred_at: Some(SystemClock.now()), ..Change::to(Status::RolledBack) };
    let key = on_error::key(None)?;
    match session.client.under(key.clone()).update(current.id, &change).await {
        Err(error) if on_error::goes_on(OnError::Spool, &error) => {
            on_error::go_on(OnError::Spool, (key, Ask::Update { body: change.to_body() }), Some(current.id), &error, session);
            Ok(())
        }
        marked => Ok(marked.map(drop)?),
    }
}
