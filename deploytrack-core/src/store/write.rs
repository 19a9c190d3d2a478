//! A write in progress: the rows that it has read, the changes that were decided, and how they
//! reach the database.
//!
//! A use case reads first and then adds its changes to the draft, which cannot fail half-way. The
//! draft is written at the commit, or before a read of something that it may change. It is written
//! in sets: one statement per table and not one per row. So requests that share a write also share
//! its statements.
//!
//! Each statement is a method of [`Write`] in the module of its table:
//!
//! | Module | Statements |
//! |---|---|
//! | `idempotency` | lock keys; read and store answers |
//! | `cells` | lock cells; their newest times and periods |
//! | `deployments/write` | read and write deployments |
//! | `history` | read and insert rows of history |
//! | `counts` | the counts for totals |
//! | `current` | read and update the current deployment of a cell |
//! | `archive` | take components and environments out of the archive |
//! | `database_version` | count the commit |
//! | `events` | insert events |
//! | `retention` | note deployments as removed, and delete them |
//! | `tokens`, `revocations` | tokens, and what ends them |

mod locked_cells;
mod numbers;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use uuid::Uuid;

pub(crate) use self::locked_cells::LockedCells;
use self::numbers::Numbers;
use super::{
    CellKey, DeploymentRecord, GoneDeployment, Transaction,
    condition::WriteGuard,
    database_version::CommitWatch,
    draft::{Draft, NewAnswer, NewEvent, UnarchiveCauses},
    on,
    sqlx_error::unexpected,
};
use crate::{clock::Time, error::Error};

/// A write in progress. If it is dropped without [`Write::commit`], nothing is changed.
#[derive(Debug)]
pub(crate) struct Write {
    transaction: Transaction,
    /// The slot of the shared counters (`environment_counts`) that this write adds to.
    pub(super) slot: i16,
    /// Notified of the commit: caches expire, and readers of events wake up.
    commits: Arc<CommitWatch>,
    /// Notified of errors and of success. They decide whether the database counts as writable.
    guard: WriteGuard,
    /// The deployments that were locked or added, with all decided changes.
    deployments: BTreeMap<Uuid, DeploymentRecord>,
    /// The ids that were to be locked and that no deployment has.
    unknown: BTreeSet<Uuid>,
    /// Those of them that are ids of removed deployments.
    gone: BTreeMap<Uuid, GoneDeployment>,
    /// The newest time of each locked cell, with all decided changes; see
    /// [`LockedCells::newest_time`].
    newest_times: BTreeMap<CellKey, Time>,
    /// The numbers for rows of history.
    numbers: Numbers,
    draft: Draft,
    /// The events to be added. They are numbered at the commit and not before.
    events: Vec<NewEvent>,
    /// The components and environments to take out of the archive.
    pub(super) unarchive_causes: UnarchiveCauses,
    /// Whether this write may end a token.
    changes_access: bool,
}

impl Write {
    pub(super) fn new(
        transaction: Transaction,
        slot: i16,
        commits: Arc<CommitWatch>,
        guard: WriteGuard,
    ) -> Self {
        Self {
            transaction,
            slot,
            commits,
            guard,
            deployments: BTreeMap::new(),
            unknown: BTreeSet::new(),
            gone: BTreeMap::new(),
            newest_times: BTreeMap::new(),
            numbers: Numbers::default(),
            draft: Draft::default(),
            events: Vec::new(),
            unarchive_causes: UnarchiveCauses::new(),
            changes_access: false,
        }
    }

