//! A line below the current version of a cell.

use anstyle::Style;

use super::limits::{Limits, Spacing};
use crate::render::text::{middle, width};

/// A line below the current version: an unsettled deployment, or a person and a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) lead: String,
    /// The text that may be shortened.
    pub(super) text: String,
    /// The rest, on a line of its own if the column is too narrow.
    pub(super) tail: String,
    pub(super) style: Style,
}

impl Note {
    /// The note on one line, with its text shortened to `limit`.
    pub(super) fn whole(&self, limit: usize) -> String {
        let head = self.head(limit);
        let space = if self.tail.is_empty() { "" } else { " " };
        format!("{head}{space}{}", self.tail)
    }

    fn head(&self, limit: usize) -> String {
        format!("{}{}", self.lead, middle(&self.text, limit))
    }

    /// The note on one line if that fits the column, else on two.
    pub(super) fn lines(&self, limits: Limits, column: usize) -> Vec<String> {
        let whole = self.whole(limits.version);
        if width(&whole) <= column || self.tail.is_empty() {
            return vec![whole];
        }
        let indent = " ".repeat(limits.spacing.indent());
        vec![self.head(limits.version), format!("{indent}{}", self.tail)]
    }

    /// The width of the note on one line, or on two.
    pub(super) fn width(&self, limits: Limits) -> usize {
        let head = width(&self.lead) + width(&self.text).min(limits.version);
        match (width(&self.tail), limits.spacing) {
            (0, _) => head,
            (tail, Spacing::Wide) => head + 1 + tail,
            (tail, spacing) => head.max(spacing.indent() + tail),
        }
    }
}
