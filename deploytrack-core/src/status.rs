//! The status machine: five statuses and the moves between them.
//!
//! No other room decides whether a move is legal. The store refuses to write over a status it did not expect; it
//! never judges.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Recorded, not begun.
    Pending,
    /// Being carried out.
    InProgress,
    /// Carried out; a candidate for the current deployment of its cell.
    Succeeded,
    /// Ended without success, or called off before it began.
    Failed,
    /// Succeeded once and was then undone.
    RolledBack,
}

impl Status {
    /// Every status, in the order of a deployment's life.
    pub const ALL: [Self; 5] = [Self::Pending, Self::InProgress, Self::Succeeded, Self::Failed, Self::RolledBack];

    /// The statuses that may follow this one. Never empty, and never this status itself.
    #[must_use]
    pub const fn allowed(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::InProgress, Self::Failed],
            Self::InProgress => &[Self::Succeeded, Self::Failed],
            Self::Succeeded => &[Self::RolledBack],
            Self::Failed | Self::RolledBack => &[Self::Pending],
        }
    }

    /// Judges a move from this status to `to`.
    ///
    /// # Errors
    /// [`IllegalTransition`] when the table forbids it; repeating the present status is forbidden too.
    pub fn advance(self, to: Self) -> Result<Transition, IllegalTransition> {
        if self.allowed().contains(&to) { Ok(Transition { from: self, to }) } else { Err(IllegalTransition { from: self, to }) }
    }

    /// The legal path from a new deployment to this status, `pending` first and this status last; `None` for
    /// `rolled_back`, which says something about an earlier success and cannot be recorded in one step.
    #[must_use]
    pub const fn path_from_new(self) -> Option<&'static [Self]> {
        match self {
            Self::Pending => Some(&[Self::Pending]),
            Self::InProgress => Some(&[Self::Pending, Self::InProgress]),
            Self::Succeeded => Some(&[Self::Pending, Self::InProgress, Self::Succeeded]),
            Self::Failed => Some(&[Self::Pending, Self::InProgress, Self::Failed]),
            Self::RolledBack => None,
        }
    }

    /// Whether this status ends an attempt: `succeeded` or `failed`.
    #[must_use]
    pub const fn is_outcome(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }

    /// The name used in bodies, queries and the database, such as `in_progress`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no status. Its message lists the five that are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of pending, in_progress, succeeded, failed, rolled_back")]
pub struct UnknownStatus;

impl FromStr for Status {
    type Err = UnknownStatus;

    fn from_str(word: &str) -> Result<Self, UnknownStatus> {
        Self::ALL.into_iter().find(|status| status.as_str() == word).ok_or(UnknownStatus)
    }
}

/// A move that the table allows. Only [`Status::advance`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    from: Status,
    to: Status,
}

impl Transition {
    /// The status before.
    #[must_use]
    pub const fn from(self) -> Status {
        self.from
    }

    /// The status after.
    #[must_use]
    pub const fn to(self) -> Status {
        self.to
    }

    /// Whether this move is a retry: back to `pending`, which starts the next attempt.
    #[must_use]
    pub fn is_retry(self) -> bool {
        self.to == Status::Pending
    }
}

/// A move that the table forbids. Its message names both ends and the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The status the deployment is in.
    pub from: Status,
    /// The status that was asked for.
    pub to: Status,
}

impl fmt::Display for IllegalTransition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to } = self;
        if from == to {
            write!(f, "the deployment is {from} already; ")?;
        } else {
            write!(f, "cannot move from {from} to {to}; ")?;
        }
        let allowed: Vec<_> = from.allowed().iter().map(|status| status.as_str()).collect();
        write!(f, "from {from} a deployment can only become {}", allowed.join(" or "))
    }
}

impl std::error::Error for IllegalTransition {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_from_new_is_legal_and_ends_where_it_says() {
        for status in Status::ALL {
            let Some(path) = status.path_from_new() else {
                assert_eq!(status, Status::RolledBack);
                continue;
            };
            assert_eq!((path[0], path[path.len() - 1]), (Status::Pending, status));
            for pair in path.windows(2) {
                assert!(pair[0].advance(pair[1]).is_ok());
            }
        }
    }

    #[test]
    fn seven_of_the_twenty_five_pairs_are_legal_and_none_repeats_its_status() {
        let legal: Vec<_> = Status::ALL
            .iter()
            .flat_map(|from| Status::ALL.iter().filter_map(|to| from.advance(*to).ok()))
            .map(|step| format!("{} -> {}", step.from(), step.to()))
            .collect();
        assert_eq!(
            legal,
            [
                "pending -> in_progress",
                "pending -> failed",
                "in_progress -> succeeded",
                "in_progress -> failed",
                "succeeded -> rolled_back",
                "failed -> pending",
                "rolled_back -> pending",
            ]
        );
    }

    #[test]
    fn a_refusal_names_both_ends_and_the_way_out() {
        let refusal = Status::Succeeded.advance(Status::Pending).unwrap_err();
        assert_eq!(refusal.to_string(), "cannot move from succeeded to pending; from succeeded a deployment can only become rolled_back");
    }
}
