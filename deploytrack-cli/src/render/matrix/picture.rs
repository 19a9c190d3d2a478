//! The texts of the matrix, before they are arranged.

use deploytrack_core::{age::age, matrix::Matrix, text::Name};

use crate::render::{View, text::clean};

/// Marks a cell whose version differs from the environment to its right.
pub(super) const MARK: &str = "≠";

/// The text of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellText {
    pub(super) version: String,
    pub(super) age: String,
    pub(super) differs: bool,
}

impl CellText {
    pub(super) fn line(&self) -> String {
        let mark = if self.differs {
            format!(" {MARK}")
        } else {
            String::new()
        };
        format!("{}  {}{mark}", self.version, self.age)
    }
}

/// The texts of the matrix.
pub(super) struct Picture {
    pub(super) environments: Vec<String>,
    pub(super) rows: Vec<(String, Vec<Option<CellText>>)>,
}

pub(super) fn picture(matrix: &Matrix, environments: &[Name], view: &View) -> Picture {
    let rows = matrix.iter().map(|row| {
        let cells: Vec<_> = environments
            .iter()
            .map(|name| row.environments.get(name.as_str()))
            .collect();
        let versions: Vec<_> = cells
            .iter()
            .map(|cell| cell.map(|cell| cell.version.as_str()))
            .collect();
        let drawn = cells
            .iter()
            .zip(differing(&versions))
            .map(|(cell, differs)| {
                cell.map(|cell| CellText {
                    version: clean(cell.version.as_str()),
                    age: age(view.now, cell.deployed_at),
                    differs,
                })
            });
        (row.component_name.to_string(), drawn.collect())
    });
    Picture {
        environments: environments.iter().map(ToString::to_string).collect(),
        rows: rows.collect(),
    }
}

/// For each cell, whether it differs from the next cell to its right that is not empty.
fn differing(versions: &[Option<&str>]) -> Vec<bool> {
    let next = |after: usize| versions[after + 1..].iter().flatten().next();
    versions
        .iter()
        .enumerate()
        .map(|(at, version)| {
            version.is_some_and(|version| next(at).is_some_and(|next| *next != version))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_compared_with_the_next_cell_that_is_not_empty() {
        assert_eq!(
            differing(&[Some("a"), None, Some("b")]),
            [true, false, false]
        );
        assert_eq!(
            differing(&[Some("a"), Some("a"), None]),
            [false, false, false]
        );
        assert_eq!(
            differing(&[None, Some("a"), Some("b")]),
            [false, true, false]
        );
    }
}
