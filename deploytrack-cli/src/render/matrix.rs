//! The matrix: a row per component, a column per environment, and a mark where two neighbours
//! differ.

use std::ops::Range;

use anstyle::AnsiColor;
use comfy_table::{Attribute, Cell, Color};
use deploytrack_core::{age::age, matrix::Matrix, text::Name};

use super::{
    GAP, View,
    fields::{Field, bold, fields},
    grid::{Column, Grid, Value},
    table,
    text::{clean, middle, padded, width, wrapped},
    to_text, total,
};

/// Marks a cell whose version differs from the environment to its right.
const MARK: &str = "≠";
const LEGEND: [&str; 2] = [
    "≠ differs from the environment to its right",
    "- no current deployment",
];
/// The least width of a version while all columns are side by side; for less room the columns are
/// split into parts.
const READABLE: usize = 11;
/// On a terminal narrower than this nothing is shortened: the environments are listed below their
/// component instead.
const NARROW: usize = 50;
/// The indent of environments below their component.
const INDENT: u16 = 2;
/// Versions longer than this are shortened before the columns are split into parts.
const GENEROUS: usize = 24;

/// The text of one cell.
#[derive(Clone, Debug, PartialEq, Eq)]
struct CellText {
    version: String,
    age: String,
    differs: bool,
}

impl CellText {
    fn line(&self) -> String {
        let mark = if self.differs {
            format!(" {MARK}")
        } else {
            String::new()
        };
        format!("{}  {}{mark}", self.version, self.age)
    }
}

/// The texts of the matrix.
struct Picture {
    environments: Vec<String>,
    rows: Vec<(String, Vec<Option<CellText>>)>,
}

/// The matrix for a terminal, in several parts if the width requires it.
pub(crate) fn matrix_table(matrix: &Matrix, environments: &[Name], view: &View) -> String {
    let picture = picture(matrix, environments, view);
    let (limits, parts) = picture.arranged(view.width.map(usize::from));
    if view
        .width
        .is_some_and(|most| picture.is_too_wide(limits, &parts, usize::from(most)))
    {
        return picture.stacked(view) + "\n" + &legend(view.width.map(usize::from));
    }
    let mut parts: Vec<_> = parts
        .into_iter()
        .map(|part| picture.part(part, limits, view))
        .collect();
    parts.push(legend(view.width.map(usize::from)));
    parts.join("\n")
}

/// The matrix for programs: one cell per row, nothing shortened.
pub(crate) fn cells(matrix: &Matrix) -> Grid {
    let columns = [
        Column::flexible("component", "COMPONENT"),
        Column::flexible("environment", "ENVIRONMENT"),
        Column::flexible("version", "VERSION"),
        Column::fixed("deployedAt", "AGE"),
    ];
    let rows = matrix.iter().flat_map(|row| {
        row.environments.iter().map(|(environment, cell)| {
            vec![
                Value::text(&row.component_name),
                Value::text(environment),
                Value::text(&cell.version),
                Value::Time(cell.deployed_at),
            ]
        })
    });
    Grid::new(columns, rows)
}

fn legend(width: Option<usize>) -> String {
    let line = LEGEND.join("    ");
    let fits = width.is_none_or(|most| self::width(&line) <= most);
    if fits {
        return format!("{line}\n");
    }
    LEGEND
        .iter()
        .flat_map(|line| wrapped(line, width.unwrap_or(usize::MAX)))
        .map(|line| line + "\n")
        .collect()
}

fn picture(matrix: &Matrix, environments: &[Name], view: &View) -> Picture {
    let rows = matrix.iter().map(|row| {
        let cells: Vec<_> = environments
            .iter()
            .map(|name| row.environments.get(name.as_str()))
            .collect();
        let versions: Vec<_> = cells
            .iter()
            .map(|cell| cell.map(|cell| cell.version.as_str()))
            .collect();
        let drawn = cells
            .iter()
            .zip(differing(&versions))
            .map(|(cell, differs)| {
                cell.map(|cell| CellText {
                    version: clean(cell.version.as_str()),
                    age: age(view.now, cell.deployed_at),
                    differs,
                })
            });
        (row.component_name.to_string(), drawn.collect())
    });
    Picture {
        environments: environments.iter().map(ToString::to_string).collect(),
        rows: rows.collect(),
    }
}

/// For each cell, whether it differs from the next cell to its right that is not empty.
fn differing(versions: &[Option<&str>]) -> Vec<bool> {
    let next = |after: usize| versions[after + 1..].iter().flatten().next();
    versions
        .iter()
        .enumerate()
        .map(|(at, version)| {
            version.is_some_and(|version| next(at).is_some_and(|next| *next != version))
        })
        .collect()
}

