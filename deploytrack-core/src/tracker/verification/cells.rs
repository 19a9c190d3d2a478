//! Comparing the cells and the counts with the histories of their deployments.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use super::{Findings, Repair, of_cell};
use crate::{
    clock::{self, Time},
    status::Status,
    store::{CellKey, StoredCell},
    verification::Difference,
};

impl Findings {
    pub(super) fn compare_cells(&mut self, stored: Vec<(CellKey, StoredCell, Time)>) {
        self.report.cells = stored.len() as u64;
        let mut expected = std::mem::take(&mut self.newest);
        for (cell, stored, newest_at) in stored {
            let (expected, newest) = expected.remove(&cell).map_or_else(
                || (StoredCell::default(), newest_at),
                |newest| (newest.stored, newest.time),
            );
            if newest_at < newest && !self.unreadable.cells.contains(&cell) {
                let (stored, newest) = (
                    clock::format_exact(&newest_at),
                    clock::format_exact(&newest),
                );
                let detail =
                    format!("the newest time is {stored}, but the history goes to {newest}");
                self.note_repairable("current_cells", cell, of_cell(cell, detail));
            }
            if stored != expected && !self.unreadable.cells.contains(&cell) {
                let detail = format!(
                    "shows {}, but the history has {}",
                    display(&stored),
                    display(&expected)
                );
                self.note_repairable("current_cells", cell, of_cell(cell, detail));
            }
        }
        expected.retain(|cell, _| !self.unreadable.cells.contains(cell));
        for cell in expected.into_keys() {
            self.note_repairable("current_cells", cell, of_cell(cell, "is missing".into()));
        }
    }

    pub(super) fn compare_counts(&mut self, stored: &BTreeMap<(CellKey, Status), i64>) {
        let keys: BTreeSet<_> = stored.keys().chain(self.counts.keys()).copied().collect();
        for (cell, status) in keys {
            let of = |counts: &BTreeMap<_, i64>| counts.get(&(cell, status)).copied().unwrap_or(0);
            let (stored, expected) = (of(stored), of(&self.counts));
            if stored != expected && !self.unreadable.cells.contains(&cell) {
                let detail = format!("counts {stored} {status}, but the history has {expected}");
                self.note_repairable("deployment_counts", cell, of_cell(cell, detail));
            }
        }
    }

    pub(super) fn compare_environments(&mut self, stored: &BTreeMap<(Uuid, Status), i64>) {
        let expected = by_environment(&self.counts);
        let keys: BTreeSet<_> = stored.keys().chain(expected.keys()).copied().collect();
        for (id, status) in keys {
            let of = |counts: &BTreeMap<_, i64>| counts.get(&(id, status)).copied().unwrap_or(0);
            let (stored, expected) = (of(stored), of(&expected));
            if stored != expected && !self.unreadable.has_cell_of(id) {
                let detail = format!("counts {stored} {status}, but the history has {expected}");
                self.repairs.insert(Repair::Environment(id));
                let difference = Difference {
                    environment_id: Some(id),
                    detail,
                    ..Difference::default()
                };
                self.note(
                    "environment_counts",
                    Some(Repair::Environment(id)),
                    difference,
                );
            }
        }
    }
}

/// Sums the counts of cells by environment.
fn by_environment(counts: &BTreeMap<(CellKey, Status), i64>) -> BTreeMap<(Uuid, Status), i64> {
    let mut sums = BTreeMap::new();
    for ((cell, status), count) in counts {
        *sums.entry((cell.environment_id, *status)).or_default() += count;
    }
    sums
}

/// The cell as text, with every column that a difference may be in.
fn display(cell: &StoredCell) -> String {
    if *cell == StoredCell::default() {
        return "nothing".into();
    }
    let id = cell.deployment_id.map(|id| id.to_string());
    let at = cell.succeeded_at.map(|time| clock::format_exact(&time));
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let commit = match &cell.commit_sha {
        Some(commit) => format!(" from {commit}"),
        None => String::new(),
    };
    format!(
        "{} ({}){commit} by {} since {}",
        text(&cell.version),
        id.unwrap_or_default(),
        text(&cell.deployed_by),
        at.unwrap_or_default()
    )
}
