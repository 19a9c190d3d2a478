//! Comparing a deployment and its periods with its history.

use serde_json::json;
use uuid::Uuid;

use super::{Findings, unreadable};
use crate::{
    clock::{self, Time},
    deployment::Deployment,
    history::{self, DeploymentState, HistoryEntry, Period},
    origin::Origin,
    store::{CellKey, DeploymentRecord, EntryResult, StoredCell, StoredPeriod},
    verification::Difference,
};

/// What the history requires of a cell: its newest period that has not ended, and its newest time.
#[derive(Debug)]
pub(super) struct ExpectedCell {
    key: (Time, i64),
    pub(super) stored: StoredCell,
    pub(super) time: Time,
}

impl Findings {
    /// Compares one deployment and its periods with its history.
    pub(super) fn compare(
        &mut self,
        row: &DeploymentRecord,
        history: Vec<EntryResult>,
        periods: &[StoredPeriod],
    ) {
        let (deployment, cell) = (&row.deployment, CellKey::of(&row.deployment));
        let about = |sequence, detail| Difference {
            deployment_id: Some(deployment.id),
            sequence,
            detail,
            ..Difference::default()
        };
        let mut entries = Vec::with_capacity(history.len());
        for (sequence, entry) in history {
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    return self.note_broken(
                        "history",
                        cell,
                        about(Some(sequence), unreadable(&error)),
                    );
                }
            }
        }
        if let Err(broken) = history::check(deployment, &entries) {
            self.note_broken("history", cell, about(broken.sequence, broken.why));
        } else if entries
            .last()
            .is_some_and(|last| last.hash != row.head_hash)
        {
            let detail =
                "the last row of the history is not the one of the last write to the deployment"
                    .into();
            self.note_broken("deployments", cell, about(None, detail));
        }
        let Some(state) = history::fold(&entries) else {
            return;
        };
        if let Some(detail) = differing(row, &state) {
            self.note_repairable("deployments", cell, about(None, detail));
        }
        let expected = history::periods(&entries);
        let found = compare_periods(
            deployment.id,
            deployment.version.as_str(),
            &expected,
            periods,
        );
        self.periods += found.agreeing;
        if let Some((sequence, detail)) = found.first_wrong {
            self.note_repairable("cell_periods", cell, about(sequence, detail));
        }
        *self.counts.entry((cell, state.status)).or_default() += 1;
        self.expect(cell, newest_of(&entries), &expected, |period| {
            current_cell(deployment, period)
        });
    }

    /// Adds the periods of a deployment to the values that the history requires for its cell.
    /// `current` is the cell while a period is the newest one.
    pub(super) fn expect(
        &mut self,
        cell: CellKey,
        time: Time,
        periods: &[Period],
        current: impl Fn(&Period) -> StoredCell,
    ) {
        let empty = || ExpectedCell {
            key: (Time::default(), 0),
            stored: StoredCell::default(),
            time,
        };
        let newest = self.newest.entry(cell).or_insert_with(empty);
        newest.time = newest.time.max(time);
        for period in periods.iter().filter(|period| period.ended_at.is_none()) {
            let key = (period.started_at, period.sequence);
            if key > newest.key {
                (newest.key, newest.stored) = (
                    key,
                    if period.is_undeployment {
                        StoredCell::default()
                    } else {
                        current(period)
                    },
                );
            }
        }
    }
}

fn current_cell(deployment: &Deployment, period: &Period) -> StoredCell {
    StoredCell {
        deployment_id: Some(deployment.id),
        version: Some(deployment.version.to_string()),
        succeeded_at: Some(period.started_at),
        deployed_by: Some(deployment.deployed_by.to_string()),
        commit_sha: deployment.commit_sha.as_ref().map(ToString::to_string),
    }
}

/// An origin in a report.
fn shown_origin(origin: Option<&Origin>) -> String {
    origin.map_or_else(|| "none".to_owned(), |origin| json!(origin).to_string())
}

/// The first value in which a deployment differs from its history.
pub(super) fn differing(row: &DeploymentRecord, expected: &DeploymentState) -> Option<String> {
    // Without `..`: a new value of the state must be compared too.
    let DeploymentState {
        status,
        attempt,
        started_at,
        finished_at,
        succeeded,
        occurred: (occurred_at, occurred_sequence),
        origin,
    } = expected;
    let (succeeded_at, succeeded_sequence) = succeeded.unzip();
    let deployment = &row.deployment;
    let words =
        |stored: &dyn ToString, expected: &dyn ToString| (stored.to_string(), expected.to_string());
    let times = |stored: Option<Time>, expected: Option<Time>| {
        let shown = |time| clock::format_exact(&time);
        [stored, expected]
            .map(|time| time.map_or_else(|| "never".to_owned(), shown))
            .into()
    };
    let numbers = |stored: Option<i64>, expected: Option<i64>| {
        let shown = |number: i64| number.to_string();
        [stored, expected]
            .map(|number| number.map_or_else(|| "none".to_owned(), shown))
            .into()
    };
    let compared = [
        ("status", words(&deployment.status, status)),
        ("attempt", words(&deployment.attempt, attempt)),
        ("start", times(deployment.started_at, *started_at)),
        ("finish", times(deployment.finished_at, *finished_at)),
        ("success", times(deployment.succeeded_at, succeeded_at)),
        (
            "row of its success",
            numbers(row.succeeded_sequence, succeeded_sequence),
        ),
        (
            "latest transition",
            times(Some(deployment.occurred_at), Some(*occurred_at)),
        ),
        (
            "row of its latest transition",
            numbers(Some(row.occurred_sequence), Some(*occurred_sequence)),
        ),
        (
            "origin",
            words(
                &shown_origin(deployment.origin.as_deref()),
                &shown_origin(origin.as_deref()),
            ),
        ),
    ];
    let (what, (stored, expected)) = compared
        .into_iter()
        .find(|(_, (stored, expected))| stored != expected)?;
    Some(format!(
        "the {what} is {stored}, but the history has {expected}"
    ))
}

/// How stored periods compare with the expected ones.
pub(super) struct ComparedPeriods {
    /// How many are stored as expected.
    pub(super) agreeing: u64,
    /// The first one that is missing or differs from the history.
    pub(super) first_wrong: Option<(Option<i64>, String)>,
}

/// Compares the stored periods of a deployment with the expected ones.
pub(super) fn compare_periods(
    deployment_id: Uuid,
    version: &str,
    expected: &[Period],
    stored: &[StoredPeriod],
) -> ComparedPeriods {
    let as_stored = |period: &Period| StoredPeriod {
        period: *period,
        deployment_id,
        version: (!period.is_undeployment).then(|| version.to_owned()),
    };
    let (agreeing, wrong): (Vec<&Period>, Vec<&Period>) = expected
        .iter()
        .partition(|period| stored.contains(&as_stored(period)));
    let first_wrong = wrong.first().map(|wrong| {
        let exists = stored
            .iter()
            .any(|stored| stored.period.sequence == wrong.sequence);
        let detail = if exists {
            "the period it began differs from the history"
        } else {
            "the period it began is missing"
        };
        (Some(wrong.sequence), detail.to_owned())
    });
    ComparedPeriods {
        agreeing: agreeing.len() as u64,
        first_wrong,
    }
}

/// The newest time in a history.
pub(super) fn newest_of(entries: &[HistoryEntry]) -> Time {
    entries
        .iter()
        .map(|entry| entry.occurred_at)
        .max()
        .unwrap_or_default()
}
