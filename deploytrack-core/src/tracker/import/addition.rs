//! Adding imported histories to deployments.

use super::{PastLine, past_line::covered_entries};
use crate::{
    api::PastEntry,
    arrival::Placement,
    clock::Time,
    error::Error,
    history::{HistoryEntry, HistoryKind},
    store::{DeploymentRecord, LockedCells},
    text::Label,
    tracker::cell::new_entry,
};

/// A deployment, and what an import adds to its history.
pub(super) struct Addition {
    record: DeploymentRecord,
    /// Its history so far.
    history: Vec<HistoryEntry>,
    /// The entries to be added.
    entries: Vec<PastEntry>,
}

impl Addition {
    pub(super) fn of_new(past: PastLine) -> Self {
        Self {
            record: DeploymentRecord::new(past.deployment),
            history: Vec::new(),
            entries: past.entries,
        }
    }

    /// A recorded deployment that gets the entries of a line after the first `so_far`.
    pub(super) fn of_record(
        record: DeploymentRecord,
        history: Vec<HistoryEntry>,
        past: PastLine,
        so_far: usize,
    ) -> Self {
        let mut addition = Self {
            record,
            history,
            entries: Vec::new(),
        };
        addition.continue_with(past, so_far);
        addition
    }

    /// How many entries of a line this addition covers, if the line begins in the same way.
    pub(super) fn covered_by(&self, past: &PastLine) -> Option<usize> {
        let before = self
            .history
            .iter()
            .filter(|entry| entry.event == HistoryKind::Transition)
            .map(|entry| (entry.to, entry.occurred_at));
        let added = self
            .entries
            .iter()
            .filter(|entry| entry.event == HistoryKind::Transition)
            .map(|entry| (entry.status, entry.occurred_at));
        covered_entries(before.chain(added), past, |transition, entry| {
            transition == (entry.status, entry.occurred_at)
        })
    }

    /// Adds the entries of a line after the first `so_far`, without undeployments that it has
    /// already.
    pub(super) fn continue_with(&mut self, past: PastLine, so_far: usize) {
        for entry in past.entries.into_iter().skip(so_far) {
            if entry.event != HistoryKind::Undeployed || !self.has_undeployment_at(&entry) {
                self.entries.push(entry);
            }
        }
    }

    fn has_undeployment_at(&self, entry: &PastEntry) -> bool {
        let is_same = |row: &HistoryEntry| {
            row.is_claimed_at(Some(entry.occurred_at)) || row.is_claimed_at(entry.claimed_at)
        };
        self.history
            .iter()
            .any(|row| row.event == HistoryKind::Undeployed && is_same(row))
            || self.entries.iter().any(|added| {
                added.event == HistoryKind::Undeployed && added.occurred_at == entry.occurred_at
            })
    }

    /// How many rows of history it adds.
    pub(super) fn rows(&self) -> usize {
        self.entries.len()
    }

    /// The sort keys of the entries: the order of recording, the index of the addition, and the
    /// index of the entry. The entries stay in their own order, whatever numbers two lines of one
    /// deployment give them.
    fn order(&self, at: usize) -> impl Iterator<Item = (i64, usize, usize)> {
        let mut newest = 0;
        self.entries
            .iter()
            .enumerate()
            .map(move |(at_entry, entry)| {
                newest = entry.sequence.unwrap_or_default().max(newest);
                (newest, at, at_entry)
            })
    }

    /// Adds one entry to the history.
    async fn append(
        &mut self,
        cells: &mut LockedCells<'_>,
        entry: PastEntry,
        by: &Label,
        now: Time,
    ) -> Result<(), Error> {
        let to = (entry.event == HistoryKind::Transition).then_some(entry.status);
        let placed = Placement {
            at: entry.occurred_at,
            claimed: entry.claimed_at,
        };
        let entry = new_entry(to, placed, entry.reason, by, now);
        cells.add_entry(&mut self.record, entry).await
    }
}

/// Adds all entries, sorted by the order of recording if every entry has a number: of two successes
/// at the same time, the one recorded later is current.
pub(super) async fn add_all(
    cells: &mut LockedCells<'_>,
    mut additions: Vec<Addition>,
    by: &Label,
    now: Time,
) -> Result<(), Error> {
    let has_order = additions
        .iter()
        .flat_map(|addition| &addition.entries)
        .all(|entry| entry.sequence.is_some());
    let mut order: Vec<_> = additions
        .iter()
        .enumerate()
        .flat_map(|(at, addition)| addition.order(at))
        .collect();
    if has_order {
        order.sort_by_key(|(sequence, ..)| *sequence);
    }
    for (_, at, entry) in order {
        let entry = additions[at].entries[entry].clone();
        additions[at].append(cells, entry, by, now).await?;
    }
    Ok(())
}
