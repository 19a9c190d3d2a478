//! A component that leaves an environment.

use uuid::Uuid;

use super::{
    Terms, Tracker, Written,
    recording::{ahead, append, replace},
    writer::Asked,
};
use crate::{
    clock::Time,
    deployment::{Deployment, Undeploy},
    error::Error,
    history::{Event, HistoryEntry, Period},
    store::{Place, Revised, Write},
    text::{Label, Reason},
};

impl Tracker {
    /// Records that a component left an environment, where this deployment of it was current: nothing is current there
    /// from then on, until a later success. The deployment keeps its status; its history says that it was removed.
    ///
    /// With a time, the deployment must have been current then: told late, a removal takes its place in the past and
    /// does not take away what came after. The same removal at the same explicit time changes nothing and is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::NotCurrent`]; [`Error::Invalid`] for a time ahead of the clock; those of an
    /// idempotency key; and those of the database.
    pub async fn undeploy(&self, id: Uuid, undeploy: Undeploy, terms: impl Into<Terms>) -> Result<Written<Deployment>, Error> {
        let now = self.clock.now();
        let faults = ahead(undeploy.occurred_at, now);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.written(Asked::Undeploy(id, undeploy), terms.into(), now).await
    }
}

/// Records that a deployment whose cell is taken was removed from it.
pub(super) async fn undeploy_in(write: &mut Write, id: Uuid, undeploy: Undeploy, terms: &Terms, now: Time) -> Result<Deployment, Error> {
    let deployment = write.taken(id)?;
    terms.check(&deployment.deployment)?;
    let place = Place::of(&deployment.deployment);
    if let Some(time) = undeploy.occurred_at
        && write.removed(place, time).await?.contains(&id)
    {
        return Ok(deployment.deployment);
    }
    let occurred_at = match write.current(place, undeploy.occurred_at).await? {
        // Clocks differ: what is current may have succeeded a moment ahead of this one.
        Some((current, since)) if current == id => undeploy.occurred_at.unwrap_or_else(|| now.max(since)),
        other => return Err(not_current(&deployment.deployment, other.map(|(current, _)| current))),
    };
    remove(write, deployment, Removed { occurred_at, reason: undeploy.reason }, terms.author(), now)
}

/// When a component left, and why.
pub(super) struct Removed {
    occurred_at: Time,
    reason: Option<Reason>,
}

impl From<Undeploy> for Removed {
    /// An import has a time in every line.
    fn from(undeploy: Undeploy) -> Self {
        Self { occurred_at: undeploy.occurred_at.unwrap_or_default(), reason: undeploy.reason }
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

/// Adds a removal that is told afterwards to the history of what was current then, or, where nothing was any more, of
/// what succeeded there last. Says whether it was new, or why it cannot be.
pub(super) async fn remove_afterwards(
    write: &mut Write,
    place: Place,
    removed: Removed,
    by: &Label,
    now: Time,
) -> Result<Result<bool, &'static str>, Error> {
    if !write.removed(place, removed.occurred_at).await?.is_empty() {
        return Ok(Ok(false));
    }
    let current = write.current(place, Some(removed.occurred_at)).await?.map(|(id, _)| id);
    let id = if let Some(id) = current { Some(id) } else { write.last_in(place).await? };
    let Some(id) = id else {
        return Ok(Err("removes what never succeeded there; import the deployments of the component before its removal"));
    };
    let deployment = write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))?;
    remove(write, deployment, removed, by, now).map(|_| Ok(true))
}

/// Adds the removal to the history and to the periods of the cell.
fn remove(write: &mut Write, before: Revised, removed: Removed, by: &Label, now: Time) -> Result<Deployment, Error> {
    let Removed { occurred_at, reason } = removed;
    let Deployment { id, attempt, status, .. } = before.deployment;
    let entry = HistoryEntry {
        sequence: 0,
        attempt,
        event: Event::Undeployed,
        from: Some(status),
        to: status,
        occurred_at,
        recorded_at: now,
        recorded_by: by.clone(),
        reason,
        hash: before.head,
    };
    let HistoryEntry { sequence, hash: head, .. } = append(write, id, entry)?;
    write.add_period(&before.deployment, Period { started_at: occurred_at, sequence, ended_at: None, is_removal: true });
    let deployment = Deployment { updated_at: now, ..before.deployment };
    Ok(replace(write, Revised { deployment, head, ..before }))
}
