//! Recording many deployments and removals that happened before.

use std::collections::{BTreeSet, HashSet};

use super::{
    Begun, Terms, Tracker, Written,
    archive::unarchive_imported,
    in_own_task,
    names::{Names, Unknown},
    recording::{Recorded, add, path_to},
    removal::{Removed, remove_afterwards},
};
use crate::{
    api::{ImportLine, Imported},
    arrival::Arrival,
    catalog::{Kind, Reference},
    clock::Time,
    error::{Error, Fault},
    status::Status,
    store::{Line, Place, Write},
    text::Label,
};

impl Tracker {
    /// Records many deployments and removals, all or none, in their order. Each comes with its line number, for the
    /// faults. A line that is known already (component, environment, version, commit, status and `occurred_at`; a
    /// removal: component, environment and `occurred_at`) is skipped. Unlike [`Tracker::record`] it takes
    /// `rolled_back`, and registers names even where they resemble others: the past is what it was. A removal ends what
    /// was current at its time; it may come after later deployments, and not before there is anything to remove.
    ///
    /// # Errors
    /// [`Error::Invalid`] names every faulty line; otherwise as [`Tracker::record`].
    pub async fn import(&self, lines: Vec<(usize, ImportLine)>, terms: impl Into<Terms>) -> Result<Written<Imported>, Error> {
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
            let names = this.named(write, &lines, by).await?;
            let archived = unarchive_imported(write, &lines, &names, &arrival, by);
            let mut asked = Vec::with_capacity(lines.len());
            for (number, line) in lines {
                asked.push((number, this.asked(line, &names, by, &arrival)?));
            }
            // What happened in the past says nothing of the present.
            write.take(&[], asked.iter().map(|(_, asked)| (asked.place(), Time::default()))).await?;
            let imported = add_unknown(write, asked, by, now).await?;
            let written = work.finish(imported).await?;
            Ok(Written { archived, ..written })
        })
        .await
    }

    fn asked(&self, line: ImportLine, names: &Names, by: &Label, arrival: &Arrival) -> Result<Asked, Error> {
        let (component, environment) = names.pair(line.names()).ok_or_else(|| Error::unknown(Kind::Component, line.names().0))?;
        Ok(match line {
            ImportLine::Deployment(new) => {
                let placed = arrival.place(new.occurred_at, Time::default(), None);
                Asked::Deployment(Box::new(self.recorded(*new, component.clone(), environment.clone(), by, (placed, arrival.at))))
            }
            ImportLine::Undeployed(removal) => Asked::Removal(
                Place { component_id: component.id, environment_id: environment.id },
                Removed::told_by(removal.undeploy, arrival),
            ),
        })
    }

    /// Every name and id of the lines, registered where need be, in one order for all writers.
    async fn named(&self, write: &mut Write, lines: &[(usize, ImportLine)], by: &Label) -> Result<Names, Error> {
        let unknown = Unknown::under(self.registration, self.name_guard, true);
        let pairs = || lines.iter().map(|(_, line)| line.names());
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

/// A line whose names are known.
enum Asked {
    Deployment(Box<Recorded>),
    Removal(Place, Removed),
}

impl Asked {
    fn place(&self) -> Place {
        match self {
            Self::Deployment(new) => Place::of(&new.deployment),
            Self::Removal(place, _) => *place,
        }
    }

    fn line(&self) -> Option<Line> {
        if let Self::Deployment(new) = self { Some(line(new, new.deployment.status)) } else { None }
    }

    /// How many rows of history it adds.
    fn rows(&self, known: &HashSet<Line>) -> usize {
        match self {
            Self::Deployment(new) if known.contains(&line(new, new.deployment.status)) => 0,
            Self::Deployment(new) => path_to(new.deployment.status).len(),
            Self::Removal(..) => 1,
        }
    }
}

/// A refused name as a fault of every line that has it.
fn on_line(error: Error, lines: &[(usize, ImportLine)], reference: &Reference) -> Error {
    if !matches!(error, Error::NotFound { .. }) {
        return error;
    }
    let with_it = lines.iter().filter(|(_, line)| line.names().0 == reference || line.names().1 == reference);
    Error::Invalid(with_it.map(|(line, _)| Fault { detail: error.to_string(), ..Fault::default() }.on_line(*line)).collect())
}

/// Every line without a time, or with one ahead of the clock.
fn check_times(lines: &[(usize, ImportLine)], arrival: &Arrival) -> Result<(), Error> {
    let faults: Vec<_> = lines
        .iter()
        .flat_map(|(number, line)| {
            let faults = match line.occurred_at() {
                None => vec![Fault::at("/occurredAt", "is required in an import, so that the same line is known when it comes again")],
                given => arrival.faults(given),
            };
            faults.into_iter().map(|fault| fault.on_line(*number))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// Adds those that are not known yet.
async fn add_unknown(write: &mut Write, asked: Vec<(usize, Asked)>, by: &Label, now: Time) -> Result<Imported, Error> {
    let mut known = known(write, &asked).await?;
    write.reserve(asked.iter().map(|(_, asked)| asked.rows(&known)).sum()).await?;
    let mut imported = Imported::default();
    for (number, asked) in asked {
        let added = match asked {
            Asked::Deployment(new) if known.contains(&line(&new, new.deployment.status)) => false,
            Asked::Deployment(new) => {
                add(write, &new, by)?;
                // On its way it entered every status at the same time.
                known.extend(path_to(new.deployment.status).iter().map(|status| line(&new, *status)));
                true
            }
            Asked::Removal(place, removed) => remove_afterwards(write, place, removed, by, now)
                .await?
                .map_err(|why| Error::fault(Fault { detail: why.into(), ..Fault::default() }.on_line(number)))?,
        };
        imported.recorded += u64::from(added);
        imported.skipped += u64::from(!added);
    }
    Ok(imported)
}

/// The lines among these that the database knows.
async fn known(write: &mut Write, asked: &[(usize, Asked)]) -> Result<HashSet<Line>, Error> {
    let lines = asked.iter().filter_map(|(_, asked)| asked.line());
    write.known_lines(lines.collect()).await
}

/// A deployment that entered a status, as a line that may be known.
fn line(Recorded { deployment, placed }: &Recorded, status: Status) -> Line {
    Line {
        place: Place::of(deployment),
        version: deployment.version.clone(),
        commit_sha: deployment.commit_sha.clone(),
        status,
        occurred_at: placed.claimed.unwrap_or(placed.at),
    }
}