    /// Locks these cells and the cells of these deployments until the end of this write, and reads
    /// the deployments. Other writes to the cells wait: a writer that chose the current deployment
    /// while another one was adding a deployment would choose wrongly.
    ///
    /// A write that changes deployments calls this once, with all cells and deployments that it
    /// will change: one call locks them in the order of their keys, which prevents deadlocks. Each
    /// comes with the time at which its request arrived. The newest time of its cell is raised to
    /// that time.
    pub(crate) async fn lock(
        &mut self,
        ids: &[(Uuid, Time)],
        cells: impl IntoIterator<Item = (CellKey, Time)>,
    ) -> Result<LockedCells<'_>, Error> {
        let arrivals: BTreeMap<_, _> = ids.iter().copied().collect();
        let ids: Vec<_> = arrivals.keys().copied().collect();
        let found = self
            .cells_of(&ids)
            .await?
            .into_iter()
            .filter_map(|(id, cell)| Some((cell, *arrivals.get(&id)?)));
        let mut latest_arrivals = BTreeMap::new();
        for (cell, arrival) in cells.into_iter().chain(found) {
            let latest = latest_arrivals.entry(cell).or_insert(arrival);
            *latest = arrival.max(*latest);
        }
        let newest_times = self
            .lock_cells(&latest_arrivals.into_iter().collect::<Vec<_>>())
            .await?;
        self.newest_times.extend(newest_times);
        // Read after locking: while we waited, another writer may have changed these rows.
        self.unknown.extend(&ids);
        for found in self.read_deployments(&ids).await? {
            self.unknown.remove(&found.deployment.id);
            self.deployments.insert(found.deployment.id, found);
        }
        let unknown: Vec<_> = self.unknown.iter().copied().collect();
        for gone in self.gone_deployments(&unknown).await? {
            self.gone.insert(gone.removed.id, gone);
        }
        Ok(LockedCells::of(self))
    }

    /// Adds an event, which readers receive after the commit.
    pub(crate) fn add_event(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Makes servers forget at the commit what they have cached about tokens.
    pub(super) const fn change_access(&mut self) {
        self.changes_access = true;
    }

    /// Stores an answer under its idempotency key.
    pub(crate) fn store_answer(&mut self, answer: NewAnswer) {
        self.draft.answers.push(answer);
    }

    /// Lends the transaction after the draft is written: for every statement that reads a table
    /// that a draft changes. If the draft is empty, this runs no statement.
    pub(super) async fn reading(&mut self) -> Result<&mut Transaction, Error> {
        self.flush().await?;
        Ok(&mut self.transaction)
    }

    /// Lends the transaction without the changes in the draft. For the statements that write the
    /// draft, and for tables that no draft changes: components, environments, events, commits,
    /// locks and numbers.
    pub(super) const fn unflushed(&mut self) -> &mut Transaction {
        &mut self.transaction
    }

    /// Writes the draft.
    async fn flush(&mut self) -> Result<(), Error> {
        let flushed = self.flush_draft().await;
        self.guard.condition().note(flushed)
    }

    async fn flush_draft(&mut self) -> Result<(), Error> {
        let draft = std::mem::take(&mut self.draft);
        let changed: Vec<_> = draft
            .changed
            .iter()
            .filter_map(|id| self.deployments.remove(id))
            .collect();
        self.write_deployments(&changed).await?;
        for written in changed {
            self.deployments.insert(
                written.deployment.id,
                DeploymentRecord {
                    revision: written.revision + 1,
                    ..written
                },
            );
        }
        // Deployments first: rows of other tables refer to them. Current deployments after the
        // periods, from which they are computed.
        self.insert_entries(&draft.entries).await?;
        self.insert_periods(&draft.periods.into_values().collect::<Vec<_>>())
            .await?;
        for (cell, success, ended_at) in draft.ended {
            self.write_period_end(cell, success, ended_at).await?;
        }
        self.write_newest_times(&draft.newest_times.into_iter().collect::<Vec<_>>())
            .await?;
        self.add_counts(&draft.counts).await?;
        self.update_current(&draft.outdated.into_iter().collect::<Vec<_>>())
            .await?;
        self.write_answers(&draft.answers).await
    }

    /// Commits the write.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let last_event = match self.write_all().await {
            Ok(last_event) => last_event,
            Err(error) => return self.guard.condition().note(Err(error)),
        };
        let condition = self.guard.condition();
        condition.note(
            on!(Transaction, self.transaction, |transaction| transaction
                .commit()
                .await)
            .map_err(unexpected),
        )?;
        self.commits.note_commit(last_event);
        // Check the files again, as at the start of the write: a commit to a file that was deleted
        // or replaced meanwhile must not be acknowledged.
        condition.note(condition.check_files())?;
        self.guard.succeed();
        Ok(())
    }

    /// Writes everything and returns the number of the last event. The events come last: from
    /// [`Write::count_commit`] on, other writes wait for this commit.
    async fn write_all(&mut self) -> Result<i64, Error> {
        self.flush().await?;
        self.write_unarchived().await?;
        let events = std::mem::take(&mut self.events);
        let last_event = self.count_commit(events.len(), self.changes_access).await?;
        self.insert_events(&events, last_event).await?;
        Ok(last_event)
    }
}

#[cfg(all(test, feature = "sqlite"))]
mod tests;
