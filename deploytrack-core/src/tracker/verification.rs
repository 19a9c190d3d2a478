//! Comparing all derived data with the history, and repairing it.

mod damage;
mod deployments;
mod events;

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use self::damage::{Source, Unreadable};
use super::{Tracker, in_own_task};
use crate::{
    clock::{self, Time},
    deployment::Deployment,
    error::Error,
    history::{self, DeploymentState, HistoryEntry, Period},
    status::Status,
    store::{CellKey, DeploymentRecord, EntryResult, LockedCells, StoredCell, StoredPeriod, Write},
    verification::{Difference, MOST_NAMED, Verification},
};

impl Tracker {
    /// Compares all derived data with the history, and the history with its hashes. It reads the
    /// database as it was at one moment and blocks no writer. The time is proportional to the
    /// history, and the memory to the number of cells.
    ///
    /// # Errors
    /// [`Error::Verifying`] if a verification is already running; errors of the database.
    pub async fn verify(&self) -> Result<Verification, Error> {
        self.audit().await.map(|audit| audit.report)
    }

    /// Rebuilds everything that differs from the history, cell by cell, each in a short write; then
    /// compares again and reports what is left. The history is never changed, and neither is a cell
    /// whose history is not as it was recorded.
    ///
    /// # Errors
    /// As [`Tracker::verify`].
    pub async fn repair(&self) -> Result<Verification, Error> {
        // Cells before environments: the counts of an environment are the sums of the counts of its
        // cells.
        for repair in self.audit().await?.repairs {
            let this = self.clone();
            in_own_task(async move {
                let mut write = this.store.write().await?;
                match repair {
                    Repair::Cell(cell) => rebuild(&mut write, cell).await?,
                    Repair::Environment(id) => write.recount_environment(id).await?,
                }
                write.commit().await
            })
            .await?;
        }
        self.verify().await
    }

    /// In its own task: a cancelled caller would leave running statements behind, each of which
    /// occupies a connection. The next verification waits for their end.
    async fn audit(&self) -> Result<Audit, Error> {
        let one_at_a_time = self
            .verifying
            .clone()
            .try_lock_owned()
            .map_err(|_| Error::Verifying)?;
        let this = self.clone();
        in_own_task(async move {
            let audit = this.compare_everything().await;
            drop(one_at_a_time);
            audit
        })
        .await
    }

    async fn compare_everything(&self) -> Result<Audit, Error> {
        let mut source = Source {
            snapshot: self.store.snapshot().await?,
            store: &self.store,
        };
        let mut audit = Audit::default();
        audit.compare_deployments(&mut source).await?;
        audit.compare_derived_tables(&mut source).await?;
        audit.compare_events(&mut source).await?;
        audit.note_damage(&mut source).await?;
        audit.conclude();
        Ok(audit)
    }
}

/// What must be rebuilt to repair a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Repair {
    Cell(CellKey),
    /// The counts of an environment over all components.
    Environment(Uuid),
}

impl Repair {
    /// Whether the repair uses the history of this cell.
    fn is_of(&self, cell: &CellKey) -> bool {
        match self {
            Self::Cell(own) => own == cell,
            Self::Environment(id) => *id == cell.environment_id,
        }
    }
}

/// The findings so far, and the values that the history requires for each cell.
#[derive(Debug, Default)]
struct Audit {
    report: Verification,
    /// The differences that the report lists, each with its repair.
    named: Vec<(Option<Repair>, Difference)>,
    /// What must be rebuilt.
    repairs: BTreeSet<Repair>,
    /// The cells whose history is not as it was recorded. Their derived data may be all that is
    /// left of the truth.
    broken: BTreeSet<CellKey>,
    counts: BTreeMap<(CellKey, Status), i64>,
    newest: BTreeMap<CellKey, ExpectedCell>,
    /// How many stored periods agree with the history.
    periods: u64,
    /// The unreadable parts.
    unreadable: Unreadable,
}

/// What the history requires of a cell: its newest period that has not ended, and its newest time.
#[derive(Debug)]
struct ExpectedCell {
    key: (Time, i64),
    stored: StoredCell,
    time: Time,
}

impl Audit {
    fn note(&mut self, table: &str, repair: Option<Repair>, difference: Difference) {
        self.report.found += 1;
        if self.named.len() < MOST_NAMED {
            self.named.push((
                repair,
                Difference {
                    table: table.to_owned(),
                    ..difference
                },
            ));
        }
    }

