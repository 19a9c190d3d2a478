//! Recording many deployments and removals that happened before.

mod adding;
mod knowing;
mod registering;

use std::collections::BTreeSet;

use uuid::Uuid;

use self::{
    adding::{Addition, add_all},
    knowing::{Known, sorted_out},
    registering::register,
};
use super::{
    Begun, Terms, Tracker, Written,
    archive::unarchive_imported,
    in_own_task,
    names::{Names, Unknown},
    removal::{Removed, remove_afterwards},
};
use crate::{
    api::{ImportCounts, ImportLine, PastDeployment, PastEntry},
    arrival::Arrival,
    catalog::{CatalogKind, Reference},
    clock::Time,
    deployment::{Deployment, NewDeployment},
    error::{Error, Fault},
    history::HistoryKind,
    store::{Line, Place, Write},
    text::Label,
};

impl Tracker {
    /// Records many deployments and removals, all or none. Each line comes with its line number, for the faults.
    ///
    /// A line that is known already is skipped: the same component, environment, version and commit entered the same status at
    /// `occurred_at`. A deployment that is known with a shorter history gets the rest of the line's history. Unlike
    /// [`Tracker::record`] an import takes `rolled_back` and whole histories, and registers names even where they resemble
    /// others: the past is what it was. A deployment that happened after the archiving of its component or environment takes
    /// it out of the archive; others leave it there.
    ///
    /// Removals may come in any order: each ends what was current at its time, once all deployments of the lines are
    /// recorded.
    ///
    /// # Errors
    /// [`Error::Invalid`] names every faulty line; otherwise as [`Tracker::record`].
    pub async fn import(&self, lines: Vec<(usize, ImportLine)>, terms: impl Into<Terms>) -> Result<Written<ImportCounts>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let arrival = terms.arriving(now);
            check_times(&lines, &arrival)?;
            let mut work = match this.begin(&terms).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let (write, by) = (&mut work.write, terms.author());
            let mut imported = register(&this, write, &lines, by).await?;
            let names = this.named(write, &lines, by).await?;
            let archived = unarchive_imported(write, &lines, &names, &arrival, by);
            let told = this.told(lines, &names, by, &arrival)?;
            // What happened in the past says nothing of the present.
            write.take(&[], told.places().map(|place| (place, Time::default()))).await?;
            imported += told.recorded_in(write, by, now).await?;
            let written = work.finish(imported).await?;
            Ok(Written { archived, ..written })
        })
        .await
    }

    /// The lines with ids for names.
    fn told(&self, lines: Vec<(usize, ImportLine)>, names: &Names, by: &Label, arrival: &Arrival) -> Result<Told, Error> {
        let mut told = Told::default();
        for (number, line) in lines {
            match line {
                ImportLine::Deployment(past) => told.deployments.push(self.past(number, *past, names, by, arrival)?),
                ImportLine::Undeployed(removal) => {
                    let (component_id, environment_id) = ids(names, (&removal.component, &removal.environment))?;
                    let removed = Removed::told_by(removal.undeploy, arrival);
                    told.removals.push((number, Place { component_id, environment_id }, removed));
                }
                ImportLine::Component(_) | ImportLine::Environment(_) => {}
            }
        }
        Ok(told)
    }

    fn past(&self, number: usize, past: PastDeployment, names: &Names, by: &Label, arrival: &Arrival) -> Result<Past, Error> {
        let new = &past.deployment;
        let has_history = !past.history.is_empty();
        let (component, environment) =
            names.pair((&new.component, &new.environment)).ok_or_else(|| Error::unknown(CatalogKind::Component, &new.component))?;
        let entries = placed(past.entries(), arrival);
        let NewDeployment { version, deployed_by, commit_sha, description, metadata, status, .. } = past.deployment;
        let deployment = Deployment {
            id: self.next_id(),
            component_id: component.id,
            component_name: component.name.clone(),
            environment_id: environment.id,
            environment_name: environment.name.clone(),
            version,
            status,
            attempt: 1,
            deployed_by: deployed_by.unwrap_or_else(|| by.clone()),
            commit_sha,
            description,
            metadata,
            created_at: arrival.at,
            updated_at: arrival.at,
            // What follows from the history is set when the history is added.
            started_at: None,
            finished_at: None,
            succeeded_at: None,
            occurred_at: arrival.at,
        };
        Ok(Past { number, deployment, entries, has_history })
    }

    /// Every name and id of the lines, registered where need be, in one order for all writers.
    async fn named(&self, write: &mut Write, lines: &[(usize, ImportLine)], by: &Label) -> Result<Names, Error> {
        let unknown = Unknown::under(self.registration, self.name_guard, true);
        let pairs = || lines.iter().filter_map(|(_, line)| line.names());
        let mut names = Names::of(write, pairs()).await?;
        for component in pairs().map(|(component, _)| component).collect::<BTreeSet<_>>() {
            names.add_component(self, write, component, unknown, by).await.map_err(|error| on_line(error, lines, component))?;
        }
        for environment in pairs().map(|(_, environment)| environment).collect::<BTreeSet<_>>() {
            names.add_environment(self, write, environment, unknown, by).await.map_err(|error| on_line(error, lines, environment))?;
        }
        Ok(names)
    }
}

fn ids(names: &Names, pair: (&Reference, &Reference)) -> Result<(Uuid, Uuid), Error> {
    let (component, environment) = names.pair(pair).ok_or_else(|| Error::unknown(CatalogKind::Component, pair.0))?;
    Ok((component.id, environment.id))
}

