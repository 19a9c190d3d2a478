//! The history of a deployment: its rows, the chain of their hashes, and what they come to.
//!
//! Every row carries a hash over its content and the hash of the row before it, and the first row over what never
//! changes about the deployment. A row that was changed, taken out or slipped in breaks the chain from there on. The
//! hash is SHA-256 over a compact JSON array, so that it can be worked out again in any language: see [`identity`] and
//! [`HistoryEntry::sealed`].

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
};

/// What a row of the history says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = HistoryEvent))]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The status changed.
    #[default]
    Transition,
    /// The component left the environment: nothing is current there from then on. The status stays as it is.
    Undeployed,
}

impl Event {
    /// The name used in bodies and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Transition => "transition",
            Self::Undeployed => "undeployed",
        }
    }
}

impl std::str::FromStr for Event {
    type Err = UnknownEvent;

    fn from_str(word: &str) -> Result<Self, UnknownEvent> {
        [Self::Transition, Self::Undeployed].into_iter().find(|event| event.as_str() == word).ok_or(UnknownEvent)
    }
}

/// A word that is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be transition or undeployed")]
pub struct UnknownEvent;

/// One row of the append-only history: a change of status, or a removal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct HistoryEntry {
    /// Its place in the order of recording, over all deployments; numbers only grow and may have gaps.
    pub sequence: i64,
    /// The attempt it belongs to, from 1.
    pub attempt: i64,
    /// What it says.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub event: Event,
    /// The status before; `null` for the first entry.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub from: Option<Status>,
    /// The status after.
    pub to: Status,
    /// When it happened: the time that decides the cell.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub occurred_at: Time,
    /// The time that the caller claimed, where the entry was placed at another one; see [`crate::arrival`].
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub claimed_at: Option<Time>,
    /// When the server recorded it.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub recorded_at: Time,
    /// Whose token recorded it.
    pub recorded_by: Label,
    /// Why.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub reason: Option<Reason>,
    /// SHA-256 over this row and the hash of the row before it of the same deployment, over microseconds.
    pub hash: Digest,
}

/// What the first row is chained to: the digest of what never changes about a deployment.
///
/// The JSON array has, in this order: the ids of deployment, component and environment, version, `deployedBy`,
/// `commitSha` or `null`, and `createdAt` in microseconds since 1970.
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
    /// The entry with its hash, in a chain that has come to `previous`.
    ///
    /// The JSON array has, in this order: `previous` as text, attempt, event, from or `null`, to, `occurredAt` and
    /// `recordedAt` in microseconds since 1970, `recordedBy`, and the reason or `null`; then `claimedAt` in microseconds
    /// since 1970, where the entry has one.
    #[must_use]
    pub fn sealed(self, previous: &Digest) -> Self {
        Self { hash: self.hash_after(previous), ..self }
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

    /// Whether this is the entry that a message with the time `claimed` made, or one that shows this time.
    #[must_use]
    pub fn is_claimed_at(&self, claimed: Option<Time>) -> bool {
        claimed.is_some() && (claimed == self.claimed_at || claimed == Some(self.occurred_at))
    }
}

/// A place where a history cannot be what was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The row; none when there is no row at all.
    pub sequence: Option<i64>,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sequence {
            Some(sequence) => write!(f, "history row {sequence} {}", self.why),
            None => f.write_str(&self.why),
        }
    }
}

/// Checks that the entries of a deployment, in the order of recording, are an unbroken chain of legal moves.
///
/// # Errors
/// The first row that is not.
pub fn check(deployment: &Deployment, entries: &[HistoryEntry]) -> Result<(), Broken> {
    if entries.is_empty() {
        return Err(Broken { sequence: None, why: "there is no history".into() });
    }
    let (mut hash, mut status, mut attempt) = (identity(deployment), None, 1);
    for entry in entries {
        if let Err(why) = check_move(entry, status) {
            return Err(Broken { sequence: Some(entry.sequence), why });
        }
        attempt += i64::from(status.is_some() && entry.event == Event::Transition && entry.to == Status::Pending);
        if entry.attempt != attempt {
            return Err(Broken { sequence: Some(entry.sequence), why: format!("says attempt {}, which is {attempt}", entry.attempt) });
        }
        if entry.hash != entry.hash_after(&hash) {
            let why = "does not have the hash of its content and of what came before it".into();
            return Err(Broken { sequence: Some(entry.sequence), why });
        }
        (hash, status) = (entry.hash, Some(entry.to));
    }
    Ok(())
}

/// Whether an entry may follow one that came to `status`.
fn check_move(entry: &HistoryEntry, status: Option<Status>) -> Result<(), String> {
    if entry.from != status {
        let said = |status: Option<Status>| status.map_or("nothing", Status::as_str);
        return Err(format!("moves from {}, where the row before it came to {}", said(entry.from), said(status)));
    }
    match (entry.event, status) {
        (Event::Undeployed, Some(status)) if entry.to == status => Ok(()),
        (Event::Undeployed, _) => Err("is a removal that changes the status".into()),
        (Event::Transition, None) if entry.to == Status::Pending => Ok(()),
        (Event::Transition, None) => Err(format!("begins with {} instead of pending", entry.to)),
        (Event::Transition, Some(status)) => status.advance(entry.to).map(drop).map_err(|refusal| format!("is illegal: {refusal}")),
    }
}

