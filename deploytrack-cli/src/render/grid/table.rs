//! A grid as a table for a terminal: shortened, with the id below each row, or as lists of fields.

use comfy_table::{Attribute, Cell};

use super::{Grid, Value};
use crate::render::{
    View,
    fields::fields,
    table,
    text::{middle, width},
    to_text, total,
};

/// The least width of shortened text while the id and optional columns are in the same row.
const COMFORTABLE: usize = 16;
/// The least width of shortened text.
const LEAST: usize = 9;

impl Grid {
    /// The table for a terminal; empty without rows. If the terminal is too narrow, optional columns
    /// are left out, the last one first; then the id goes below its row; if it is still too narrow,
    /// each row becomes a list of fields.
    pub(crate) fn table(&self, view: &View) -> String {
        let all: Vec<_> = (0..self.columns.len())
            .filter(|at| self.columns[*at].title.is_some())
            .collect();
        let mut shown = all.clone();
        loop {
            let optional = shown.iter().rposition(|at| self.columns[*at].is_optional);
            let id = shown
                .iter()
                .copied()
                .find(|at| matches!(self.columns[*at].key, "id" | "run"));
            let is_comfortable = id.is_some() || optional.is_some();
            let limits = self.limits(&shown, view, least(view, is_comfortable));
            if !exceeds(&limits, view) {
                return self.draw(&shown, &limits, view);
            }
            match optional {
                Some(at) if !view.is_wide && view.shortens() => drop(shown.remove(at)),
                _ => {
                    let with_id_below = id.and_then(|id| self.with_id_below(id, &shown, view));
                    return with_id_below.unwrap_or_else(|| self.stacked(&all, view));
                }
            }
        }
    }

    /// The table with the id below each row; `None` if that is too wide.
    fn with_id_below(&self, id: usize, shown: &[usize], view: &View) -> Option<String> {
        let others: Vec<_> = shown.iter().copied().filter(|at| *at != id).collect();
        let limits = self.limits(&others, view, least(view, false));
        let ids: Vec<_> = self
            .rows
            .iter()
            .map(|row| format!("  {}\n", row[id].for_terminal(view)))
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
        let header: String = lines
            .by_ref()
            .take(if view.has_header { 2 } else { 0 })
            .collect();
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
            .map(|at| self.columns[*at].is_flexible)
            .collect();
        fit(&self.natural(columns, view), &flexible, view.width, least)
    }

    /// The width of each column without shortening.
    fn natural(&self, columns: &[usize], view: &View) -> Vec<usize> {
        let cells = |at: usize| {
            self.rows
                .iter()
                .map(move |row| width(&row[at].for_terminal(view)))
        };
        let title = |at: usize| {
            let title = self.columns[at].title.filter(|_| view.has_header);
            width(title.unwrap_or_default())
        };
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
        if view.has_header {
            out.set_header(limited().map(|(at, limit)| {
                let title = self.columns[at].title.unwrap_or_default();
                Cell::new(middle(title, limit)).add_attribute(Attribute::Bold)
            }));
        }
        for row in &self.rows {
            out.add_row(limited().map(|(at, limit)| {
                let cell = Cell::new(middle(&row[at].for_terminal(view), limit));
                row[at].colour().into_iter().fold(cell, Cell::fg)
            }));
        }
        to_text(out)
    }
}

/// The least width of shortened text for this view.
fn least(view: &View, with_id: bool) -> usize {
    if !view.shortens() {
        usize::MAX
    } else if with_id {
        COMFORTABLE
    } else {
        LEAST
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
    use deploytrack_core::{clock::Time, status::Status};

    use super::*;
    use crate::render::grid::Column;

    #[test]
    fn a_table_fits_the_terminal() {
        let view = View {
            width: Some(60),
            colour: false,
            is_wide: false,
            has_header: true,
            now: Time::default(),
        };
        let version = "2026.11.23-1832-ed52224333bd2591ebd3e2f1eea9768c6b925305";
        let columns = [
            Column::fixed("status", "STATUS"),
            Column::flexible("version", "VERSION"),
        ];
        let row = vec![Value::Status(Status::Failed), Value::text(&version)];
        let grid = Grid::new(columns, [row]);
        let line = "─".repeat(60);
        assert_eq!(
            grid.table(&view),
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
            is_wide: false,
            has_header: true,
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
                is_wide: false,
                has_header: true,
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
            is_wide: false,
            has_header: true,
            now: Time::default(),
        });
        assert!(narrow.starts_with("ID       019ab1e2-7c4d-7a31-9f\n         0e-2b6c1d8e4f50\nNAME     本番環境\nVERSION  "), "{narrow}");
    }
}
