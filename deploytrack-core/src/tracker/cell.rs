//! Writing to the cells of deployments: the part of a recording, an update or an undeployment that
//! runs in a write, after the names are resolved and the cell is locked.
//!
//! The functions read the locked rows, decide, and add a row to the history with
//! [`LockedCells::add_entry`], which computes everything that follows from the row. The suffix
//! `_in` means: in a write that has locked the cell. `now` is the time at which the request
//! arrived.

mod undeployment;

use uuid::Uuid;

pub(super) use self::undeployment::{Undeployment, import_undeployment, undeploy_in};
use super::{
    Terms, Tracker,
    archive::{still_archived, unarchive},
    audit::add_description_event,
    resolve::ResolvedNames,
};
use crate::{
    archive::ArchiveNote,
    arrival::Placement,
    clock::Time,
    deployment::{Change, Deployment, NewDeployment},
    error::{Error, Fault},
    history::NewEntry,
    status::Status,
    store::{CatalogEntry, CellKey, DeploymentRecord, LockedCells, UnarchiveCause},
    text::{Invalid, Label, Reason},
};

/// The outcome of an operation in its write. The caller gets it after the commit, in a
/// [`WriteOutcome`](super::WriteOutcome).
#[derive(Debug)]
pub(super) struct OperationOutcome {
    /// The deployment after the operation.
    pub(super) deployment: Deployment,
    /// Its component and environment, as far as the operation found them archived. Empty for an
    /// undeployment and for a repetition.
    pub(super) archived: Vec<ArchiveNote>,
}

impl From<Deployment> for OperationOutcome {
    fn from(deployment: Deployment) -> Self {
        Self {
            deployment,
            archived: Vec::new(),
        }
    }
}

impl Tracker {
    /// Records a deployment whose names are resolved and whose cell is locked.
    pub(super) async fn record_in(
        &self,
        cells: &mut LockedCells<'_>,
        names: &ResolvedNames,
        new: &NewDeployment,
        terms: &Terms,
        now: Time,
    ) -> Result<OperationOutcome, Error> {
        let pair = names.known_pair((&new.component, &new.environment))?;
        let mut record = DeploymentRecord::new(Deployment {
            origin: terms.origin(),
            ..self.new_deployment(new.clone(), pair, terms.author(), now)
        });
        terms.check_limits(&record.deployment)?;
        let newest = cells.newest_time(CellKey::of(&record.deployment))?;
        let placed = terms.arriving(now).place(new.occurred_at, newest, None);
        // A deployment that is recorded as succeeded gets the rows of the statuses before it too.
        for &to in new.status.whole_path() {
            let entry = entry_of(Some(to), placed, None, terms, now);
            cells.add_entry(&mut record, entry).await?;
        }
        let archived = unarchive(cells, pair, &cause(&record.deployment, terms, now));
        Ok(OperationOutcome {
            deployment: record.deployment,
            archived,
        })
    }

    /// A deployment before the first row of its history.
    pub(super) fn new_deployment(
        &self,
        new: NewDeployment,
        (component, environment): (&CatalogEntry, &CatalogEntry),
        by: &Label,
        now: Time,
    ) -> Deployment {
        Deployment {
            id: self.next_id(),
            component_id: component.id,
            component_name: component.name.clone(),
            environment_id: environment.id,
            environment_name: environment.name.clone(),
            version: new.version,
            deployed_by: new.deployed_by.unwrap_or_else(|| by.clone()),
            commit_sha: new.commit_sha,
            description: new.description,
            metadata: new.metadata,
            created_at: now,
            updated_at: now,
            // The rest follows from the history, and is set when its rows are added.
            status: Status::Pending,
            attempt: 1,
            started_at: None,
            finished_at: None,
            succeeded_at: None,
            occurred_at: now,
            origin: None,
            removed_at: None,
        }
    }
}

/// A row of history of this author; `to` is `None` for an undeployment.
pub(super) fn new_entry(
    to: Option<Status>,
    placed: Placement,
    reason: Option<Reason>,
    by: &Label,
    now: Time,
) -> NewEntry {
    NewEntry {
        to,
        occurred_at: placed.at,
        claimed_at: placed.claimed,
        recorded_at: now,
        recorded_by: by.clone(),
        reason,
        origin: None,
    }
}

/// A row of history for a request under these terms.
pub(super) fn entry_of(
    to: Option<Status>,
    placed: Placement,
    reason: Option<Reason>,
    terms: &Terms,
    now: Time,
) -> NewEntry {
    NewEntry {
        origin: terms.origin(),
        ..new_entry(to, placed, reason, terms.author(), now)
    }
}

