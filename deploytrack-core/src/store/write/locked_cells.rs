//! The cells that a write has locked, and the changes to their deployments.

use std::ops::{Deref, DerefMut};

use uuid::Uuid;

use super::Write;
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    event::EventType,
    history::{NewEntry, Period, PeriodChange},
    retention::RemovedDeployment,
    status::Status,
    store::{
        CellKey, DeploymentRecord,
        draft::{EventSource, NewEvent, NewPeriod},
        sqlx_error::unreadable,
    },
};

/// The cells that a write has locked. [`Write::lock`] returns it, and only it can change their
/// deployments and periods. It dereferences to its [`Write`], so all statements of the write can be
/// called on it too.
#[derive(Debug)]
pub(crate) struct LockedCells<'w>(&'w mut Write);

impl Deref for LockedCells<'_> {
    type Target = Write;

    fn deref(&self) -> &Write {
        self.0
    }
}

impl DerefMut for LockedCells<'_> {
    fn deref_mut(&mut self) -> &mut Write {
        self.0
    }
}

impl<'w> LockedCells<'w> {
    pub(super) const fn of(write: &'w mut Write) -> Self {
        Self(write)
    }

    /// Fetches the numbers for this many rows of history together. Each row beyond them costs one
    /// more query.
    pub(crate) async fn reserve(&mut self, rows: usize) -> Result<(), Error> {
        self.reserve_numbers(rows).await
    }

    /// The newest time of a cell: the latest time of its rows of history, or of the arrival of a
    /// request to it, if that is later. A transition without a time of its own does not get an
    /// earlier time (see [`crate::arrival`]).
    pub(crate) fn newest_time(&self, cell: CellKey) -> Result<Time, Error> {
        let newest = self.newest_times.get(&cell).copied();
        newest.ok_or_else(|| not_locked(&cell))
    }

    /// The newest time of all locked cells; `None` if no cell is locked.
    pub(crate) fn newest_of_all(&self) -> Option<Time> {
        self.newest_times.values().copied().max()
    }

    /// Raises the newest time of a cell to the time of a transition or undeployment.
    pub(crate) fn note_time(&mut self, cell: CellKey, at: Time) -> Result<(), Error> {
        if at > self.newest_time(cell)? {
            self.newest_times.insert(cell, at);
            self.draft.newest_times.insert(cell, at);
        }
        Ok(())
    }

    /// One of the deployments whose ids were locked, with all decided changes.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such deployment; [`Error::Removed`].
    pub(crate) fn locked_deployment(&self, id: Uuid) -> Result<DeploymentRecord, Error> {
        match self.deployments.get(&id) {
            Some(locked) => Ok(locked.clone()),
            None if self.gone.contains_key(&id) => Err(self.gone[&id].clone().error()),
            None if self.unknown.contains(&id) => Err(Error::no_deployment(id)),
            None => Err(not_locked(&id)),
        }
    }

    /// A deployment of a locked cell, with all decided changes. It is read now, unless this write
    /// has read it before. For ids that come from the database: a missing deployment is damage.
    pub(crate) async fn deployment(&mut self, id: Uuid) -> Result<DeploymentRecord, Error> {
        let found = self.existing_deployment(id).await?;
        found.ok_or_else(|| unreadable("a deployment is missing"))
    }

    /// A deployment of a locked cell, as [`LockedCells::deployment`] reads it; `None` if it does not
    /// exist, or not any more.
    pub(crate) async fn existing_deployment(
        &mut self,
        id: Uuid,
    ) -> Result<Option<DeploymentRecord>, Error> {
        if let Some(known) = self.deployments.get(&id) {
            return Ok(Some(known.clone()));
        }
        let read = self.read_deployments(&[id]).await?.pop();
        if let Some(read) = &read {
            // Fails if the cell is not locked.
            self.newest_time(CellKey::of(&read.deployment))?;
        }
        Ok(read)
    }

    /// Adds a row to the history of a deployment, and everything that follows from it: the state of
    /// the deployment, the periods, the counts and the newest time of its cell, and an event. No
    /// row is written yet.
    pub(crate) async fn add_entry(
        &mut self,
        record: &mut DeploymentRecord,
        new: NewEntry,
    ) -> Result<(), Error> {
        let cell = CellKey::of(&record.deployment);
        self.note_time(cell, new.occurred_at)?;
        let sequence = self.next_number().await?;
        let entry = record
            .history_end()
            .continued(new, sequence)
            .ok_or_else(|| Error::Internal("a row of history would be illegal".into()))?;
        let mut state = record.state();
        let change = state.add(&entry);
        record.set_state(&state);
        record.deployment.updated_at = entry.recorded_at;
        record.head_hash = entry.hash;
        self.put_deployment(record.clone());
        match change {
            Some(PeriodChange::Start(period)) => self.add_period(&record.deployment, period),
            Some(PeriodChange::End { success, ended_at }) => {
                self.draft.end_period(cell, success, ended_at);
                self.draft.outdated.insert(cell);
            }
            None => {}
        }
        // An undeployment does not change the status.
        if entry.from != Some(entry.to) {
            if let Some(from) = entry.from {
                self.count(cell, from, -1);
            }
            self.count(cell, entry.to, 1);
        }
        self.add_event(NewEvent {
            r#type: EventType::of_row(entry.event, entry.from),
            subject_id: Some(record.deployment.id),
            source: EventSource::HistoryRow(sequence),
        });
        self.draft.entries.push((record.deployment.id, entry));
        Ok(())
    }

    /// Adds a deployment to the draft: a new one, or a change of the revision that was read.
    pub(crate) fn put_deployment(&mut self, record: DeploymentRecord) {
        let id = record.deployment.id;
        self.draft.changed.insert(id);
        self.deployments.insert(id, record);
    }

    /// Adds a period of a deployment to the draft. What is current in its cell is updated with it.
    pub(crate) fn add_period(&mut self, deployment: &Deployment, period: Period) {
        let (cell, version) = (
            CellKey::of(deployment),
            (!period.is_undeployment).then(|| deployment.version.to_string()),
        );
        self.draft.periods.insert(
            period.sequence,
            NewPeriod {
                cell,
                deployment_id: deployment.id,
                version,
                period,
            },
        );
        self.draft.outdated.insert(cell);
    }

    /// Adds a period of a removed deployment to the draft, as [`LockedCells::add_period`] does.
    pub(crate) fn add_removed_period(&mut self, removed: &RemovedDeployment, period: Period) {
        let cell = CellKey {
            component_id: removed.component_id,
            environment_id: removed.environment_id,
        };
        self.draft.periods.insert(
            period.sequence,
            NewPeriod {
                cell,
                deployment_id: removed.id,
                version: (!period.is_undeployment).then(|| removed.version.to_string()),
                period,
            },
        );
        self.draft.outdated.insert(cell);
    }

    /// Marks a cell: what is current in it is updated from its periods when the draft is written.
    pub(crate) fn refresh_current(&mut self, cell: CellKey) {
        self.draft.outdated.insert(cell);
    }

    /// Adds to the number of deployments in a cell that have this status.
    pub(crate) fn count(&mut self, cell: CellKey, status: Status, more: i64) {
        *self.draft.counts.entry((cell, status)).or_default() += more;
    }
}

/// The error of a use case that did not lock what it changes.
fn not_locked(what: &dyn std::fmt::Debug) -> Error {
    Error::Internal(format!("{what:?} was not locked").into())
}
