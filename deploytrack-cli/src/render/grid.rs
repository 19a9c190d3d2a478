//! Rows and columns: a table for a terminal, CSV or Markdown.

mod selection;
mod table;
mod value;

use deploytrack_core::{age::age, clock};

pub(crate) use self::value::Value;
use super::{
    View,
    fields::{Field, fields},
};

/// A column: its name in the API, its title (`None`: not in the table), whether its text may be
/// shortened, and whether a narrow table goes without it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    key: &'static str,
    title: Option<&'static str>,
    is_flexible: bool,
    is_optional: bool,
}

impl Column {
    pub(crate) const fn fixed(key: &'static str, title: &'static str) -> Self {
        Self {
            key,
            title: Some(title),
            is_flexible: false,
            is_optional: false,
        }
    }

    pub(crate) const fn flexible(key: &'static str, title: &'static str) -> Self {
        Self {
            is_flexible: true,
            ..Self::fixed(key, title)
        }
    }

    /// A column for CSV and Markdown only, unless `--columns` names it.
    pub(crate) const fn hidden(key: &'static str) -> Self {
        Self {
            title: None,
            ..Self::fixed(key, key)
        }
    }

    /// The column is in a table only if there is room for it.
    pub(crate) const fn optional(self) -> Self {
        Self {
            is_optional: true,
            ..self
        }
    }

    /// The column after `--columns` has named it: in the table in any case.
    const fn chosen(self) -> Self {
        Self {
            title: match self.title {
                None => Some(self.key),
                title => title,
            },
            is_optional: false,
            ..self
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

    /// CSV: one line per row, and a header line before them unless it is unwanted.
    pub(crate) fn csv(&self, has_header: bool) -> String {
        let mut out = csv::Writer::from_writer(Vec::new());
        let header = has_header.then(|| {
            self.columns
                .iter()
                .map(|column| column.key.to_owned())
                .collect()
        });
        for row in header.into_iter().chain(
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
        let line = |cells: Vec<String>| markdown_line(&cells);
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

/// A line of a Markdown table.
pub(crate) fn markdown_line(cells: &[String]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

/// Escapes text for Markdown.
pub(crate) fn markdown(text: &str) -> String {
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

#[cfg(test)]
mod tests {
    use deploytrack_core::status::Status;

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
    fn csv_and_markdown_have_all_columns_unshortened() {
        assert_eq!(
            grid("a,b\x07").csv(true),
            "status,version,at\nfailed,\"a,b\\u{7}\",2026-11-23T18:32:00.000Z\n"
        );
        assert_eq!(
            grid("a|b").markdown(),
            "| status | version | at |\n| --- | --- | --- |\n| failed | a\\|b | 2026-11-23T18:32:00.000Z |\n"
        );
    }
}
