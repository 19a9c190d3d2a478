//! A write in progress: what it has read, what was decided, and how that gets into the database.
//!
//! The use cases read first and then say what is to be written; saying it only adds to the draft and cannot fail half-way.
//! The draft goes to the database in sets, one statement for each table and not one for each row, at the commit or
//! before something is read that it may have changed. So the requests that share a write share its statements too.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use uuid::Uuid;

use super::{
    NewEvent, Place, Revised, ToldBy, Transaction, archive::Unarchived, condition::Writing, database_version::Commits, fault::unexpected,
    idempotency::Answer, on,
};
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    event::EventType,
    history::{HistoryEntry, HistoryKind, Period},
    status::Status,
};

/// How many rows one statement writes at most.
const MOST_ROWS: usize = 64;

/// A write in progress. Dropped without [`Write::commit`], it changes nothing.
#[derive(Debug)]
pub(crate) struct Write {
    pub(super) transaction: Transaction,
    /// The slot of the shared counters that this write adds to.
    pub(super) slot: i16,
    commits: Arc<Commits>,
    writing: Writing,
    /// The deployments it has read or made, as they stand with all that was decided.
    deployments: BTreeMap<Uuid, Revised>,
    /// The newest time of each cell that was taken, with all that was decided.
    newest: BTreeMap<Place, Time>,
    /// The numbers that rows of history will have.
    numbers: VecDeque<i64>,
    draft: Draft,
    /// What readers will be told of. Numbered at the commit and not before.
    events: Vec<NewEvent>,
    /// What was archived and is in use again.
    pub(super) unarchived: Unarchived,
}

/// What was decided and is not in the database yet.
#[derive(Debug, Default)]
struct Draft {
    entries: Vec<(Uuid, HistoryEntry)>,
    changed: BTreeSet<Uuid>,
    periods: Vec<NewPeriod>,
    newest: BTreeMap<Place, Time>,
    ended: Vec<(Place, (Time, i64), Time)>,
    counts: BTreeMap<(Place, Status), i64>,
    unsettled: BTreeSet<Place>,
    answers: Vec<Answer>,
}

/// A period to be added to a cell.
#[derive(Debug)]
pub(super) struct NewPeriod {
    pub(super) place: Place,
    pub(super) deployment_id: Uuid,
    /// None for a removal.
    pub(super) version: Option<String>,
    pub(super) period: Period,
}

impl Write {
    pub(super) fn new(transaction: Transaction, slot: i16, commits: Arc<Commits>, writing: Writing) -> Self {
        Self {
            transaction,
            slot,
            commits,
            writing,
            deployments: BTreeMap::new(),
            newest: BTreeMap::new(),
            numbers: VecDeque::new(),
            draft: Draft::default(),
            events: Vec::new(),
            unarchived: Unarchived::new(),
        }
    }

    /// Takes cells until the end of this write, those of the deployments with these ids and these places, and reads those
    /// deployments. Other writes to the cells wait: a writer that chose the current deployment while another was still
    /// adding one would choose wrongly. Every write to a deployment begins so, once, with all that it will touch. Each comes
    /// with the time of its arrival: afterwards the newest time of its cell is not earlier.
    pub(crate) async fn take(&mut self, ids: &[(Uuid, Time)], places: impl IntoIterator<Item = (Place, Time)>) -> Result<(), Error> {
        let arrivals: BTreeMap<_, _> = ids.iter().copied().collect();
        let ids: Vec<_> = arrivals.keys().copied().collect();
        let found = self.places_of(&ids).await?.into_iter().filter_map(|(id, place)| Some((place, *arrivals.get(&id)?)));
        let mut cells = BTreeMap::new();
        for (place, arrival) in places.into_iter().chain(found) {
            let newest = cells.entry(place).or_insert(arrival);
            *newest = arrival.max(*newest);
        }
        let newest = self.take_cells(&cells.into_iter().collect::<Vec<_>>()).await?;
        self.newest.extend(newest);
        // Read after locking: while we waited, another writer may have changed these rows.
        for found in self.read_deployments(&ids).await? {
            self.deployments.insert(found.deployment.id, found);
        }
        Ok(())
    }

