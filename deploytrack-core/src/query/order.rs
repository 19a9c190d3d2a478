//! The orders of the list of deployments.

use std::{fmt, str::FromStr};

/// By which time the list of deployments is ordered, the newest first; deployments with one time by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// By `createdAt`: the order of recording.
    #[default]
    Created,
    /// By `occurredAt`: when things happened.
    Occurred,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 2] = [Self::Created, Self::Occurred];

    /// The word in the query.
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

/// A word that is no order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be created or occurred")]
pub struct UnknownOrder;

impl FromStr for Order {
    type Err = UnknownOrder;

    fn from_str(word: &str) -> Result<Self, UnknownOrder> {
        Self::ALL.into_iter().find(|order| order.as_str() == word).ok_or(UnknownOrder)
    }
}
