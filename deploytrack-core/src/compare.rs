//! Comparison of what a component has in two environments: which one is ahead, and by which
//! versions.
//!
//! The direction comes from the history of deployments alone, never from the text of a version. A
//! version number does not say what was deployed after what: a hotfix of an old release has a lower
//! number and is newer.
//!
//! Let `a` be current in *from*, and `b` in *to*. An environment *had* a version if a success of it
//! there was not rolled back. The *first* success of a version is the earliest one in any
//! environment.
//!
//! | *from* had `b` | *to* had `a` | *from* is |
//! |---|---|---|
//! | yes | yes | ahead or behind: the one with the later first success is ahead |
//! | yes | no | ahead if the first success of `a` is later than that of `b`, else unknown: *from* returned to an earlier version, and a reset looks like a hotfix that was tried in between |
//! | no | yes | the mirror image of the line above |
//! | no | no | diverged if both had another version, else unknown |
//!
//! Equal versions with different commits have diverged: a tag was moved. A shortened commit is the
//! same commit.

use std::collections::HashMap;

use crate::clock::Time;

/// A success in an environment, or an undeployment there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay<'a> {
    /// The version; `None` for an undeployment, after which the environment is empty.
    pub version: Option<&'a str>,
    /// The commit of the version, if it is known.
    pub commit: Option<&'a str>,
    /// When it began.
    pub started_at: Time,
    /// Whether the success was rolled back.
    pub is_rolled_back: bool,
}

/// The stays of a component in one environment, in the order in which they began.
#[derive(Clone, Copy, Debug)]
pub struct Track<'a>(&'a [Stay<'a>]);

impl<'a> Track<'a> {
    /// The track of these stays, which must be ordered by their start.
    #[must_use]
    pub const fn new(stays: &'a [Stay<'a>]) -> Self {
        Self(stays)
    }

    /// The stays that were not rolled back, the latest first.
    fn standing(self) -> impl Iterator<Item = &'a Stay<'a>> {
        self.0.iter().rev().filter(|stay| !stay.is_rolled_back)
    }

    /// The current stay, if there is one and it is not an undeployment.
    fn current(self) -> Option<(&'a str, &'a Stay<'a>)> {
        let stay = self.standing().next()?;
        Some((stay.version?, stay))
    }

    /// When the last success of a version began that was not rolled back.
    fn last(self, version: &str) -> Option<Time> {
        self.standing()
            .find(|stay| stay.version == Some(version))
            .map(|stay| stay.started_at)
    }

    /// The stays after the last success of a version that was not rolled back, the earliest first.
    fn after(self, version: &str) -> &'a [Stay<'a>] {
        let last = self
            .0
            .iter()
            .rposition(|stay| !stay.is_rolled_back && stay.version == Some(version));
        last.and_then(|last| self.0.get(last + 1..))
            .unwrap_or_default()
    }
}

/// The first success of each version of a component in any environment.
#[derive(Clone, Debug, Default)]
pub struct FirstSuccesses<'a>(HashMap<&'a str, Time>);

impl<'a> FirstSuccesses<'a> {
    /// The first successes in these tracks. Successes that were rolled back count.
    #[must_use]
    pub fn of(tracks: impl IntoIterator<Item = Track<'a>>) -> Self {
        let mut first = HashMap::new();
        for stay in tracks.into_iter().flat_map(|track| track.0) {
            if let Some(version) = stay.version {
                let earliest = first.entry(version).or_insert(stay.started_at);
                *earliest = stay.started_at.min(*earliest);
            }
        }
        Self(first)
    }

    /// Whether the first success of one version is later than that of another.
    fn is_later(&self, version: &str, other: &str) -> bool {
        self.0.get(version) > self.0.get(other)
    }
}

/// A version that is ahead: it was deployed in one environment after the version that is current in
/// the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingVersion<'a> {
    /// The version.
    pub version: &'a str,
    /// Since when it waits: its first success after the version of the other environment.
    pub waiting_since: Time,
    /// Whether the other environment had it before and has another version now.
    pub was_there: bool,
}

/// The versions by which one environment is ahead of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead<'a> {
    /// The versions that the other environment has not, the earliest first. The last one that began
    /// is current.
    pub pending: Vec<PendingVersion<'a>>,
    /// The versions in between that were all rolled back.
    pub skipped: Vec<&'a str>,
}

