//! Planning an import: which lines are new, which are recorded, and which continue a recorded
//! history.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use super::{Addition, ImportCounts, NumberedUndeployment, PastLine, past_line::covered_entries};
use crate::{
    api::PastEntry,
    error::Error,
    history::{HistoryEntry, HistoryKind},
    store::{LineKey, LockedCells},
    tracker::cell::Undeployment,
};

/// The changes that an import makes to deployments.
#[derive(Default)]
pub(super) struct ImportPlan {
    pub(super) additions: Vec<Addition>,
    /// Undeployments of lines that are otherwise recorded.
    pub(super) undeployments: Vec<NumberedUndeployment>,
    /// Undeployments in the recorded part of lines that add entries.
    pub(super) earlier: Vec<NumberedUndeployment>,
    /// How many lines are new or add entries, and how many are skipped.
    pub(super) imported: ImportCounts,
}

/// Plans the import. A line counts as recorded if the database has the deployment in that status,
/// or with a part of its history, or if an earlier line of the same import has it. A line that begins
/// as a removed deployment did counts as recorded too, whatever else it has.
pub(super) async fn plan(
    cells: &mut LockedCells<'_>,
    lines: Vec<PastLine>,
) -> Result<ImportPlan, Error> {
    let mut known = cells
        .recorded_lines(lines.iter().filter_map(PastLine::latest).collect())
        .await?;
    let begun = deployments_by_beginning(cells, &lines, &known).await?;
    let with_history = lines.iter().filter(|past| past.has_history);
    let beginnings: Vec<_> = with_history.filter_map(PastLine::beginning).collect();
    let removed: HashSet<_> = cells
        .removed_lines(&beginnings)
        .await?
        .into_iter()
        .collect();
    let mut plan = ImportPlan::default();
    // The additions of this import, by the key of their first transition.
    let mut beginnings = HashMap::<LineKey, Vec<usize>>::new();
    for past in lines {
        let is_known = past.latest().is_some_and(|latest| known.contains(&latest));
        let is_removed = past.has_history
            && past
                .beginning()
                .is_some_and(|beginning| removed.contains(&beginning));
        if is_known || is_removed {
            plan.skip(&past);
            continue;
        }
        plan.imported.count(true);
        known.extend(past.transitions().map(|entry| past.line(entry)));
        let beginning = past.beginning();
        let earlier = beginning
            .as_ref()
            .filter(|_| past.has_history)
            .and_then(|beginning| beginnings.get(beginning))
            .into_iter()
            .flatten();
        if let Some((at, so_far)) = earlier
            .copied()
            .find_map(|at| Some((at, plan.additions[at].covered_by(&past)?)))
        {
            plan.earlier.extend(undeployments(&past, so_far));
            plan.additions[at].continue_with(past, so_far);
            continue;
        }
        let mut histories = beginning
            .as_ref()
            .and_then(|beginning| begun.get(beginning))
            .into_iter()
            .flatten();
        let addition = match histories
            .find_map(|(id, history)| Some((*id, history, covered_by_history(history, &past)?)))
        {
            None => Addition::of_new(past),
            Some((id, history, so_far)) => {
                let record = cells.deployment(id).await?;
                plan.earlier.extend(undeployments(&past, so_far));
                Addition::of_record(record, history.clone(), past, so_far)
            }
        };
        if let Some(beginning) = beginning {
            beginnings
                .entry(beginning)
                .or_default()
                .push(plan.additions.len());
        }
        plan.additions.push(addition);
    }
    Ok(plan)
}

impl ImportPlan {
    fn skip(&mut self, past: &PastLine) {
        self.imported.count(false);
        self.undeployments
            .extend(undeployments(past, past.entries.len()));
    }
}

/// The recorded deployments that began as these lines do, with their histories.
async fn deployments_by_beginning(
    cells: &mut LockedCells<'_>,
    lines: &[PastLine],
    known: &HashSet<LineKey>,
) -> Result<HashMap<LineKey, Vec<(Uuid, Vec<HistoryEntry>)>>, Error> {
    let is_unknown = |past: &&PastLine| past.latest().is_none_or(|latest| !known.contains(&latest));
    let beginnings: Vec<_> = lines
        .iter()
        .filter(|past| past.has_history)
        .filter(is_unknown)
        .filter_map(PastLine::beginning)
        .collect();
    let mut found = HashMap::<_, Vec<_>>::new();
    if beginnings.is_empty() {
        return Ok(found);
    }
    for (line, id) in cells.deployments_by_line(beginnings).await? {
        let history = cells.history(id).await?;
        found.entry(line).or_default().push((id, history));
    }
    Ok(found)
}

/// The undeployments among the first entries of a line: the recorded deployment may lack them.
fn undeployments(past: &PastLine, among: usize) -> Vec<NumberedUndeployment> {
    let entries = past
        .entries
        .iter()
        .take(among)
        .filter(|entry| entry.event == HistoryKind::Undeployed);
    entries
        .map(|entry| (past.number, past.cell(), Undeployment::of(entry)))
        .collect()
}

/// How many entries of a line this history covers, if it begins as the line does.
fn covered_by_history(history: &[HistoryEntry], past: &PastLine) -> Option<usize> {
    let same = |row: &HistoryEntry, entry: &PastEntry| {
        row.to == entry.status
            && (row.is_claimed_at(Some(entry.occurred_at)) || row.is_claimed_at(entry.claimed_at))
    };
    let transitions = history
        .iter()
        .filter(|entry| entry.event == HistoryKind::Transition);
    covered_entries(transitions, past, same)
}
