//! Recording many deployments and removals that happened before.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{
    Begun, Terms, Tracker, Written, in_own_task,
    names::Unknown,
    recording::{Recorded, add, ahead},
    removal::{Removed, remove_afterwards},
};
use crate::{
    api::{ImportLine, Imported},
    catalog::{Kind, Reference},
    clock::Time,
    error::{Error, Fault},
    status::Status,
    store::{Place, Write},
    text::{Label, Name},
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
            check_times(&lines, now)?;
            let mut work = match this.begin(&terms, now).await? {
                Begun::Work(work) => work,
                Begun::Done(done) => return Ok(done),
            };
            let (write, by) = (&mut work.write, terms.author());
            let named = this.named(write, &lines).await?;
            let mut asked = Vec::with_capacity(lines.len());
            for (number, line) in lines {
                asked.push((number, this.asked(line, &named, by, now)?));
            }
            for place in asked.iter().map(|(_, asked)| asked.place()).collect::<BTreeSet<_>>() {
                write.take_cell(place).await?;
            }
            let imported = add_unknown(write, asked, by, now).await?;
            work.finish(imported).await
        })
        .await
    }

    fn asked(&self, line: ImportLine, named: &Named, by: &Label, now: Time) -> Result<Asked, Error> {
        let (component, environment) = line.names();
        let (component, environment) = (named.component(component)?, named.environment(environment)?);
        Ok(match line {
            ImportLine::Deployment(new) => Asked::Deployment(Box::new(self.recorded(*new, component, environment, by, now))),
            ImportLine::Undeployed(removal) => {
                Asked::Removal(Place { component_id: component.0, environment_id: environment.0 }, removal.undeploy.into())
            }
        })
    }

    /// Every name and id of the lines, registered where need be, in one order for all writers.
    async fn named(&self, write: &mut Write, lines: &[(usize, ImportLine)]) -> Result<Named, Error> {
        let unknown = Unknown::under(self.registration, true);
        let mut named = Named::default();
        for component in lines.iter().map(|(_, line)| line.names().0).collect::<BTreeSet<_>>() {
            let found = self.find_component(write, component, unknown).await.map_err(|error| on_line(error, lines, component))?;
            named.components.insert(component.clone(), found);
        }
        for environment in lines.iter().map(|(_, line)| line.names().1).collect::<BTreeSet<_>>() {
            let found = self.find_environment(write, environment, unknown).await.map_err(|error| on_line(error, lines, environment))?;
            named.environments.insert(environment.clone(), found);
        }
        Ok(named)
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
fn on_line(error: Error, lines: &[(usize, ImportLine)], reference: &Reference) -> Error {
    if !matches!(error, Error::NotFound { .. }) {
        return error;
    }
    let with_it = lines.iter().filter(|(_, line)| line.names().0 == reference || line.names().1 == reference);
    Error::Invalid(with_it.map(|(line, _)| Fault { detail: error.to_string(), ..Fault::default() }.on_line(*line)).collect())
}

/// Every line without a time, or with one ahead of the clock.
fn check_times(lines: &[(usize, ImportLine)], now: Time) -> Result<(), Error> {
    let faults: Vec<_> = lines
        .iter()
        .flat_map(|(number, line)| {
            let faults = match line.occurred_at() {
                None => vec![Fault::at("/occurredAt", "is required in an import, so that the same line is known when it comes again")],
                given => ahead(given, now),
            };
            faults.into_iter().map(|fault| fault.on_line(*number))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::Invalid(faults)) }
}

/// Adds those that are not known yet, and settles counts and cells once for all of them.
async fn add_unknown(write: &mut Write, asked: Vec<(usize, Asked)>, by: &Label, now: Time) -> Result<Imported, Error> {
    let (mut imported, mut touched) = (Imported::default(), BTreeSet::new());
    let mut counts = BTreeMap::<(Place, Status), i64>::new();
    for (number, asked) in asked {
        let place = asked.place();
        let added = match asked {
            Asked::Deployment(new) if write.is_known(&new.deployment, new.occurred_at).await? => false,
            Asked::Deployment(new) => {
                add(write, &new.deployment, new.occurred_at, by).await?;
                *counts.entry((place, new.deployment.status)).or_default() += 1;
                true
            }
            Asked::Removal(place, removed) => remove_afterwards(write, place, removed, by, now)
                .await?
                .map_err(|why| Error::fault(Fault { detail: why.into(), ..Fault::default() }.on_line(number)))?,
        };
        if added {
            imported.recorded += 1;
            touched.insert(place);
        } else {
            imported.skipped += 1;
        }
    }
    for ((place, status), more) in &counts {
        write.count(*place, *status, *more).await?;
    }
    for place in touched {
        write.settle_cell(place).await?;
    }
    Ok(imported)
}
