//! The target of a rollback.
//!
//! A rollback returns a cell to an earlier version: the version with the newest success that is not
//! rolled back.
//!
//! 1. The *success of a version* is the newest deployment of that version in the cell that ever succeeded. Older deployments
//!    of the same version are ignored: after a rollback from v3 to v2 and then to v1, the first success of v3 is not rolled
//!    back itself, and v3 must not return.
//! 2. A success is *rolled back* when its deployment left `succeeded`, or when a later success of the cell has its id in the
//!    metadata as [`OF`]. The second condition covers the time between the record of the rollback and the transition of the
//!    replaced deployment to `rolled_back`.
//! 3. The target is the version with the newest success that is not rolled back, is not of the current version, and is not
//!    newer than the current deployment: a deployment that succeeds while a rollback runs was not there before.
//!
//! Repeated rollbacks visit each earlier version once, until there are no more.

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    clock::Time,
    deployment::{Deployment, Metadata},
    status::Status,
    text::Version,
};

/// The key in the metadata of a rollback for the id of the deployment that it replaced.
pub const OF: &str = "rollbackOf";

/// The decision of a rollback about a version of the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rollback returns to this version.
    Target,
    /// The version is current.
    Current,
    /// The version was rolled back.
    RolledBack,
    /// The version succeeded after the current deployment.
    Newer,
    /// The version is possible, but the target is newer.
    Older,
}

impl Verdict {
    /// The word in JSON and in tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Current => "current",
            Self::RolledBack => "rolled_back",
            Self::Newer => "newer",
            Self::Older => "older",
        }
    }
}

/// A deployment, as far as a rollback considers it.
pub trait Considered {
    /// The id.
    fn id(&self) -> Uuid;
    /// The version.
    fn version(&self) -> &Version;
    /// The status.
    fn status(&self) -> Status;
    /// When it last succeeded, if ever.
    fn succeeded_at(&self) -> Option<Time>;
    /// When the server recorded it.
    fn created_at(&self) -> Time;
    /// The deployment that it replaced, if it is a rollback: [`OF`] in its metadata.
    fn replaced(&self) -> Option<Uuid>;
}

impl Considered for Deployment {
    fn id(&self) -> Uuid {
        self.id
    }

    fn version(&self) -> &Version {
        &self.version
    }

    fn status(&self) -> Status {
        self.status
    }

    fn succeeded_at(&self) -> Option<Time> {
        self.succeeded_at
    }

    fn created_at(&self) -> Time {
        self.created_at
    }

    fn replaced(&self) -> Option<Uuid> {
        replaced(&self.metadata)
    }
}

/// The deployment that a rollback with this metadata replaced.
#[must_use]
pub fn replaced(metadata: &Metadata) -> Option<Uuid> {
    metadata.to_map().get(OF)?.as_str()?.parse().ok()
}

/// A version of the cell that a rollback may return to, with its success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate<'a, D = Deployment> {
    /// The newest deployment of the version that ever succeeded.
    pub deployment: &'a D,
    /// When it succeeded.
    pub succeeded_at: Time,
    /// The decision of the rollback.
    pub verdict: Verdict,
}

/// Lists every version that succeeded in a cell, the newest success first, with the decision of a
/// rollback. `all` are deployments of one cell in any order. When the cell is empty, every version
/// may be the target.
#[must_use]
pub fn candidates<'a, D: Considered>(current: Option<&D>, all: &'a [D]) -> Vec<Candidate<'a, D>> {
    let undone = undone(all);
    let mut found = None;
    let judged = |(deployment, succeeded_at): (&'a D, Time)| {
        let verdict = match current {
            Some(current) if current.version() == deployment.version() => Verdict::Current,
            _ if undone.contains(&deployment.id()) => Verdict::RolledBack,
            Some(current) if Some(key(deployment)) > Some(key(current)) => Verdict::Newer,
            _ if found.is_some() => Verdict::Older,
            _ => {
                found = Some(deployment.id());
                Verdict::Target
            }
        };
        Candidate {
            deployment,
            succeeded_at,
            verdict,
        }
    };
    successes(all).into_iter().map(judged).collect()
}

/// The version that a rollback returns to.
#[must_use]
pub fn target<'a, D>(candidates: &[Candidate<'a, D>]) -> Option<Candidate<'a, D>> {
    candidates
        .iter()
        .find(|one| one.verdict == Verdict::Target)
        .map(|one| Candidate { ..*one })
}

/// The success of a version, even if it was rolled back: the caller requests this version
/// explicitly.
#[must_use]
pub fn success_of<'a>(version: &Version, all: &'a [Deployment]) -> Option<&'a Deployment> {
    successes(all)
        .into_iter()
        .map(|(deployment, _)| deployment)
        .find(|deployment| deployment.version == *version)
}

/// The sort key of successes: by time, and for equal times by the order of recording.
pub(crate) fn key(deployment: &impl Considered) -> (Option<Time>, Time, Uuid) {
    (
        deployment.succeeded_at(),
        deployment.created_at(),
        deployment.id(),
    )
}

/// The success of each version, the newest first.
fn successes<D: Considered>(all: &[D]) -> Vec<(&D, Time)> {
    let mut succeeded: Vec<_> = all
        .iter()
        .filter_map(|deployment| Some((deployment, deployment.succeeded_at()?)))
        .collect();
    succeeded.sort_by_key(|(deployment, _)| std::cmp::Reverse(key(*deployment)));
    let mut seen = HashSet::new();
    succeeded.retain(|(deployment, _)| seen.insert(deployment.version()));
    succeeded
}

/// The deployments whose success was rolled back, or replaced by a rollback that has not updated
/// their status yet.
fn undone<D: Considered>(all: &[D]) -> HashSet<Uuid> {
    let mut latest_rollbacks = HashMap::<Uuid, Option<Time>>::new();
    for rollback in all.iter().filter(|one| one.succeeded_at().is_some()) {
        if let Some(replaced) = rollback.replaced() {
            let latest = latest_rollbacks.entry(replaced).or_default();
            *latest = rollback.succeeded_at().max(*latest);
        }
    }
    let is_replaced = |one: &D| {
        let latest = latest_rollbacks.get(&one.id());
        latest.is_some_and(|latest| *latest >= one.succeeded_at())
    };
    all.iter()
        .filter(|one| one.status() != Status::Succeeded || is_replaced(one))
        .map(D::id)
        .collect()
}

#[cfg(test)]
mod tests;
