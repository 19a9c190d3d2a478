//! From statuses with their times to a legal history.

use super::{
    PastEntry, moment,
    words::{self, Word},
};
use crate::{clock::Time, error::Fault, history::Event, json::Fields, status::Status, text::Reason};

/// The legal path from nothing to a status, `rolled_back` included.
pub(crate) const fn whole_path(status: Status) -> &'static [Status] {
    match status.path_from_new() {
        Some(path) => path,
        None => &[Status::Pending, Status::InProgress, Status::Succeeded, Status::RolledBack],
    }
}

/// The legal path from one status to another one that needs no success to be made up: what lies between is only that it was
/// asked for and began. `None` where there is no such path.
const fn path(from: Status, to: Status) -> Option<&'static [Status]> {
    use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};
    match (from, to) {
        (Pending, InProgress) => Some(&[InProgress]),
        (Pending | InProgress, Failed) => Some(&[Failed]),
        (Pending, Succeeded) => Some(&[InProgress, Succeeded]),
        (InProgress, Succeeded) => Some(&[Succeeded]),
        (Succeeded, RolledBack) => Some(&[RolledBack]),
        (Failed | RolledBack, Pending) => Some(&[Pending]),
        (Failed | RolledBack, InProgress) => Some(&[Pending, InProgress]),
        (Failed | RolledBack, Succeeded) => Some(&[Pending, InProgress, Succeeded]),
        (RolledBack, Failed) => Some(&[Pending, Failed]),
        _ => None,
    }
}

/// The entries of a line that tells when a deployment began and when it entered its status.
pub(super) fn by_way_of(
    status: Status,
    started_at: Time,
    occurred_at: Time,
    reason: Option<&Reason>,
    sequence: Option<i64>,
) -> Vec<PastEntry> {
    let path = whole_path(status);
    let entry = |(at, to): (usize, &Status)| {
        let is_last = at + 1 == path.len();
        let is_beginning = matches!(to, Status::Pending | Status::InProgress) && !is_last;
        PastEntry {
            event: Event::Transition,
            status: *to,
            occurred_at: if is_beginning || *to == Status::InProgress { started_at } else { occurred_at },
            claimed_at: None,
            reason: reason.filter(|_| is_last).cloned(),
            sequence,
        }
    };
    path.iter().enumerate().map(entry).collect()
}

/// An entry as a line lists it.
pub(super) struct Listed {
    /// None for a removal.
    word: Option<Word>,
    occurred_at: Time,
    claimed_at: Option<Time>,
    reason: Option<Reason>,
    sequence: Option<i64>,
}

impl Listed {
    pub(super) fn read(mut fields: Fields) -> Result<Self, Vec<Fault>> {
        let event: Option<Event> = fields.text("event");
        let is_removal = event == Some(Event::Undeployed);
        if is_removal && fields.has("status") {
            fields.wrong::<()>("status", "does not change with a removal; leave it out");
        }
        if !is_removal && !fields.has("status") {
            fields.wrong::<()>("status", "is required");
        }
        if !fields.has("occurredAt") {
            fields.wrong::<()>("occurredAt", "is required");
        }
        let word = words::status(&mut fields);
        let occurred_at = moment::read(&mut fields, "occurredAt");
        let claimed_at = moment::read(&mut fields, "claimedAt");
        let reason = fields.text("reason");
        let sequence = fields.count("sequence");
        fields.finish(occurred_at.map(|occurred_at| Self { word, occurred_at, claimed_at, reason, sequence }))
    }
}

/// The history of a deployment, as far as it has been followed.
#[derive(Default)]
pub(super) struct Course {
    entries: Vec<PastEntry>,
    latest: Option<(Status, Time)>,
}

impl Course {
    /// Follows entries in the order of recording where they have one, else in the order of time; the steps that are left
    /// out between two statuses are added at the time of the later one.
    ///
    /// Gives the place in the list of the entry that cannot follow, and why.
    pub(super) fn through(mut listed: Vec<(usize, Listed)>) -> Result<Self, (usize, String)> {
        if listed.iter().all(|(_, entry)| entry.sequence.is_some()) {
            listed.sort_by_key(|(_, entry)| entry.sequence);
        } else {
            // The newest first, as GitHub lists them: of equal times the later one in the list came earlier.
            let time = |at: Option<&(usize, Listed)>| at.map(|(_, entry)| entry.occurred_at);
            if time(listed.first()) > time(listed.last()) {
                listed.reverse();
            }
            listed.sort_by_key(|(_, entry)| entry.occurred_at);
        }
        let mut course = Self::default();
        for (at, entry) in listed {
            course.follow(entry).map_err(|why| (at, why))?;
        }
        Ok(course)
    }

    fn follow(&mut self, entry: Listed) -> Result<(), String> {
        let Some(word) = &entry.word else { return self.remove(entry) };
        let present = self.latest.map(|(status, _)| status);
        let Some(to) = word.status() else {
            // Another one took its place; its own success is told already.
            let is_told = word.is_superseded() && present == Some(Status::Succeeded);
            return if is_told { Ok(()) } else { Err(word.hint()) };
        };
        if present == Some(to) {
            return Ok(());
        }
        let path = match present {
            None if to == Status::RolledBack => Err("rolled_back must follow the success that it undoes; add an entry for it".to_owned()),
            None => Ok(whole_path(to)),
            Some(from) => path(from, to).ok_or_else(|| refusal(from, to)),
        }?;
        let reason = entry.reason.or_else(|| word.reason());
        for step in path {
            let is_last = *step == to;
            self.entries.push(PastEntry {
                event: Event::Transition,
                status: *step,
                occurred_at: entry.occurred_at,
                claimed_at: entry.claimed_at.filter(|_| is_last),
                reason: reason.clone().filter(|_| is_last),
                sequence: entry.sequence,
            });
        }
        self.latest = Some((to, entry.occurred_at));
        Ok(())
    }

    fn remove(&mut self, entry: Listed) -> Result<(), String> {
        let has_succeeded = self.entries.iter().any(|entry| entry.status == Status::Succeeded);
        let Some((status, _)) = self.latest.filter(|_| has_succeeded) else {
            return Err("removes what has not succeeded before; add the entry of its success".to_owned());
        };
        self.entries.push(PastEntry {
            event: Event::Undeployed,
            status,
            occurred_at: entry.occurred_at,
            claimed_at: entry.claimed_at,
            reason: entry.reason,
            sequence: entry.sequence,
        });
        Ok(())
    }

    /// The latest status, and when it was entered.
    pub(super) const fn latest(&self) -> Option<(Status, Time)> {
        self.latest
    }

    /// The entries, the latest status with this reason where it has none.
    pub(super) fn entries(mut self, reason: Option<Reason>) -> Vec<PastEntry> {
        let latest = self.entries.iter_mut().rfind(|entry| entry.event == Event::Transition);
        if let Some(latest) = latest.filter(|latest| latest.reason.is_none()) {
            latest.reason = reason;
        }
        self.entries
    }
}

fn refusal(from: Status, to: Status) -> String {
    let way_out = match (from, to) {
        (Status::Succeeded, Status::Failed) => "a success that was undone is rolled_back",
        (Status::Succeeded, _) => "what was deployed again is another deployment; give it a line of its own",
        (Status::InProgress, Status::Pending) => "leave out that it waited again",
        _ => "add what came between",
    };
    format!("{to} cannot follow {from}: {way_out}")
}