/// The entries by the server's clock.
pub(super) fn placed(entries: Vec<PastEntry>, arrival: &Arrival) -> Vec<PastEntry> {
    let mut before = None;
    let placed = |entry: PastEntry| {
        let placed = arrival.place(Some(entry.occurred_at), Time::default(), before);
        before = Some(placed.at);
        let claimed_at = entry.claimed_at.or(placed.claimed).filter(|claimed| *claimed != placed.at);
        PastEntry { occurred_at: placed.at, claimed_at, ..entry }
    };
    entries.into_iter().map(placed).collect()
}

/// A deployment of a line, as it would be recorded if it is new.
struct Past {
    number: usize,
    deployment: Deployment,
    /// Its history, never empty.
    entries: Vec<PastEntry>,
    /// Whether the line tells more than one status.
    has_history: bool,
}

impl Past {
    fn place(&self) -> Place {
        Place::of(&self.deployment)
    }

    fn transitions(&self) -> impl Iterator<Item = &PastEntry> {
        self.entries.iter().filter(|entry| entry.event == HistoryKind::Transition)
    }

    /// The deployment in a status, as a line that may be known.
    fn line(&self, entry: &PastEntry) -> Line {
        Line {
            place: self.place(),
            version: self.deployment.version.clone(),
            commit_sha: self.deployment.commit_sha.clone(),
            status: entry.status,
            occurred_at: entry.claimed_at.unwrap_or(entry.occurred_at),
        }
    }

    /// The line for the status it came to.
    fn latest(&self) -> Option<Line> {
        self.transitions().last().map(|entry| self.line(entry))
    }

    /// The line for its beginning.
    fn beginning(&self) -> Option<Line> {
        self.transitions().next().map(|entry| self.line(entry))
    }
}

/// A removal from a cell, with the number of its line.
type NumberedRemoval = (usize, Place, Removed);

/// The lines whose names are known.
#[derive(Default)]
struct Told {
    deployments: Vec<Past>,
    removals: Vec<NumberedRemoval>,
}

impl Told {
    fn places(&self) -> impl Iterator<Item = Place> {
        self.deployments.iter().map(Past::place).chain(self.removals.iter().map(|(_, place, _)| *place))
    }

    /// Records what is not known yet.
    async fn recorded_in(self, write: &mut Write, by: &Label, now: Time) -> Result<ImportCounts, Error> {
        let Known { additions, removals, earlier, mut imported } = sorted_out(write, self.deployments).await?;
        let rows: usize = additions.iter().map(Addition::rows).sum();
        write.reserve(rows + removals.len() + earlier.len() + self.removals.len()).await?;
        add_all(write, additions, by, now)?;
        let mut faults = Vec::new();
        for (number, place, removed) in earlier {
            faults.extend(remove(write, number, place, removed, by, now).await?.err());
        }
        let mut renewed = BTreeSet::new();
        for (number, place, removed) in removals {
            match remove(write, number, place, removed, by, now).await? {
                // The line is counted as known.
                Ok(true) if renewed.insert(number) => imported.renew(),
                Ok(_) => {}
                Err(fault) => faults.push(fault),
            }
        }
        for (number, place, removed) in self.removals {
            match remove(write, number, place, removed, by, now).await? {
                Ok(is_new) => imported.count(is_new),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(imported) } else { Err(Error::Invalid(faults)) }
    }
}

/// Records a removal, unless it is known. Gives whether it is new, or why it cannot be.
async fn remove(
    write: &mut Write,
    number: usize,
    place: Place,
    removed: Removed,
    by: &Label,
    now: Time,
) -> Result<Result<bool, Fault>, Error> {
    let done = remove_afterwards(write, place, removed, by, now).await?;
    Ok(done.map_err(|why| Fault { detail: why.into(), ..Fault::default() }.on_line(number)))
}

/// A refused name as a fault of every line that has it.
fn on_line(error: Error, lines: &[(usize, ImportLine)], reference: &Reference) -> Error {
    if !matches!(error, Error::NotFound { .. }) {
        return error;
    }
    let is_named =
        |line: &ImportLine| line.names().is_some_and(|(component, environment)| component == reference || environment == reference);
    let with_it = lines.iter().filter(|(_, line)| is_named(line));
    Error::Invalid(with_it.map(|(line, _)| Fault { detail: error.to_string(), ..Fault::default() }.on_line(*line)).collect())
}

/// Every line without a time, or with one ahead of the clock.
fn check_times(lines: &[(usize, ImportLine)], arrival: &Arrival) -> Result<(), Error> {
    let required = || vec![Fault::at("/occurredAt", "is required in an import, so that the same line is known when it comes again")];
    let of_line = |line: &ImportLine| match line {
        ImportLine::Component(_) | ImportLine::Environment(_) => Vec::new(),
        ImportLine::Undeployed(removal) => removal.undeploy.occurred_at.map_or_else(required, |at| arrival.faults(Some(at))),
        ImportLine::Deployment(past) => match (past.deployment.occurred_at, past.history.iter().map(|entry| entry.occurred_at).max()) {
            (None, _) => required(),
            (Some(at), newest) => arrival.faults(Some(at.max(newest.unwrap_or(at)))),
        },
    };
    let faults = lines.iter().flat_map(|(number, line)| of_line(line).into_iter().map(|fault| fault.on_line(*number)));
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}
