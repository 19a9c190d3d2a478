//! A deployment of an import line: its entries with their times by the server's clock, and the keys
//! by which it is recognised.

use crate::{
    api::PastEntry,
    arrival::Arrival,
    clock::Time,
    deployment::Deployment,
    history::HistoryKind,
    store::{CellKey, LineKey},
};

/// A deployment of a line, as it would be recorded if it is new.
pub(super) struct PastLine {
    pub(super) number: usize,
    pub(super) deployment: Deployment,
    /// Its history; never empty.
    pub(super) entries: Vec<PastEntry>,
    /// Whether the line has more than one status.
    pub(super) has_history: bool,
}

impl PastLine {
    pub(super) fn cell(&self) -> CellKey {
        CellKey::of(&self.deployment)
    }

    pub(super) fn transitions(&self) -> impl Iterator<Item = &PastEntry> {
        self.entries
            .iter()
            .filter(|entry| entry.event == HistoryKind::Transition)
    }

    /// The key of the line at one of its transitions.
    pub(super) fn line(&self, entry: &PastEntry) -> LineKey {
        LineKey {
            cell: self.cell(),
            version: self.deployment.version.clone(),
            commit_sha: self.deployment.commit_sha.clone(),
            status: entry.status,
            occurred_at: entry.claimed_at.unwrap_or(entry.occurred_at),
        }
    }

    /// The key at its last transition.
    pub(super) fn latest(&self) -> Option<LineKey> {
        self.transitions().last().map(|entry| self.line(entry))
    }

    /// The key at its first transition.
    pub(super) fn beginning(&self) -> Option<LineKey> {
        self.transitions().next().map(|entry| self.line(entry))
    }
}

/// Converts the times of the entries to the server's clock.
pub(super) fn placed(entries: Vec<PastEntry>, arrival: &Arrival) -> Vec<PastEntry> {
    let mut before = None;
    let placed = |entry: PastEntry| {
        let placed = arrival.place(Some(entry.occurred_at), Time::default(), before);
        before = Some(placed.at);
        let claimed_at = entry
            .claimed_at
            .or(placed.claimed)
            .filter(|claimed| *claimed != placed.at);
        PastEntry {
            occurred_at: placed.at,
            claimed_at,
            ..entry
        }
    };
    entries.into_iter().map(placed).collect()
}

/// How many entries of a line these transitions cover, from the first one.
pub(super) fn covered_entries<T>(
    transitions: impl Iterator<Item = T>,
    past: &PastLine,
    same: impl Fn(T, &PastEntry) -> bool,
) -> Option<usize> {
    let mut entries = past
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.event == HistoryKind::Transition);
    let mut so_far = 0;
    for transition in transitions {
        let (at, entry) = entries.next()?;
        if !same(transition, entry) {
            return None;
        }
        so_far = at + 1;
    }
    Some(so_far)
}
