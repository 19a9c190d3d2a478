//! Recording deployments and moving them on.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Tracker, in_own_task, names::Unknown};
use crate::{
    api::Imported,
    catalog::{Kind, Reference},
    clock::{TOLERANCE, Time},
    deployment::{Change, Deployment, NewDeployment},
    error::{Error, Fault},
    status::Status,
    store::{NewEntry, Place, Revised, Write},
    text::{BadText, Label, Name},
};

impl Tracker {
    /// Records a deployment.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `rolled_back` and for a time ahead of the clock; [`Error::NotFound`] for an unknown id,
    /// or an unknown name when registration is strict; [`Error::NearMiss`]; and those of the database.
    pub async fn record(&self, new: NewDeployment, by: &Label) -> Result<Deployment, Error> {
        let (this, by) = (self.clone(), by.clone());
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
            let unknown = Unknown::under(this.registration, new.register);
            let mut write = this.store.write().await?;
            let component = this.find_component(&mut write, &new.component, unknown).await?;
            let environment = this.find_environment(&mut write, &new.environment, unknown).await?;
            let deployment = this.recorded(new, component, environment, &by, now);
            let place = deployment.place();
            write.take_cell(place).await?;
            add(&mut write, &deployment.deployment, deployment.occurred_at, &by).await?;
            write.count(place, deployment.deployment.status, 1).await?;
            write.settle_cell(place).await?;
            write.commit().await?;
            Ok(deployment.deployment)
        })
        .await
    }

    /// Records many deployments, all or none. Each comes with its line number, for the faults. A line that is known
    /// already (component, environment, version, commit, status and `occurred_at`) is skipped. Unlike [`Tracker::record`]
    /// it takes `rolled_back`, and registers names even where they resemble others: the past is what it was.
    ///
    /// # Errors
    /// [`Error::Invalid`] names every faulty line; otherwise as [`Tracker::record`].
    pub async fn import(&self, lines: Vec<(usize, NewDeployment)>, by: &Label) -> Result<Imported, Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let now = this.clock.now();
            check_times(&lines, now)?;
            let mut write = this.store.write().await?;
            let named = this.named(&mut write, &lines).await?;
            let mut asked = Vec::with_capacity(lines.len());
            for (_, new) in lines {
                let (component, environment) = (named.component(&new.component)?, named.environment(&new.environment)?);
                asked.push(this.recorded(new, component, environment, &by, now));
            }
            for place in asked.iter().map(Recorded::place).collect::<BTreeSet<_>>() {
                write.take_cell(place).await?;
            }
            let imported = add_unknown(&mut write, asked, &by).await?;
            write.commit().await?;
            Ok(imported)
        })
        .await
    }

    /// Every name and id of the lines, registered where need be, in one order for all writers.
    async fn named(&self, write: &mut Write, lines: &[(usize, NewDeployment)]) -> Result<Named, Error> {
        let unknown = Unknown::under(self.registration, true);
        let mut named = Named::default();
        for component in lines.iter().map(|(_, new)| &new.component).collect::<BTreeSet<_>>() {
            let found = self.find_component(write, component, unknown).await.map_err(|error| on_line(error, lines, component))?;
            named.components.insert(component.clone(), found);
        }
        for environment in lines.iter().map(|(_, new)| &new.environment).collect::<BTreeSet<_>>() {
            let found = self.find_environment(write, environment, unknown).await.map_err(|error| on_line(error, lines, environment))?;
            named.environments.insert(environment.clone(), found);
        }
        Ok(named)
    }

    /// The deployment as it will stand.
    fn recorded(&self, new: NewDeployment, component: (Uuid, Name), environment: (Uuid, Name), by: &Label, now: Time) -> Recorded {
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

    /// Changes a deployment: moves it to another status, or changes what is said about it, or both.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Transition`] when the status machine forbids the move, also when another writer
    /// moved it first; [`Error::Invalid`] for a time ahead of the clock or metadata that grow too large; and those of
    /// the database.
    pub async fn update(&self, id: Uuid, change: Change, by: &Label) -> Result<Deployment, Error> {
        let (this, by) = (self.clone(), by.clone());
        in_own_task(async move {
            let now = this.clock.now();
            let faults = ahead(change.occurred_at, now);
            if !faults.is_empty() {
                return Err(Error::Invalid(faults));
            }
            let mut write = this.store.write().await?;
            let seen = write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))?;
            write.take_cell(place(&seen.deployment)).await?;
            // Read again: who waited for the cell may have read what is no longer so.
            let Revised { deployment, revision } = write.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))?;
            let changed = advance(&mut write, deployment, revision, change, &by, now).await?;
            write.commit().await?;
            Ok(changed)
        })
        .await
    }
}

/// A deployment to be added, and when it entered its status.
struct Recorded {
    deployment: Deployment,
    occurred_at: Time,
}

impl Recorded {
    fn place(&self) -> Place {
        place(&self.deployment)
    }
}

fn place(deployment: &Deployment) -> Place {
    Place { component_id: deployment.component_id, environment_id: deployment.environment_id }
}

/// What the references of an import mean.
#[derive(Debug, Default)]
struct Named {
    components: BTreeMap<Reference, (Uuid, Name)>,
    environments: BTreeMap<Reference, (Uuid, Name)>,
}

