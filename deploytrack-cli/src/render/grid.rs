//! Rows and columns: a table for a terminal, CSV or Markdown.

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell, Color};
use deploytrack_core::{
    age::age,
    clock::{self, Time},
    status::Status,
};

use super::{
    View,
    fields::{Field, fields},
    table,
    text::{clean, escape_formula, middle, width},
    to_text, total,
};

/// The least width of shortened text while the id is in the same row.
const COMFORTABLE: usize = 16;
/// On a terminal narrower than this nothing is shortened: each row becomes a list of fields.
const NARROW: usize = 50;
/// The least width of shortened text.
const LEAST: usize = 9;

/// A column: its name in the API, its title (`None`: not in the table), and whether its text may be
/// shortened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    key: &'static str,
    title: Option<&'static str>,
    flexible: bool,
}

impl Column {
    pub(crate) const fn fixed(key: &'static str, title: &'static str) -> Self {
        Self {
            key,
            title: Some(title),
            flexible: false,
        }
    }

    pub(crate) const fn flexible(key: &'static str, title: &'static str) -> Self {
        Self {
            key,
            title: Some(title),
            flexible: true,
        }
    }

    /// A column for CSV and Markdown only.
    pub(crate) const fn hidden(key: &'static str) -> Self {
        Self {
            key,
            title: None,
            flexible: false,
        }
    }
}

/// The value of a row in a column.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Status(Status),
    /// An age in a table, the time itself elsewhere.
    Time(Time),
    Nothing,
}

impl Value {
    pub(crate) fn text(text: &impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub(crate) fn optional(text: Option<&impl ToString>) -> Self {
        text.map_or(Self::Nothing, Self::text)
    }

    pub(crate) fn time(time: Option<Time>) -> Self {
        time.map_or(Self::Nothing, Self::Time)
    }

    fn for_terminal(&self, now: Time) -> String {
        match self {
            Self::Time(time) => age(now, *time),
            Self::Nothing => "-".to_owned(),
            other => other.for_programs(),
        }
    }

    fn for_programs(&self) -> String {
        match self {
            Self::Text(text) => clean(text),
            Self::Status(status) => status.to_string(),
            Self::Time(time) => clock::format(time),
            Self::Nothing => String::new(),
        }
    }

    fn field(&self, name: String, view: &View) -> Field {
        let colour = match self {
            Self::Status(Status::Succeeded) => Some(AnsiColor::Green),
            Self::Status(Status::Failed) => Some(AnsiColor::Red),
            Self::Status(Status::RolledBack) => Some(AnsiColor::Magenta),
            Self::Status(Status::InProgress) => Some(AnsiColor::Cyan),
            _ => None,
        };
        Field {
            name,
            text: self.for_terminal(view.now),
            colour,
        }
    }

    fn for_csv(&self) -> String {
        match self {
            Self::Text(text) => escape_formula(clean(text)),
            other => other.for_programs(),
        }
    }

    fn colour(&self) -> Option<Color> {
        match self {
            Self::Status(Status::Succeeded) => Some(Color::Green),
            Self::Status(Status::Failed) => Some(Color::Red),
            Self::Status(Status::RolledBack) => Some(Color::Magenta),
            Self::Status(Status::InProgress) => Some(Color::Cyan),
            _ => None,
        }
    }
}

/// Rows and columns.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

impl Grid {
    pub(crate) fn new(
        columns: impl Into<Vec<Column>>,
        rows: impl IntoIterator<Item = Vec<Value>>,
    ) -> Self {
        Self {
            columns: columns.into(),
            rows: rows.into_iter().collect(),
        }
    }

    /// The table for a terminal; empty without rows. If the terminal is too narrow, the id goes
    /// below its row; if it is still too narrow, each row becomes a list of fields.
    pub(crate) fn table(&self, view: &View) -> String {
        let shown: Vec<_> = (0..self.columns.len())
            .filter(|at| self.columns[*at].title.is_some())
            .collect();
        let id = shown
            .iter()
            .copied()
            .find(|at| matches!(self.columns[*at].key, "id" | "run"));
        let limits = self.limits(&shown, view, least(view, id.is_some()));
        if !exceeds(&limits, view) {
            return self.draw(&shown, &limits, view);
        }
        let with_id_below = id.and_then(|id| self.with_id_below(id, &shown, view));
        with_id_below.unwrap_or_else(|| self.stacked(&shown, view))
    }

