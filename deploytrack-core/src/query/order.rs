//! The orders of the list of deployments.

use std::{fmt, str::FromStr};

use crate::text::Invalid;

/// The time by which the list of deployments is sorted, the newest first. Deployments with equal
/// times are sorted by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// By `createdAt`: the order of recording.
    #[default]
    Created,
    /// By `occurredAt`: the time of the latest transition.
    Occurred,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 2] = [Self::Created, Self::Occurred];

    /// The value of the query parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Occurred => "occurred",
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Order {
    type Err = Invalid;

    fn from_str(word: &str) -> Result<Self, Invalid> {
        Self::ALL
            .into_iter()
            .find(|order| order.as_str() == word)
            .ok_or(Invalid("must be created or occurred"))
    }
}