    /// Sets numbers aside for rows of history.
    pub(crate) async fn reserve(&mut self, rows: usize) -> Result<(), Error> {
        let missing = rows.saturating_sub(self.numbers.len());
        if missing > 0 {
            let numbers = self.next_numbers(missing).await?;
            self.numbers.extend(numbers);
        }
        Ok(())
    }

    /// One deployment, with all that was decided.
    pub(crate) async fn deployment(&mut self, id: Uuid) -> Result<Option<Revised>, Error> {
        if let Some(held) = self.deployments.get(&id) {
            return Ok(Some(held.clone()));
        }
        Ok(self.read_deployments(&[id]).await?.pop())
    }

    /// One of the deployments that were taken, with all that was decided; not one that came to be since.
    pub(crate) fn taken(&self, id: Uuid) -> Result<Revised, Error> {
        self.deployments.get(&id).cloned().ok_or_else(|| Error::no_deployment(id))
    }

    /// A deployment that is there, with all that was decided.
    pub(crate) async fn taken_or_read(&mut self, id: Uuid) -> Result<Revised, Error> {
        self.deployment(id).await?.ok_or_else(|| Error::no_deployment(id))
    }

    /// The newest time of a cell that was taken: no live transition is placed before it.
    pub(crate) fn newest(&self, place: Place) -> Time {
        self.newest.get(&place).copied().unwrap_or_default()
    }

    /// The newest time of all cells that were taken, if any was.
    pub(crate) fn newest_of_all(&self) -> Option<Time> {
        self.newest.values().copied().max()
    }

    /// Notes a time at which something is placed in a cell.
    pub(crate) fn note_time(&mut self, place: Place, at: Time) {
        if at > self.newest(place) {
            self.newest.insert(place, at);
            self.draft.newest.insert(place, at);
        }
    }

