//! The status machine: five statuses and the transitions between them.
//!
//! No other module decides whether a transition is legal. The store only refuses to overwrite a
//! status that it did not expect.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::words::words;

/// The status of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Recorded, not started.
    Pending,
    /// Started, not finished.
    InProgress,
    /// Finished with success; a candidate for the current deployment of its cell.
    Succeeded,
    /// Finished without success, or cancelled before it started.
    Failed,
    /// Succeeded and then undone.
    RolledBack,
}

impl Status {
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

    /// Checks the transition from this status to `to`.
    ///
    /// # Errors
    /// [`IllegalTransition`] when `to` is not in [`Status::allowed`]. A transition to the same status is illegal too.
    pub fn transition_to(self, to: Self) -> Result<Transition, IllegalTransition> {
        if self.allowed().contains(&to) {
            Ok(Transition { from: self, to })
        } else {
            Err(IllegalTransition { from: self, to })
        }
    }

    /// The legal path from a new deployment to this status, `pending` first and this status last.
    /// `None` for `rolled_back`: it follows an earlier success, so a deployment cannot be recorded
    /// with it in one request.
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

    /// The legal path from a new deployment to this status, `rolled_back` included.
    #[must_use]
    pub(crate) const fn whole_path(self) -> &'static [Self] {
        match self.path_from_new() {
            Some(path) => path,
            None => &[
                Self::Pending,
                Self::InProgress,
                Self::Succeeded,
                Self::RolledBack,
            ],
        }
    }

    /// Whether this status ends an attempt: `succeeded` or `failed`.
    #[must_use]
    pub const fn is_outcome(self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed)
    }
}

words! {
    Status {
        Pending => "pending",
        InProgress => "in_progress",
        Succeeded => "succeeded",
        Failed => "failed",
        RolledBack => "rolled_back",
    }
}

/// A legal transition. Only [`Status::transition_to`] creates one.
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
}

/// An illegal transition. Its message names both statuses and the legal next ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalTransition {
    /// The status of the deployment.
    pub from: Status,
    /// The requested status.
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
        let allowed: Vec<_> = from
            .allowed()
            .iter()
            .map(|status| status.as_str())
            .collect();
        write!(
            f,
            "from {from} a deployment can only become {}",
            allowed.join(" or ")
        )
    }
}

impl std::error::Error for IllegalTransition {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_from_new_is_legal_and_ends_with_its_status() {
        for status in Status::ALL {
            let Some(path) = status.path_from_new() else {
                assert_eq!(status, Status::RolledBack);
                continue;
            };
            assert_eq!((path[0], path[path.len() - 1]), (Status::Pending, status));
            for pair in path.windows(2) {
                assert!(pair[0].transition_to(pair[1]).is_ok());
            }
        }
    }

    #[test]
    fn seven_of_twenty_five_transitions_are_legal_and_none_keeps_the_status() {
        let legal: Vec<_> = Status::ALL
            .iter()
            .flat_map(|from| {
                Status::ALL
                    .iter()
                    .filter_map(|to| from.transition_to(*to).ok())
            })
            .map(|transition| format!("{} -> {}", transition.from(), transition.to()))
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
    fn the_error_of_an_illegal_transition_names_both_statuses_and_the_legal_ones() {
        let refusal = Status::Succeeded
            .transition_to(Status::Pending)
            .unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "cannot move from succeeded to pending; from succeeded a deployment can only become rolled_back"
        );
    }
}
