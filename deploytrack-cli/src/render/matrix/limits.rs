//! How much room names, versions and notes get.

use crate::render::GAP;

/// The room inside a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spacing {
    /// A note is one line.
    Wide,
    /// A note has two lines, the second one indented.
    Folded,
    /// As folded, without the indent, and with one space before an age.
    Tight,
}

impl Spacing {
    pub(super) const ALL: [Self; 3] = [Self::Wide, Self::Folded, Self::Tight];

    /// The space before an age.
    pub(super) const fn gap(self) -> usize {
        match self {
            Self::Wide | Self::Folded => GAP,
            Self::Tight => 1,
        }
    }

    /// The indent of the second line of a note.
    pub(super) const fn indent(self) -> usize {
        match self {
            Self::Wide | Self::Folded => 2,
            Self::Tight => 0,
        }
    }
}

/// The width limits of names and versions, and the room around them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) component: usize,
    pub(super) version: usize,
    /// The name of an environment is wrapped to this width, or to that of its column.
    pub(super) header: usize,
    pub(super) spacing: Spacing,
}
