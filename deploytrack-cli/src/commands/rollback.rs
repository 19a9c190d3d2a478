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

use self::cell::{Cell, CellKey};
use super::masking;
use crate::{
    ci::outputs,
    error::Failure,
    exit::Exit,
    pipeline::{
        backlog, key,
        on_error::{FailedRequest, OnError},
        wrap::{self, Recording, WrapArgs},
    },
    queue::Request,
    render::text::clean,
    report,
    session::Session,
};

/// Go back to the version before
///
/// Records a deployment of the newest version that succeeded there before the current one and was
/// not rolled back, and marks the current deployment as rolled back. Each repetition goes one
/// version further back, never to the same version twice. --to names the version, which may have
/// been rolled back. --explain shows the candidates and changes nothing.
///
/// With -- COMMAND, the command deploys the version in `DEPLOYTRACK_VERSION`. The current
/// deployment is marked only if the command succeeds. The version comes from the server: if the
/// server cannot be asked, the command does not run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack rollback --component user-service --environment production --reason 'errors at checkout'
  deploytrack rollback -c user-service -e production --explain
  deploytrack rollback -c user-service -e production --to v2.3.0
  deploytrack rollback -c user-service -e production -- sh -c './deploy.sh \"$DEPLOYTRACK_VERSION\"'")]
pub(crate) struct Rollback {
    /// The component
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// The environment
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Reference,
    /// Go back to this version, which succeeded there before
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    /// Show the version it would go back to and why, without changing anything
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    pub(crate) wrapping: WrapArgs,
}

/// A rollback that is possible.
#[derive(Debug)]
struct Plan {
    component: String,
    environment: String,
    /// The current deployment; none after an undeployment.
    from: Option<Deployment>,
    /// The deployment whose version is deployed again.
    to: Deployment,
}

impl Plan {
    fn sentence(&self, verb: &str) -> String {
        let from = self
            .from
            .as_ref()
            .map(|from| format!(" from {}", from.version))
            .unwrap_or_default();
        format!(
            "{} in {} {verb}{from} to {}",
            self.component, self.environment, self.to.version
        )
    }
}

pub(crate) async fn run(rollback: Rollback, session: &mut Session<'_>) -> Result<(), Failure> {
    let component = session.component(&rollback.component).await?.id;
    let environment = session.environment(&rollback.environment).await?.id;
    let cell = Cell::read(
        CellKey {
            component,
            environment,
        },
        session,
    )
    .await?;
    let plan = plan(&rollback, &cell, session).await;
    if rollback.explain {
        explain::run(&cell, plan.as_ref().ok(), session)?;
        return plan.map(drop);
    }
    carry_out(rollback, &plan?, session).await
}

/// The plan of a rollback, or an error that says why there is none.
async fn plan(rollback: &Rollback, cell: &Cell, session: &Session<'_>) -> Result<Plan, Failure> {
    let to = match &rollback.to {
        Some(version) => named(version, rollback, cell, session).await?,
        None if cell.current.is_none() => return Err(nothing_is_current(rollback, cell)),
        None => cell
            .target()
            .cloned()
            .ok_or_else(|| nothing_before(rollback, cell))?,
    };
    let (component, environment) = (
        to.component_name.to_string(),
        to.environment_name.to_string(),
    );
    Ok(Plan {
        component,
        environment,
        from: cell.current.clone(),
        to,
    })
}

/// The newest success of the version in `--to`.
async fn named(
    version: &Version,
    rollback: &Rollback,
    cell: &Cell,
    session: &Session<'_>,
) -> Result<Deployment, Failure> {
    if cell
        .current
        .as_ref()
        .is_some_and(|current| current.version == *version)
    {
        let message = format!(
            "{version} is already current for {} in {}",
            rollback.component, rollback.environment
        );
        return Err(Failure::new(Exit::Refused, message));
    }
    cell::success_of(version, cell.key, session)
        .await?
        .ok_or_else(|| {
            let message = format!(
                "{version} never succeeded for {} in {}",
                rollback.component, rollback.environment
            );
            ways_out(
                Failure::new(Exit::Refused, message),
                cell,
                "these versions did",
            )
        })
}

fn nothing_is_current(rollback: &Rollback, cell: &Cell) -> Failure {
    let message = format!(
        "no version of {} is current in {}",
        rollback.component, rollback.environment
    );
    ways_out(
        Failure::new(Exit::Refused, message),
        cell,
        "--to VERSION deploys one again that succeeded there before",
    )
}

