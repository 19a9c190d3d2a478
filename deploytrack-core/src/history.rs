//! The history of a deployment: its rows, the chain of their hashes, and the state that they add up
//! to.
//!
//! Every row has a hash over its content and the hash of the previous row. The first row uses
//! [`identity`] instead: the digest of the immutable fields of the deployment. A row that was
//! changed, removed or inserted breaks the chain from that row on. The hash is SHA-256 over a
//! compact JSON array, so that a program in any language can compute it again: see [`identity`] and
//! [`HistoryEntry::hash_after`].

use std::fmt;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    clock::{self, Time},
    deployment::Deployment,
    digest::Digest,
    origin::Origin,
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
    /// The job that recorded it, if its token was exchanged for an identity token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Origin>, nullable = false))]
    pub origin: Option<Box<Origin>>,
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

/// A row to be added to a history. Its number, attempt, status before and hash follow from the
/// history that it continues.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The new status; `None` for an undeployment, which does not change it.
    pub to: Option<Status>,
    /// As [`HistoryEntry::occurred_at`].
    pub occurred_at: Time,
    /// As [`HistoryEntry::claimed_at`].
    pub claimed_at: Option<Time>,
    /// As [`HistoryEntry::recorded_at`].
    pub recorded_at: Time,
    /// As [`HistoryEntry::recorded_by`].
    pub recorded_by: Label,
    /// As [`HistoryEntry::reason`].
    pub reason: Option<Reason>,
    /// As [`HistoryEntry::origin`].
    pub origin: Option<Box<Origin>>,
}

/// The end of a history, which the next row continues.
#[derive(Clone, Copy, Debug)]
pub struct HistoryEnd {
    /// The status after the last row; `None` before the first one.
    pub status: Option<Status>,
    /// The attempt of the last row; 1 before the first one.
    pub attempt: i64,
    /// The hash of the last row; [`identity`] before the first one.
    pub head_hash: Digest,
}

impl HistoryEnd {
    /// The row with this number that continues the history; `None` if it would be illegal.
    #[must_use]
    pub fn continued(&self, new: NewEntry, sequence: i64) -> Option<HistoryEntry> {
        let (event, to) = match new.to {
            Some(to) => (HistoryKind::Transition, to),
            None => (HistoryKind::Undeployed, self.status?),
        };
        let entry = HistoryEntry {
            sequence,
            attempt: self.attempt + i64::from(is_retry(self.status, event, to)),
            event,
            from: self.status,
            to,
            occurred_at: new.occurred_at,
            claimed_at: new.claimed_at,
            recorded_at: new.recorded_at,
            recorded_by: new.recorded_by,
            reason: new.reason,
            origin: new.origin,
            hash: self.head_hash,
        };
        let hash = entry.hash_after(&self.head_hash);
        check_entry(&entry, self.status)
            .is_ok()
            .then_some(HistoryEntry { hash, ..entry })
    }
}

/// Whether a row starts the next attempt, after a row whose status is `before`.
fn is_retry(before: Option<Status>, event: HistoryKind, to: Status) -> bool {
    before.is_some() && event == HistoryKind::Transition && to == Status::Pending
}