    /// Adds a row to the history of a deployment and gives it with its number, which must have been reserved.
    pub(crate) fn add_entry(&mut self, deployment_id: Uuid, entry: HistoryEntry) -> Result<HistoryEntry, Error> {
        let sequence = self.numbers.pop_front().ok_or_else(|| Error::Internal("a row of history has no number".into()))?;
        let entry = HistoryEntry { sequence, ..entry };
        let r#type = match (entry.event, entry.from) {
            (HistoryKind::Undeployed, _) => EventType::DeploymentUndeployed,
            (HistoryKind::Transition, None) => EventType::DeploymentCreated,
            (HistoryKind::Transition, Some(_)) => EventType::DeploymentTransitioned,
        };
        self.tell(NewEvent { r#type, subject_id: Some(deployment_id), told: ToldBy::ByHistory(sequence) });
        self.draft.entries.push((deployment_id, entry.clone()));
        Ok(entry)
    }

    /// Tells readers of something, once it is committed.
    pub(crate) fn tell(&mut self, event: NewEvent) {
        self.events.push(event);
    }

    /// Writes a deployment as it stands now, new or over the revision it was read at.
    pub(crate) fn put_deployment(&mut self, revised: Revised) {
        let id = revised.deployment.id;
        self.draft.changed.insert(id);
        self.deployments.insert(id, revised);
    }

    /// Adds a period that a deployment makes in its cell. What is current there is settled anew at the commit.
    pub(crate) fn add_period(&mut self, deployment: &Deployment, period: Period) {
        let (place, version) = (Place::of(deployment), (!period.is_undeployment).then(|| deployment.version.to_string()));
        self.draft.periods.push(NewPeriod { place, deployment_id: deployment.id, version, period });
        self.draft.unsettled.insert(place);
    }

    /// Ends the period of a success that is rolled back. What is current there is settled anew at the commit.
    pub(crate) fn end_period(&mut self, place: Place, success: (Time, i64), ended_at: Time) {
        self.draft.ended.push((place, success, ended_at));
        self.draft.unsettled.insert(place);
    }

    /// Settles anew at the commit what is current in a cell.
    pub(crate) fn settle(&mut self, place: Place) {
        self.draft.unsettled.insert(place);
    }

    /// Adds to a count.
    pub(crate) fn count(&mut self, place: Place, status: Status, more: i64) {
        *self.draft.counts.entry((place, status)).or_default() += more;
    }

    /// Keeps an answer under its key.
    pub(crate) fn keep_answer(&mut self, answer: Answer) {
        self.draft.answers.push(answer);
    }

    /// Writes what was decided. Whatever reads what a draft can change begins with this.
    pub(super) async fn flush(&mut self) -> Result<(), Error> {
        let flushed = self.flush_draft().await;
        self.writing.condition().noted(flushed)
    }

    async fn flush_draft(&mut self) -> Result<(), Error> {
        let draft = std::mem::take(&mut self.draft);
        let changed: Vec<_> = draft.changed.iter().filter_map(|id| self.deployments.remove(id)).collect();
        self.write_deployments(&changed).await?;
        for written in changed {
            self.deployments.insert(written.deployment.id, Revised { revision: written.revision + 1, ..written });
        }
        // Rows of other tables refer to a deployment: it is there before them.
        self.insert_entries(&draft.entries).await?;
        self.insert_periods(&draft.periods).await?;
        for (place, success, ended_at) in draft.ended {
            self.write_end(place, success, ended_at).await?;
        }
        self.write_newest(&draft.newest.into_iter().collect::<Vec<_>>()).await?;
        self.add_counts(&draft.counts).await?;
        self.settle_cells(&draft.unsettled.into_iter().collect::<Vec<_>>()).await?;
        self.write_answers(&draft.answers).await
    }

    /// Makes the write durable.
    pub(crate) async fn commit(mut self) -> Result<(), Error> {
        let last_event = match self.write_all().await {
            Ok(last_event) => last_event,
            Err(error) => return self.writing.condition().noted(Err(error)),
        };
        let condition = self.writing.condition();
        condition.noted(on!(Transaction, self.transaction, |transaction| transaction.commit().await).map_err(unexpected))?;
        self.commits.happened(last_event);
        // Check again: a commit to a file that was deleted or replaced meanwhile must not be acknowledged.
        condition.noted(condition.check_files())?;
        self.writing.succeed();
        Ok(())
    }

    /// Writes everything; gives the number of the last event.
    async fn write_all(&mut self) -> Result<i64, Error> {
        self.flush().await?;
        self.write_unarchived().await?;
        let events = std::mem::take(&mut self.events);
        let last_event = self.count_commit(events.len()).await?;
        self.insert_events(&events, last_event).await?;
        Ok(last_event)
    }
}

/// The rows in sets whose sizes are powers of two, filled up with nothing: there are then few different statements, which the
/// database prepares once each, and most sets of rows are one statement.
pub(super) fn in_sets<T>(rows: &[T]) -> impl Iterator<Item = impl Iterator<Item = Option<&T>>> {
    rows.chunks(MOST_ROWS).map(|set| set.iter().map(Some).chain(std::iter::repeat(None)).take(set.len().next_power_of_two()))
}

/// The same for a list of keys to look up: filled up with the last one.
pub(super) fn in_lists<T>(keys: &[T]) -> impl Iterator<Item = impl Iterator<Item = &T>> {
    keys.chunks(MOST_ROWS).map(|set| set.iter().chain(std::iter::repeat(&set[set.len() - 1])).take(set.len().next_power_of_two()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_set_and_the_sizes_are_few() {
        let rows: Vec<usize> = (0..300).collect();
        for length in 0..rows.len() {
            let sets: Vec<Vec<_>> = in_sets(&rows[..length]).map(Iterator::collect).collect();
            assert!(sets.iter().all(|set| set.len().is_power_of_two() && set.len() <= MOST_ROWS), "{length}");
            assert_eq!(sets.concat().into_iter().flatten().copied().collect::<Vec<_>>(), rows[..length]);
            let lists: Vec<Vec<_>> = in_lists(&rows[..length]).map(Iterator::collect).collect();
            assert!(lists.iter().all(|list| list.len().is_power_of_two() && list.len() <= MOST_ROWS), "{length}");
            assert_eq!(lists.concat().into_iter().collect::<BTreeSet<_>>(), rows[..length].iter().collect());
        }
    }
}
