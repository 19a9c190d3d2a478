//! The widths of the columns, and the parts into which they are split for a narrow terminal.

use std::ops::Range;

use super::picture::{MARK, Picture};
use crate::render::{GAP, text::width, total};

/// The least width of a version while all columns are side by side; for less room the columns are
/// split into parts.
const READABLE: usize = 11;
/// On a terminal narrower than this nothing is shortened: the environments are listed below their
/// component instead.
const NARROW: usize = 50;
/// Versions longer than this are shortened before the columns are split into parts.
const GENEROUS: usize = 24;

/// The width limits of names and versions.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) component: usize,
    pub(super) version: usize,
}

impl Picture {
    /// The width limits, and the environments of each part.
    pub(super) fn arranged(&self, most: Option<usize>) -> (Limits, Vec<Range<usize>>) {
        let all = 0..self.environments.len();
        let longest = |texts: &mut dyn Iterator<Item = &str>| texts.map(width).max().unwrap_or(0);
        let component = longest(
            &mut self
                .rows
                .iter()
                .map(|(name, _)| name.as_str())
                .chain(["component"]),
        );
        let versions = &mut self
            .rows
            .iter()
            .flat_map(|(_, cells)| cells.iter().flatten())
            .map(|cell| cell.version.as_str());
        let version = longest(&mut self.environments.iter().map(String::as_str).chain(versions));
        let whole = Limits { component, version };
        let Some(most) = most else {
            return (whole, vec![all]);
        };
        let side_by_side = |limits: &Limits| self.width(all.clone(), *limits) <= most;
        let candidates = (READABLE..=version.max(READABLE))
            .rev()
            .map(|version| Limits { version, ..whole });
        let narrower = (READABLE..=version.clamp(READABLE, GENEROUS))
            .rev()
            .map(|version| Limits {
                component: component.min(most / 4).max(READABLE),
                version,
            });
        if let Some(limits) = candidates.chain(narrower).find(side_by_side) {
            return (limits, vec![all]);
        }
        let component = component.min(most / 3);
        let room = most
            .saturating_sub(component + 2 * GAP + self.beside_version())
            .max(5);
        let limits = Limits {
            component,
            version: version.min(GENEROUS).min(room),
        };
        (limits, self.parts(limits, most))
    }

    /// Whether a part is wider than the terminal; on a narrow terminal also whether any text would
    /// be shortened.
    pub(super) fn is_too_wide(&self, limits: Limits, parts: &[Range<usize>], most: usize) -> bool {
        let is_cut = || {
            let cells = self
                .rows
                .iter()
                .flat_map(|(_, cells)| cells.iter().flatten());
            self.rows
                .iter()
                .any(|(name, _)| width(name) > limits.component)
                || self
                    .environments
                    .iter()
                    .any(|name| width(name) > limits.version)
                || cells
                    .into_iter()
                    .any(|cell| width(&cell.version) > limits.version)
        };
        (most < NARROW && is_cut())
            || parts
                .iter()
                .any(|part| self.width(part.clone(), limits) > most)
    }

    /// Splits the environments into parts that fit the width.
    fn parts(&self, limits: Limits, most: usize) -> Vec<Range<usize>> {
        let (mut parts, mut start) = (Vec::new(), 0);
        while start < self.environments.len() {
            let fitting = (start + 1..=self.environments.len())
                .take_while(|end| self.width(start..*end, limits) <= most)
                .last();
            let end = fitting.unwrap_or(start + 1);
            parts.push(start..end);
            start = end;
        }
        parts
    }

    fn width(&self, part: Range<usize>, limits: Limits) -> usize {
        let columns = part.map(|column| self.column(column, limits).total());
        total(
            &std::iter::once(limits.component)
                .chain(columns)
                .collect::<Vec<_>>(),
        )
    }

    /// The most columns that age and mark need beside a version.
    fn beside_version(&self) -> usize {
        (0..self.environments.len())
            .map(|column| {
                self.column(
                    column,
                    Limits {
                        component: 0,
                        version: 0,
                    },
                )
                .beside()
            })
            .max()
            .unwrap_or(0)
    }

    pub(super) fn column(&self, column: usize, limits: Limits) -> Widths {
        let cells = || {
            self.rows
                .iter()
                .filter_map(move |(_, cells)| cells[column].as_ref())
        };
        Widths {
            header: width(&self.environments[column]).min(limits.version),
            version: cells()
                .map(|cell| width(&cell.version).min(limits.version))
                .max()
                .unwrap_or(0),
            age: cells().map(|cell| width(&cell.age)).max().unwrap_or(0),
            mark: if cells().any(|cell| cell.differs) {
                1 + width(MARK)
            } else {
                0
            },
        }
    }
}

/// The widths of the parts of a column.
pub(super) struct Widths {
    pub(super) header: usize,
    pub(super) version: usize,
    pub(super) age: usize,
    pub(super) mark: usize,
}

impl Widths {
    fn total(&self) -> usize {
        self.header.max(self.version + self.beside()).max(1)
    }

    fn beside(&self) -> usize {
        if self.age == 0 {
            0
        } else {
            GAP + self.age + self.mark
        }
    }
}