fn nothing_before(rollback: &Rollback, cell: &Cell) -> Failure {
    let current = cell
        .current
        .as_ref()
        .map(|current| format!(" than {}", current.version))
        .unwrap_or_default();
    let message = format!(
        "there is no other version{current} of {} to go back to in {}",
        rollback.component, rollback.environment
    );
    let mut failure = Failure::new(Exit::Refused, message);
    if cell.more {
        failure = failure.hint(format!(
            "only the newest {} deployments there were searched; --to VERSION finds older ones",
            cell.size()
        ));
    }
    if cell.others().is_none() {
        return failure.hint(
            "no other version succeeded there; `deploytrack record` records another deployment",
        );
    }
    let failure = ways_out(
        failure,
        cell,
        "the others were rolled back; --to VERSION still accepts them",
    );
    if rollback.explain {
        failure
    } else {
        failure.hint("--explain shows the candidates")
    }
}

/// Adds a hint with the other versions, or with the command that lists them.
fn ways_out(failure: Failure, cell: &Cell, what: &str) -> Failure {
    match cell.others() {
        Some(others) => failure.hint(format!("{what}: {others}")),
        None => failure.hint("`deploytrack list` shows what has been deployed"),
    }
}

/// Records the rollback, and marks the current deployment as rolled back.
async fn carry_out(
    rollback: Rollback,
    plan: &Plan,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let (new, reason) = (
        new_deployment(plan)?,
        masking::reason(rollback.reason, session),
    );
    let variables = [("DEPLOYTRACK_VERSION", plan.to.version.to_string())];
    let Some(command) = rollback.wrapping.wrapped_command(&variables) else {
        let recorded = session
            .client
            .record(&NewDeployment {
                status: Status::Succeeded,
                ..new
            })
            .await;
        recorded.map_err(record_failure)?;
        if let Some(from) = &plan.from {
            mark(from, reason, false, session).await?;
        }
        return session.line(&clean(&plan.sentence("went back")));
    };
    let send_timeout = rollback.wrapping.send_timeout;
    let recording = Recording {
        start: new.into(),
        subject: Some(report::subject(&plan.to)),
        key: None,
        on_error: OnError::Spool,
        send_timeout,
        id_file: None,
    };
    let (outcome, report) = wrap::run(recording, command, session).await?;
    if let Some(report) = report {
        outputs::write(&report, session.env, |warning| session.warn(warning));
    }
    backlog::warn_after(backlog::LATE, session);
    if !outcome.succeeded {
        return Err(Failure::new(Exit::Command(outcome.code), outcome.reason));
    }
    if let Some(from) = &plan.from {
        // The command has run, and its exit code is returned.
        mark(from, reason, true, session).await?;
    }
    Ok(())
}

/// The error of a record. Without an answer, the deployment may be recorded, and a second rollback
/// would go one version further.
fn record_failure(error: Error) -> Failure {
    let may_be_recorded = matches!(
        error,
        Error::Unreachable { .. } | Error::Timeout { .. } | Error::Server(_) | Error::Unreadable(_)
    );
    let failure = Failure::from(error);
    if may_be_recorded {
        failure.hint("before the next try, `deploytrack rollback ... --explain` shows whether it was recorded")
    } else {
        failure
    }
}

/// A new deployment of the version to go back to.
fn new_deployment(Plan { from, to, .. }: &Plan) -> Result<NewDeployment, Failure> {
    let map = from
        .iter()
        .map(|from| (rollback::OF.to_owned(), from.id.to_string().into()))
        .collect();
    Ok(NewDeployment {
        commit_sha: to.commit_sha.clone(),
        metadata: Metadata::new(map).map_err(|why| Failure::usage(why.to_string()))?,
        ..NewDeployment::new(
            to.component_id.into(),
            to.environment_id.into(),
            to.version.clone(),
        )
    })
}

/// Marks the deployment that was current as rolled back. The rollback itself is done, so a change
/// that cannot be sent is stored in the spool, and so is a refused one. A refusal ends the command
/// with an error, unless a wrapped command `has_run`: then its exit code is returned.
async fn mark(
    current: &Deployment,
    reason: Option<Reason>,
    has_run: bool,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let change = Change {
        reason,
        occurred_at: Some(SystemClock.now()),
        ..Change::to(Status::RolledBack)
    };
    let key = key::or_random(None)?;
    match session
        .client
        .with_idempotency_key(key.clone())
        .update(current.id, &change)
        .await
    {
        // Another process has rolled it back in the meantime.
        Err(Error::Refused(problem)) if problem.current_status == Some(Status::RolledBack) => {
            Ok(())
        }
        Err(error) => {
            let request = Request::Update {
                body: change.to_body(),
            };
            let failed = FailedRequest {
                key,
                request,
                deployment: Some(current.id),
                error: &error,
            };
            if OnError::Spool.continues_after(&error) {
                OnError::Spool.store_unsent(failed, session);
                return Ok(());
            }
            let stored = OnError::Spool.store_refused(failed, session);
            let failure = stored
                .into_iter()
                .fold(Failure::from(error), |failure, stored| {
                    failure.hint(stored.hint)
                });
            if !has_run {
                return Err(failure);
            }
            session.warn(&failure.summary().1);
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}
