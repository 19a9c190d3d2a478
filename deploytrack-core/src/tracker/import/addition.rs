//! Adding imported histories to deployments.

use super::{PastLine, Write, past_line::covered_entries};
use crate::{
    api::PastEntry,
    clock::Time,
    deployment::Deployment,
    digest::Digest,
    error::Error,
    history::{self, HistoryEntry, HistoryKind},
    status::Status,
    store::{CellKey, DeploymentRecord},
    text::Label,
    tracker::cell::append,
};

/// A deployment, and what an import adds to its history.
pub(super) struct Addition {
    deployment: Deployment,
    /// The recorded deployment; `None` for a new one.
    record: Option<DeploymentRecord>,
    /// Its history so far.
    history: Vec<HistoryEntry>,
    head: Digest,
    /// The entries to be added.
    entries: Vec<PastEntry>,
}

impl Addition {
    pub(super) fn of_new(past: PastLine) -> Self {
        let head = history::identity(&past.deployment);
        Self {
            deployment: past.deployment,
            record: None,
            history: Vec::new(),
            head,
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
        let (deployment, head) = (record.deployment.clone(), record.head_hash);
        let mut addition = Self {
            deployment,
            head,
            record: Some(record),
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

    fn cell(&self) -> CellKey {
        CellKey::of(&self.deployment)
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
    fn append(
        &mut self,
        write: &mut Write,
        entry: PastEntry,
        by: &Label,
        now: Time,
    ) -> Result<(), Error> {
        let before = self.history.last();
        let from = before.map(|before| before.to);
        let is_retry = from.is_some()
            && entry.event == HistoryKind::Transition
            && entry.status == Status::Pending;
        let row = HistoryEntry {
            sequence: 0,
            attempt: before.map_or(1, |before| before.attempt) + i64::from(is_retry),
            event: entry.event,
            from,
            to: entry.status,
            occurred_at: entry.occurred_at,
            claimed_at: entry.claimed_at,
            recorded_at: now,
            recorded_by: by.clone(),
            reason: entry.reason,
            hash: self.head,
        };
        let row = append(write, self.deployment.id, row)?;
        write.note_time(self.cell(), row.occurred_at);
        self.head = row.hash;
        self.history.push(row);
        Ok(())
    }

    /// Writes the deployment and the periods of its cell, as the history requires.
    fn finish(self, write: &mut Write, now: Time) {
        let cell = self.cell();
        let Some(standing) = history::fold(&self.history) else {
            return;
        };
        let before = self
            .record
            .as_ref()
            .and_then(|record| Some((record, history::fold(self.earlier_history())?)));
        let deployment = Deployment {
            updated_at: now,
            ..standing.applied_to(self.deployment.clone())
        };
        let counted = before.as_ref().map(|(record, _)| record.deployment.status);
        let periods = before
            .map(|(_, standing)| standing.periods)
            .unwrap_or_default();
        let revision = self.record.as_ref().map_or(0, |record| record.revision);
        write.put_deployment(DeploymentRecord {
            deployment: deployment.clone(),
            succeeded_sequence: standing.succeeded.map(|(_, sequence)| sequence),
            occurred_sequence: standing.occurred.1,
            head_hash: self.head,
            revision,
            archived_at: (None, None),
        });
        for (at, period) in standing.periods.into_iter().enumerate() {
            match (periods.get(at), period.ended_at) {
                (None, _) => write.add_period(&deployment, period),
                (Some(before), Some(ended_at)) if before.ended_at != period.ended_at => {
                    write.end_period(cell, (period.started_at, period.sequence), ended_at);
                }
                _ => {}
            }
        }
        if let Some(status) = counted {
            write.count(cell, status, -1);
        }
        write.count(cell, deployment.status, 1);
    }

    /// The rows that were recorded before.
    fn earlier_history(&self) -> &[HistoryEntry] {
        let added = self.entries.len();
        &self.history[..self.history.len().saturating_sub(added)]
    }
}

/// Adds all entries, sorted by the order of recording if every entry has a number: of two successes
/// at the same time, the one recorded later is current.
pub(super) fn add_all(
    write: &mut Write,
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
        additions[at].append(write, entry, by, now)?;
    }
    for addition in additions {
        addition.finish(write, now);
    }
    Ok(())
}