impl HistoryEntry {
    /// The hash of the row. `previous` is the hash of the previous row, or [`identity`] for the
    /// first row.
    ///
    /// The JSON array has, in this order: `previous` as text, attempt, event, from or `null`, to,
    /// `occurredAt` and `recordedAt` in microseconds since 1970, `recordedBy`, and the reason or
    /// `null`; then `claimedAt` in microseconds since 1970, if the row has one; then an array with the
    /// fields of `origin` in the order of [`Origin`], each a text or `null`, if the row has an origin.
    #[must_use]
    pub fn hash_after(&self, previous: &Digest) -> Digest {
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
        if let (Some(origin), Some(content)) = (&self.origin, content.as_array_mut()) {
            content.push(json!(origin.fields()));
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
        attempt += i64::from(is_retry(status, entry.event, entry.to));
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
    /// The origin of the first row.
    pub origin: Option<Box<Origin>>,
}

/// What a row of history does to the periods of its cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodChange {
    /// A success or an undeployment starts a period.
    Start(Period),
    /// A rollback ends the period of a success.
    End {
        /// The time of the success and its history row.
        success: (Time, i64),
        /// The time of the rollback.
        ended_at: Time,
    },
}

/// Computes the state of a deployment from its rows, in the order of recording; `None` when there
/// are no rows.
#[must_use]
pub fn fold(entries: &[HistoryEntry]) -> Option<DeploymentState> {
    let mut state = DeploymentState::before(entries.first()?);
    for entry in entries {
        state.add(entry);
    }
    Some(state)
}

/// The periods that the rows of a deployment, in the order of recording, add to its cell.
#[must_use]
pub fn periods(entries: &[HistoryEntry]) -> Vec<Period> {
    let (mut state, mut periods) = (entries.first().map(DeploymentState::before), Vec::new());
    for entry in entries {
        match state.as_mut().and_then(|state| state.add(entry)) {
            Some(PeriodChange::Start(period)) => periods.push(period),
            Some(PeriodChange::End { success, ended_at }) => {
                let of_success = |period: &&mut Period| period.sequence == success.1;
                if let Some(undone) = periods.iter_mut().rfind(of_success) {
                    undone.ended_at = Some(ended_at);
                }
            }
            None => {}
        }
    }
    periods
}

impl DeploymentState {
    /// The state before the first row of a history.
    fn before(first: &HistoryEntry) -> Self {
        Self {
            status: first.to,
            attempt: first.attempt,
            started_at: None,
            finished_at: None,
            succeeded: None,
            occurred: (first.occurred_at, first.sequence),
            origin: first.origin.clone(),
        }
    }

    /// Sets the status, the attempt, the times and the origin of a deployment to those of this state.
    pub fn apply_to(&self, deployment: &mut Deployment) {
        deployment.status = self.status;
        deployment.attempt = self.attempt;
        deployment.started_at = self.started_at;
        deployment.finished_at = self.finished_at;
        deployment.succeeded_at = self.succeeded.map(|(time, _)| time);
        deployment.occurred_at = self.occurred.0;
        deployment.origin.clone_from(&self.origin);
    }

    /// Adds a row. Returns what it does to the periods of the cell.
    pub fn add(&mut self, entry: &HistoryEntry) -> Option<PeriodChange> {
        let started = |is_undeployment| {
            Some(PeriodChange::Start(Period {
                started_at: entry.occurred_at,
                sequence: entry.sequence,
                ended_at: None,
                is_undeployment,
            }))
        };
        if entry.event == HistoryKind::Undeployed {
            return started(true);
        }
        (self.status, self.attempt) = (entry.to, entry.attempt);
        self.occurred = (entry.occurred_at, entry.sequence);
        match entry.to {
            Status::Pending => (self.started_at, self.finished_at) = (None, None),
            Status::InProgress => self.started_at = Some(entry.occurred_at),
            Status::Failed => self.finished_at = Some(entry.occurred_at),
            Status::Succeeded => {
                self.finished_at = Some(entry.occurred_at);
                self.succeeded = Some(self.occurred);
                return started(false);
            }
            Status::RolledBack => {
                return self.succeeded.map(|success| PeriodChange::End {
                    success,
                    ended_at: entry.occurred_at,
                });
            }
        }
        None
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
pub fn as_of(mut deployment: Deployment, entries: &[HistoryEntry], sequence: i64) -> Deployment {
    let until: Vec<_> = entries
        .iter()
        .take_while(|entry| entry.sequence <= sequence)
        .cloned()
        .collect();
    if let Some(state) = fold(&until) {
        state.apply_to(&mut deployment);
    }
    deployment
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
