//! The deployments that a matrix shows, cell by cell.

use std::collections::HashMap;

use deploytrack_core::{
    deployment::Deployment,
    matrix::{Cell, Matrix, Row},
};

use super::Column;
use crate::render::ids::ShortIds;

/// The deployments that a matrix shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) matrix: &'a Matrix,
    /// At most one for each cell.
    pub(crate) unsettled: &'a [Deployment],
    /// The environments to show, in order.
    pub(crate) columns: &'a [Column],
    /// The unique lengths of the ids, for a wide table.
    pub(crate) ids: &'a ShortIds,
}

/// The current and the unsettled deployment of a cell.
pub(super) type Pair<'a> = (Option<&'a Cell>, Option<&'a Deployment>);

impl<'a> Contents<'a> {
    /// The rows, each with the cells in its columns.
    pub(super) fn rows(self) -> impl Iterator<Item = (&'a Row, Vec<Pair<'a>>)> {
        let key = |one: &'a Deployment| (one.component_id, one.environment_name.as_str());
        let unsettled: HashMap<_, _> = self.unsettled.iter().map(|one| (key(one), one)).collect();
        self.matrix.iter().map(move |row| {
            let current = cells_of(row);
            let cells = self.columns.iter().map(|column| {
                let name = column.name.as_str();
                let newer = unsettled.get(&(row.component_id, name));
                (current.get(name).copied(), newer.copied())
            });
            (row, cells.collect())
        })
    }
}

/// The cells of a row by environment. With thousands of environments, `Cells::get` for each column
/// would take seconds.
pub(super) fn cells_of(row: &Row) -> HashMap<&str, &Cell> {
    let cells = row.environments.iter();
    cells.map(|(name, cell)| (name.as_str(), cell)).collect()
}
