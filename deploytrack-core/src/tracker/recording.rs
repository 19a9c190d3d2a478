//! Recording deployments and moving them on.

use uuid::Uuid;

use super::{Begun, Terms, Tracker, Written, in_own_task, names::Unknown};
use crate::{
    clock::{TOLERANCE, Time},
    deployment::{Change, Deployment, NewDeployment},
    error::{Error, Fault},
    history::{self, Event, HistoryEntry, Period},
    status::Status,
    store::{Place, Revised, Write},
    text::{BadText, Label, Name},
};

impl Tracker {
    /// Records a deployment.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `rolled_back` and for a time ahead of the clock; [`Error::NotFound`] for an unknown id,
    /// or an unknown name when registration is strict; [`Error::NearMiss`]; those of an idempotency key
    /// ([`Error::KeyReused`], [`Error::InFlight`]); and those of the database.
    pub async fn record(&self, new: NewDeployment, terms: impl Into<Terms>) -> Result<Written<Deployment>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let mut faults = ahead(new.occurred_at, now);
            if new.status == Status::RolledBack {
                faults.push(Fault::at(
                    "/status",
                    "must not be rolled_back, which undoes an earlier success; record succeeded, then update it",
                ));
            }
            if !faults.is_empty() {
                return Err(Error::Invalid(faults));
            }
            let mut work = match this.begin(&terms, now).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let (write, by) = (&mut work.write, terms.author());
            let unknown = Unknown::under(this.registration, new.register);
            let component = this.find_component(write, &new.component, unknown).await?;
            let environment = this.find_environment(write, &new.environment, unknown).await?;
            let recorded = this.recorded(new, component, environment, by, now);
            let (place, deployment) = (Place::of(&recorded.deployment), recorded.deployment);
            write.take_cell(place).await?;
            add(write, &deployment, recorded.occurred_at, by).await?;
            write.count(place, deployment.status, 1).await?;
            if deployment.status == Status::Succeeded {
                write.settle_cell(place).await?;
            }
            work.finish(deployment).await
        })
        .await
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
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let faults = ahead(change.occurred_at, now);
            if !faults.is_empty() {
                return Err(Error::Invalid(faults));
            }
            let mut work = match this.begin(&terms, now).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let write = &mut work.write;
            let before = take(write, id).await?;
            terms.check(&before.deployment)?;
            let after = if is_repetition(write, &before.deployment, &change).await? {
                before.deployment
            } else {
                advance(write, before, change, terms.author(), now).await?
            };
            work.finish(after).await
        })
        .await
    }

    /// The deployment as it will stand.
    pub(super) fn recorded(
        &self,
        new: NewDeployment,
        component: (Uuid, Name),
        environment: (Uuid, Name),
        by: &Label,
        now: Time,
    ) -> Recorded {
        let occurred_at = new.occurred_at.unwrap_or(now);
        let begun = new.status != Status::Pending;
        let outcome = matches!(new.status, Status::Succeeded | Status::Failed | Status::RolledBack);
        let succeeded = matches!(new.status, Status::Succeeded | Status::RolledBack);
        let deployment = Deployment {
            id: self.next_id(),
            component_id: component.0,
            component_name: component.1,
            environment_id: environment.0,
            environment_name: environment.1,
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
        };
        Recorded { deployment, occurred_at }
    }
}

/// A deployment to be added, and when it entered its status.
pub(super) struct Recorded {
    pub(super) deployment: Deployment,
    pub(super) occurred_at: Time,
}

/// A deployment whose cell is taken, so that nobody else writes to it until the end of this write.
pub(super) async fn take(write: &mut Write, id: Uuid) -> Result<Revised, Error> {
    let seen = write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))?;
    write.take_cell(Place::of(&seen.deployment)).await?;
    // Read again: who waited for the cell may have read what is no longer so.
    write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))
}

/// The fault of a time that lies further ahead of the clock than clocks differ.
pub(super) fn ahead(occurred_at: Option<Time>, now: Time) -> Vec<Fault> {
    let ahead = occurred_at.is_some_and(|time| time > now + TOLERANCE);
    ahead.then(|| Fault::at("/occurredAt", "must not lie more than 5 minutes in the future")).into_iter().collect()
}

/// The legal path to the status of a deployment that is recorded as it stands.
fn path_to(status: Status) -> &'static [Status] {
    status.path_from_new().unwrap_or(&[Status::Pending, Status::InProgress, Status::Succeeded, Status::RolledBack])
}

