//! Importing deployments and undeployments of the past.

mod addition;
mod past_line;
mod plan;
mod register;
mod unarchive;

use std::collections::BTreeSet;

use self::{
    addition::{Addition, add_all},
    past_line::{PastLine, placed},
    plan::{ImportPlan, plan},
    register::register,
    unarchive::unarchive_imported,
};
use super::{
    Start, Terms, Tracker, WriteOutcome,
    cell::{Undeployment, import_undeployment},
    in_own_task,
    resolve::{NamePolicy, ResolvedNames},
};
use crate::{
    api::{ImportCounts, ImportLine, PastDeployment},
    arrival::Arrival,
    catalog::{CatalogKind, Reference},
    clock::Time,
    error::{Error, Fault},
    store::{CellKey, LockedCells, Write},
    text::Label,
};

impl Tracker {
    /// Records many deployments and undeployments, all or none. Each line comes with its line
    /// number, for the faults.
    ///
    /// A line that is already recorded is skipped: the same component, environment, version and
    /// commit entered the same status at `occurred_at`. If a deployment is recorded with a shorter
    /// history, it gets the rest of the line's history. Unlike [`Tracker::record`], an import
    /// accepts `rolled_back` and whole histories, and registers names that resemble others, since
    /// the past cannot be corrected. A deployment that happened after the archiving of its
    /// component or environment takes it out of the archive; earlier ones do not.
    ///
    /// Undeployments may come in any order. Each ends what was current at its time, after all
    /// deployments of the lines are recorded.
    ///
    /// # Errors
    /// [`Error::Invalid`] with a fault for every invalid line; otherwise as [`Tracker::record`].
    pub async fn import(
        &self,
        lines: Vec<(usize, ImportLine)>,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<ImportCounts>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let arrival = terms.arriving(now);
            check_times(&lines, &arrival)?;
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            let (write, by) = (&mut work.write, terms.author());
            let mut imported = register(&this, write, &lines, by).await?;
            let names = this.resolve_names(write, &lines, by).await?;
            let archived = unarchive_imported(write, &lines, &names, &arrival, by);
            let resolved = this.resolve_lines(lines, &names, &terms, &arrival)?;
            // Time zero: imported times are in the past and must not raise the newest times of
            // cells.
            let mut cells = write
                .lock(&[], resolved.cells().map(|cell| (cell, Time::default())))
                .await?;
            imported += resolved.record(&mut cells, by, now).await?;
            let written = work.finish(imported).await?;
            Ok(WriteOutcome {
                archived,
                ..written
            })
        })
        .await
    }

    /// Resolves the names of the lines to ids, within the limits of the author.
    fn resolve_lines(
        &self,
        lines: Vec<(usize, ImportLine)>,
        names: &ResolvedNames,
        terms: &Terms,
        arrival: &Arrival,
    ) -> Result<ResolvedLines, Error> {
        let mut resolved = ResolvedLines::default();
        for (number, line) in lines {
            match line {
                ImportLine::Deployment(past) => resolved
                    .deployments
                    .push(self.past_line(number, *past, names, terms, arrival)?),
                ImportLine::Undeployed(removal) => {
                    let (component, environment) =
                        names.known_pair((&removal.component, &removal.environment))?;
                    terms
                        .limits()
                        .check_cell(&component.name, &environment.name)?;
                    let cell = CellKey {
                        component_id: component.id,
                        environment_id: environment.id,
                    };
                    resolved.undeployments.push((
                        number,
                        cell,
                        Undeployment::of_line(removal.undeploy, arrival),
                    ));
                }
                ImportLine::Component(line) => {
                    terms
                        .limits()
                        .check(CatalogKind::Component, &line.new.name)?;
                }
                ImportLine::Environment(line) => {
                    terms
                        .limits()
                        .check(CatalogKind::Environment, &line.new.name)?;
                }
            }
        }
        Ok(resolved)
    }

    fn past_line(
        &self,
        number: usize,
        past: PastDeployment,
        names: &ResolvedNames,
        terms: &Terms,
        arrival: &Arrival,
    ) -> Result<PastLine, Error> {
        let new = &past.deployment;
        let has_history = !past.history.is_empty();
        let pair = names.known_pair((&new.component, &new.environment))?;
        let entries = placed(past.entries(), arrival);
        let deployment = self.new_deployment(past.deployment, pair, terms.author(), arrival.at);
        terms.check_limits(&deployment)?;
        Ok(PastLine {
            number,
            deployment,
            entries,
            has_history,
        })
    }

    /// Resolves every name and id of the lines, and registers unknown names, in the same order for
    /// all writers.
    async fn resolve_names(
        &self,
        write: &mut Write,
        lines: &[(usize, ImportLine)],
        by: &Label,
    ) -> Result<ResolvedNames, Error> {
        let policy = NamePolicy::new(self.registration, self.name_guard, true);
        let pairs = || lines.iter().filter_map(|(_, line)| line.names());
        let mut names = ResolvedNames::of(write, pairs()).await?;
        for component in pairs()
            .map(|(component, _)| component)
            .collect::<BTreeSet<_>>()
        {
            names
                .add_component(self, write, component, policy, by)
                .await
                .map_err(|error| on_line(error, lines, component))?;
        }
        for environment in pairs()
            .map(|(_, environment)| environment)
            .collect::<BTreeSet<_>>()
        {
            names
                .add_environment(self, write, environment, policy, by)
                .await
                .map_err(|error| on_line(error, lines, environment))?;
        }
        Ok(names)
    }
}