impl Lead<'_> {
    /// Since when the first version waits.
    #[must_use]
    pub fn waiting_since(&self) -> Option<Time> {
        self.pending.first().map(|pending| pending.waiting_since)
    }
}

/// The reason why no direction is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// An environment returned to an earlier version. A reset and a hotfix look the same.
    Revisited,
    /// The environments never had the same version.
    NothingShared,
}

/// How two environments have diverged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Divergence<'a> {
    /// Each has a version that the other never had. They last shared this one.
    Versions {
        /// The last version that both had.
        last_shared: &'a str,
    },
    /// They have the same version with different commits.
    Commits {
        /// The commit in *from*.
        from: &'a str,
        /// The commit in *to*.
        to: &'a str,
    },
}

/// What a component has in the environment *from*, compared with the environment *to*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison<'a> {
    /// Both have the same version, and their commits do not contradict it.
    Same,
    /// *From* is ahead of *to*.
    Ahead(Lead<'a>),
    /// *To* is ahead of *from*.
    Behind(Lead<'a>),
    /// Neither is ahead.
    Diverged(Divergence<'a>),
    /// The versions differ, and the history does not tell the direction.
    Unknown(Unknown),
    /// Only *to* has a version.
    MissingInFrom,
    /// Only *from* has a version.
    MissingInTo,
    /// Neither environment has a version.
    Neither,
}

impl<'a> Comparison<'a> {
    /// Compares the tracks of a component in two environments.
    #[must_use]
    pub fn of(from: Track<'a>, to: Track<'a>, first: &FirstSuccesses<'a>) -> Self {
        match (from.current(), to.current()) {
            (None, None) => Self::Neither,
            (None, Some(_)) => Self::MissingInFrom,
            (Some(_), None) => Self::MissingInTo,
            (Some((a, here)), Some((b, there))) if a == b => match (here.commit, there.commit) {
                (Some(from), Some(to)) if !is_same_commit(from, to) => {
                    Self::Diverged(Divergence::Commits { from, to })
                }
                _ => Self::Same,
            },
            (Some((a, _)), Some((b, _))) => Self::of_different(from, to, a, b, first),
        }
    }

    fn of_different(
        from: Track<'a>,
        to: Track<'a>,
        a: &'a str,
        b: &'a str,
        first: &FirstSuccesses<'a>,
    ) -> Self {
        let (from_had_b, to_had_a) = (from.last(b).is_some(), to.last(a).is_some());
        if from_had_b && first.is_later(a, b) {
            Self::Ahead(lead(from, to, b))
        } else if to_had_a && first.is_later(b, a) {
            Self::Behind(lead(to, from, a))
        } else if from_had_b || to_had_a {
            Self::Unknown(Unknown::Revisited)
        } else if let Some(last_shared) = last_shared(from, to) {
            Self::Diverged(Divergence::Versions { last_shared })
        } else {
            Self::Unknown(Unknown::NothingShared)
        }
    }
}

/// Whether two texts name the same commit: one may be shortened.
fn is_same_commit(one: &str, other: &str) -> bool {
    one.bytes()
        .zip(other.bytes())
        .all(|(one, other)| one.eq_ignore_ascii_case(&other))
}

/// The lead of the track `ahead`, after its last success of the version that is current in `other`.
fn lead<'a>(ahead: Track<'a>, other: Track<'a>, current_there: &str) -> Lead<'a> {
    let mut pending = Vec::<PendingVersion<'a>>::new();
    let mut skipped = Vec::new();
    for stay in ahead.after(current_there) {
        let Some(version) = stay.version else {
            continue;
        };
        if stay.is_rolled_back {
            if version != current_there && !skipped.contains(&version) {
                skipped.push(version);
            }
        } else if pending.iter().all(|pending| pending.version != version) {
            pending.push(PendingVersion {
                version,
                waiting_since: stay.started_at,
                was_there: other.0.iter().any(|stay| stay.version == Some(version)),
            });
        }
    }
    skipped.retain(|version| pending.iter().all(|pending| pending.version != *version));
    Lead { pending, skipped }
}

/// The version that both environments had last, by the earlier of its last successes in each.
fn last_shared<'a>(from: Track<'a>, to: Track<'a>) -> Option<&'a str> {
    from.standing()
        .filter_map(|stay| stay.version)
        .filter_map(|version| Some((from.last(version)?.min(to.last(version)?), version)))
        .max()
        .map(|(_, version)| version)
}

#[cfg(test)]
mod tests;
