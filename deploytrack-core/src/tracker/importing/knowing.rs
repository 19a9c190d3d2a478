//! Which of the lines are known, and as what.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Addition, ImportCounts, Line, NumberedRemoval, Past, PastEntry, Write};
use crate::{
    error::Error,
    history::{HistoryEntry, HistoryKind},
    tracker::removal::Removed,
};

/// What is to be done about the deployments of an import.
#[derive(Default)]
pub(super) struct Known {
    pub(super) additions: Vec<Addition>,
    /// Removals in lines that are known otherwise.
    pub(super) removals: Vec<NumberedRemoval>,
    /// Removals in the part that is known of lines that add something.
    pub(super) earlier: Vec<NumberedRemoval>,
    /// How many lines are new or add something, and how many are known as they are.
    pub(super) imported: ImportCounts,
}

/// Sorts the lines by whether they are known: the database has the deployment in that status, or with a part of its history,
/// or an earlier line of the same import has.
pub(super) async fn sorted_out(write: &mut Write, lines: Vec<Past>) -> Result<Known, Error> {
    let mut known = write.known_lines(lines.iter().filter_map(Past::latest).collect()).await?;
    let begun = begun(write, &lines, &known).await?;
    let mut sorted = Known::default();
    // The additions of this import, by where they begin.
    let mut beginnings = HashMap::<Line, Vec<usize>>::new();
    for past in lines {
        if past.latest().is_some_and(|latest| known.contains(&latest)) {
            sorted.skip(&past);
            continue;
        }
        sorted.imported.count(true);
        known.extend(past.transitions().map(|entry| past.line(entry)));
        let beginning = past.beginning();
        let earlier = beginning.as_ref().filter(|_| past.has_history).and_then(|beginning| beginnings.get(beginning)).into_iter().flatten();
        if let Some((at, so_far)) = earlier.copied().find_map(|at| Some((at, sorted.additions[at].is_begun(&past)?))) {
            sorted.earlier.extend(removals(&past, so_far));
            sorted.additions[at].continue_with(past, so_far);
            continue;
        }
        let mut histories = beginning.as_ref().and_then(|beginning| begun.get(beginning)).into_iter().flatten();
        let addition = match histories.find_map(|(id, history)| Some((*id, history, begins(history, &past)?))) {
            None => Addition::of_new(past),
            Some((id, history, so_far)) => {
                let revised = write.taken_or_read(id).await?;
                sorted.earlier.extend(removals(&past, so_far));
                Addition::of_known(revised, history.clone(), past, so_far)
            }
        };
        if let Some(beginning) = beginning {
            beginnings.entry(beginning).or_default().push(sorted.additions.len());
        }
        sorted.additions.push(addition);
    }
    Ok(sorted)
}

impl Known {
    fn skip(&mut self, past: &Past) {
        self.imported.count(false);
        self.removals.extend(removals(past, past.entries.len()));
    }
}

/// The deployments that began as these lines do, with their histories.
async fn begun(write: &mut Write, lines: &[Past], known: &HashSet<Line>) -> Result<HashMap<Line, Vec<(Uuid, Vec<HistoryEntry>)>>, Error> {
    let is_unknown = |past: &&Past| past.latest().is_none_or(|latest| !known.contains(&latest));
    let beginnings: Vec<_> = lines.iter().filter(|past| past.has_history).filter(is_unknown).filter_map(Past::beginning).collect();
    let mut begun = HashMap::<_, Vec<_>>::new();
    if beginnings.is_empty() {
        return Ok(begun);
    }
    for (line, id) in write.deployments_that_entered(beginnings).await? {
        let history = write.history(id).await?;
        begun.entry(line).or_default().push((id, history));
    }
    Ok(begun)
}

/// The removals among the first entries of a line: what is known of a deployment may lack them.
fn removals(past: &Past, among: usize) -> Vec<NumberedRemoval> {
    let entries = past.entries.iter().take(among).filter(|entry| entry.event == HistoryKind::Undeployed);
    entries.map(|entry| (past.number, past.place(), Removed::of(entry))).collect()
}

/// How many entries of a line a deployment with this history has come through, if it has begun as the line does.
fn begins(history: &[HistoryEntry], past: &Past) -> Option<usize> {
    let same = |known: &HistoryEntry, told: &PastEntry| {
        known.to == told.status && (known.is_claimed_at(Some(told.occurred_at)) || known.is_claimed_at(told.claimed_at))
    };
    let known = history.iter().filter(|entry| entry.event == HistoryKind::Transition);
    come_through(known, past, same)
}

/// How many entries of a line the known transitions cover, from the first on.
pub(super) fn come_through<T>(known: impl Iterator<Item = T>, past: &Past, same: impl Fn(T, &PastEntry) -> bool) -> Option<usize> {
    let mut told = past.entries.iter().enumerate().filter(|(_, entry)| entry.event == HistoryKind::Transition);
    let mut so_far = 0;
    for known in known {
        let (at, entry) = told.next()?;
        if !same(known, entry) {
            return None;
        }
        so_far = at + 1;
    }
    Some(so_far)
}
