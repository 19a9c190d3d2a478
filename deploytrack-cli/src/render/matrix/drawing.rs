//! Draws a part of the matrix as a table, or every component as a list of its environments.

use anstyle::Style;

use super::{
    arrangement::Widths,
    limits::Limits,
    picture::{CellText, Picture},
    sign::Sign,
};
use crate::render::{
    GAP, View,
    fields::{Field, bold, fields, styled},
    text::{middle, padded, width, wrapped_name},
    total,
};

/// The indent of environments below their component, unless the terminal has hardly any room.
const INDENT: u16 = 2;
const TINY: u16 = 10;

/// Pieces of text with their styles, side by side.
type Line = Vec<(String, Style)>;

impl Picture {
    /// The tables, or the lists for a terminal that is too narrow for a table.
    pub(super) fn draw(&self, view: &View) -> String {
        let Some((limits, parts)) = self.arranged(view.width.map(usize::from)) else {
            return self.stacked(view);
        };
        let parts = parts.iter().map(|part| self.part(part, limits, view));
        parts.collect::<Vec<_>>().join("\n")
    }

    fn part(&self, part: &[usize], limits: Limits, view: &View) -> String {
        let columns: Vec<_> = part.iter().map(|at| self.column(*at, limits)).collect();
        let totals = columns.iter().map(Widths::total);
        let widths: Vec<_> = std::iter::once(limits.component).chain(totals).collect();
        let bold = Style::new().bold();
        let heads = part.iter().zip(&columns).map(|(at, column)| {
            let name = wrapped_name(self.columns[*at].name.as_str(), column.total());
            name.into_iter().map(|line| vec![(line, bold)]).collect()
        });
        let corner = vec![vec![(middle("component", limits.component), bold)]];
        let head: Vec<Vec<Line>> = std::iter::once(corner).chain(heads).collect();
        let rule = "─".repeat(total(&widths)) + "\n";
        let is_shown = |cells: &[Option<CellText>]| {
            // A change in another part is no reason for an empty row.
            !self.empty.is_empty() || part.iter().any(|at| cells[*at].is_some())
        };
        let rows = self.rows.iter().filter(|(_, cells)| is_shown(cells));
        let rows = rows.map(|(name, cells)| {
            let cells = part
                .iter()
                .zip(&columns)
                .map(|(at, column)| match &cells[*at] {
                    Some(cell) => column.lines(cell, limits),
                    None => vec![vec![(self.empty.to_owned(), Sign::Empty.style())]],
                });
            let name = vec![vec![(middle(name, limits.component), Style::new())]];
            row(
                &std::iter::once(name).chain(cells).collect::<Vec<_>>(),
                &widths,
                view,
            )
        });
        [row(&head, &widths, view), rule]
            .into_iter()
            .chain(rows)
            .collect()
    }

    /// Each component, with its environments below it, nothing shortened.
    fn stacked(&self, view: &View) -> String {
        let is_tiny = view.width.is_some_and(|most| most < TINY);
        let indent = if is_tiny { 0 } else { INDENT };
        let inner = View {
            width: view.width.map(|most| most - indent),
            ..*view
        };
        let component = |(name, cells): &(String, Vec<Option<CellText>>)| {
            let columns = self.columns.iter().zip(cells);
            let below = columns.flat_map(|(column, cell)| {
                self.fields_of(column.name.as_str(), cell.as_ref())
                    .into_iter()
            });
            let below = fields(&below.collect::<Vec<_>>(), &inner);
            let indented = below
                .lines()
                .map(|line| format!("{}{line}\n", " ".repeat(usize::from(indent))));
            let name = wrapped_name(name, view.width.map_or(usize::MAX, usize::from)).into_iter();
            name.map(|line| bold(&line, view) + "\n")
                .chain(indented)
                .collect::<String>()
        };
        let components: Vec<_> = self.rows.iter().map(component).collect();
        components.join("\n")
    }

