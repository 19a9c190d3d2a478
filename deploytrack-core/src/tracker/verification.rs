//! Comparing all derived data with the history, and repairing it.

mod cells;
mod damage;
mod deployments;
mod events;
mod history;
mod rebuild;
mod removals;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use uuid::Uuid;

use self::{
    damage::{Source, Unreadable},
    history::ExpectedCell,
    rebuild::rebuild,
};
use super::{Tracker, audit::add_store_event, in_own_task};
use crate::{
    error::Error,
    event::{EventDetails, EventType},
    status::Status,
    store::{CellKey, Snapshot, Store},
    text::Label,
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
        self.compare().await.map(|findings| findings.report)
    }

    /// Rebuilds everything that differs from the history, cell by cell, each in a short write; then
    /// compares again and reports what is left. The history is never changed, and neither is a cell
    /// whose history is not as it was recorded. Each of these writes has an event, recorded by `by`.
    ///
    /// # Errors
    /// As [`Tracker::verify`].
    pub async fn repair(&self, by: &Label) -> Result<Verification, Error> {
        // Cells before environments: the counts of an environment are the sums of the counts of its
        // cells.
        for repair in self.compare().await?.repairs {
            let (this, by) = (self.clone(), by.clone());
            in_own_task(async move {
                let mut write = this.store.write().await?;
                let (now, r#type) = (this.clock.now(), EventType::StoreRepaired);
                add_store_event(&mut write, r#type, &repair.details(), now, &by);
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
    async fn compare(&self) -> Result<Findings, Error> {
        let one_at_a_time = self
            .verifying
            .clone()
            .try_lock_owned()
            .map_err(|_| Error::Verifying)?;
        let this = self.clone();
        in_own_task(async move {
            let findings = this.compare_everything().await;
            drop(one_at_a_time);
            findings
        })
        .await
    }

    async fn compare_everything(&self) -> Result<Findings, Error> {
        let mut source = Source {
            snapshot: self.store.snapshot().await?,
            store: &self.store,
        };
        Findings::of(&mut source).await
    }
}

/// Verifies what a transaction has written and not committed yet. Returns the snapshot of it.
pub(super) async fn verify_uncommitted(
    store: &Store,
    snapshot: Snapshot,
) -> Result<(Verification, Snapshot), Error> {
    let mut source = Source { snapshot, store };
    let findings = Findings::of(&mut source).await?;
    Ok((findings.report, source.snapshot))
}

/// Refuses a database that differs from its history.
pub(super) fn accept(report: &Verification) -> Result<(), Error> {
    if report.ok {
        return Ok(());
    }
    let first = report.differences.first();
    let first = first.map(ToString::to_string).unwrap_or_default();
    Err(Error::Setup(format!(
        "the verification found {} differences between the data and its history, the first one in {first}; \
         `deploytrack-server verify` lists them",
        report.found
    )))
}

/// What must be rebuilt to repair a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Repair {
    Cell(CellKey),
    /// The counts of an environment over all components.
    Environment(Uuid),
}

impl Repair {
    /// The details of its event.
    fn details(self) -> EventDetails {
        let (component, environment) = match self {
            Self::Cell(cell) => (Some(cell.component_id), cell.environment_id),
            Self::Environment(id) => (None, id),
        };
        let component = component.map(|id| ("componentId".to_owned(), json!(id)));
        let environment = ("environmentId".to_owned(), json!(environment));
        component.into_iter().chain([environment]).collect()
    }

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
struct Findings {
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
    /// Whether a removal is not as it was recorded.
    has_wrong_removal: bool,
    /// The unreadable parts.
    unreadable: Unreadable,
}

impl Findings {
    async fn of(source: &mut Source<'_>) -> Result<Self, Error> {
        let mut findings = Self::default();
        findings.compare_deployments(source).await?;
        findings.compare_removals(source).await?;
        findings.compare_derived_tables(source).await?;
        findings.compare_events(source).await?;
        findings.note_damage(source).await?;
        findings.conclude();
        Ok(findings)
    }

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
        self.report.empty =
            self.report.deployments == 0 && self.report.removed == 0 && !self.unreadable.any;
    }
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