    /// Notes a difference that the history can repair, if the history itself is as it was recorded.
    fn note_repairable(&mut self, table: &str, cell: CellKey, difference: Difference) {
        self.repairs.insert(Repair::Cell(cell));
        self.note(table, Some(Repair::Cell(cell)), difference);
    }

    /// Notes a difference after which the history of a cell cannot be used for a repair.
    fn note_broken(&mut self, table: &str, cell: CellKey, difference: Difference) {
        self.broken.insert(cell);
        self.note(table, None, difference);
    }

    /// Decides which differences can be repaired, and completes the report.
    fn conclude(&mut self) {
        if self.unreadable.deployments {
            self.repairs.clear();
        }
        self.repairs
            .retain(|repair| !self.broken.iter().any(|cell| repair.is_of(cell)));
        let repairable =
            |repair: Option<Repair>| repair.is_some_and(|repair| self.repairs.contains(&repair));
        let named = self.named.iter().map(|(repair, difference)| Difference {
            repairable: repairable(*repair),
            ..difference.clone()
        });
        self.report.differences = named.collect();
        self.report.ok = self.report.found == 0;
        self.report.empty = self.report.deployments == 0 && !self.unreadable.any;
    }

    /// Compares one deployment and its periods with its history.
    fn compare(
        &mut self,
        row: &DeploymentRecord,
        history: Vec<EntryResult>,
        periods: &[StoredPeriod],
    ) {
        let (deployment, cell) = (&row.deployment, CellKey::of(&row.deployment));
        let about = |sequence, detail| Difference {
            deployment_id: Some(deployment.id),
            sequence,
            detail,
            ..Difference::default()
        };
        let mut entries = Vec::with_capacity(history.len());
        for (sequence, entry) in history {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    return self.note_broken(
                        "history",
                        cell,
                        about(Some(sequence), unreadable(&error)),
                    );
                }
            }
        }
        if let Err(broken) = history::check(deployment, &entries) {
            self.note_broken("history", cell, about(broken.sequence, broken.why));
        } else if entries
            .last()
            .is_some_and(|last| last.hash != row.head_hash)
        {
            let detail =
                "the last row of the history is not the one of the last write to the deployment"
                    .into();
            self.note_broken("deployments", cell, about(None, detail));
        }
        let Some(state) = history::fold(&entries) else {
            return;
        };
        if let Some(detail) = differing(row, &state) {
            self.note_repairable("deployments", cell, about(None, detail));
        }
        let expected = history::periods(&entries);
        if let Some((sequence, detail)) = differing_periods(deployment, &expected, periods) {
            self.note_repairable("cell_periods", cell, about(sequence, detail));
        }
        self.periods += expected
            .iter()
            .filter(|period| periods.contains(&expected_period(deployment, period)))
            .count() as u64;
        self.count(deployment, state.status, &expected, newest_of(&entries));
    }

    /// Adds a deployment to the values that the history requires for its cell.
    fn count(&mut self, deployment: &Deployment, status: Status, periods: &[Period], time: Time) {
        let cell = CellKey::of(deployment);
        *self.counts.entry((cell, status)).or_default() += 1;
        let empty = || ExpectedCell {
            key: (Time::default(), 0),
            stored: empty_cell(),
            time,
        };
        let newest = self.newest.entry(cell).or_insert_with(empty);
        newest.time = newest.time.max(time);
        for period in periods.iter().filter(|period| period.ended_at.is_none()) {
            let key = (period.started_at, period.sequence);
            if key > newest.key {
                (newest.key, newest.stored) = (
                    key,
                    if period.is_undeployment {
                        empty_cell()
                    } else {
                        current_cell(deployment, period)
                    },
                );
            }
        }
    }

    fn compare_cells(&mut self, stored: Vec<(CellKey, StoredCell, Time)>) {
        self.report.cells = stored.len() as u64;
        let mut expected = std::mem::take(&mut self.newest);
        for (cell, stored, newest_at) in stored {
            let (expected, newest) = expected.remove(&cell).map_or_else(
                || (empty_cell(), newest_at),
                |newest| (newest.stored, newest.time),
            );
            if newest_at < newest && !self.unreadable.cells.contains(&cell) {
                let (stored, newest) = (
                    clock::format_exact(&newest_at),
                    clock::format_exact(&newest),
                );
                let detail =
                    format!("the newest time is {stored}, but the history goes to {newest}");
                self.note_repairable("current_cells", cell, of_cell(cell, detail));
            }
            if stored != expected && !self.unreadable.cells.contains(&cell) {
                let detail = format!(
                    "shows {}, but the history has {}",
                    display(&stored),
                    display(&expected)
                );
                self.note_repairable("current_cells", cell, of_cell(cell, detail));
            }
        }
        expected.retain(|cell, _| !self.unreadable.cells.contains(cell));
        for cell in expected.into_keys() {
            self.note_repairable("current_cells", cell, of_cell(cell, "is missing".into()));
        }
    }

    fn compare_counts(&mut self, stored: &BTreeMap<(CellKey, Status), i64>) {
        let keys: BTreeSet<_> = stored.keys().chain(self.counts.keys()).copied().collect();
        for (cell, status) in keys {
            let of = |counts: &BTreeMap<_, i64>| counts.get(&(cell, status)).copied().unwrap_or(0);
            let (stored, expected) = (of(stored), of(&self.counts));
            if stored != expected && !self.unreadable.cells.contains(&cell) {
                let detail = format!("counts {stored} {status}, but the history has {expected}");
                self.note_repairable("deployment_counts", cell, of_cell(cell, detail));
            }
        }
    }

    fn compare_environments(&mut self, stored: &BTreeMap<(Uuid, Status), i64>) {
        let expected = by_environment(&self.counts);
        let keys: BTreeSet<_> = stored.keys().chain(expected.keys()).copied().collect();
        for (id, status) in keys {
            let of = |counts: &BTreeMap<_, i64>| counts.get(&(id, status)).copied().unwrap_or(0);
            let (stored, expected) = (of(stored), of(&expected));
            if stored != expected && !self.unreadable.has_cell_of(id) {
                let detail = format!("counts {stored} {status}, but the history has {expected}");
                self.repairs.insert(Repair::Environment(id));
                let difference = Difference {
                    environment_id: Some(id),
                    detail,
                    ..Difference::default()
                };
                self.note(
                    "environment_counts",
                    Some(Repair::Environment(id)),
                    difference,
                );
            }
        }
    }
}