/// An undeployment from a cell, with its line number.
type NumberedUndeployment = (usize, CellKey, Undeployment);

/// The lines with resolved names.
#[derive(Default)]
struct ResolvedLines {
    deployments: Vec<PastLine>,
    undeployments: Vec<NumberedUndeployment>,
}

impl ResolvedLines {
    fn cells(&self) -> impl Iterator<Item = CellKey> {
        self.deployments
            .iter()
            .map(PastLine::cell)
            .chain(self.undeployments.iter().map(|(_, cell, _)| *cell))
    }

    /// Records the lines that are not recorded yet.
    async fn record(
        self,
        cells: &mut LockedCells<'_>,
        by: &Label,
        now: Time,
    ) -> Result<ImportCounts, Error> {
        let ImportPlan {
            additions,
            undeployments,
            earlier,
            mut imported,
        } = plan(cells, self.deployments).await?;
        let rows: usize = additions.iter().map(Addition::rows).sum();
        cells
            .reserve(rows + undeployments.len() + earlier.len() + self.undeployments.len())
            .await?;
        add_all(cells, additions, by, now).await?;
        let mut faults = Vec::new();
        for (number, cell, undeployment) in earlier {
            faults.extend(
                undeploy(cells, number, cell, undeployment, by, now)
                    .await?
                    .err(),
            );
        }
        let mut renewed = BTreeSet::new();
        for (number, cell, undeployment) in undeployments {
            match undeploy(cells, number, cell, undeployment, by, now).await? {
                // The plan counts this line as skipped.
                Ok(true) if renewed.insert(number) => imported.renew(),
                Ok(_) => {}
                Err(fault) => faults.push(fault),
            }
        }
        for (number, cell, undeployment) in self.undeployments {
            match undeploy(cells, number, cell, undeployment, by, now).await? {
                Ok(is_new) => imported.count(is_new),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(imported)
        } else {
            Err(Error::Invalid(faults))
        }
    }
}

/// Records an undeployment, unless it is already recorded. Returns whether it is new, or the fault
/// of its line.
async fn undeploy(
    cells: &mut LockedCells<'_>,
    number: usize,
    cell: CellKey,
    undeployment: Undeployment,
    by: &Label,
    now: Time,
) -> Result<Result<bool, Fault>, Error> {
    let done = import_undeployment(cells, cell, undeployment, by, now).await?;
    Ok(done.map_err(|why| {
        Fault {
            detail: why.into(),
            ..Fault::default()
        }
        .on_line(number)
    }))
}

/// Turns the error of a name into a fault on every line that has the name.
fn on_line(error: Error, lines: &[(usize, ImportLine)], reference: &Reference) -> Error {
    if !matches!(error, Error::NotFound { .. }) {
        return error;
    }
    let has_reference = |line: &ImportLine| {
        line.names().is_some_and(|(component, environment)| {
            component == reference || environment == reference
        })
    };
    let named = lines.iter().filter(|(_, line)| has_reference(line));
    Error::Invalid(
        named
            .map(|(line, _)| {
                Fault {
                    detail: error.to_string(),
                    ..Fault::default()
                }
                .on_line(*line)
            })
            .collect(),
    )
}

/// Rejects lines without a time, and lines with a time ahead of the clock.
fn check_times(lines: &[(usize, ImportLine)], arrival: &Arrival) -> Result<(), Error> {
    let required = || {
        vec![Fault::at(
            "/occurredAt",
            "is required in an import, so that a repeated line is recognised",
        )]
    };
    let of_line = |line: &ImportLine| match line {
        ImportLine::Component(_) | ImportLine::Environment(_) => Vec::new(),
        ImportLine::Undeployed(removal) => removal
            .undeploy
            .occurred_at
            .map_or_else(required, |at| arrival.faults(Some(at))),
        ImportLine::Deployment(past) => match (
            past.deployment.occurred_at,
            past.history.iter().map(|entry| entry.occurred_at).max(),
        ) {
            (None, _) => required(),
            (Some(at), newest) => arrival.faults(Some(at.max(newest.unwrap_or(at)))),
        },
    };
    let faults = lines.iter().flat_map(|(number, line)| {
        of_line(line)
            .into_iter()
            .map(|fault| fault.on_line(*number))
    });
    let faults: Vec<_> = faults.collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Error::Invalid(faults))
    }
}
