//! Writing to the cells of deployments: the part of a recording, a change or an undeployment that
//! runs in a write, after the names are resolved and the cell is locked.

mod undeployment;

use uuid::Uuid;

pub(super) use self::undeployment::{Undeployment, undeploy_at, undeploy_in};
use super::{
    Terms, Tracker,
    archive::{still_archived, unarchive},
    events::add_description_event,
    resolve::ResolvedNames,
};
use crate::{
    archive::ArchiveNote,
    arrival::Placement,
    clock::Time,
    deployment::{Change, Deployment, NewDeployment},
    error::{Error, Fault},
    history::{self, HistoryEntry, HistoryKind, Period},
    status::Status,
    store::{CatalogEntry, CellKey, DeploymentRecord, UnarchiveCause, Write},
    text::{Invalid, Label},
};

/// A request that was carried out.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) deployment: Deployment,
    /// What it found archived.
    pub(super) archived: Vec<ArchiveNote>,
}

impl From<Deployment> for Applied {
    fn from(deployment: Deployment) -> Self {
        Self {
            deployment,
            archived: Vec::new(),
        }
    }
}

impl Tracker {
    /// Records a deployment whose names are resolved and whose cell is locked.
    pub(super) fn record_in(
        &self,
        write: &mut Write,
        names: &ResolvedNames,
        new: &NewDeployment,
        terms: &Terms,
        now: Time,
    ) -> Result<Applied, Error> {
        let (component, environment) = names.known_pair((&new.component, &new.environment))?;
        let cell = CellKey {
            component_id: component.id,
            environment_id: environment.id,
        };
        let placed = terms
            .arriving(now)
            .place(new.occurred_at, write.newest_time(cell), None);
        let recorded = self.recorded(
            new.clone(),
            component.clone(),
            environment.clone(),
            terms.author(),
            (placed, now),
        );
        add(write, &recorded, terms.author())?;
        let archived = unarchive(
            write,
            (component, environment),
            &cause(&recorded.deployment, terms, now),
        );
        Ok(Applied {
            deployment: recorded.deployment,
            archived,
        })
    }

    /// The deployment as it will be recorded.
    fn recorded(
        &self,
        new: NewDeployment,
        component: CatalogEntry,
        environment: CatalogEntry,
        by: &Label,
        (placed, now): (Placement, Time),
    ) -> Recorded {
        let occurred_at = placed.at;
        let begun = new.status != Status::Pending;
        let outcome = matches!(
            new.status,
            Status::Succeeded | Status::Failed | Status::RolledBack
        );
        let succeeded = matches!(new.status, Status::Succeeded | Status::RolledBack);
        let deployment = Deployment {
            id: self.next_id(),
            component_id: component.id,
            component_name: component.name,
            environment_id: environment.id,
            environment_name: environment.name,
            version: new.version,
            status: new.status,
            attempt: 1,
            deployed_by: new.deployed_by.unwrap_or_else(|| by.clone()),
            commit_sha: new.commit_sha,
            description: new.description,
            metadata: new.metadata,
            created_at: now,
            updated_at: now,
            started_at: begun.then_some(occurred_at),
            finished_at: outcome.then_some(occurred_at),
            succeeded_at: succeeded.then_some(occurred_at),
            occurred_at,
        };
        Recorded { deployment, placed }
    }
}

/// A deployment to be added, and when it entered its status.
struct Recorded {
    deployment: Deployment,
    placed: Placement,
}

/// Changes a deployment whose cell is locked.
pub(super) async fn update_in(
    write: &mut Write,
    id: Uuid,
    change: Change,
    terms: &Terms,
    now: Time,
) -> Result<Applied, Error> {
    let before = write.locked_deployment(id)?;
    terms.check(&before.deployment)?;
    if is_repetition(write, &before.deployment, &change).await? {
        return Ok(before.deployment.into());
    }
    let moved_to = change.status;
    let deployment = advance(write, &before, change, terms, now)?;
    let archived = match moved_to {
        Some(to) if before.archived_at != (None, None) => {
            found_archived(write, &before, (&deployment, to), terms, now).await?
        }
        _ => Vec::new(),
    };
    Ok(Applied {
        deployment,
        archived,
    })
}

/// Takes the component and environment of a deployment out of the archive if a transition to this
/// status puts them into use. Returns those that were archived. A failure deploys nothing, and
/// neither does a rollback to nothing.
async fn found_archived(
    write: &mut Write,
    before: &DeploymentRecord,
    (after, to): (&Deployment, Status),
    terms: &Terms,
    now: Time,
) -> Result<Vec<ArchiveNote>, Error> {
    let in_use = match to {
        Status::Pending | Status::InProgress | Status::Succeeded => true,
        Status::Failed => false,
        Status::RolledBack => write.current(CellKey::of(after), None).await?.is_some(),
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
        unarchive(write, pair, &cause(after, terms, now))
    } else {
        still_archived(pair)
    })
}

