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
    text::{Name, Version},
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
