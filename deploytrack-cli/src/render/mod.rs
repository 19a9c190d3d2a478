//! Pure functions from values to text.

pub(crate) mod commits;
pub(crate) mod deployment;
pub(crate) mod event;
pub(crate) mod fields;
pub(crate) mod forms;
pub(crate) mod grid;
pub(crate) mod ids;
pub(crate) mod matrix;
pub(crate) mod text;

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};
use deploytrack_core::clock::Time;

/// The terminal or file that a table is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    /// The width in columns; without one nothing is shortened.
    pub(crate) width: Option<u16>,
    /// Whether to use colour.
    pub(crate) colour: bool,
    /// Whether to show more columns, as `-o wide` asks for.
    pub(crate) is_wide: bool,
    /// Whether a table has a line of column names.
    pub(crate) has_header: bool,
    /// The time that ages are relative to.
    pub(crate) now: Time,
}

/// On a terminal narrower than this nothing is shortened: there are lists instead of columns.
pub(crate) const NARROW: u16 = 50;

impl View {
    /// Whether text may be shortened.
    pub(crate) fn shortens(&self) -> bool {
        self.width.is_some_and(|width| width >= NARROW)
    }
}

/// The space between two columns.
pub(crate) const GAP: usize = 2;

/// An empty table: one line under the header, space between the columns.
pub(crate) fn table(view: &View) -> Table {
    let mut table = Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')));
    table.set_content_arrangement(ContentArrangement::Disabled);
    if view.colour {
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    table
}

/// The table as text, with [`GAP`] between columns and without trailing spaces.
pub(crate) fn to_text(mut table: Table) -> String {
    let last = table.column_count().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        // comfy-table draws the line under the header over the other half of the gap.
        column.set_padding((0, u16::from(at != last)));
    }
    let mut text = table.trim_fmt();
    text.push('\n');
    text
}

/// The width of a table with columns of these widths.
pub(crate) fn total(columns: &[usize]) -> usize {
    columns.iter().sum::<usize>() + GAP * columns.len().saturating_sub(1)
}