fn cause(deployment: &Deployment, terms: &Terms, now: Time) -> UnarchiveCause {
    UnarchiveCause {
        occurred_at: deployment.occurred_at,
        recorded_at: now,
        by: terms.author().clone(),
    }
}

/// Adds a deployment and its history to a locked cell.
fn add(
    write: &mut Write,
    Recorded {
        deployment: new,
        placed,
    }: &Recorded,
    by: &Label,
) -> Result<(), Error> {
    write.note_time(CellKey::of(new), placed.at);
    let (mut head, mut from, mut entries) = (history::identity(new), None, Vec::new());
    for &to in new.status.whole_path() {
        let entry = HistoryEntry {
            sequence: 0,
            attempt: new.attempt,
            event: HistoryKind::Transition,
            from,
            to,
            occurred_at: placed.at,
            claimed_at: placed.claimed,
            recorded_at: new.created_at,
            recorded_by: by.clone(),
            reason: None,
            hash: head,
        };
        let entry = append(write, new.id, entry)?;
        (head, from) = (entry.hash, Some(to));
        entries.push(entry);
    }
    let standing = history::fold(&entries);
    let succeeded_sequence = standing
        .as_ref()
        .and_then(|standing| Some(standing.succeeded?.1));
    let occurred_sequence = standing
        .as_ref()
        .map(|standing| standing.occurred.1)
        .unwrap_or_default();
    write.put_deployment(DeploymentRecord {
        deployment: new.clone(),
        succeeded_sequence,
        occurred_sequence,
        head_hash: head,
        revision: 0,
        archived_at: (None, None),
    });
    for period in standing.into_iter().flat_map(|standing| standing.periods) {
        write.add_period(new, period);
    }
    write.count(CellKey::of(new), new.status, 1);
    Ok(())
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
    write: &mut Write,
    before: &Deployment,
    change: &Change,
) -> Result<bool, Error> {
    if change.status != Some(before.status)
        || change.occurred_at.is_none()
        || described(before, change)? != *before
    {
        return Ok(false);
    }
    let last = write.last_transition(before.id).await?;
    Ok(last.is_some_and(|last| {
        last.is_claimed_at(change.occurred_at)
            && (change.reason.is_none() || change.reason == last.reason)
    }))
}

/// Applies a change to a deployment whose cell is locked.
fn advance(
    write: &mut Write,
    before: &DeploymentRecord,
    change: Change,
    terms: &Terms,
    now: Time,
) -> Result<Deployment, Error> {
    let described = Deployment {
        updated_at: now,
        ..described(&before.deployment, &change)?
    };
    let Some(to) = change.status else {
        add_description_event(write, described.id, now, terms.author());
        return Ok(replace(
            write,
            DeploymentRecord {
                deployment: described,
                ..before.clone()
            },
        ));
    };
    let (from, cell) = (before.deployment.status, CellKey::of(&described));
    let step = from.transition_to(to)?;
    let placed = terms.arriving(now).place(
        change.occurred_at,
        write.newest_time(cell),
        Some(before.deployment.occurred_at),
    );
    let occurred_at = placed.at;
    write.note_time(cell, occurred_at);
    let after = described.after(step, occurred_at, now);
    let entry = HistoryEntry {
        sequence: 0,
        attempt: after.attempt,
        event: HistoryKind::Transition,
        from: Some(from),
        to,
        occurred_at,
        claimed_at: placed.claimed,
        recorded_at: now,
        recorded_by: terms.author().clone(),
        reason: change.reason,
        hash: before.head_hash,
    };
    let HistoryEntry {
        sequence,
        hash: head_hash,
        ..
    } = append(write, after.id, entry)?;
    match to {
        Status::Succeeded => {
            write.add_period(
                &after,
                Period {
                    started_at: occurred_at,
                    sequence,
                    ended_at: None,
                    is_undeployment: false,
                },
            );
        }
        Status::RolledBack => {
            if let Some(undone) = before
                .deployment
                .succeeded_at
                .zip(before.succeeded_sequence)
            {
                write.end_period(cell, undone, occurred_at);
            }
        }
        Status::Pending | Status::InProgress | Status::Failed => {}
    }
    write.count(cell, from, -1);
    write.count(cell, to, 1);
    let succeeded_sequence = if to == Status::Succeeded {
        Some(sequence)
    } else {
        before.succeeded_sequence
    };
    Ok(replace(
        write,
        DeploymentRecord {
            deployment: after,
            succeeded_sequence,
            occurred_sequence: sequence,
            head_hash,
            ..before.clone()
        },
    ))
}

/// Adds a row to a history. The row must have the hash of the row before it; returns the row with
/// its number and its own hash.
pub(super) fn append(
    write: &mut Write,
    id: Uuid,
    entry: HistoryEntry,
) -> Result<HistoryEntry, Error> {
    let previous = entry.hash;
    write.add_entry(id, entry.with_hash(&previous))
}

/// Writes a deployment whose cell is locked.
fn replace(write: &mut Write, after: DeploymentRecord) -> Deployment {
    let deployment = after.deployment.clone();
    write.put_deployment(after);
    deployment
}