impl Named {
    fn component(&self, reference: &Reference) -> Result<(Uuid, Name), Error> {
        self.components.get(reference).cloned().ok_or_else(|| Error::unknown(Kind::Component, reference))
    }

    fn environment(&self, reference: &Reference) -> Result<(Uuid, Name), Error> {
        self.environments.get(reference).cloned().ok_or_else(|| Error::unknown(Kind::Environment, reference))
    }
}

/// A refused name as a fault of every line that has it.
fn on_line(error: Error, lines: &[(usize, NewDeployment)], reference: &Reference) -> Error {
    if !matches!(error, Error::NotFound { .. }) {
        return error;
    }
    let with_it = lines.iter().filter(|(_, new)| new.component == *reference || new.environment == *reference);
    Error::Invalid(with_it.map(|(line, _)| Fault { detail: error.to_string(), ..Fault::default() }.on_line(*line)).collect())
}

/// Every line without a time, or with one ahead of the clock.
fn check_times(lines: &[(usize, NewDeployment)], now: Time) -> Result<(), Error> {
    let faults: Vec<_> = lines
        .iter()
        .flat_map(|(line, new)| {
            let faults = match new.occurred_at {
                None => vec![Fault::at("/occurredAt", "is required in an import, so that the same line is known when it comes again")],
                given => ahead(given, now),
            };
            faults.into_iter().map(|fault| fault.on_line(*line))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// The fault of a time that lies further ahead of the clock than clocks differ.
fn ahead(occurred_at: Option<Time>, now: Time) -> Vec<Fault> {
    let ahead = occurred_at.is_some_and(|time| time > now + TOLERANCE);
    ahead.then(|| Fault::at("/occurredAt", "must not lie more than 5 minutes in the future")).into_iter().collect()
}

/// The legal path to the status of a deployment that is recorded as it stands.
fn path_to(status: Status) -> &'static [Status] {
    status.path_from_new().unwrap_or(&[Status::Pending, Status::InProgress, Status::Succeeded, Status::RolledBack])
}

/// Adds a deployment and the history that led to it.
async fn add(write: &mut Write, new: &Deployment, occurred_at: Time, by: &Label) -> Result<(), Error> {
    let (mut from, mut succeeded) = (None, None);
    for &to in path_to(new.status) {
        let entry = NewEntry {
            deployment_id: new.id,
            attempt: 1,
            from,
            to,
            occurred_at,
            recorded_at: new.created_at,
            recorded_by: by,
            reason: None,
        };
        let sequence = write.add_entry(entry).await?;
        if to == Status::Succeeded {
            succeeded = Some(sequence);
        }
        from = Some(to);
    }
    write.add_deployment(new, succeeded).await
}

/// Adds those that are not known yet, and settles counts and cells once for all of them.
async fn add_unknown(write: &mut Write, asked: Vec<Recorded>, by: &Label) -> Result<Imported, Error> {
    let mut imported = Imported::default();
    let mut counts = BTreeMap::<(Place, Status), i64>::new();
    for new in asked {
        if write.is_known(&new.deployment, new.occurred_at).await? {
            imported.skipped += 1;
            continue;
        }
        add(write, &new.deployment, new.occurred_at, by).await?;
        *counts.entry((new.place(), new.deployment.status)).or_default() += 1;
        imported.recorded += 1;
    }
    for ((place, status), more) in &counts {
        write.count(*place, *status, *more).await?;
    }
    for place in counts.keys().map(|(place, _)| *place).collect::<BTreeSet<_>>() {
        write.settle_cell(place).await?;
    }
    Ok(imported)
}

/// Makes a change to a deployment whose cell has been taken.
async fn advance(write: &mut Write, before: Deployment, revision: i64, change: Change, by: &Label, now: Time) -> Result<Deployment, Error> {
    let (id, place, from) = (before.id, place(&before), before.status);
    let mut after = Deployment { updated_at: now, ..before };
    if let Some(description) = change.description {
        after.description = description;
    }
    if let Some(patch) = &change.metadata {
        after.metadata = after.metadata.merged(patch).map_err(|BadText(why)| Error::fault(Fault::at("/metadata", why)))?;
    }
    let mut succeeded = None;
    if let Some(to) = change.status {
        let step = from.advance(to)?;
        let occurred_at = change.occurred_at.unwrap_or(now);
        after = after.advanced(step, occurred_at, now);
        let entry = NewEntry {
            deployment_id: id,
            attempt: after.attempt,
            from: Some(from),
            to,
            occurred_at,
            recorded_at: now,
            recorded_by: by,
            reason: change.reason.as_ref(),
        };
        let sequence = write.add_entry(entry).await?;
        succeeded = (to == Status::Succeeded).then_some(sequence);
    }
    if !write.replace_deployment(&after, revision, succeeded).await? {
        // The cell is taken by every writer first, so nobody can have been faster.
        return Err(Error::Internal(format!("deployment {id} changed under a taken cell").into()));
    }
    if after.status != from {
        write.count(place, from, -1).await?;
        write.count(place, after.status, 1).await?;
        if from == Status::Succeeded || after.status == Status::Succeeded {
            write.settle_cell(place).await?;
        }
    }
    Ok(after)
}
