//! A component that leaves an environment.

use uuid::Uuid;

use super::{
    Terms, Tracker, Written,
    recording::{append, replace},
    writer::Asked,
};
use crate::{
    api::PastEntry,
    arrival::{Arrival, Placement},
    clock::Time,
    deployment::{Deployment, Undeploy},
    error::Error,
    history::{HistoryEntry, HistoryKind, Period},
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
        let (now, terms) = (self.clock.now(), terms.into());
        let faults = terms.arriving(now).faults(undeploy.occurred_at);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.written(Asked::Undeploy(id, undeploy), terms, now).await
    }
}

/// Records that a deployment whose cell is taken was removed from it.
pub(super) async fn undeploy_in(write: &mut Write, id: Uuid, undeploy: Undeploy, terms: &Terms, now: Time) -> Result<Deployment, Error> {
    let deployment = write.taken(id)?;
    terms.check(&deployment.deployment)?;
    let place = Place::of(&deployment.deployment);
    if undeploy.occurred_at.is_some() && is_removed(write, id, undeploy.occurred_at).await? {
        return Ok(deployment.deployment);
    }
    let placed = terms.arriving(now).place(undeploy.occurred_at, write.newest(place), None);
    match write.current(place, Some(placed.at)).await? {
        Some((current, _)) if current == id => {}
        other => return Err(not_current(&deployment.deployment, other.map(|(current, _)| current))),
    }
    remove(write, deployment, Removed { placed, reason: undeploy.reason }, terms.author(), now)
}

/// Whether a deployment was removed at a time that was claimed like this one: a message that came twice.
async fn is_removed(write: &mut Write, id: Uuid, claimed: Option<Time>) -> Result<bool, Error> {
    let history = write.history(id).await?;
    Ok(history.iter().any(|entry| entry.event == HistoryKind::Undeployed && entry.is_claimed_at(claimed)))
}

/// When a component left, and why.
pub(super) struct Removed {
    placed: Placement,
    reason: Option<Reason>,
}

impl Removed {
    /// A removal that an import lists in a history.
    pub(super) fn of(entry: &PastEntry) -> Self {
        Self { placed: Placement { at: entry.occurred_at, claimed: entry.claimed_at }, reason: entry.reason.clone() }
    }

    /// A removal of an import, which has a time in every line.
    pub(super) fn told_by(undeploy: Undeploy, arrival: &Arrival) -> Self {
        Self { placed: arrival.place(undeploy.occurred_at, Time::default(), None), reason: undeploy.reason }
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
    if write.is_emptied(place, removed.placed.at).await? {
        return Ok(Ok(false));
    }
    let current = write.current(place, Some(removed.placed.at)).await?.map(|(id, _)| id);
    let id = if let Some(id) = current { Some(id) } else { write.last_in(place).await? };
    let Some(id) = id else {
        return Ok(Err(
            "removes what never succeeded there; import a deployment of the component to the environment that succeeded, too, or leave the line out",
        ));
    };
    let deployment = write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))?;
    remove(write, deployment, removed, by, now).map(|_| Ok(true))
}

/// Adds the removal to the history and to the periods of the cell.
fn remove(write: &mut Write, before: Revised, removed: Removed, by: &Label, now: Time) -> Result<Deployment, Error> {
    let Removed { placed, reason } = removed;
    write.note_time(Place::of(&before.deployment), placed.at);
    let Deployment { id, attempt, status, .. } = before.deployment;
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
        hash: before.head,
    };
    let HistoryEntry { sequence, hash: head, .. } = append(write, id, entry)?;
    write.add_period(&before.deployment, Period { started_at: placed.at, sequence, ended_at: None, is_undeployment: true });
    let deployment = Deployment { updated_at: now, ..before.deployment };
    Ok(replace(write, Revised { deployment, head, ..before }))
}
