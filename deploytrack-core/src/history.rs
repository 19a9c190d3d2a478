//! The history of a deployment: its rows, the chain of their hashes, and the state that they add up
//! to.
//!
//! Every row has a hash over its content and the hash of the previous row. The first row uses [`identity`] instead: the
//! digest of the immutable fields of the deployment. A row that was changed, removed or inserted breaks the chain from that
//! row on. The hash is SHA-256 over a compact JSON array, so that a program in any language can compute it again: see
//! [`identity`] and [`HistoryEntry::with_hash`].

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    clock::{self, Time},
    deployment::Deployment,
    digest::Digest,
    status::Status,
    text::{Label, Reason},
    words::words,
};

/// The kind of a history row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HistoryEvent))]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// The status changed.
    #[default]
    Transition,
    /// The component left the environment: the cell is empty from then on. The status does not
    /// change.
    Undeployed,
}

words! {
    HistoryKind,
    "must be transition or undeployed",
    {
        Transition => "transition",
        Undeployed => "undeployed",
    }
}

/// One row of the append-only history: a transition or an undeployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// The position in the order of recording, over all deployments; numbers increase and may have
    /// gaps.
    pub sequence: i64,
    /// The attempt that the row belongs to, from 1.
    pub attempt: i64,
    /// The kind of the row.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub event: HistoryKind,
    /// The status before; `null` for the first row.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub from: Option<Status>,
    /// The status after.
    pub to: Status,
    /// When it happened. This time decides which deployment is current in the cell.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub occurred_at: Time,
    /// The time in the request, if the server recorded another one; see [`crate::arrival`].
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub claimed_at: Option<Time>,
    /// When the server recorded it.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub recorded_at: Time,
    /// The subject of the token that recorded it.
    pub recorded_by: Label,
    /// The reason, if one was given.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub reason: Option<Reason>,
    /// SHA-256 over this row and the hash of the previous row of the same deployment, with times in
    /// microseconds.
    pub hash: Digest,
}

/// The digest of the immutable fields of a deployment: the start of the chain of hashes.
///
/// The JSON array has, in this order: the ids of deployment, component and environment, version,
/// `deployedBy`, `commitSha` or `null`, and `createdAt` in microseconds since 1970.
#[must_use]
pub fn identity(deployment: &Deployment) -> Digest {
    let content = json!([
        deployment.id,
        deployment.component_id,
        deployment.environment_id,
        deployment.version,
        deployment.deployed_by,
        deployment.commit_sha,
        deployment.created_at.timestamp_micros(),
    ]);
    Digest::of(content.to_string().as_bytes())
}

impl HistoryEntry {
    /// Sets the hash of the row. `previous` is the hash of the previous row, or [`identity`] for
    /// the first row.
    ///
    /// The JSON array has, in this order: `previous` as text, attempt, event, from or `null`, to,
    /// `occurredAt` and `recordedAt` in microseconds since 1970, `recordedBy`, and the reason or
    /// `null`; then `claimedAt` in microseconds since 1970, if the row has one.
    #[must_use]
    pub fn with_hash(self, previous: &Digest) -> Self {
        Self {
            hash: self.hash_after(previous),
            ..self
        }
    }

    fn hash_after(&self, previous: &Digest) -> Digest {
        let mut content = json!([
            previous,
            self.attempt,
            self.event,
            self.from,
            self.to,
            self.occurred_at.timestamp_micros(),
            self.recorded_at.timestamp_micros(),
            self.recorded_by,
            self.reason,
        ]);
        if let (Some(claimed_at), Some(content)) = (self.claimed_at, content.as_array_mut()) {
            content.push(json!(claimed_at.timestamp_micros()));
        }
        Digest::of(content.to_string().as_bytes())
    }

    /// Whether a request with the time `claimed` created this row, or the row has that time.
    #[must_use]
    pub fn is_claimed_at(&self, claimed: Option<Time>) -> bool {
        claimed.is_some() && (claimed == self.claimed_at || claimed == Some(self.occurred_at))
    }
}

