//! Which deployment a rollback goes back to.
//!
//! A cell goes back to a version, and the version with the newest success that is not rolled back is the one:
//!
//! 1. The *success of a version* is the newest deployment of that version in the cell that ever succeeded. An older one of
//!    the same version says nothing more: after a rollback from v3 to v2 and on to v1, the first success of v3 is not rolled
//!    back itself, and v3 must not come back.
//! 2. A success is *rolled back* when its deployment left `succeeded`, or when a later success of the cell names it in its
//!    metadata as [`OF`]: between the record of a rollback and the mark on what it replaced, the mark is on its way.
//! 3. The target is the version with the newest success that is not rolled back, is not the version that is current, and is
//!    not newer than what is current: a deployment that succeeds at the same moment is not what was there before.
//!
//! Repeated rollbacks walk back through the versions, each version once, until there is none.

use std::collections::HashSet;

use crate::{clock::Time, deployment::Deployment, status::Status, text::Version};

/// The key in the metadata of a rollback: the id of the deployment that it replaced.
pub const OF: &str = "rollbackOf";

/// What a rollback does with a version of the cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The rollback goes back to it.
    Target,
    /// It is current.
    Current,
    /// It was rolled back.
    RolledBack,
    /// It succeeded after what is current.
    Newer,
    /// It could be gone back to, and the target is newer.
    Older,
}

impl Verdict {
    /// The word in an answer.
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

/// A version of the cell, as its success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Considered<'a> {
    /// The newest deployment of the version that ever succeeded.
    pub deployment: &'a Deployment,
    /// When it did.
    pub succeeded_at: Time,
    /// What a rollback does with it.
    pub verdict: Verdict,
}

/// Every version that succeeded in a cell, the newest success first, with what a rollback does with it. `all` are
/// deployments of the one cell in any order. Where nothing is current, any version may be the target.
#[must_use]
pub fn considered<'a>(current: Option<&Deployment>, all: &'a [Deployment]) -> Vec<Considered<'a>> {
    let undone = undone(all);
    let mut found = None;
    let judged = |(deployment, succeeded_at): (&'a Deployment, Time)| {
        let verdict = match current {
            Some(current) if current.version == deployment.version => Verdict::Current,
            _ if undone.contains(&deployment.id) => Verdict::RolledBack,
            Some(current) if Some(key(deployment)) > Some(key(current)) => Verdict::Newer,
            _ if found.is_some() => Verdict::Older,
            _ => {
                found = Some(deployment.id);
                Verdict::Target
            }
        };
        Considered { deployment, succeeded_at, verdict }
    };
    successes(all).into_iter().map(judged).collect()
}

/// The version that a rollback goes back to.
#[must_use]
pub fn target<'a>(considered: &[Considered<'a>]) -> Option<Considered<'a>> {
    considered.iter().find(|one| one.verdict == Verdict::Target).copied()
}

/// The success of a version, whether it was rolled back or not: somebody names the version and means it.
#[must_use]
pub fn success_of<'a>(version: &Version, all: &'a [Deployment]) -> Option<&'a Deployment> {
    successes(all).into_iter().map(|(deployment, _)| deployment).find(|deployment| deployment.version == *version)
}

/// The order of successes: by time, and of equal times by recording.
fn key(deployment: &Deployment) -> (Option<Time>, Time, uuid::Uuid) {
    (deployment.succeeded_at, deployment.created_at, deployment.id)
}

/// The success of each version, the newest first.
fn successes(all: &[Deployment]) -> Vec<(&Deployment, Time)> {
    let mut succeeded: Vec<_> = all.iter().filter_map(|deployment| Some((deployment, deployment.succeeded_at?))).collect();
    succeeded.sort_by_key(|(deployment, _)| std::cmp::Reverse(key(deployment)));
    let mut seen = HashSet::new();
    succeeded.retain(|(deployment, _)| seen.insert(&deployment.version));
    succeeded
}

/// The deployments whose success was rolled back, or replaced by a rollback whose mark is on its way.
fn undone(all: &[Deployment]) -> HashSet<uuid::Uuid> {
    let replaced = |deployment: &Deployment| {
        let rollbacks = all.iter().filter(|one| one.succeeded_at.is_some() && one.succeeded_at >= deployment.succeeded_at);
        rollbacks.into_iter().any(|one| replaces(one) == Some(deployment.id))
    };
    all.iter().filter(|one| one.status != Status::Succeeded || replaced(one)).map(|one| one.id).collect()
}

/// The deployment that a rollback replaced.
fn replaces(rollback: &Deployment) -> Option<uuid::Uuid> {
    rollback.metadata.to_map().get(OF)?.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests;