/// Sums the counts of cells by environment.
fn by_environment(counts: &BTreeMap<(CellKey, Status), i64>) -> BTreeMap<(Uuid, Status), i64> {
    let mut sums = BTreeMap::new();
    for ((cell, status), count) in counts {
        *sums.entry((cell.environment_id, *status)).or_default() += count;
    }
    sums
}

fn of_cell(cell: CellKey, detail: String) -> Difference {
    let (component_id, environment_id) = (Some(cell.component_id), Some(cell.environment_id));
    Difference {
        component_id,
        environment_id,
        detail,
        ..Difference::default()
    }
}

fn unreadable(error: &Error) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string)
}

fn empty_cell() -> StoredCell {
    StoredCell {
        deployment_id: None,
        version: None,
        succeeded_at: None,
    }
}

fn current_cell(deployment: &Deployment, period: &Period) -> StoredCell {
    StoredCell {
        deployment_id: Some(deployment.id),
        version: Some(deployment.version.to_string()),
        succeeded_at: Some(period.started_at),
    }
}

fn display(cell: &StoredCell) -> String {
    let (id, version) = (
        cell.deployment_id.map(|id| id.to_string()),
        cell.version.clone(),
    );
    let at = cell.succeeded_at.map(|time| clock::format_exact(&time));
    if *cell == empty_cell() {
        return "nothing".into();
    }
    format!(
        "{} ({}) since {}",
        version.unwrap_or_default(),
        id.unwrap_or_default(),
        at.unwrap_or_default()
    )
}

