//! The matrix: one row per component, and one cell per environment in which the component is
//! current.

use std::{fmt, ops::Index};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor},
};
use uuid::Uuid;

use crate::{
    clock::{self, Time},
    compare::Comparison,
    text::{CommitSha, Label, Name, Version},
    words::words,
};

/// The matrix, in the order of component names.
pub type Matrix = Vec<Row>;

/// A row of the matrix: the current versions of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(as = MatrixRow))]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The id of the component.
    pub component_id: Uuid,
    /// The name of the component.
    pub component_name: Name,
    /// The cells, in environment order. An environment without a current version of the component
    /// is left out.
    pub environments: Cells,
}

/// A cell of the matrix: the current version of one component in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// The version.
    pub version: Version,
    /// When its deployment succeeded.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub deployed_at: Time,
    /// The id of that deployment.
    pub deployment_id: Uuid,
    /// The person or program that deployed it.
    pub deployed_by: Label,
    /// The commit that it was built from; left out when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub commit_sha: Option<CommitSha>,
    /// How it differs from the cell that it is compared with; left out unless the request asks for
    /// it, and if there is no such cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub gap: Option<Gap>,
}

/// How a cell differs from the nearest cell before it, in environment order, whose environment has
/// an earlier type. The history of deployments decides, never the text of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// The name of the environment of that cell.
    pub against: Name,
    /// The state.
    pub state: GapState,
    /// How many versions it is ahead or behind; left out in every other state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub versions: Option<u64>,
}

impl Gap {
    /// The gap of a comparison of a cell with the cell in the environment `against`; `None` if one
    /// of them is empty.
    #[must_use]
    pub fn of(against: Name, comparison: &Comparison<'_>) -> Option<Self> {
        let (state, lead) = match comparison {
            Comparison::Same => (GapState::Same, None),
            Comparison::Ahead(lead) => (GapState::Ahead, Some(lead)),
            Comparison::Behind(lead) => (GapState::Behind, Some(lead)),
            Comparison::Diverged(_) => (GapState::Diverged, None),
            Comparison::Unknown(_) => (GapState::Unknown, None),
            Comparison::MissingInFrom | Comparison::MissingInTo | Comparison::Neither => {
                return None;
            }
        };
        let versions = lead.map(|lead| lead.pending.len() as u64);
        Some(Self {
            against,
            state,
            versions,
        })
    }
}

/// The state of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GapState {
    /// Both cells have the same version, and their commits do not contradict it.
    Same,
    /// The cell is ahead of the other one.
    Ahead,
    /// The cell is behind the other one.
    Behind,
    /// Each has a version that the other never had, or the same version with another commit.
    Diverged,
    /// The versions differ, and the history does not tell the direction.
    Unknown,
}

words! {
    GapState {
        Same => "same",
        Ahead => "ahead",
        Behind => "behind",
        Diverged => "diverged",
        Unknown => "unknown",
    }
}

/// Cells by environment name, in environment order; a JSON object on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells(Vec<(Name, Cell)>);

impl Cells {
    /// The cell of an environment, if it is not empty.
    #[must_use]
    pub fn get(&self, environment: &str) -> Option<&Cell> {
        self.iter()
            .find_map(|(name, cell)| (name.as_str() == environment).then_some(cell))
    }

    /// The cells in order.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, &Cell)> {
        self.0.iter().map(|(name, cell)| (name, cell))
    }
}

impl FromIterator<(Name, Cell)> for Cells {
    fn from_iter<I: IntoIterator<Item = (Name, Cell)>>(cells: I) -> Self {
        Self(cells.into_iter().collect())
    }
}

impl Index<&str> for Cells {
    type Output = Cell;

    /// The cell of an environment.
    ///
    /// # Panics
    /// When the cell is empty. [`Cells::get`] does not panic.
    fn index(&self, environment: &str) -> &Cell {
        match self.get(environment) {
            Some(cell) => cell,
            None => panic!("nothing is current in {environment}"),
        }
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Cells {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Cells;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of cells by environment name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Cells, A::Error> {
                let mut cells = Vec::new();
                while let Some(cell) = entries.next_entry()? {
                    cells.push(cell);
                }
                Ok(Cells(cells))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}