/// The first fault of a history: proof that it is not as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainError {
    /// The row; `None` when there are no rows.
    pub sequence: Option<i64>,
    /// What is wrong, as a predicate of the row.
    pub why: String,
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sequence {
            Some(sequence) => write!(f, "history row {sequence} {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// Checks that the rows of a deployment, in the order of recording, are an unbroken chain of legal
/// transitions.
///
/// # Errors
/// The first row that breaks the chain.
pub fn check(deployment: &Deployment, entries: &[HistoryEntry]) -> Result<(), ChainError> {
    if entries.is_empty() {
        return Err(ChainError {
            sequence: None,
            why: "there is no history".into(),
        });
    }
    let (mut hash, mut status, mut attempt) = (identity(deployment), None, 1);
    for entry in entries {
        if let Err(why) = check_entry(entry, status) {
            return Err(ChainError {
                sequence: Some(entry.sequence),
                why,
            });
        }
        attempt += i64::from(
            status.is_some()
                && entry.event == HistoryKind::Transition
                && entry.to == Status::Pending,
        );
        if entry.attempt != attempt {
            return Err(ChainError {
                sequence: Some(entry.sequence),
                why: format!("has attempt {} instead of {attempt}", entry.attempt),
            });
        }
        if entry.hash != entry.hash_after(&hash) {
            let why = "has a hash that does not match its content and the previous hash".into();
            return Err(ChainError {
                sequence: Some(entry.sequence),
                why,
            });
        }
        (hash, status) = (entry.hash, Some(entry.to));
    }
    Ok(())
}

/// Checks that a row may follow one whose status is `status`.
fn check_entry(entry: &HistoryEntry, status: Option<Status>) -> Result<(), String> {
    if entry.from != status {
        let shown = |status: Option<Status>| status.map_or("nothing", Status::as_str);
        return Err(format!(
            "starts from {}, but the row before it ends with {}",
            shown(entry.from),
            shown(status)
        ));
    }
    match (entry.event, status) {
        (HistoryKind::Undeployed, Some(status)) if entry.to == status => Ok(()),
        (HistoryKind::Undeployed, _) => Err("is an undeployment that changes the status".into()),
        (HistoryKind::Transition, None) if entry.to == Status::Pending => Ok(()),
        (HistoryKind::Transition, None) => {
            Err(format!("begins with {} instead of pending", entry.to))
        }
        (HistoryKind::Transition, Some(status)) => status
            .transition_to(entry.to)
            .map(drop)
            .map_err(|refusal| format!("is illegal: {refusal}")),
    }
}

/// A period of a cell: from a success until its rollback, or from an undeployment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// When it started.
    pub started_at: Time,
    /// The history row that started it. Of two periods with the same start, the one recorded later
    /// wins.
    pub sequence: i64,
    /// When the success was rolled back; `None` if it was not, and for an undeployment.
    pub ended_at: Option<Time>,
    /// Whether an undeployment started it, after which the cell is empty.
    pub is_undeployment: bool,
}

/// The state of a deployment, computed only from its history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentState {
    /// The current status.
    pub status: Status,
    /// The current attempt, from 1.
    pub attempt: i64,
    /// When the latest attempt started, if it has.
    pub started_at: Option<Time>,
    /// When the latest attempt succeeded or failed, if it has.
    pub finished_at: Option<Time>,
    /// The latest success, if there was one: its time and its history row.
    pub succeeded: Option<(Time, i64)>,
    /// The latest transition: its time and its history row.
    pub occurred: (Time, i64),
    /// The periods that it adds to its cell, in the order of recording.
    pub periods: Vec<Period>,
}

/// Computes the state of a deployment from its rows, in the order of recording; `None` when there
/// are no rows.
#[must_use]
pub fn fold(entries: &[HistoryEntry]) -> Option<DeploymentState> {
    let first = entries.first()?;
    let mut state = DeploymentState {
        status: first.to,
        attempt: first.attempt,
        started_at: None,
        finished_at: None,
        succeeded: None,
        occurred: (first.occurred_at, first.sequence),
        periods: Vec::new(),
    };
    for entry in entries {
        state.add(entry);
    }
    Some(state)
}

