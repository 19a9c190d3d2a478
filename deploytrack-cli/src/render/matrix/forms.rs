//! The matrix for programs and for pages: CSV and Markdown. Nothing is shortened.

use deploytrack_core::{deployment::Deployment, matrix::Cell, text::Name};

use super::{Contents, sign::Sign};
use crate::render::{
    grid::{Column, Grid, Value, markdown as escaped, markdown_line},
    text::clean,
};

/// One row for each cell with a current or an unsettled deployment.
pub(crate) fn cells(contents: Contents<'_>) -> Grid {
    let columns = [
        "component",
        "environment",
        "version",
        "deployedAt",
        "deployedBy",
        "commitSha",
        "deploymentId",
        "unsettledVersion",
        "unsettledStatus",
    ];
    let rows = contents.rows().flat_map(|(row, cells)| {
        let cells = contents.columns.iter().zip(cells);
        let in_use = cells.filter(|(_, (current, newer))| current.is_some() || newer.is_some());
        in_use.map(|(column, (cell, newer))| {
            let names = [&row.component_name, &column.name].map(Value::text);
            let newer = [
                Value::optional(newer.map(|one| &one.version)),
                Value::optional(newer.map(|one| &one.status)),
            ];
            names
                .into_iter()
                .chain(current(cell))
                .chain(newer)
                .collect()
        })
    });
    Grid::new(columns.map(Column::hidden), rows)
}

/// The version of a cell, and by whom and when it was deployed.
pub(super) fn current(cell: Option<&Cell>) -> [Value; 5] {
    [
        Value::optional(cell.map(|cell| &cell.version)),
        Value::time(cell.map(|cell| cell.deployed_at)),
        Value::optional(cell.map(|cell| &cell.deployed_by)),
        Value::optional(cell.and_then(|cell| cell.commit_sha.as_ref())),
        Value::optional(cell.map(|cell| &cell.deployment_id)),
    ]
}

/// A Markdown table of components and environments.
pub(crate) fn markdown(contents: Contents<'_>) -> String {
    let rows = contents.rows().map(|(row, cells)| {
        let cells = cells
            .into_iter()
            .map(|(current, newer)| cell(current, newer));
        (&row.component_name, cells.collect())
    });
    let names: Vec<_> = contents.columns.iter().map(|column| &column.name).collect();
    table(&names, rows)
}

/// A Markdown table with a row for each component; the texts of the cells are already escaped.
pub(super) fn table<'a>(
    environments: &[&Name],
    rows: impl Iterator<Item = (&'a Name, Vec<String>)>,
) -> String {
    let name = |name: &Name| escaped(name.as_str());
    let heads = environments.iter().map(|environment| name(environment));
    let head: Vec<_> = std::iter::once("component".to_owned())
        .chain(heads)
        .collect();
    let rule = vec!["---".to_owned(); head.len()];
    let rows = rows.map(|(component, cells)| {
        let line = std::iter::once(name(component)).chain(cells);
        markdown_line(&line.collect::<Vec<_>>())
    });
    [markdown_line(&head), markdown_line(&rule)]
        .into_iter()
        .chain(rows)
        .collect()
}

/// The version of a cell for Markdown, or a dash.
pub(super) fn version(cell: Option<&Cell>) -> String {
    cell.map_or_else(
        || Sign::Empty.mark().to_owned(),
        |cell| escaped(&clean(cell.version.as_str())),
    )
}

/// The sign of the gap of a cell, with a space before it; empty without a gap.
fn gap(cell: Option<&Cell>) -> String {
    let gap = cell.and_then(|cell| cell.gap.as_ref());
    let sign = gap.and_then(|gap| Some((Sign::of_gap(gap)?.mark(), gap.versions)));
    sign.map_or_else(String::new, |(mark, versions)| {
        let versions = versions.map(|versions| versions.to_string());
        format!(" {mark}{}", versions.unwrap_or_default())
    })
}

fn cell(cell: Option<&Cell>, unsettled: Option<&Deployment>) -> String {
    let current = version(cell) + &gap(cell);
    let newer = unsettled.and_then(|one| {
        let mark = Sign::of_unsettled(one.status)?.mark();
        let words = one.status.as_str().replace('_', " ");
        let version = escaped(&clean(one.version.as_str()));
        Some(format!("{mark} {version} {words}"))
    });
    match (cell, newer) {
        (None, Some(newer)) => newer,
        (_, Some(newer)) => format!("{current}, {newer}"),
        (_, None) => current,
    }
}