/// Updates a deployment whose cell is locked.
pub(super) async fn update_in(
    cells: &mut LockedCells<'_>,
    id: Uuid,
    change: Change,
    terms: &Terms,
    now: Time,
) -> Result<OperationOutcome, Error> {
    let before = cells.locked_deployment(id)?;
    terms.check_limits(&before.deployment)?;
    terms.check(&before.deployment)?;
    if is_repetition(cells, &before.deployment, &change).await? {
        return Ok(before.deployment.into());
    }
    let new_status = change.status;
    let deployment = apply(cells, &before, change, terms, now).await?;
    let archived = match new_status {
        Some(to) if before.archived_at != (None, None) => {
            unarchive_if_used(cells, &before, (&deployment, to), terms, now).await?
        }
        _ => Vec::new(),
    };
    Ok(OperationOutcome {
        deployment,
        archived,
    })
}

/// Takes the component and environment of a deployment out of the archive if a transition to the
/// status `to` puts them into use. Returns those of the two that were archived before. A failure
/// deploys nothing, and neither does a rollback after which the cell is empty.
async fn unarchive_if_used(
    cells: &mut LockedCells<'_>,
    before: &DeploymentRecord,
    (after, to): (&Deployment, Status),
    terms: &Terms,
    now: Time,
) -> Result<Vec<ArchiveNote>, Error> {
    let in_use = match to {
        Status::Pending | Status::InProgress | Status::Succeeded => true,
        Status::Failed => false,
        Status::RolledBack => cells.current(CellKey::of(after), None).await?.is_some(),
    };
    let (component_archived_at, environment_archived_at) = before.archived_at;
    let component = CatalogEntry {
        id: after.component_id,
        name: after.component_name.clone(),
        archived_at: component_archived_at,
    };
    let environment = CatalogEntry {
        id: after.environment_id,
        name: after.environment_name.clone(),
        archived_at: environment_archived_at,
    };
    let pair = (&component, &environment);
    Ok(if in_use {
        unarchive(cells, pair, &cause(after, terms, now))
    } else {
        still_archived(pair)
    })
}

/// The deployment as the cause that takes its component and environment out of the archive.
fn cause(deployment: &Deployment, terms: &Terms, now: Time) -> UnarchiveCause {
    UnarchiveCause {
        occurred_at: deployment.occurred_at,
        recorded_at: now,
        by: terms.author().clone(),
    }
}

/// The deployment with the changed description and metadata.
fn described(before: &Deployment, change: &Change) -> Result<Deployment, Error> {
    let mut after = before.clone();
    if let Some(description) = &change.description {
        after.description.clone_from(description);
    }
    if let Some(patch) = &change.metadata {
        after.metadata = after
            .metadata
            .merged(patch)
            .map_err(|Invalid(why)| Error::fault(Fault::at("/metadata", why)))?;
    }
    Ok(after)
}

/// Whether a change only repeats the last transition, as a message that was sent twice does.
async fn is_repetition(
    cells: &mut LockedCells<'_>,
    before: &Deployment,
    change: &Change,
) -> Result<bool, Error> {
    if change.status != Some(before.status)
        || change.occurred_at.is_none()
        || described(before, change)? != *before
    {
        return Ok(false);
    }
    let last = cells.last_transition(before.id).await?;
    Ok(last.is_some_and(|last| {
        last.is_claimed_at(change.occurred_at)
            && (change.reason.is_none() || change.reason == last.reason)
    }))
}

/// Applies a change to a deployment: a transition, with or without a new description, or only a new
/// description.
async fn apply(
    cells: &mut LockedCells<'_>,
    before: &DeploymentRecord,
    change: Change,
    terms: &Terms,
    now: Time,
) -> Result<Deployment, Error> {
    let mut record = DeploymentRecord {
        deployment: described(&before.deployment, &change)?,
        ..before.clone()
    };
    let Some(to) = change.status else {
        record.deployment.updated_at = now;
        cells.put_deployment(record.clone());
        add_description_event(cells, record.deployment.id, now, terms.author());
        return Ok(record.deployment);
    };
    before.deployment.status.transition_to(to)?;
    let placed = terms.arriving(now).place(
        change.occurred_at,
        cells.newest_time(CellKey::of(&before.deployment))?,
        Some(before.deployment.occurred_at),
    );
    let entry = entry_of(Some(to), placed, change.reason, terms, now);
    cells.add_entry(&mut record, entry).await?;
    Ok(record.deployment)
}