    /// The table with the id below each row; `None` if that is too wide.
    fn with_id_below(&self, id: usize, shown: &[usize], view: &View) -> Option<String> {
        let others: Vec<_> = shown.iter().copied().filter(|at| *at != id).collect();
        let limits = self.limits(&others, view, least(view, false));
        let ids: Vec<_> = self
            .rows
            .iter()
            .map(|row| format!("  {}\n", row[id].for_terminal(view.now)))
            .collect();
        let is_wide = |line: &String| {
            view.width
                .is_some_and(|most| width(line.trim_end()) > usize::from(most))
        };
        if exceeds(&limits, view) || ids.iter().any(is_wide) {
            return None;
        }
        let text = self.draw(&others, &limits, view);
        let mut lines = text.lines().map(|line| format!("{line}\n"));
        let header: String = lines.by_ref().take(2).collect();
        Some(
            header
                + &lines
                    .zip(ids)
                    .map(|(line, id)| line + &id)
                    .collect::<String>(),
        )
    }

    /// Each row as a list of fields.
    fn stacked(&self, shown: &[usize], view: &View) -> String {
        let record = |row: &Vec<Value>| {
            let field = |at: &usize| {
                row[*at].field(self.columns[*at].title.unwrap_or_default().to_owned(), view)
            };
            fields(&shown.iter().map(field).collect::<Vec<_>>(), view)
        };
        self.rows.iter().map(record).collect::<Vec<_>>().join("\n")
    }

    /// The width limit of each column.
    fn limits(&self, columns: &[usize], view: &View, least: usize) -> Vec<usize> {
        let flexible: Vec<_> = columns
            .iter()
            .map(|at| self.columns[*at].flexible)
            .collect();
        fit(&self.natural(columns, view), &flexible, view.width, least)
    }

    /// The width of each column without shortening.
    fn natural(&self, columns: &[usize], view: &View) -> Vec<usize> {
        let cells = |at: usize| {
            self.rows
                .iter()
                .map(move |row| width(&row[at].for_terminal(view.now)))
        };
        let title = |at: usize| width(self.columns[at].title.unwrap_or_default());
        columns
            .iter()
            .map(|at| cells(*at).chain([title(*at)]).max().unwrap_or(0))
            .collect()
    }

    fn draw(&self, columns: &[usize], limits: &[usize], view: &View) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let limited = || columns.iter().copied().zip(limits.iter().copied());
        let mut out = table(view);
        out.set_header(limited().map(|(at, limit)| {
            let title = self.columns[at].title.unwrap_or_default();
            Cell::new(middle(title, limit)).add_attribute(Attribute::Bold)
        }));
        for row in &self.rows {
            out.add_row(limited().map(|(at, limit)| {
                let cell = Cell::new(middle(&row[at].for_terminal(view.now), limit));
                row[at].colour().into_iter().fold(cell, Cell::fg)
            }));
        }
        to_text(out)
    }

    /// The first row as a list of names and values.
    pub(crate) fn details(&self, view: &View) -> String {
        let row = self.rows.first().into_iter().flatten();
        let present = self
            .columns
            .iter()
            .zip(row)
            .filter(|(_, value)| !matches!(value, Value::Nothing));
        let field = |(column, value): (&Column, &Value)| {
            let field = value.field(words(column.key), view);
            match value {
                Value::Time(time) => Field {
                    text: format!("{} ({} ago)", clock::format(time), age(view.now, *time)),
                    ..field
                },
                _ => field,
            }
        };
        fields(&present.map(field).collect::<Vec<_>>(), view)
    }

    /// CSV: a header line and one line per row.
    pub(crate) fn csv(&self) -> String {
        let mut out = csv::Writer::from_writer(Vec::new());
        let header = self
            .columns
            .iter()
            .map(|column| column.key.to_owned())
            .collect();
        for row in std::iter::once(header).chain(
            self.rows
                .iter()
                .map(|row| row.iter().map(Value::for_csv).collect::<Vec<_>>()),
        ) {
            // Writing to memory does not fail.
            drop(out.write_record(row));
        }
        String::from_utf8_lossy(&out.into_inner().unwrap_or_default()).into_owned()
    }

    /// A Markdown table.
    pub(crate) fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let header = line(
            self.columns
                .iter()
                .map(|column| column.key.to_owned())
                .collect(),
        );
        let rule = line(self.columns.iter().map(|_| "---".to_owned()).collect());
        let rows = self.rows.iter().map(|row| {
            line(
                row.iter()
                    .map(|value| markdown(&value.for_programs()))
                    .collect(),
            )
        });
        [header, rule].into_iter().chain(rows).collect()
    }
}

/// Escapes text for Markdown.
fn markdown(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, c| {
        match c {
            '|' | '\\' | '`' | '*' | '_' | '[' | ']' => out.extend(['\\', c]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            c => out.push(c),
        }
        out
    })
}

