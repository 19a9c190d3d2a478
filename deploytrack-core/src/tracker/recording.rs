//! Recording deployments and moving them on.

use uuid::Uuid;

use super::{
    Terms, Tracker, Written,
    archive::{still_archived, unarchive},
    events::tell_description,
    names::Names,
    writer::{Asked, Done},
};
use crate::{
    archive::ArchiveNote,
    arrival::Placement,
    catalog::CatalogKind,
    clock::Time,
    deployment::{Change, Deployment, NewDeployment},
    error::{Error, Fault},
    history::{self, HistoryEntry, HistoryKind, Period},
    status::Status,
    store::{CatalogEntry, Place, Revised, UnarchiveCause, Write},
    text::{Invalid, Label},
};

/// The fault of a status that no deployment can be recorded with.
#[must_use]
pub fn fault_of_status(status: Status) -> Option<Fault> {
    let why = "must not be rolled_back, which undoes an earlier success; record succeeded, then update it";
    (status == Status::RolledBack).then(|| Fault::at("/status", why))
}

impl Tracker {
    /// Records a deployment.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `rolled_back` and for a time ahead of the clock; [`Error::NotFound`] for an unknown id,
    /// or an unknown name when registration is strict; [`Error::NearMiss`]; those of an idempotency key
    /// ([`Error::KeyReused`], [`Error::InFlight`]); and those of the database.
    pub async fn record(&self, new: NewDeployment, terms: impl Into<Terms>) -> Result<Written<Deployment>, Error> {
        let (now, terms) = (self.clock.now(), terms.into());
        let mut faults = terms.arriving(now).faults(new.occurred_at);
        faults.extend(fault_of_status(new.status));
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.written(Asked::Record(Box::new(new)), terms, now).await
    }

    /// Changes a deployment: moves it to another status, or changes what is said about it, or both. An exact repetition
    /// of the move it made last (the same status at the same explicit time, and nothing else that is new) changes
    /// nothing and is no error.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Transition`] when the status machine forbids the move, also when another writer
    /// moved it first; [`Error::Invalid`] for a time ahead of the clock or metadata that grow too large;
    /// [`Error::Changed`] when it is not as the terms say; those of an idempotency key; and those of the database.
    pub async fn update(&self, id: Uuid, change: Change, terms: impl Into<Terms>) -> Result<Written<Deployment>, Error> {
        let (now, terms) = (self.clock.now(), terms.into());
        let faults = terms.arriving(now).faults(change.occurred_at);
        if !faults.is_empty() {
            return Err(Error::Invalid(faults));
        }
        self.written(Asked::Update(id, change), terms, now).await
    }

    /// Records a deployment whose names are known and whose cell is taken.
    pub(super) fn record_in(&self, write: &mut Write, names: &Names, new: &NewDeployment, terms: &Terms, now: Time) -> Result<Done, Error> {
        let (component, environment) =
            names.pair((&new.component, &new.environment)).ok_or_else(|| Error::unknown(CatalogKind::Component, &new.component))?;
        let place = Place { component_id: component.id, environment_id: environment.id };
        let placed = terms.arriving(now).place(new.occurred_at, write.newest(place), None);
        let recorded = self.recorded(new.clone(), component.clone(), environment.clone(), terms.author(), (placed, now));
        add(write, &recorded, terms.author())?;
        let archived = unarchive(write, (component, environment), &cause(&recorded.deployment, terms, now));
        Ok(Done { deployment: recorded.deployment, archived })
    }

