//! A write in progress: the rows that it has read, the changes that were decided, and how they
//! reach the database.
//!
//! A use case reads first and then adds its changes to the draft, which cannot fail half-way. The
//! draft is written at the commit, or before a read of something that it may change. It is written
//! in sets: one statement per table and not one per row. So requests that share a write also share
//! its statements.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use uuid::Uuid;

use super::{
    CellKey, DeploymentRecord, Transaction,
    condition::WriteGuard,
    database_version::CommitWatch,
    draft::{Draft, EventSource, NewAnswer, NewEvent, NewPeriod, UnarchiveCauses},
    on,
    sqlx_error::unexpected,
};
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    event::EventType,
    history::{HistoryEntry, HistoryKind, Period},
    status::Status,
};

/// A write in progress. If it is dropped without [`Write::commit`], nothing is changed.
#[derive(Debug)]
pub(crate) struct Write {
    transaction: Transaction,
    /// The slot of the shared counters that this write adds to.
    pub(super) slot: i16,
    commits: Arc<CommitWatch>,
    guard: WriteGuard,
    /// The deployments that were read or added, with all decided changes.
    deployments: BTreeMap<Uuid, DeploymentRecord>,
    /// The newest time of each locked cell, with all decided changes.
    newest_times: BTreeMap<CellKey, Time>,
    /// The reserved numbers for rows of history.
    numbers: VecDeque<i64>,
    draft: Draft,
    /// The events to be added. They are numbered at the commit and not before.
    events: Vec<NewEvent>,
    /// The components and environments to take out of the archive.
    pub(super) unarchive_causes: UnarchiveCauses,
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
            newest_times: BTreeMap::new(),
            numbers: VecDeque::new(),
            draft: Draft::default(),
            events: Vec::new(),
            unarchive_causes: UnarchiveCauses::new(),
        }
    }

    /// Locks these cells and the cells of these deployments until the end of this write, and reads
    /// the deployments. Other writes to the cells wait: a writer that chose the current deployment
    /// while another one was adding a deployment would choose wrongly.
    ///
    /// Every write to a deployment must begin with one call, with all cells and deployments that it
    /// will touch. Each comes with the time of its arrival: afterwards, the newest time of its cell
    /// is not earlier than that.
    pub(crate) async fn lock(
        &mut self,
        ids: &[(Uuid, Time)],
        cells: impl IntoIterator<Item = (CellKey, Time)>,
    ) -> Result<(), Error> {
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
        for found in self.read_deployments(&ids).await? {
            self.deployments.insert(found.deployment.id, found);
        }
        Ok(())
    }

    /// Reserves numbers for rows of history.
    pub(crate) async fn reserve(&mut self, rows: usize) -> Result<(), Error> {
        let missing = rows.saturating_sub(self.numbers.len());
        if missing > 0 {
            let numbers = self.next_numbers(missing).await?;
            self.numbers.extend(numbers);
        }
        Ok(())
    }

    /// One deployment, with all decided changes.
    pub(crate) async fn deployment(&mut self, id: Uuid) -> Result<Option<DeploymentRecord>, Error> {
        if let Some(held) = self.deployments.get(&id) {
            return Ok(Some(held.clone()));
        }
        Ok(self.read_deployments(&[id]).await?.pop())
    }

    /// One of the deployments that [`Write::lock`] has read, with all decided changes. A deployment
    /// that was added since is not found.
    pub(crate) fn locked_deployment(&self, id: Uuid) -> Result<DeploymentRecord, Error> {
        self.deployments
            .get(&id)
            .cloned()
            .ok_or_else(|| Error::no_deployment(id))
    }

    /// An existing deployment, with all decided changes.
    pub(crate) async fn existing_deployment(
        &mut self,
        id: Uuid,
    ) -> Result<DeploymentRecord, Error> {
        self.deployment(id)
            .await?
            .ok_or_else(|| Error::no_deployment(id))
    }

    /// The newest time of a locked cell: no live transition gets an earlier time.
    pub(crate) fn newest_time(&self, cell: CellKey) -> Time {
        self.newest_times.get(&cell).copied().unwrap_or_default()
    }

    /// The newest time of all locked cells; `None` if none is locked.
    pub(crate) fn newest_locked_time(&self) -> Option<Time> {
        self.newest_times.values().copied().max()
    }

    /// Raises the newest time of a cell to the time of a transition or undeployment.
    pub(crate) fn note_time(&mut self, cell: CellKey, at: Time) {
        if at > self.newest_time(cell) {
            self.newest_times.insert(cell, at);
            self.draft.newest_times.insert(cell, at);
        }
    }

    /// Adds a row to the history of a deployment, and returns it with its number, which must have
    /// been reserved.
    pub(crate) fn add_entry(
        &mut self,
        deployment_id: Uuid,
        entry: HistoryEntry,
    ) -> Result<HistoryEntry, Error> {
        let sequence = self
            .numbers
            .pop_front()
            .ok_or_else(|| Error::Internal("no number was reserved for a row of history".into()))?;
        let entry = HistoryEntry { sequence, ..entry };
        let r#type = match (entry.event, entry.from) {
            (HistoryKind::Undeployed, _) => EventType::DeploymentUndeployed,
            (HistoryKind::Transition, None) => EventType::DeploymentCreated,
            (HistoryKind::Transition, Some(_)) => EventType::DeploymentTransitioned,
        };
        self.add_event(NewEvent {
            r#type,
            subject_id: Some(deployment_id),
            source: EventSource::HistoryRow(sequence),
        });
        self.draft.entries.push((deployment_id, entry.clone()));
        Ok(entry)
    }

    /// Adds an event, which readers receive after the commit.
    pub(crate) fn add_event(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Writes a deployment: a new one, or a change of the revision that was read.
    pub(crate) fn put_deployment(&mut self, record: DeploymentRecord) {
        let id = record.deployment.id;
        self.draft.changed.insert(id);
        self.deployments.insert(id, record);
    }

    /// Adds a period of a deployment to its cell. The commit updates what is current there.
    pub(crate) fn add_period(&mut self, deployment: &Deployment, period: Period) {
        let (cell, version) = (
            CellKey::of(deployment),
            (!period.is_undeployment).then(|| deployment.version.to_string()),
        );
        self.draft.periods.push(NewPeriod {
            cell,
            deployment_id: deployment.id,
            version,
            period,
        });
        self.draft.outdated.insert(cell);
    }

    /// Ends the period of a success that is rolled back. The commit updates what is current there.
    pub(crate) fn end_period(&mut self, cell: CellKey, success: (Time, i64), ended_at: Time) {
        self.draft.ended.push((cell, success, ended_at));
        self.draft.outdated.insert(cell);
    }

    /// Has the commit update what is current in a cell.
    pub(crate) fn refresh_current(&mut self, cell: CellKey) {
        self.draft.outdated.insert(cell);
    }

    /// Adds to a count.
    pub(crate) fn count(&mut self, cell: CellKey, status: Status, more: i64) {
        *self.draft.counts.entry((cell, status)).or_default() += more;
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
        // Deployments first: rows of other tables refer to them.
        self.insert_entries(&draft.entries).await?;
        self.insert_periods(&draft.periods).await?;
        for (cell, success, ended_at) in draft.ended {
            self.write_end(cell, success, ended_at).await?;
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
        // Check again: a commit to a file that was deleted or replaced meanwhile must not be
        // acknowledged.
        condition.note(condition.check_files())?;
        self.guard.succeed();
        Ok(())
    }

    /// Writes everything and returns the number of the last event.
    async fn write_all(&mut self) -> Result<i64, Error> {
        self.flush().await?;
        self.write_unarchived().await?;
        let events = std::mem::take(&mut self.events);
        let last_event = self.count_commit(events.len()).await?;
        self.insert_events(&events, last_event).await?;
        Ok(last_event)
    }
}