/// Adds a deployment and the history that led to it.
pub(super) async fn add(write: &mut Write, new: &Deployment, occurred_at: Time, by: &Label) -> Result<(), Error> {
    let (mut head, mut from, mut entries) = (history::identity(new), None, Vec::new());
    for &to in path_to(new.status) {
        let entry = HistoryEntry {
            sequence: 0,
            attempt: new.attempt,
            event: Event::Transition,
            from,
            to,
            occurred_at,
            recorded_at: new.created_at,
            recorded_by: by.clone(),
            reason: None,
            hash: head,
        }
        .sealed(&head);
        (head, from) = (entry.hash, Some(to));
        entries.push(entry);
    }
    write.add_entries(new.id, &mut entries).await?;
    let standing = history::fold(&entries);
    write.add_deployment(new, standing.as_ref().and_then(|standing| Some(standing.succeeded?.1)), &head).await?;
    for period in standing.iter().flat_map(|standing| &standing.periods) {
        write.add_period(new, period).await?;
    }
    Ok(())
}

/// The deployment with what a change says about it, the status aside.
fn described(before: &Deployment, change: &Change) -> Result<Deployment, Error> {
    let mut after = before.clone();
    if let Some(description) = &change.description {
        after.description.clone_from(description);
    }
    if let Some(patch) = &change.metadata {
        after.metadata = after.metadata.merged(patch).map_err(|BadText(why)| Error::fault(Fault::at("/metadata", why)))?;
    }
    Ok(after)
}

/// Whether a change says nothing but what the last move said: a message that came twice.
async fn is_repetition(write: &mut Write, before: &Deployment, change: &Change) -> Result<bool, Error> {
    if change.status != Some(before.status) || change.occurred_at.is_none() || described(before, change)? != *before {
        return Ok(false);
    }
    let last = write.last_transition(before.id).await?;
    Ok(last.is_some_and(|last| Some(last.occurred_at) == change.occurred_at && (change.reason.is_none() || change.reason == last.reason)))
}

/// Makes a change to a deployment whose cell has been taken.
async fn advance(write: &mut Write, before: Revised, change: Change, by: &Label, now: Time) -> Result<Deployment, Error> {
    let described = Deployment { updated_at: now, ..described(&before.deployment, &change)? };
    let Some(to) = change.status else {
        return replace(write, Revised { deployment: described, ..before }).await;
    };
    let (from, place) = (before.deployment.status, Place::of(&described));
    let step = from.advance(to)?;
    let occurred_at = change.occurred_at.unwrap_or(now);
    let after = described.advanced(step, occurred_at, now);
    let entry = HistoryEntry {
        sequence: 0,
        attempt: after.attempt,
        event: Event::Transition,
        from: Some(from),
        to,
        occurred_at,
        recorded_at: now,
        recorded_by: by.clone(),
        reason: change.reason,
        hash: before.head,
    };
    let (sequence, head) = append(write, after.id, entry).await?;
    match to {
        Status::Succeeded => {
            write.add_period(&after, &Period { started_at: occurred_at, sequence, ended_at: None, is_removal: false }).await?;
        }
        Status::RolledBack => {
            if let Some(undone) = before.deployment.succeeded_at.zip(before.succeeded) {
                write.end_period(place, undone, occurred_at).await?;
            }
        }
        Status::Pending | Status::InProgress | Status::Failed => {}
    }
    write.count(place, from, -1).await?;
    write.count(place, to, 1).await?;
    if from == Status::Succeeded || to == Status::Succeeded {
        write.settle_cell(place).await?;
    }
    let succeeded = if to == Status::Succeeded { Some(sequence) } else { before.succeeded };
    replace(write, Revised { deployment: after, succeeded, head, ..before }).await
}

/// Adds one row to a history that has come to the hash in it; gives its number and its own hash.
pub(super) async fn append(write: &mut Write, id: Uuid, entry: HistoryEntry) -> Result<(i64, crate::digest::Digest), Error> {
    let previous = entry.hash;
    let mut sealed = [entry.sealed(&previous)];
    write.add_entries(id, &mut sealed).await?;
    let [HistoryEntry { sequence, hash, .. }] = sealed;
    Ok((sequence, hash))
}

/// Writes a deployment whose cell has been taken.
pub(super) async fn replace(write: &mut Write, after: Revised) -> Result<Deployment, Error> {
    if write.replace_deployment(&after).await? {
        return Ok(after.deployment);
    }
    // The cell is taken by every writer first, so nobody can have been faster.
    Err(Error::Internal(format!("deployment {} changed under a taken cell", after.deployment.id).into()))
}