/// The width limits of names and versions.
#[derive(Clone, Copy)]
struct Limits {
    component: usize,
    version: usize,
}

impl Picture {
    /// The width limits, and the environments of each part.
    fn arranged(&self, most: Option<usize>) -> (Limits, Vec<Range<usize>>) {
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
    fn is_too_wide(&self, limits: Limits, parts: &[Range<usize>], most: usize) -> bool {
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

    /// Each component, with its environments below it, nothing shortened.
    fn stacked(&self, view: &View) -> String {
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

    fn column(&self, column: usize, limits: Limits) -> Widths {
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

    fn part(&self, part: Range<usize>, limits: Limits, view: &View) -> String {
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

/// The widths of the parts of a column.
struct Widths {
    header: usize,
    version: usize,
    age: usize,
    mark: usize,
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

#[cfg(test)]
mod tests {
    use deploytrack_core::clock;

    use super::*;

    fn matrix(json: serde_json::Value) -> Matrix {
        serde_json::from_value(json).unwrap()
    }

    fn names(names: &[&str]) -> Vec<Name> {
        names.iter().map(|name| Name::new(*name).unwrap()).collect()
    }

    fn view(width: Option<u16>) -> View {
        View {
            width,
            colour: false,
            now: clock::parse("2026-11-23T18:32:00Z").unwrap(),
        }
    }

    fn cell(version: &str, day: u32) -> serde_json::Value {
        serde_json::json!({"version": version, "deployedAt": format!("2026-11-{day:02}T18:00:00Z")})
    }

    fn sample() -> Matrix {
        matrix(serde_json::json!([
            {"componentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50", "componentName": "user-service", "environments": {
                "development": cell("v2.4.0", 22), "production": cell("v2.3.0", 20)}},
            {"componentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f51", "componentName": "worker", "environments": {
                "development": cell("v1", 1), "staging": cell("v1", 2), "production": cell("v1", 3)}},
        ]))
    }

    #[test]
    fn a_cell_is_compared_with_the_next_cell_that_is_not_empty() {
        assert_eq!(
            differing(&[Some("a"), None, Some("b")]),
            [true, false, false]
        );
        assert_eq!(
            differing(&[Some("a"), Some("a"), None]),
            [false, false, false]
        );
        assert_eq!(
            differing(&[None, Some("a"), Some("b")]),
            [false, true, false]
        );
    }

    #[test]
    fn the_matrix_shows_version_age_and_drift() {
        let environments = names(&["development", "staging", "production"]);
        assert_eq!(
            matrix_table(&sample(), &environments, &view(None)),
            "\
component     development   staging  production
───────────────────────────────────────────────
user-service  v2.4.0  1d ≠  -        v2.3.0  3d
worker        v1      3w    v1  3w   v1      2w

≠ differs from the environment to its right    - no current deployment\n"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let environments = names(&[
            "development",
            "testing",
            "staging",
            "eu-production",
            "us-production",
        ]);
        let long = "2026.11.23-1832-ed52224333bd2591ebd3e2f1eea9768c6b925305";
        let cells: serde_json::Map<_, _> = environments
            .iter()
            .map(|name| (name.to_string(), cell(long, 20)))
            .collect();
        let matrix = matrix(serde_json::json!([
            {"componentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f50", "componentName": "a-component-with-a-rather-long-name", "environments": cells},
        ]));
        for columns in [8, 12, 20, 30, 40, 49, 50, 60, 80, 120, 200] {
            let text = matrix_table(&matrix, &environments, &view(Some(columns)));
            assert!(
                text.lines().all(|line| width(line) <= usize::from(columns)),
                "{columns}:\n{text}"
            );
            let whole: String = text.split_whitespace().collect();
            for environment in [
                "development",
                "testing",
                "staging",
                "eu-production",
                "us-production",
            ] {
                assert!(
                    columns >= 50 || whole.contains(environment),
                    "{columns}:\n{text}"
                );
            }
            assert!(
                columns >= 50 || whole.matches(long).count() == 5,
                "{columns}:\n{text}"
            );
        }
    }

    #[test]
    fn csv_has_one_row_per_cell() {
        assert!(
            cells(&sample())
                .csv()
                .starts_with("component,environment,version,deployedAt\nuser-service,development,v2.4.0,2026-11-22T18:00:00.000Z\n")
        );
    }
}
