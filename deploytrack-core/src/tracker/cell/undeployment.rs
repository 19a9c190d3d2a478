//! Adding undeployments to the histories of deployments and to the periods of their cells.

use uuid::Uuid;

use super::{append, replace};
use crate::{
    api::PastEntry,
    arrival::{Arrival, Placement},
    clock::Time,
    deployment::{Deployment, Undeploy},
    error::Error,
    history::{HistoryEntry, HistoryKind, Period},
    store::{CellKey, DeploymentRecord, Write},
    text::{Label, Reason},
    tracker::Terms,
};

/// Records the undeployment of a deployment whose cell is locked.
pub(in crate::tracker) async fn undeploy_in(
    write: &mut Write,
    id: Uuid,
    undeploy: Undeploy,
    terms: &Terms,
    now: Time,
) -> Result<Deployment, Error> {
    let deployment = write.locked_deployment(id)?;
    terms.check(&deployment.deployment)?;
    let cell = CellKey::of(&deployment.deployment);
    if undeploy.occurred_at.is_some() && is_recorded(write, id, undeploy.occurred_at).await? {
        return Ok(deployment.deployment);
    }
    let placed = terms
        .arriving(now)
        .place(undeploy.occurred_at, write.newest_time(cell), None);
    match write.current(cell, Some(placed.at)).await? {
        Some((current, _)) if current == id => {}
        other => {
            return Err(not_current(
                &deployment.deployment,
                other.map(|(current, _)| current),
            ));
        }
    }
    add_undeployment(
        write,
        deployment,
        Undeployment {
            placed,
            reason: undeploy.reason,
        },
        terms.author(),
        now,
    )
}

/// Whether an undeployment with the same claimed time is recorded, as by a message that was sent
/// twice.
async fn is_recorded(write: &mut Write, id: Uuid, claimed: Option<Time>) -> Result<bool, Error> {
    let history = write.history(id).await?;
    Ok(history
        .iter()
        .any(|entry| entry.event == HistoryKind::Undeployed && entry.is_claimed_at(claimed)))
}

/// When and why a component left an environment.
pub(in crate::tracker) struct Undeployment {
    placed: Placement,
    reason: Option<Reason>,
}

impl Undeployment {
    /// The undeployment in an imported history.
    pub(in crate::tracker) fn of(entry: &PastEntry) -> Self {
        Self {
            placed: Placement {
                at: entry.occurred_at,
                claimed: entry.claimed_at,
            },
            reason: entry.reason.clone(),
        }
    }

    /// The undeployment of an import line, which always has a time.
    pub(in crate::tracker) fn of_line(undeploy: Undeploy, arrival: &Arrival) -> Self {
        Self {
            placed: arrival.place(undeploy.occurred_at, Time::default(), None),
            reason: undeploy.reason,
        }
    }
}

fn not_current(deployment: &Deployment, current: Option<Uuid>) -> Error {
    Error::NotCurrent {
        id: deployment.id,
        component: deployment.component_name.clone(),
        environment: deployment.environment_name.clone(),
        current,
    }
}

/// Adds an undeployment of the past to the history of the deployment that was current then, or, if
/// none was, of the last one that succeeded there. Returns whether it is new, or why it cannot be
/// added.
pub(in crate::tracker) async fn undeploy_at(
    write: &mut Write,
    cell: CellKey,
    undeployment: Undeployment,
    by: &Label,
    now: Time,
) -> Result<Result<bool, &'static str>, Error> {
    if write.is_undeployed_at(cell, undeployment.placed.at).await? {
        return Ok(Ok(false));
    }
    let current = write
        .current(cell, Some(undeployment.placed.at))
        .await?
        .map(|(id, _)| id);
    let id = if let Some(id) = current {
        Some(id)
    } else {
        write.last_deployment_of(cell).await?
    };
    let Some(id) = id else {
        return Ok(Err(
            "undeploys a component that never succeeded in the environment; import a successful deployment of it to the environment, or remove the line",
        ));
    };
    let deployment = write
        .deployment(id)
        .await?
        .ok_or_else(|| Error::no_deployment(id))?;
    add_undeployment(write, deployment, undeployment, by, now).map(|_| Ok(true))
}

/// Adds an undeployment to the history of a deployment and to the periods of its cell.
fn add_undeployment(
    write: &mut Write,
    before: DeploymentRecord,
    undeployment: Undeployment,
    by: &Label,
    now: Time,
) -> Result<Deployment, Error> {
    let Undeployment { placed, reason } = undeployment;
    write.note_time(CellKey::of(&before.deployment), placed.at);
    let Deployment {
        id,
        attempt,
        status,
        ..
    } = before.deployment;
    let entry = HistoryEntry {
        sequence: 0,
        attempt,
        event: HistoryKind::Undeployed,
        from: Some(status),
        to: status,
        occurred_at: placed.at,
        claimed_at: placed.claimed,
        recorded_at: now,
        recorded_by: by.clone(),
        reason,
        hash: before.head_hash,
    };
    let HistoryEntry {
        sequence,
        hash: head_hash,
        ..
    } = append(write, id, entry)?;
    write.add_period(
        &before.deployment,
        Period {
            started_at: placed.at,
            sequence,
            ended_at: None,
            is_undeployment: true,
        },
    );
    let deployment = Deployment {
        updated_at: now,
        ..before.deployment
    };
    Ok(replace(
        write,
        DeploymentRecord {
            deployment,
            head_hash,
            ..before
        },
    ))
}