    /// The fields of a cell: the current deployment, and its notes without a name. A cell without
    /// text has none.
    fn fields_of(&self, environment: &str, cell: Option<&CellText>) -> Vec<Field> {
        let texts = match cell {
            None if self.empty.is_empty() => Vec::new(),
            None => vec![(self.empty.to_owned(), None)],
            Some(cell) => {
                let current = (!cell.versions.is_empty()).then(|| (cell.line(), None));
                let notes = cell.notes.iter().map(|note| {
                    let colour = note.style.get_fg_color();
                    (note.whole(usize::MAX), colour)
                });
                current.into_iter().chain(notes).collect()
            }
        };
        let names = std::iter::once(environment.to_owned()).chain(std::iter::repeat(String::new()));
        names
            .zip(texts)
            .map(|(name, (text, colour))| Field {
                name,
                text,
                colour: match colour {
                    Some(anstyle::Color::Ansi(colour)) => Some(colour),
                    _ => None,
                },
            })
            .collect()
    }
}

impl CellText {
    /// The current deployment on one line.
    fn line(&self) -> String {
        let parts = [
            (self.version(usize::MAX), ""),
            (self.age.clone(), "  "),
            (self.after.clone(), " "),
        ];
        let present = parts.into_iter().filter(|(text, _)| !text.is_empty());
        present.fold(String::new(), |line, (text, space)| line + space + &text)
    }
}

impl Widths {
    /// The lines of a cell.
    fn lines(&self, cell: &CellText, limits: Limits) -> Vec<Line> {
        let notes = cell.notes.iter().flat_map(|note| {
            let lines = note.lines(limits, self.total()).into_iter();
            lines.map(|line| vec![(line, note.style)])
        });
        let current = (!cell.versions.is_empty()).then(|| self.current(cell, limits));
        current.into_iter().chain(notes).collect()
    }

    /// The version, the age at the right end of its column, and the text behind it.
    fn current(&self, cell: &CellText, limits: Limits) -> Line {
        let version = padded(&cell.version(limits.version), self.version);
        let mut line = vec![(version, Style::new())];
        if self.age > 0 {
            let age = format!("{:1$}{2:>3$}", "", self.gap, cell.age, self.age);
            line.push((age, Style::new().dimmed()));
        }
        if !cell.after.is_empty() {
            line.push((format!(" {}", cell.after), cell.after_style));
        }
        line
    }
}

/// Draws one row, which has as many lines as its highest cell.
fn row(cells: &[Vec<Line>], widths: &[usize], view: &View) -> String {
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    (0..height)
        .map(|at| {
            let nothing = Vec::new();
            let pieces = cells.iter().zip(widths).enumerate();
            let line = pieces.fold(Pen::default(), |pen, (column, (cell, most))| {
                let pen = pen.moved(if column == 0 { 0 } else { GAP });
                let end = pen.at + pen.spaces + most;
                let pen = cell
                    .get(at)
                    .unwrap_or(&nothing)
                    .iter()
                    .fold(pen, |pen, (text, style)| pen.written(text, *style, view));
                let rest = end.saturating_sub(pen.at + pen.spaces);
                pen.moved(rest)
            });
            line.text + "\n"
        })
        .collect()
}

/// Writes a line. Spaces are written before the next text only, so that no line ends with them.
#[derive(Default)]
struct Pen {
    text: String,
    at: usize,
    spaces: usize,
}

impl Pen {
    fn moved(mut self, columns: usize) -> Self {
        self.spaces += columns;
        self
    }

    fn written(mut self, text: &str, style: Style, view: &View) -> Self {
        let visible = text.trim_end();
        if visible.is_empty() {
            return self.moved(width(text));
        }
        self.text.push_str(&" ".repeat(self.spaces));
        self.text.push_str(&styled(visible, style, view));
        self.at += self.spaces + width(visible);
        self.spaces = width(text) - width(visible);
        self
    }
}