/// A name of the API as words: `deployedBy` becomes `deployed by`.
fn words(key: &str) -> String {
    key.chars().fold(String::new(), |mut out, c| {
        if c.is_ascii_uppercase() {
            out.push(' ');
        }
        out.push(c.to_ascii_lowercase());
        out
    })
}

/// The least width of shortened text for this view.
fn least(view: &View, with_id: bool) -> usize {
    match view.width.map(usize::from) {
        Some(..NARROW) => usize::MAX,
        _ if with_id => COMFORTABLE,
        _ => LEAST,
    }
}

fn exceeds(limits: &[usize], view: &View) -> bool {
    view.width
        .is_some_and(|width| total(limits) > usize::from(width))
}

/// Shortens the widest flexible column repeatedly until all columns fit; none below `least`.
fn fit(natural: &[usize], flexible: &[bool], width: Option<u16>, least: usize) -> Vec<usize> {
    let mut limits = natural.to_vec();
    let Some(width) = width.map(usize::from) else {
        return limits;
    };
    while total(&limits) > width {
        let widest = (0..limits.len())
            .filter(|&at| flexible[at] && limits[at] > least)
            .max_by_key(|&at| limits[at]);
        let Some(widest) = widest else { break };
        limits[widest] -= 1;
    }
    limits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(version: &str) -> Grid {
        let columns = [
            Column::fixed("status", "STATUS"),
            Column::flexible("version", "VERSION"),
            Column::hidden("at"),
        ];
        Grid::new(
            columns,
            [vec![
                Value::Status(Status::Failed),
                Value::text(&version),
                Value::time(clock::parse("2026-11-23T18:32:00Z").ok()),
            ]],
        )
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let view = View {
            width: Some(60),
            colour: false,
            now: Time::default(),
        };
        let version = "2026.11.23-1832-ed52224333bd2591ebd3e2f1eea9768c6b925305";
        let line = "─".repeat(60);
        assert_eq!(
            grid(version).table(&view),
            format!(
                "STATUS  VERSION\n{line}\nfailed  2026.11.23-1832-ed52224333…1ebd3e2f1eea9768c6b925305\n"
            )
        );
    }

    #[test]
    fn an_id_goes_below_its_row_before_text_is_shortened_much() {
        let id = "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50";
        let columns = [Column::fixed("id", "ID"), Column::flexible("name", "NAME")];
        let grid = Grid::new(
            columns,
            [vec![Value::text(&id), Value::text(&"notification-worker")]],
        );
        let view = |width| View {
            width: Some(width),
            colour: false,
            now: Time::default(),
        };
        assert_eq!(
            grid.table(&view(54)).lines().last(),
            Some(format!("{id}  notifica…-worker").as_str())
        );
        assert_eq!(
            grid.table(&view(40)),
            format!("NAME\n───────────────────\nnotification-worker\n  {id}\n")
        );
    }

    #[test]
    fn on_a_narrow_terminal_each_field_has_a_line_and_no_row_is_lost() {
        let columns = [
            Column::fixed("id", "ID"),
            Column::flexible("name", "NAME"),
            Column::flexible("version", "VERSION"),
        ];
        let version = "2026.11.23-1832-ed52224333bd2591ebd3e2f1ee";
        let row = |name: &str| {
            vec![
                Value::text(&"019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50"),
                Value::text(&name),
                Value::text(&version),
            ]
        };
        let grid = Grid::new(columns, ["本番環境", "notification-worker", "a"].map(row));
        for columns in 4..120 {
            let text = grid.table(&View {
                width: Some(columns),
                colour: false,
                now: Time::default(),
            });
            assert!(
                text.lines().all(|line| width(line) <= usize::from(columns)),
                "{columns}:\n{text}"
            );
            let whole: String = text.split_whitespace().collect();
            assert_eq!(
                whole
                    .matches("019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50")
                    .count(),
                3,
                "{columns}:\n{text}"
            );
            assert!(
                columns >= 50 || whole.matches(version).count() == 3,
                "{columns}:\n{text}"
            );
        }
        let narrow = grid.table(&View {
            width: Some(30),
            colour: false,
            now: Time::default(),
        });
        assert!(narrow.starts_with("ID       019ab1e2-7c4d-7a31-9f\n         0e-2b6c1d8e4f50\nNAME     本番環境\nVERSION  "), "{narrow}");
    }

    #[test]
    fn csv_and_markdown_have_all_columns_unshortened() {
        assert_eq!(
            grid("a,b\x07").csv(),
            "status,version,at\nfailed,\"a,b\\u{7}\",2026-11-23T18:32:00.000Z\n"
        );
        assert_eq!(
            grid("a|b").markdown(),
            "| status | version | at |\n| --- | --- | --- |\n| failed | a\\|b | 2026-11-23T18:32:00.000Z |\n"
        );
    }
}
