//! Builds a legal history from listed statuses and their times.

use super::{
    PastEntry,
    status_word::{self, StatusWord},
    time,
};
use crate::{
    clock::Time, fault::Fault, history::HistoryKind, json::Fields, status::Status, text::Reason,
};

/// The entries of a line that has only `startedAt` and the time of its status.
pub(super) fn path_entries(
    status: Status,
    started_at: Time,
    occurred_at: Time,
    reason: Option<&Reason>,
    sequence: Option<i64>,
) -> Vec<PastEntry> {
    let path = status.whole_path();
    let entry = |(at, to): (usize, &Status)| {
        let is_last = at + 1 == path.len();
        let is_start = matches!(to, Status::Pending | Status::InProgress) && !is_last;
        PastEntry {
            event: HistoryKind::Transition,
            status: *to,
            occurred_at: if is_start || *to == Status::InProgress {
                started_at
            } else {
                occurred_at
            },
            claimed_at: None,
            reason: reason.filter(|_| is_last).cloned(),
            sequence,
        }
    };
    path.iter().enumerate().map(entry).collect()
}

/// An entry in the list `history` of a line.
pub(super) struct ListedEntry {
    /// `None` for an undeployment.
    word: Option<StatusWord>,
    occurred_at: Time,
    claimed_at: Option<Time>,
    reason: Option<Reason>,
    sequence: Option<i64>,
}

impl ListedEntry {
    pub(super) fn read(mut fields: Fields) -> Result<Self, Vec<Fault>> {
        let event: Option<HistoryKind> = fields.text("event");
        let is_undeployment = event == Some(HistoryKind::Undeployed);
        if is_undeployment && fields.has("status") {
            fields.wrong::<()>(
                "status",
                "does not change when a component is undeployed; leave it out",
            );
        }
        if !is_undeployment && !fields.has("status") {
            fields.wrong::<()>("status", "is required");
        }
        if !fields.has("occurredAt") {
            fields.wrong::<()>("occurredAt", "is required");
        }
        let word = status_word::read(&mut fields);
        let occurred_at = time::read(&mut fields, "occurredAt");
        let claimed_at = time::read(&mut fields, "claimedAt");
        let reason = fields.text("reason");
        let sequence = fields.count("sequence");
        fields.finish(occurred_at.map(|occurred_at| Self {
            word,
            occurred_at,
            claimed_at,
            reason,
            sequence,
        }))
    }
}

/// The history of a deployment, built entry by entry.
#[derive(Default)]
pub(super) struct HistoryBuilder {
    entries: Vec<PastEntry>,
    latest: Option<(Status, Time)>,
}

impl HistoryBuilder {
    /// Adds entries in the order of recording if every entry has a `sequence`, otherwise in the
    /// order of time. Missing transitions between two statuses are added at the time of the later
    /// one.
    ///
    /// The error is the index in the list of the first entry that cannot follow, and the cause.
    pub(super) fn of(mut listed: Vec<(usize, ListedEntry)>) -> Result<Self, (usize, String)> {
        if listed.iter().all(|(_, entry)| entry.sequence.is_some()) {
            listed.sort_by_key(|(_, entry)| entry.sequence);
        } else {
            // GitHub lists the newest first. Reverse the list, so that entries with equal times are
            // in the right order.
            let time = |at: Option<&(usize, ListedEntry)>| at.map(|(_, entry)| entry.occurred_at);
            if time(listed.first()) > time(listed.last()) {
                listed.reverse();
            }
            listed.sort_by_key(|(_, entry)| entry.occurred_at);
        }
        let mut history = Self::default();
        for (at, entry) in listed {
            history.add(entry).map_err(|why| (at, why))?;
        }
        Ok(history)
    }

    fn add(&mut self, entry: ListedEntry) -> Result<(), String> {
        let Some(word) = &entry.word else {
            return self.add_undeployment(entry);
        };
        let present = self.latest.map(|(status, _)| status);
        let Some(to) = word.status() else {
            // "superseded" after a listed success adds nothing.
            let is_known = word.is_superseded() && present == Some(Status::Succeeded);
            return if is_known { Ok(()) } else { Err(word.hint()) };
        };
        if present == Some(to) {
            return Ok(());
        }
        let path = match present {
            None if to == Status::RolledBack => Err(
                "rolled_back must follow the success that it undoes; add an entry for it"
                    .to_owned(),
            ),
            None => Ok(to.whole_path().to_vec()),
            Some(from) => from.path_to(to).ok_or_else(|| refusal(from, to)),
        }?;
        let reason = entry.reason.or_else(|| word.reason());
        for status in path {
            let is_last = status == to;
            self.entries.push(PastEntry {
                event: HistoryKind::Transition,
                status,
                occurred_at: entry.occurred_at,
                claimed_at: entry.claimed_at.filter(|_| is_last),
                reason: reason.clone().filter(|_| is_last),
                sequence: entry.sequence,
            });
        }
        self.latest = Some((to, entry.occurred_at));
        Ok(())
    }

    fn add_undeployment(&mut self, entry: ListedEntry) -> Result<(), String> {
        let has_succeeded = self
            .entries
            .iter()
            .any(|entry| entry.status == Status::Succeeded);
        let Some((status, _)) = self.latest.filter(|_| has_succeeded) else {
            return Err(
                "is an undeployment before any success; add the entry of the success".to_owned(),
            );
        };
        self.entries.push(PastEntry {
            event: HistoryKind::Undeployed,
            status,
            occurred_at: entry.occurred_at,
            claimed_at: entry.claimed_at,
            reason: entry.reason,
            sequence: entry.sequence,
        });
        Ok(())
    }

    /// The latest status and its time.
    pub(super) const fn latest(&self) -> Option<(Status, Time)> {
        self.latest
    }

    /// The entries. The latest transition gets this reason if it has none.
    pub(super) fn entries(mut self, reason: Option<Reason>) -> Vec<PastEntry> {
        let latest = self
            .entries
            .iter_mut()
            .rfind(|entry| entry.event == HistoryKind::Transition);
        if let Some(latest) = latest.filter(|latest| latest.reason.is_none()) {
            latest.reason = reason;
        }
        self.entries
    }
}

fn refusal(from: Status, to: Status) -> String {
    let way_out = match (from, to) {
        (Status::Succeeded, Status::Failed) => "a success that was undone is rolled_back",
        (Status::Succeeded, _) => {
            "a version that was deployed again is another deployment; give it another line"
        }
        (Status::InProgress, Status::Pending) => "leave the second pending out",
        _ => "add the entries between them",
    };
    format!("{to} cannot follow {from}: {way_out}")
}