/// The first value in which a deployment differs from its history.
fn differing(row: &DeploymentRecord, expected: &DeploymentState) -> Option<String> {
    // Without `..`: a new value of the state must be compared too.
    let DeploymentState {
        status,
        attempt,
        started_at,
        finished_at,
        succeeded,
        occurred: (occurred_at, occurred_sequence),
    } = expected;
    let (succeeded_at, succeeded_sequence) = succeeded.unzip();
    let deployment = &row.deployment;
    let words =
        |stored: &dyn ToString, expected: &dyn ToString| (stored.to_string(), expected.to_string());
    let times = |stored: Option<Time>, expected: Option<Time>| {
        let shown = |time| clock::format_exact(&time);
        [stored, expected]
            .map(|time| time.map_or_else(|| "never".to_owned(), shown))
            .into()
    };
    let numbers = |stored: Option<i64>, expected: Option<i64>| {
        let shown = |number: i64| number.to_string();
        [stored, expected]
            .map(|number| number.map_or_else(|| "none".to_owned(), shown))
            .into()
    };
    let compared = [
        ("status", words(&deployment.status, status)),
        ("attempt", words(&deployment.attempt, attempt)),
        ("start", times(deployment.started_at, *started_at)),
        ("finish", times(deployment.finished_at, *finished_at)),
        ("success", times(deployment.succeeded_at, succeeded_at)),
        (
            "row of its success",
            numbers(row.succeeded_sequence, succeeded_sequence),
        ),
        (
            "latest transition",
            times(Some(deployment.occurred_at), Some(*occurred_at)),
        ),
        (
            "row of its latest transition",
            numbers(Some(row.occurred_sequence), Some(*occurred_sequence)),
        ),
    ];
    let (what, (stored, expected)) = compared
        .into_iter()
        .find(|(_, (stored, expected))| stored != expected)?;
    Some(format!(
        "the {what} is {stored}, but the history has {expected}"
    ))
}

/// A period as it should be stored.
fn expected_period(deployment: &Deployment, period: &Period) -> StoredPeriod {
    let version = (!period.is_undeployment).then(|| deployment.version.to_string());
    StoredPeriod {
        period: *period,
        deployment_id: deployment.id,
        version,
    }
}

/// The first period that is missing or differs from the history.
fn differing_periods(
    deployment: &Deployment,
    expected: &[Period],
    stored: &[StoredPeriod],
) -> Option<(Option<i64>, String)> {
    let wrong = expected
        .iter()
        .find(|period| !stored.contains(&expected_period(deployment, period)))?;
    let exists = stored
        .iter()
        .any(|stored| stored.period.sequence == wrong.sequence);
    let detail = if exists {
        "the period it began differs from the history"
    } else {
        "the period it began is missing"
    };
    Some((Some(wrong.sequence), detail.into()))
}

/// Rebuilds a cell from the histories of its deployments.
async fn rebuild(write: &mut Write, cell: CellKey) -> Result<(), Error> {
    let mut cells = write.lock(&[], [(cell, Time::default())]).await?;
    cells.delete_periods(cell).await?;
    cells.delete_counts(cell).await?;
    for id in cells.deployments_in(cell).await? {
        let status = rebuild_deployment(&mut cells, id).await?;
        cells.count(cell, status, 1);
    }
    cells.refresh_current(cell);
    cells.recount_environment(cell.environment_id).await
}

/// Rebuilds a deployment and its periods from its history; returns its status.
async fn rebuild_deployment(cells: &mut LockedCells<'_>, id: Uuid) -> Result<Status, Error> {
    let mut record = cells.deployment(id).await?;
    let entries = cells.history(id).await?;
    let Some(state) = history::fold(&entries) else {
        return Ok(record.deployment.status);
    };
    cells.note_time(CellKey::of(&record.deployment), newest_of(&entries))?;
    if differing(&record, &state).is_some() {
        record.set_state(&state);
        cells.put_deployment(record.clone());
    }
    for period in history::periods(&entries) {
        cells.add_period(&record.deployment, period);
    }
    Ok(state.status)
}

/// The newest time in a history.
fn newest_of(entries: &[HistoryEntry]) -> Time {
    entries
        .iter()
        .map(|entry| entry.occurred_at)
        .max()
        .unwrap_or_default()
}

#[cfg(all(test, feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::store::Store;

    #[tokio::test]
    async fn a_verification_continues_when_its_caller_is_dropped() {
        let tracker = Tracker::new(Store::open("sqlite::memory:").await.unwrap());
        tokio::select! {
            biased;
            _ = tracker.verify() => panic!("the task has not run yet"),
            () = std::future::ready(()) => {}
        }
        assert!(matches!(tracker.verify().await, Err(Error::Verifying)));
        drop(tracker.verifying.lock().await);
        assert!(tracker.verify().await.unwrap().ok);
    }
}
