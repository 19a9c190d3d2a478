//! Undeployments: of a request, and of an import.

use uuid::Uuid;

use super::{entry_of, new_entry};
use crate::{
    api::PastEntry,
    arrival::{Arrival, Placement},
    clock::Time,
    deployment::{Deployment, Undeploy},
    error::Error,
    history::HistoryKind,
    store::{CellKey, LockedCells},
    text::{Label, Reason},
    tracker::Terms,
};

/// Records the undeployment that a request asks for. The cell of the deployment is locked, and the
/// deployment must be current at the time of the undeployment.
pub(in crate::tracker) async fn undeploy_in(
    cells: &mut LockedCells<'_>,
    id: Uuid,
    undeploy: Undeploy,
    terms: &Terms,
    now: Time,
) -> Result<Deployment, Error> {
    let mut record = cells.locked_deployment(id)?;
    terms.check_limits(&record.deployment)?;
    terms.check(&record.deployment)?;
    let cell = CellKey::of(&record.deployment);
    if undeploy.occurred_at.is_some() && is_recorded(cells, id, undeploy.occurred_at).await? {
        return Ok(record.deployment);
    }
    let newest = cells.newest_time(cell)?;
    let placed = terms
        .arriving(now)
        .place(undeploy.occurred_at, newest, None);
    match cells.current(cell, Some(placed.at)).await? {
        Some((current, _)) if current == id => {}
        other => {
            return Err(not_current(
                &record.deployment,
                other.map(|(current, _)| current),
            ));
        }
    }
    let entry = entry_of(None, placed, undeploy.reason, terms, now);
    cells.add_entry(&mut record, entry).await?;
    Ok(record.deployment)
}

/// Whether an undeployment with the same claimed time is recorded, as by a message that was sent
/// twice.
async fn is_recorded(
    cells: &mut LockedCells<'_>,
    id: Uuid,
    claimed: Option<Time>,
) -> Result<bool, Error> {
    let history = cells.history(id).await?;
    Ok(history
        .iter()
        .any(|entry| entry.event == HistoryKind::Undeployed && entry.is_claimed_at(claimed)))
}

fn not_current(deployment: &Deployment, current: Option<Uuid>) -> Error {
    Error::NotCurrent {
        id: deployment.id,
        component: deployment.component_name.clone(),
        environment: deployment.environment_name.clone(),
        current,
    }
}

/// An undeployment that is imported: when and why a component left an environment.
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

/// Records an imported undeployment, which names a cell and no deployment. Its row is added to the
/// history of the deployment that was current then, or, if none was, of the last one that succeeded
/// in the cell. If retention removed that one, it is added to the newest deployment of the cell.
/// Returns whether it is new, or why it cannot be added.
pub(in crate::tracker) async fn import_undeployment(
    cells: &mut LockedCells<'_>,
    cell: CellKey,
    undeployment: Undeployment,
    by: &Label,
    now: Time,
) -> Result<Result<bool, &'static str>, Error> {
    if cells.is_undeployed_at(cell, undeployment.placed.at).await? {
        return Ok(Ok(false));
    }
    let current = cells
        .current(cell, Some(undeployment.placed.at))
        .await?
        .map(|(id, _)| id);
    let id = if let Some(id) = current {
        Some(id)
    } else {
        cells.last_deployment_of(cell).await?
    };
    let Some(id) = id else {
        return Ok(Err(
            "undeploys a component that never succeeded in the environment; import a successful deployment of it to the environment, or remove the line",
        ));
    };
    let mut record = match cells.existing_deployment(id).await? {
        Some(record) => record,
        None => match cells.newest_in(cell).await? {
            Some(newest) => cells.deployment(newest).await?,
            None => cells.deployment(id).await?,
        },
    };
    let Undeployment { placed, reason } = undeployment;
    let entry = new_entry(None, placed, reason, by, now);
    cells.add_entry(&mut record, entry).await?;
    Ok(Ok(true))
}