/// A stretch of time that counts for a cell: from a success until it was rolled back, or from a removal on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// When it began.
    pub started_at: Time,
    /// The row of history that began it. Of two that began at one time, the later recorded counts.
    pub sequence: i64,
    /// When the success was rolled back; none while it stands, and for a removal.
    pub ended_at: Option<Time>,
    /// Whether it is a removal, after which nothing is current.
    pub is_removal: bool,
}

/// What a history comes to, worked out from its rows alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The status now.
    pub status: Status,
    /// The attempt now, from 1.
    pub attempt: i64,
    /// When the latest attempt began, if it has.
    pub started_at: Option<Time>,
    /// When the latest attempt succeeded or failed, if it has.
    pub finished_at: Option<Time>,
    /// The latest success, if there was one: when, and its row of history.
    pub succeeded: Option<(Time, i64)>,
    /// The latest transition: when it happened, and its row of history.
    pub occurred: (Time, i64),
    /// Every period of its cell that it makes, in the order of recording.
    pub periods: Vec<Period>,
}

/// Works out what the entries of a deployment, in the order of recording, come to; `None` when there are none.
#[must_use]
pub fn fold(entries: &[HistoryEntry]) -> Option<Standing> {
    let first = entries.first()?;
    let mut standing = Standing {
        status: first.to,
        attempt: first.attempt,
        started_at: None,
        finished_at: None,
        succeeded: None,
        occurred: (first.occurred_at, first.sequence),
        periods: Vec::new(),
    };
    for entry in entries {
        standing.add(entry);
    }
    Some(standing)
}

impl Standing {
    /// The deployment with the status, the attempt and the times that its history comes to.
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
        let begun = |is_removal| Period { started_at: entry.occurred_at, sequence: entry.sequence, ended_at: None, is_removal };
        if entry.event == Event::Undeployed {
            self.periods.push(begun(true));
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
                self.periods.push(begun(false));
            }
            Status::RolledBack => {
                if let Some(undone) = self.periods.iter_mut().rfind(|period| !period.is_removal) {
                    undone.ended_at = Some(entry.occurred_at);
                }
            }
        }
    }
}

/// Whether a history says no more than the status it came to: the shortest way there, all at one time, without reasons and
/// without claimed times.
#[must_use]
pub fn is_at_once(entries: &[HistoryEntry]) -> bool {
    let Some(last) = entries.last() else { return true };
    let is_plain = |entry: &HistoryEntry| {
        entry.event == Event::Transition && entry.occurred_at == last.occurred_at && entry.claimed_at.is_none() && entry.reason.is_none()
    };
    entries.iter().map(|entry| entry.to).eq(crate::api::whole_path(last.to).iter().copied()) && entries.iter().all(is_plain)
}

/// A deployment as it stood while the success in the row `sequence` counted: succeeded, with the times of that attempt.
#[must_use]
pub fn as_of(deployment: Deployment, entries: &[HistoryEntry], sequence: i64) -> Deployment {
    let until: Vec<_> = entries.iter().take_while(|entry| entry.sequence <= sequence).cloned().collect();
    match fold(&until) {
        Some(standing) => standing.applied_to(deployment),
        None => deployment,
    }
}

/// One try of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Its number, from 1.
    pub number: i64,
    /// Where it stands, or how it ended.
    pub status: Status,
    /// When it was asked for: recorded as pending.
    pub pending_at: Time,
    /// When it began, if it has.
    pub started_at: Option<Time>,
    /// When it succeeded or failed, if it has.
    pub finished_at: Option<Time>,
    /// The reason of its last change of status.
    pub reason: Option<Reason>,
}

impl Attempt {
    /// How long it took from its beginning to its outcome; none while it runs, when it never began, and when the
    /// clocks of those who told both disagree.
    #[must_use]
    pub fn duration(&self) -> Option<TimeDelta> {
        self.finished_at.zip(self.started_at).map(|(end, start)| end - start).filter(|took| *took >= TimeDelta::zero())
    }
}

/// The attempts that a history tells of, the first one first.
#[must_use]
pub fn attempts(entries: &[HistoryEntry]) -> Vec<Attempt> {
    let of_one = |rows: &[HistoryEntry]| {
        let (first, last) = (rows.first()?, rows.iter().rfind(|row| row.event == Event::Transition)?);
        let standing = fold(rows)?;
        Some(Attempt {
            number: last.attempt,
            status: last.to,
            pending_at: first.occurred_at,
            started_at: standing.started_at,
            finished_at: standing.finished_at,
            reason: last.reason.clone(),
        })
    };
    entries.chunk_by(|a, b| a.attempt == b.attempt).filter_map(of_one).collect()
}

#[cfg(test)]
mod tests;
