//! Adding histories that were imported.

use super::{Past, PastEntry, Write, knowing::come_through};
use crate::{
    clock::Time,
    deployment::Deployment,
    digest::Digest,
    error::Error,
    history::{self, HistoryEntry, HistoryKind},
    status::Status,
    store::{Place, Revised},
    text::Label,
    tracker::recording::append,
};

/// A deployment with what an import adds to its history.
pub(super) struct Addition {
    deployment: Deployment,
    /// The deployment as it is known; none for a new one.
    known: Option<Revised>,
    /// Its history so far.
    history: Vec<HistoryEntry>,
    head: Digest,
    /// What is added.
    entries: Vec<PastEntry>,
}

impl Addition {
    pub(super) fn of_new(past: Past) -> Self {
        let head = history::identity(&past.deployment);
        Self { deployment: past.deployment, known: None, history: Vec::new(), head, entries: past.entries }
    }

    /// A known deployment that gets the entries of a line behind the first `so_far`.
    pub(super) fn of_known(known: Revised, history: Vec<HistoryEntry>, past: Past, so_far: usize) -> Self {
        let (deployment, head) = (known.deployment.clone(), known.head);
        let mut addition = Self { deployment, head, known: Some(known), history, entries: Vec::new() };
        addition.continue_with(past, so_far);
        addition
    }

    /// How many entries of a line this addition covers, if the line begins as it does.
    pub(super) fn is_begun(&self, past: &Past) -> Option<usize> {
        let before = self.history.iter().filter(|entry| entry.event == HistoryKind::Transition).map(|entry| (entry.to, entry.occurred_at));
        let added =
            self.entries.iter().filter(|entry| entry.event == HistoryKind::Transition).map(|entry| (entry.status, entry.occurred_at));
        come_through(before.chain(added), past, |known, told| known == (told.status, told.occurred_at))
    }

    /// Adds the entries of a line behind the first `so_far`, but for removals that are known.
    pub(super) fn continue_with(&mut self, past: Past, so_far: usize) {
        for entry in past.entries.into_iter().skip(so_far) {
            if entry.event != HistoryKind::Undeployed || !self.is_removed_at(&entry) {
                self.entries.push(entry);
            }
        }
    }

    fn is_removed_at(&self, entry: &PastEntry) -> bool {
        let is_same = |row: &HistoryEntry| row.is_claimed_at(Some(entry.occurred_at)) || row.is_claimed_at(entry.claimed_at);
        self.history.iter().any(|row| row.event == HistoryKind::Undeployed && is_same(row))
            || self.entries.iter().any(|added| added.event == HistoryKind::Undeployed && added.occurred_at == entry.occurred_at)
    }

    /// How many rows of history it adds.
    pub(super) fn rows(&self) -> usize {
        self.entries.len()
    }

    fn place(&self) -> Place {
        Place::of(&self.deployment)
    }

    /// The entries by their places in the order of recording, of the addition at a place. They stay in their own order, whatever
    /// numbers two lines of one deployment give them.
    fn order(&self, at: usize) -> impl Iterator<Item = (i64, usize, usize)> {
        let mut newest = 0;
        self.entries.iter().enumerate().map(move |(entry, told)| {
            newest = told.sequence.unwrap_or_default().max(newest);
            (newest, at, entry)
        })
    }

    /// Adds one entry to the history.
    fn append(&mut self, write: &mut Write, entry: PastEntry, by: &Label, now: Time) -> Result<(), Error> {
        let before = self.history.last();
        let from = before.map(|before| before.to);
        let is_retry = from.is_some() && entry.event == HistoryKind::Transition && entry.status == Status::Pending;
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
        write.note_time(self.place(), row.occurred_at);
        self.head = row.hash;
        self.history.push(row);
        Ok(())
    }

    /// Writes the deployment as its history says, and the periods of its cell.
    fn finish(self, write: &mut Write, now: Time) {
        let place = self.place();
        let Some(standing) = history::fold(&self.history) else { return };
        let before = self.known.as_ref().and_then(|known| Some((known, history::fold(self.known_history())?)));
        let deployment = Deployment { updated_at: now, ..standing.applied_to(self.deployment.clone()) };
        let counted = before.as_ref().map(|(known, _)| known.deployment.status);
        let periods = before.map(|(_, standing)| standing.periods).unwrap_or_default();
        let revision = self.known.as_ref().map_or(0, |known| known.revision);
        write.put_deployment(Revised {
            deployment: deployment.clone(),
            succeeded: standing.succeeded.map(|(_, sequence)| sequence),
            occurred: standing.occurred.1,
            head: self.head,
            revision,
            archived_at: (None, None),
        });
        for (at, period) in standing.periods.into_iter().enumerate() {
            match (periods.get(at), period.ended_at) {
                (None, _) => write.add_period(&deployment, period),
                (Some(known), Some(ended_at)) if known.ended_at != period.ended_at => {
                    write.end_period(place, (period.started_at, period.sequence), ended_at);
                }
                _ => {}
            }
        }
        if let Some(status) = counted {
            write.count(place, status, -1);
        }
        write.count(place, deployment.status, 1);
    }

    /// The rows that were there before.
    fn known_history(&self) -> &[HistoryEntry] {
        let added = self.entries.len();
        &self.history[..self.history.len().saturating_sub(added)]
    }
}

/// Adds all of it, in the order of recording where every entry has one: of two successes at one time the later recorded is
/// current.
pub(super) fn add_all(write: &mut Write, mut additions: Vec<Addition>, by: &Label, now: Time) -> Result<(), Error> {
    let has_order = additions.iter().flat_map(|addition| &addition.entries).all(|entry| entry.sequence.is_some());
    let mut order: Vec<_> = additions.iter().enumerate().flat_map(|(at, addition)| addition.order(at)).collect();
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
