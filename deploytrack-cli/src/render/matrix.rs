//! The matrix: a row per component, a column per environment, and a mark where two neighbours
//! differ.

mod arrangement;
mod drawing;
mod picture;

use deploytrack_core::{matrix::Matrix, text::Name};

use self::picture::picture;
use super::{
    View,
    grid::{Column, Grid, Value},
    text::{width, wrapped},
};

const LEGEND: [&str; 2] = [
    "≠ differs from the environment to its right",
    "- no current deployment",
];

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
            is_wide: false,
            has_header: true,
            now: clock::parse("2026-11-23T18:32:00Z").unwrap(),
        }
    }

    fn cell(version: &str, day: u32) -> serde_json::Value {
        serde_json::json!({
            "version": version, "deployedAt": format!("2026-11-{day:02}T18:00:00Z"),
            "deploymentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f52", "deployedBy": "ada"
        })
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
    fn the_matrix_shows_version_age_and_differences() {
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
                .csv(true)
                .starts_with("component,environment,version,deployedAt\nuser-service,development,v2.4.0,2026-11-22T18:00:00.000Z\n")
        );
    }
}
