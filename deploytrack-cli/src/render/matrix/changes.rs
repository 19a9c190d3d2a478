//! The cells whose version changed since another moment.

use std::collections::HashMap;

use deploytrack_core::{
    matrix::{Cell, Matrix, Row},
    text::Name,
};
use serde::Serialize;

use super::{
    Column,
    contents::cells_of,
    forms::{self, current},
    picture::{CellText, Painter, Picture},
    sign::Sign,
    with_legend,
};
use crate::render::{
    View,
    grid::{self, Grid, Value},
};

/// A cell whose version changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Change {
    pub(crate) component_name: Name,
    pub(crate) environment_name: Name,
    /// The cell as it was; `None` if no deployment was current.
    pub(crate) from: Option<Cell>,
    /// The cell as it is; `None` if no deployment is current.
    pub(crate) to: Option<Cell>,
}

/// The changes in these columns, in the order of the matrix. Components that are archived now are
/// not in the matrix `now`, and did not change.
pub(crate) fn changes(then: &Matrix, now: &Matrix, columns: &[Column]) -> Vec<Change> {
    let then: HashMap<_, _> = then.iter().map(|row| (row.component_id, row)).collect();
    let version = |cell: Option<&&Cell>| cell.map(|cell| cell.version.clone());
    let of_row = |row: &Row| {
        let former = then.get(&row.component_id);
        let former = former.map(|row| cells_of(row)).unwrap_or_default();
        let present = cells_of(row);
        let change = |column: &Column| {
            let name = column.name.as_str();
            let (from, to) = (former.get(name), present.get(name));
            (version(from) != version(to)).then(|| Change {
                component_name: row.component_name.clone(),
                environment_name: column.name.clone(),
                from: from.copied().cloned(),
                to: to.copied().cloned(),
            })
        };
        columns.iter().filter_map(change).collect::<Vec<_>>()
    };
    now.iter().flat_map(of_row).collect()
}

/// The changes for a terminal, with the persons if there is room for them.
pub(crate) fn changes_table(changes: &[Change], columns: &[Column], view: &View) -> String {
    let with_persons = picture(changes, columns, view, true);
    let drawn = if with_persons.has_room(view.width.map(usize::from)) {
        with_persons
    } else {
        picture(changes, columns, view, false)
    };
    with_legend(&drawn, view)
}

fn picture(changes: &[Change], columns: &[Column], view: &View, persons: bool) -> Picture {
    let cells = changes.iter().flat_map(|change| [&change.from, &change.to]);
    let versions = cells.flatten().map(|cell| cell.version.as_str());
    let mut painter = Painter::with(versions, view);
    let columns = changed(columns, changes);
    let rows = rows(changes).map(|(name, changes)| {
        let cell = |column: &Column| {
            let change = of(changes, &column.name)?;
            Some(text(change, &mut painter, view, persons))
        };
        (name.to_string(), columns.iter().map(cell).collect())
    });
    Picture {
        rows: rows.collect(),
        columns,
        signs: painter.signs,
        empty: "",
    }
}

fn text(change: &Change, painter: &mut Painter<'_>, view: &View, persons: bool) -> CellText {
    let versions = [&change.from, &change.to].map(|cell| match cell {
        Some(cell) => painter.version(cell.version.as_str()),
        None => Sign::Empty.mark().to_owned(),
    });
    if change.from.is_none() || change.to.is_none() {
        painter.signs.insert(Sign::Empty);
    }
    let to = change.to.as_ref();
    let by = to.map(|to| painter.by(&to.deployed_by, to.commit_sha.as_ref()));
    CellText {
        versions: versions.to_vec(),
        age: to.map(|to| painter.age(to.deployed_at)).unwrap_or_default(),
        after: by
            .as_ref()
            .filter(|_| persons && !view.is_wide)
            .map(|by| by.text.clone())
            .unwrap_or_default(),
        notes: by.filter(|_| view.is_wide).into_iter().collect(),
        ..CellText::default()
    }
}

/// The changes of each component. They are in the order of the matrix.
fn rows(changes: &[Change]) -> impl Iterator<Item = (&Name, &[Change])> {
    changes
        .chunk_by(|one, next| one.component_name == next.component_name)
        .filter_map(|row| Some((&row.first()?.component_name, row)))
}

fn of<'a>(changes: &'a [Change], environment: &Name) -> Option<&'a Change> {
    let is_here = |change: &&Change| change.environment_name == *environment;
    changes.iter().find(is_here)
}

/// The columns with a change.
fn changed(columns: &[Column], changes: &[Change]) -> Vec<Column> {
    let is_changed = |column: &&Column| of(changes, &column.name).is_some();
    columns.iter().filter(is_changed).cloned().collect()
}

/// One row for each change, for CSV.
pub(crate) fn changes_grid(changes: &[Change]) -> Grid {
    let columns = [
        "component",
        "environment",
        "from",
        "to",
        "deployedAt",
        "deployedBy",
        "commitSha",
        "deploymentId",
    ];
    let rows = changes.iter().map(|change| {
        let names = [&change.component_name, &change.environment_name].map(Value::text);
        let from = Value::optional(change.from.as_ref().map(|cell| &cell.version));
        let to = current(change.to.as_ref());
        names.into_iter().chain([from]).chain(to).collect()
    });
    Grid::new(columns.map(grid::Column::hidden), rows)
}

/// A Markdown table of the changes.
pub(crate) fn changes_markdown(changes: &[Change], columns: &[Column]) -> String {
    let columns = changed(columns, changes);
    let names: Vec<_> = columns.iter().map(|column| &column.name).collect();
    let cell = |change: &Change| {
        let [from, to] = [&change.from, &change.to].map(|cell| forms::version(cell.as_ref()));
        format!("{from} → {to}")
    };
    let rows = rows(changes).map(|(component, changes)| {
        let cells = names.iter().map(|name| of(changes, name).map(cell));
        (component, cells.map(Option::unwrap_or_default).collect())
    });
    forms::table(&names, rows)
}
