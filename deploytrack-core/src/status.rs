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

    /// Whether a deployment with this status can still enter `to` without a retry, unless `to` is
    /// the retry itself.
    #[must_use]
    pub fn reaches(self, to: Self) -> bool {
        let is_step = |next: Self| next == to || next != Self::Pending;
        self.shortest_path(to, is_step).is_some()
    }

    /// The legal path from this status to another that needs no invented outcome: it adds only
    /// `pending` and `in_progress`. `None` if there is no such path.
    pub(crate) fn path_to(self, to: Self) -> Option<Vec<Self>> {
        let is_step = |next| next == to || matches!(next, Self::Pending | Self::InProgress);
        self.shortest_path(to, is_step)
    }

    /// The shortest legal path to a status over these steps, without its start.
    fn shortest_path(self, to: Self, is_step: impl Fn(Self) -> bool) -> Option<Vec<Self>> {
        (1..=Self::ALL.len()).find_map(|length| self.path_of(length, to, &is_step))
    }

    fn path_of(
        self,
        length: usize,
        to: Self,
        is_step: &impl Fn(Self) -> bool,
    ) -> Option<Vec<Self>> {
        let mut steps = self.allowed().iter().copied().filter(|next| is_step(*next));
        if length == 1 {
            return steps.find(|next| *next == to).map(|to| vec![to]);
        }
        steps.find_map(|next| {
            let rest = next.path_of(length - 1, to, is_step)?;
            Some([vec![next], rest].concat())
        })
    }

    /// Whether this status ends an attempt: `succeeded` or `failed`.
    #[must_use]
    pub const fn is_outcome(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed => true,
            Self::Pending | Self::InProgress | Self::RolledBack => false,
        }
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
    fn a_status_is_reachable_without_a_retry() {
        use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};
        let reachable = |from: Status| Status::ALL.map(|to| from.reaches(to));
        for (from, expected) in [
            //            Pending, InProgress, Succeeded, Failed, RolledBack
            (Pending, [true, true, true, true, true]),
            (InProgress, [true, false, true, true, true]),
            (Succeeded, [true, false, false, false, true]),
            (Failed, [true, false, false, false, false]),
            (RolledBack, [true, false, false, false, false]),
        ] {
            assert_eq!(reachable(from), expected, "{from}");
        }
    }

    #[test]
    fn a_path_adds_no_outcome() {
        use Status::{Failed, InProgress, Pending, RolledBack, Succeeded};
        for (from, to, path) in [
            (Pending, Failed, &[Failed][..]),
            (Pending, Succeeded, &[InProgress, Succeeded]),
            (Failed, Succeeded, &[Pending, InProgress, Succeeded]),
            (RolledBack, Failed, &[Pending, Failed]),
            (Succeeded, RolledBack, &[RolledBack]),
        ] {
            assert_eq!(from.path_to(to).as_deref(), Some(path), "{from} to {to}");
        }
        for (from, to) in [
            (Pending, RolledBack),
            (InProgress, Pending),
            (Succeeded, Pending),
            (Failed, RolledBack),
        ] {
            assert_eq!(from.path_to(to), None, "{from} to {to}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_status_is_reachable_if_a_walk_without_a_retry_ends_there(
            from in 0..5usize,
            choices in proptest::collection::vec(proptest::prelude::any::<proptest::sample::Index>(), 1..6),
        ) {
            let from = Status::ALL[from];
            let mut at = from;
            for choice in choices {
                at = *choice.get(at.allowed());
                proptest::prop_assert!(from.reaches(at), "{from} to {at}");
                if at == Status::Pending {
                    break;
                }
            }
        }

        #[test]
        fn every_path_is_legal_and_ends_with_its_status(from in 0..5usize, to in 0..5usize) {
            let (from, to) = (Status::ALL[from], Status::ALL[to]);
            let mut at = from;
            for next in from.path_to(to).unwrap_or_default() {
                proptest::prop_assert!(at.transition_to(next).is_ok());
                at = next;
            }
            proptest::prop_assert!(at == to || from.path_to(to).is_none());
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
