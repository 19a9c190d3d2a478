//! `deploytrack undeploy`

use chrono::TimeDelta;
use deploytrack_core::{
    catalog::Reference,
    clock::Time,
    deployment::{Deployment, Undeploy as Undeployment},
    query::{DeploymentFilter, Order, PageRequest},
    status::Status,
    text::{IdempotencyKey, Reason},
};
use uuid::Uuid;

use crate::{
    commands::masking,
    error::Failure,
    exit::Exit,
    flags::Output,
    render::{deployment, text::clean},
    session::Session,
};

/// Record that a component left an environment
///
/// The cell is empty until a deployment succeeds there again. The deployment that was current keeps
/// its status; its history gets an undeployment.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  deploytrack undeploy --component user-service --environment staging --reason 'moved to another cluster'
  deploytrack undeploy -c user-service -e staging --occurred-at 2026-11-23T18:32:00Z")]
pub(crate) struct Undeploy {
    /// The component
    #[arg(short, long, value_name = "NAME|ID")]
    component: Reference,
    /// The environment
    #[arg(short, long, value_name = "NAME|ID")]
    environment: Reference,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<Reason>,
    /// The time of the undeployment, such as 2026-11-23T18:32:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::time_arg::parse)]
    occurred_at: Option<Time>,
    #[arg(long, value_name = "KEY", help = super::fields::KEY_HELP)]
    idempotency_key: Option<IdempotencyKey>,
}

pub(crate) async fn run(undeploy: Undeploy, session: &mut Session<'_>) -> Result<(), Failure> {
    let component = session.component(&undeploy.component).await?.id;
    let environment = session.environment(&undeploy.environment).await?.id;
    let latest = session
        .client
        .latest(component, undeploy.occurred_at)
        .await?
        .value;
    let current = match latest
        .into_iter()
        .find(|deployment| deployment.environment_id == environment)
    {
        Some(current) => Some(current),
        None => undeployed_before(&undeploy, (component, environment), session).await?,
    };
    let Some(current) = current else {
        let then = if undeploy.occurred_at.is_some() {
            "was current at that time"
        } else {
            "is current"
        };
        let message = format!(
            "no deployment of {} {then} in {}",
            undeploy.component, undeploy.environment
        );
        return Err(Failure::new(Exit::Refused, message)
            .hint("`deploytrack matrix` shows the current deployments"));
    };
    let undeployment = Undeployment {
        occurred_at: undeploy.occurred_at,
        reason: masking::reason(undeploy.reason, session),
    };
    let done = session
        .writing(undeploy.idempotency_key)
        .undeploy(current.id, &undeployment)
        .await?;
    let gone = &done.value;
    match session.output() {
        Output::Table => session.line(&clean(&format!(
            "{} {} left {}",
            gone.component_name, gone.version, gone.environment_name
        ))),
        _ => session.answer(&done.text, &deployment::one(gone)),
    }
}

/// The deployment that an earlier run of this same command may have undeployed: with
/// `--occurred-at`, the one that was current just before; with an idempotency key, the one that
/// succeeded last. The server rejects the request if it is not the one.
async fn undeployed_before(
    undeploy: &Undeploy,
    (component, environment): (Uuid, Uuid),
    session: &Session<'_>,
) -> Result<Option<Deployment>, Failure> {
    if let Some(time) = undeploy.occurred_at {
        let before = session
            .client
            .latest(component, Some(time - TimeDelta::microseconds(1)))
            .await?
            .value;
        return Ok(before
            .into_iter()
            .find(|deployment| deployment.environment_id == environment));
    }
    if undeploy.idempotency_key.is_none() {
        return Ok(None);
    }
    let succeeded = DeploymentFilter {
        component_id: Some(component),
        environment_id: Some(environment),
        status: Some(Status::Succeeded),
        order: Order::Occurred,
        ..DeploymentFilter::default()
    };
    let newest = session
        .client
        .list(&succeeded, PageRequest::default())
        .await?
        .value
        .data;
    Ok(newest
        .into_iter()
        .max_by_key(|deployment| deployment.succeeded_at))
}