    /// The deployment as it will stand.
    pub(super) fn recorded(
        &self,
        new: NewDeployment,
        component: CatalogEntry,
        environment: CatalogEntry,
        by: &Label,
        (placed, now): (Placement, Time),
    ) -> Recorded {
        let occurred_at = placed.at;
        let begun = new.status != Status::Pending;
        let outcome = matches!(new.status, Status::Succeeded | Status::Failed | Status::RolledBack);
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
pub(super) struct Recorded {
    pub(super) deployment: Deployment,
    pub(super) placed: Placement,
}

/// Changes a deployment whose cell is taken.
pub(super) async fn update_in(write: &mut Write, id: Uuid, change: Change, terms: &Terms, now: Time) -> Result<Done, Error> {
    let before = write.taken(id)?;
    terms.check(&before.deployment)?;
    if is_repetition(write, &before.deployment, &change).await? {
        return Ok(before.deployment.into());
    }
    let moved_to = change.status;
    let deployment = advance(write, &before, change, terms, now)?;
    let archived = match moved_to {
        Some(to) if before.archived_at != (None, None) => found_archived(write, &before, (&deployment, to), terms, now).await?,
        _ => Vec::new(),
    };
    Ok(Done { deployment, archived })
}

/// What of an archived cell is in use again after a deployment moved to this status. A failure deploys nothing, and neither
/// does a rollback to nothing.
async fn found_archived(
    write: &mut Write,
    before: &Revised,
    (after, to): (&Deployment, Status),
    terms: &Terms,
    now: Time,
) -> Result<Vec<ArchiveNote>, Error> {
    let in_use = match to {
        Status::Pending | Status::InProgress | Status::Succeeded => true,
        Status::Failed => false,
        Status::RolledBack => write.current(Place::of(after), None).await?.is_some(),
    };
    let (component_archived_at, environment_archived_at) = before.archived_at;
    let component = CatalogEntry { id: after.component_id, name: after.component_name.clone(), archived_at: component_archived_at };
    let environment = CatalogEntry { id: after.environment_id, name: after.environment_name.clone(), archived_at: environment_archived_at };
    let pair = (&component, &environment);
    Ok(if in_use { unarchive(write, pair, &cause(after, terms, now)) } else { still_archived(pair) })
}

fn cause(deployment: &Deployment, terms: &Terms, now: Time) -> UnarchiveCause {
    UnarchiveCause { occurred_at: deployment.occurred_at, recorded_at: now, by: terms.author().clone() }
}

/// Adds a deployment, and the history that led to it, to a cell that is taken.
pub(super) fn add(write: &mut Write, Recorded { deployment: new, placed }: &Recorded, by: &Label) -> Result<(), Error> {
    write.note_time(Place::of(new), placed.at);
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
    let succeeded = standing.as_ref().and_then(|standing| Some(standing.succeeded?.1));
    let occurred = standing.as_ref().map(|standing| standing.occurred.1).unwrap_or_default();
    write.put_deployment(Revised { deployment: new.clone(), succeeded, occurred, head, revision: 0, archived_at: (None, None) });
    for period in standing.into_iter().flat_map(|standing| standing.periods) {
        write.add_period(new, period);
    }
    write.count(Place::of(new), new.status, 1);
    Ok(())
}

/// The deployment with what a change says about it, the status aside.
fn described(before: &Deployment, change: &Change) -> Result<Deployment, Error> {
    let mut after = before.clone();
    if let Some(description) = &change.description {
        after.description.clone_from(description);
    }
    if let Some(patch) = &change.metadata {
        after.metadata = after.metadata.merged(patch).map_err(|Invalid(why)| Error::fault(Fault::at("/metadata", why)))?;
    }
    Ok(after)
}

/// Whether a change says nothing but what the last move said: a message that came twice.
async fn is_repetition(write: &mut Write, before: &Deployment, change: &Change) -> Result<bool, Error> {
    if change.status != Some(before.status) || change.occurred_at.is_none() || described(before, change)? != *before {
        return Ok(false);
    }
    let last = write.last_transition(before.id).await?;
    Ok(last.is_some_and(|last| last.is_claimed_at(change.occurred_at) && (change.reason.is_none() || change.reason == last.reason)))
}

/// Makes a change to a deployment whose cell is taken.
fn advance(write: &mut Write, before: &Revised, change: Change, terms: &Terms, now: Time) -> Result<Deployment, Error> {
    let described = Deployment { updated_at: now, ..described(&before.deployment, &change)? };
    let Some(to) = change.status else {
        tell_description(write, described.id, now, terms.author());
        return Ok(replace(write, Revised { deployment: described, ..before.clone() }));
    };
    let (from, place) = (before.deployment.status, Place::of(&described));
    let step = from.transition_to(to)?;
    let placed = terms.arriving(now).place(change.occurred_at, write.newest(place), Some(before.deployment.occurred_at));
    let occurred_at = placed.at;
    write.note_time(place, occurred_at);
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
        hash: before.head,
    };
    let HistoryEntry { sequence, hash: head, .. } = append(write, after.id, entry)?;
    match to {
        Status::Succeeded => {
            write.add_period(&after, Period { started_at: occurred_at, sequence, ended_at: None, is_undeployment: false });
        }
        Status::RolledBack => {
            if let Some(undone) = before.deployment.succeeded_at.zip(before.succeeded) {
                write.end_period(place, undone, occurred_at);
            }
        }
        Status::Pending | Status::InProgress | Status::Failed => {}
    }
    write.count(place, from, -1);
    write.count(place, to, 1);
    let succeeded = if to == Status::Succeeded { Some(sequence) } else { before.succeeded };
    Ok(replace(write, Revised { deployment: after, succeeded, occurred: sequence, head, ..before.clone() }))
}

/// Adds one row to a history that has come to the hash in it; gives it with its number and its own hash.
pub(super) fn append(write: &mut Write, id: Uuid, entry: HistoryEntry) -> Result<HistoryEntry, Error> {
    let previous = entry.hash;
    write.add_entry(id, entry.with_hash(&previous))
}

/// Writes a deployment whose cell is taken.
pub(super) fn replace(write: &mut Write, after: Revised) -> Deployment {
    let deployment = after.deployment.clone();
    write.put_deployment(after);
    deployment
}
