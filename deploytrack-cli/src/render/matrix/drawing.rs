//! Draws a part of the matrix as a table, or every component as a list of its environments.

use std::ops::Range;

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell, Color};

use super::{
    arrangement::{Limits, Widths},
    picture::{CellText, MARK, Picture},
};
use crate::render::{
    View,
    fields::{Field, bold, fields},
    table,
    text::{middle, padded, wrapped},
    to_text,
};

/// The indent of environments below their component.
const INDENT: u16 = 2;

impl Picture {
    /// Each component, with its environments below it, nothing shortened.
    pub(super) fn stacked(&self, view: &View) -> String {
        let inner = View {
            width: view.width.map(|most| most.saturating_sub(INDENT)),
            ..*view
        };
        let component = |(name, cells): &(String, Vec<Option<CellText>>)| {
            let cells = self
                .environments
                .iter()
                .zip(cells)
                .map(|(environment, cell)| Field {
                    name: environment.clone(),
                    text: cell.as_ref().map_or_else(|| "-".to_owned(), CellText::line),
                    colour: cell
                        .as_ref()
                        .filter(|cell| cell.differs)
                        .map(|_| AnsiColor::Yellow),
                });
            let below = fields(&cells.collect::<Vec<_>>(), &inner);
            let indented = below
                .lines()
                .map(|line| format!("{}{line}\n", " ".repeat(usize::from(INDENT))));
            let name = wrapped(name, view.width.map_or(usize::MAX, usize::from)).into_iter();
            name.map(|line| bold(&line, view) + "\n")
                .chain(indented)
                .collect::<String>()
        };
        self.rows
            .iter()
            .map(component)
            .collect::<Vec<_>>()
            .join("\n")
    }

    pub(super) fn part(&self, part: Range<usize>, limits: Limits, view: &View) -> String {
        let mut out = table(view);
        let heads = part
            .clone()
            .map(|column| middle(&self.environments[column], limits.version));
        out.set_header(
            std::iter::once("component".to_owned())
                .chain(heads)
                .map(|head| Cell::new(head).add_attribute(Attribute::Bold)),
        );
        let columns: Vec<_> = part
            .clone()
            .map(|column| self.column(column, limits))
            .collect();
        for (name, cells) in &self.rows {
            let cells = cells[part.clone()]
                .iter()
                .zip(&columns)
                .map(|(cell, widths)| widths.cell(cell.as_ref(), limits));
            out.add_row(std::iter::once(Cell::new(middle(name, limits.component))).chain(cells));
        }
        to_text(out)
    }
}

impl Widths {
    fn cell(&self, cell: Option<&CellText>, limits: Limits) -> Cell {
        let Some(cell) = cell else {
            return Cell::new("-").add_attribute(Attribute::Dim);
        };
        let version = padded(&middle(&cell.version, limits.version), self.version);
        let text = format!("{version}  {:>1$}", cell.age, self.age);
        if cell.differs {
            Cell::new(format!("{text} {MARK}")).fg(Color::Yellow)
        } else {
            Cell::new(text)
        }
    }
}
