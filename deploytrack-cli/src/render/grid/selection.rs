//! The columns and the order that a person asks for.

use std::cmp::Ordering;

use super::{Column, Grid, Value};

impl Grid {
    /// Shows only these columns, in this order.
    ///
    /// # Errors
    /// An unknown column; the message lists the known ones.
    pub(crate) fn select(self, names: &[String]) -> Result<Self, String> {
        let chosen = names
            .iter()
            .map(|name| self.position(name))
            .collect::<Result<Vec<_>, _>>()?;
        let columns = chosen.iter().map(|at| self.columns[*at].chosen()).collect();
        let rows = self.rows.into_iter();
        let rows = rows
            .map(|row| chosen.iter().map(|at| row[*at].clone()).collect())
            .collect();
        Ok(Self { columns, rows })
    }

    /// The present positions of the rows in the order of a column; rows without a value come last.
    /// By the title AGE the youngest comes first, by the name of the time the earliest.
    ///
    /// # Errors
    /// An unknown column; the message lists the known ones.
    pub(crate) fn order_by(&self, name: &str) -> Result<Vec<usize>, String> {
        let column = self.position(name)?;
        let by_age = self.columns[column].title == Some(AGE) && is_same(name, AGE);
        let mut order: Vec<_> = (0..self.rows.len()).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&self.rows[*a][column], &self.rows[*b][column]);
            match (a, b) {
                (Value::Time(a), Value::Time(b)) if by_age => b.cmp(a),
                _ => compared(a, b),
            }
        });
        Ok(order)
    }

    /// Puts the rows into this order.
    pub(crate) fn reordered(self, order: &[usize]) -> Self {
        let rows = order.iter().map(|at| self.rows[*at].clone()).collect();
        Self { rows, ..self }
    }

    /// The number of rows.
    pub(crate) const fn len(&self) -> usize {
        self.rows.len()
    }

    fn position(&self, name: &str) -> Result<usize, String> {
        let has_name = |column: &Column| {
            is_same(column.key, name) || column.title.is_some_and(|title| is_same(title, name))
        };
        let is_age = |column: &Column| is_same(name, "time") && column.title == Some(AGE);
        let found = self.columns.iter().position(has_name);
        let found = found.or_else(|| self.columns.iter().position(is_age));
        found.ok_or_else(|| {
            let known: Vec<_> = self.columns.iter().map(Column::names).collect();
            format!(
                "there is no column {name}; the columns are {}",
                known.join(", ")
            )
        })
    }
}

impl Column {
    /// The name, with the title behind it if that is another word.
    fn names(&self) -> String {
        match self.title {
            Some(title) if !is_same(title, self.key) => {
                format!("{} ({})", self.key, title.to_lowercase())
            }
            _ => self.key.to_owned(),
        }
    }
}

const AGE: &str = "AGE";

/// Whether two names are equal without regard to case, hyphens, underscores and spaces.
fn is_same(one: &str, other: &str) -> bool {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    letters(one) == letters(other)
}

fn compared(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Nothing, Value::Nothing) => Ordering::Equal,
        (Value::Nothing, _) => Ordering::Greater,
        (_, Value::Nothing) => Ordering::Less,
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        _ => {
            let (a, b) = (a.for_programs(), b.for_programs());
            match (a.parse::<u64>(), b.parse::<u64>()) {
                (Ok(a), Ok(b)) => a.cmp(&b),
                _ => a.to_lowercase().cmp(&b.to_lowercase()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use deploytrack_core::clock;

    use super::*;

    fn grid() -> Grid {
        let row = |name: &str, number: &str, time: Option<&str>| {
            vec![
                Value::text(&name),
                Value::text(&number),
                Value::time(time.and_then(|time| clock::parse(time).ok())),
            ]
        };
        Grid::new(
            [
                Column::flexible("deployedBy", "DEPLOYED BY"),
                Column::hidden("attempt"),
                Column::fixed("occurredAt", "AGE"),
            ],
            [
                row("b", "10", Some("2026-01-01T00:00:00Z")),
                row("A", "9", None),
                row("c", "9", Some("2026-01-02T00:00:00Z")),
            ],
        )
    }

    #[test]
    fn rows_are_ordered_by_the_kind_of_their_values() {
        for (name, order) in [
            ("deployed-by", [1, 0, 2]),
            ("attempt", [1, 2, 0]),
            ("occurredAt", [0, 2, 1]),
            ("age", [2, 0, 1]),
            ("time", [0, 2, 1]),
        ] {
            assert_eq!(grid().order_by(name).unwrap(), order, "{name}");
        }
        assert_eq!(
            grid().order_by("size").unwrap_err(),
            "there is no column size; the columns are deployedBy, attempt, occurredAt (age)"
        );
    }

    #[test]
    fn columns_are_selected_by_name_or_title_in_the_given_order() {
        let selected = grid().select(&["Attempt".to_owned(), "deployed_by".to_owned()]);
        assert_eq!(
            selected.unwrap().csv(true),
            "attempt,deployedBy\n10,b\n9,A\n9,c\n"
        );
    }
}