impl DeploymentState {
    /// Sets the status, the attempt and the times of a deployment to those of this state.
    pub(crate) fn applied_to(&self, deployment: Deployment) -> Deployment {
        Deployment {
            status: self.status,
            attempt: self.attempt,
            started_at: self.started_at,
            finished_at: self.finished_at,
            succeeded_at: self.succeeded.map(|(time, _)| time),
            occurred_at: self.occurred.0,
            ..deployment
        }
    }

    fn add(&mut self, entry: &HistoryEntry) {
        let period = |is_undeployment| Period {
            started_at: entry.occurred_at,
            sequence: entry.sequence,
            ended_at: None,
            is_undeployment,
        };
        if entry.event == HistoryKind::Undeployed {
            self.periods.push(period(true));
            return;
        }
        (self.status, self.attempt) = (entry.to, entry.attempt);
        self.occurred = (entry.occurred_at, entry.sequence);
        match entry.to {
            Status::Pending => (self.started_at, self.finished_at) = (None, None),
            Status::InProgress => self.started_at = Some(entry.occurred_at),
            Status::Failed => self.finished_at = Some(entry.occurred_at),
            Status::Succeeded => {
                self.finished_at = Some(entry.occurred_at);
                self.succeeded = Some((entry.occurred_at, entry.sequence));
                self.periods.push(period(false));
            }
            Status::RolledBack => {
                if let Some(undone) = self
                    .periods
                    .iter_mut()
                    .rfind(|period| !period.is_undeployment)
                {
                    undone.ended_at = Some(entry.occurred_at);
                }
            }
        }
    }
}

/// Whether the latest status implies the whole history: the rows are the shortest path to it, all
/// at one time, without reasons and without claimed times.
#[must_use]
pub fn is_implied_by_status(entries: &[HistoryEntry]) -> bool {
    let Some(last) = entries.last() else {
        return true;
    };
    let is_plain = |entry: &HistoryEntry| {
        entry.event == HistoryKind::Transition
            && entry.occurred_at == last.occurred_at
            && entry.claimed_at.is_none()
            && entry.reason.is_none()
    };
    entries
        .iter()
        .map(|entry| entry.to)
        .eq(last.to.whole_path().iter().copied())
        && entries.iter().all(is_plain)
}

/// The state of a deployment directly after the row `sequence`, a success: succeeded, with the
/// times of that attempt.
#[must_use]
pub fn as_of(deployment: Deployment, entries: &[HistoryEntry], sequence: i64) -> Deployment {
    let until: Vec<_> = entries
        .iter()
        .take_while(|entry| entry.sequence <= sequence)
        .cloned()
        .collect();
    match fold(&until) {
        Some(state) => state.applied_to(deployment),
        None => deployment,
    }
}

/// One attempt of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The number, from 1.
    pub number: i64,
    /// Its latest status.
    pub status: Status,
    /// When it was recorded as pending.
    pub pending_at: Time,
    /// When it started, if it has.
    pub started_at: Option<Time>,
    /// When it succeeded or failed, if it has.
    pub finished_at: Option<Time>,
    /// The reason of its latest transition.
    pub reason: Option<Reason>,
}

impl Attempt {
    /// The time from its start to its outcome. `None` while it runs, when it never started, and
    /// when the outcome is before the start because two clocks differ.
    #[must_use]
    pub fn duration(&self) -> Option<TimeDelta> {
        self.finished_at
            .zip(self.started_at)
            .map(|(end, start)| end - start)
            .filter(|took| *took >= TimeDelta::zero())
    }
}

/// The attempts in a history, the first one first.
#[must_use]
pub fn attempts(entries: &[HistoryEntry]) -> Vec<Attempt> {
    let of_one = |rows: &[HistoryEntry]| {
        let (first, last) = (
            rows.first()?,
            rows.iter()
                .rfind(|row| row.event == HistoryKind::Transition)?,
        );
        let state = fold(rows)?;
        Some(Attempt {
            number: last.attempt,
            status: last.to,
            pending_at: first.occurred_at,
            started_at: state.started_at,
            finished_at: state.finished_at,
            reason: last.reason.clone(),
        })
    };
    entries
        .chunk_by(|a, b| a.attempt == b.attempt)
        .filter_map(of_one)
        .collect()
}

#[cfg(test)]
mod tests;
