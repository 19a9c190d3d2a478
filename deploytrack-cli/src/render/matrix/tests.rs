//! Whole tables at several widths, and the claims that hold at every width.

use deploytrack_core::{
    clock,
    deployment::Deployment,
    matrix::{Matrix, Row},
    text::Name,
};
use serde_json::{Value, json};

use super::*;
use crate::{render::ids::ShortIds, render::text::width};

/// Snapshots of the whole workspace are in one folder.
macro_rules! snapshot {
    ($name:literal, $text:expr) => {
        insta::with_settings!({
            snapshot_path => concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/snapshots"),
            prepend_module_to_snapshot => false,
            omit_expression => true,
        }, { insta::assert_snapshot!($name, $text) })
    };
}

const WIDTHS: [u16; 5] = [40, 60, 80, 120, 200];
const ENVIRONMENTS: [&str; 5] = ["development", "testing", "staging", "canary", "production"];

/// The answers of a server.
struct Sample {
    columns: Vec<Column>,
    matrix: Matrix,
    unsettled: Vec<Deployment>,
    ids: ShortIds,
}

/// The cell of a component in an environment, both by number, with an unsettled deployment.
type Cells = (Option<Value>, Option<Value>);

impl Sample {
    fn new(
        components: &[&str],
        environments: &[&str],
        cells: impl Fn(usize, usize) -> Cells,
    ) -> Self {
        let id = |number: usize| format!("019ab1e2-7c4d-7a31-9f0e-{number:012}");
        let mut unsettled = Vec::new();
        let mut rows = Vec::new();
        for (row, component) in components.iter().enumerate() {
            let mut current = serde_json::Map::new();
            for (column, environment) in environments.iter().enumerate() {
                let (cell, newer) = cells(row, column);
                current.extend(cell.map(|cell| ((*environment).to_owned(), cell)));
                unsettled.extend(newer.map(|mut newer| {
                    newer["componentId"] = id(row).into();
                    newer["componentName"] = (*component).into();
                    newer["environmentName"] = (*environment).into();
                    serde_json::from_value(newer).unwrap()
                }));
            }
            rows.push(json!({"componentId": id(row), "componentName": component, "environments": current}));
        }
        Self {
            columns: columns(environments),
            matrix: serde_json::from_value(rows.into()).unwrap(),
            unsettled,
            ids: ShortIds::default(),
        }
    }

    fn contents(&self) -> Contents<'_> {
        Contents {
            matrix: &self.matrix,
            unsettled: &self.unsettled,
            columns: &self.columns,
            ids: &self.ids,
        }
    }

    fn table(&self, width: Option<u16>) -> String {
        matrix_table(self.contents(), &view(width))
    }

    /// The first lines at each width.
    fn at_all_widths(&self, lines: usize) -> String {
        let at = |columns: u16| {
            let table = self.table(Some(columns));
            let first: Vec<_> = table.lines().take(lines).collect();
            format!("at {columns} columns:\n\n{}\n", first.join("\n"))
        };
        WIDTHS.map(at).join("\n")
    }

    /// # Panics
    /// When a line is wider than the terminal, or a text is lost where nothing may be lost.
    fn check(&self) {
        for (columns, is_wide) in every_view() {
            let view = View {
                is_wide,
                ..view(columns)
            };
            let text = matrix_table(self.contents(), &view);
            check_width(&text, columns);
            if columns.is_none_or(|columns| columns < 50) {
                self.check_whole(&text);
            }
        }
    }

    fn check_whole(&self, text: &str) {
        let whole: String = text.split_whitespace().collect();
        let check = |text: &str| {
            let text: String = text.split_whitespace().collect();
            assert!(whole.contains(&text), "{text} is missing in\n{whole}");
        };
        for row in &self.matrix {
            check(row.component_name.as_str());
            row.environments.iter().for_each(|(name, cell)| {
                check(name.as_str());
                check(cell.version.as_str());
            });
        }
        for one in &self.unsettled {
            check(one.version.as_str());
        }
    }
}

/// Every width from 4 to 220 and none, each without and with `-o wide`.
fn every_view() -> impl Iterator<Item = (Option<u16>, bool)> {
    let widths = (4..=220).map(Some).chain([None]);
    widths.flat_map(|columns| [(columns, false), (columns, true)])
}

/// # Panics
/// When a line is wider than the terminal.
fn check_width(text: &str, columns: Option<u16>) {
    let most = columns.map_or(usize::MAX, usize::from);
    let too_wide = text.lines().find(|line| width(line) > most);
    assert_eq!(too_wide, None, "{columns:?}:\n{text}");
}

fn columns(environments: &[&str]) -> Vec<Column> {
    let column = |name: &&str| Column {
        name: Name::new(*name).unwrap(),
        is_production: name.contains("prod") || *name == "本番",
    };
    environments.iter().map(column).collect()
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

fn cell(version: &str, day: usize, gap: Option<(&str, u64)>) -> Value {
    let mut cell = json!({
        "version": version, "deployedAt": format!("2026-11-{day:02}T18:00:00Z"), "deployedBy": "ada",
        "deploymentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f52", "commitSha": "ed52224333bd2591ebd3e2f1eea9768c6b925305",
    });
    if let Some((state, versions)) = gap {
        cell["gap"] = json!({"against": "staging", "state": state, "versions": (versions > 0).then_some(versions)});
    }
    cell
}

fn newer(version: &str, status: &str, occurred_at: &str) -> Value {
    let mut deployment: Value = serde_json::from_str(
        r#"{"attempt": 1, "description": null, "metadata": {}, "commitSha": null, "deployedBy": "ci-bot",
            "startedAt": null, "finishedAt": null, "succeededAt": null,
            "id": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f53", "environmentId": "019ab1e2-7c4d-7a31-9f0e-2b6c1d8e4f54"}"#,
    )
    .unwrap();
    for key in ["createdAt", "updatedAt", "occurredAt"] {
        deployment[key] = occurred_at.into();
    }
    deployment["version"] = version.into();
    deployment["status"] = status.into();
    deployment
}

fn sample() -> Sample {
    Sample::new(
        &["user-service", "web", "worker"],
        &["development", "staging", "production"],
        |row, column| match (row, column) {
            (0, 0) => (
                Some(cell("v2.4.1", 22, None)),
                Some(newer("v2.5.0", "in_progress", "2026-11-23T18:30:00Z")),
            ),
            (0, 1) => (Some(cell("v2.4.0", 21, Some(("behind", 1)))), None),
            (0, 2) => (
                Some(cell("v2.3.0", 9, Some(("behind", 2)))),
                Some(newer("v2.4.0", "failed", "2026-11-23T15:00:00Z")),
            ),
            (1, 1) => (None, Some(newer("v1", "pending", "2026-11-23T18:31:30Z"))),
            (1, 2) => (Some(cell("v7", 20, Some(("diverged", 0)))), None),
            (2, 2) => (Some(cell("v9", 20, Some(("ahead", 1)))), None),
            (2, _) => (Some(cell("v8", 1, Some(("same", 0)))), None),
            _ => (None, None),
        },
    )
}

/// Components of one team, each a little behind the last.
fn many(components: usize, environments: &[&str]) -> Sample {
    let words = [
        "payment", "user", "search", "mail", "report", "checkout", "catalog",
    ];
    let kinds = ["api", "worker", "frontend", "indexer", "gateway"];
    let names: Vec<_> = (0..components)
        .map(|n| format!("{}-{}-{n}", words[n % 7], kinds[n % 5]))
        .collect();
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    Sample::new(&names, environments, |row, column| {
        let version = format!("v{}.{}.{}", row % 4 + 1, 12 - column, row % 9);
        let gap = [
            None,
            Some(("behind", 1)),
            Some(("behind", 12)),
            Some(("diverged", 0)),
        ][(row + column) % 4];
        let gap = gap.filter(|_| column > 0);
        let unsettled = match (row * 7 + column) % 23 {
            3 => Some(newer("v9.0.0-rc.1", "failed", "2026-11-23T12:00:00Z")),
            11 => Some(newer("v9.0.0", "in_progress", "2026-11-23T18:20:00Z")),
            _ => None,
        };
        let is_empty = (row + 2 * column) % 11 == 5;
        let current = Some(cell(&version, 1 + (row + column) % 22, gap)).filter(|_| !is_empty);
        (current, unsettled)
    })
}

const HASHES: [&str; 4] = [
    "07e5493d33ed4b1c9f2a6d8e0b7c5a4f3e2d1c0b",
    "07e5493000000000000000000000000000000000",
    "ed52224333bd2591ebd3e2f1eea9768c6b925305",
    "2026.11.23-1832-ed52224333bd2591ebd3e2f1eea9768c6b925305",
];

fn hashes() -> Sample {
    Sample::new(&["api", "web", "worker"], &ENVIRONMENTS, |row, column| {
        let version = HASHES[(row + column) % if row == 2 { 4 } else { 3 }];
        let unsettled = (column == 4).then(|| newer(HASHES[2], "failed", "2026-11-22T12:00:00Z"));
        (Some(cell(version, 20, None)), unsettled)
    })
}

fn alphabets() -> Sample {
    let components = ["платёжный-сервис", "決済サービス", "notification-worker"];
    let environments = ["разработка", "テスト", "staging", "本番"];
    Sample::new(&components, &environments, |row, column| {
        let version = ["v2.4.0", "第二版-修正", "выпуск-2026.11"][(row + column) % 3];
        let unsettled =
            (row == column).then(|| newer("第三版", "in_progress", "2026-11-23T18:00:00Z"));
        (Some(cell(version, 20, Some(("behind", 3)))), unsettled)
    })
}

fn failures() -> Sample {
    Sample::new(&["api", "web"], &ENVIRONMENTS[2..], |row, _| {
        let at = ["2026-11-23T15:00:00Z", "2026-11-01T15:00:00Z"][row];
        (None, Some(newer("v1.0.0", "failed", at)))
    })
}

/// Names and versions as long as they may be.
fn long_names() -> Sample {
    let [one, other] =
        ["a", "b"].map(|letter| format!("{}{letter}{}", "x".repeat(120), "y".repeat(120)));
    let environments = [format!("prod {}", "z".repeat(200)), "prod 本番".repeat(20)];
    let environments = environments.each_ref().map(String::as_str);
    Sample::new(&[&one, &other], &environments, |row, column| {
        let version = format!("{}{row}{column}{}", "v".repeat(100), "w".repeat(100));
        let unsettled = newer(&version.replace('w', "u"), "failed", "2026-11-23T15:00:00Z");
        (Some(cell(&version, 20, None)), Some(unsettled))
    })
}

#[test]
fn components_without_an_environment_are_listed() {
    let name = "x".repeat(80);
    let sample = Sample::new(&["api", &name], &[], |_, _| (None, None));
    for width in [Some(40), Some(60), None] {
        let text = sample.table(width);
        let whole: String = text.split_whitespace().collect();
        let name = if width == Some(60) { "xxx" } else { &name };
        assert!(whole.contains(name) && whole.contains("api"), "{text}");
    }
}

#[test]
fn the_matrix_shows_what_is_current_and_what_is_unsettled() {
    snapshot!("render_matrix_table", sample().table(None));
}

#[test]
fn sixty_components_in_five_environments() {
    snapshot!(
        "render_matrix_60x5",
        many(60, &ENVIRONMENTS).at_all_widths(usize::MAX)
    );
}

#[test]
fn three_hundred_components_in_eight_environments() {
    let environments = [
        "dev",
        "testing",
        "qa",
        "staging-eu",
        "staging-us",
        "production-eu",
        "production-us",
        "sandbox",
    ];
    snapshot!(
        "render_matrix_300x8",
        many(300, &environments).at_all_widths(20)
    );
}

#[test]
fn versions_that_are_hashes() {
    snapshot!("render_matrix_hashes", hashes().at_all_widths(usize::MAX));
}

#[test]
fn names_in_other_alphabets() {
    snapshot!(
        "render_matrix_alphabets",
        alphabets().at_all_widths(usize::MAX)
    );
}

#[test]
fn failures_alone() {
    snapshot!(
        "render_matrix_failures",
        failures().at_all_widths(usize::MAX)
    );
}

#[test]
fn no_line_is_wider_than_the_terminal_and_no_text_is_lost() {
    for sample in [
        sample(),
        many(12, &ENVIRONMENTS),
        hashes(),
        alphabets(),
        failures(),
        long_names(),
    ] {
        sample.check();
    }
}

#[test]
fn production_is_in_the_first_part_of_every_split_table() {
    let sample = many(60, &ENVIRONMENTS);
    for columns in 50..220 {
        let text = sample.table(Some(columns));
        let first = text.lines().next().unwrap();
        let is_list = !text.contains('─');
        assert!(
            is_list || first.ends_with("production"),
            "{columns}:\n{first}"
        );
    }
}

#[test]
fn a_wide_table_shows_persons_and_commits() {
    let wide = |width| View {
        is_wide: true,
        ..view(width)
    };
    let table = |width| matrix_table(sample().contents(), &wide(width));
    snapshot!(
        "render_matrix_wide",
        format!("{}\nat 100 columns:\n\n{}", table(None), table(Some(100)))
    );
}

#[test]
fn csv_has_a_row_for_each_cell_and_markdown_is_the_grid() {
    let sample = sample();
    snapshot!("render_matrix_csv", cells(sample.contents()).csv(true));
    snapshot!("render_matrix_markdown", markdown(sample.contents()));
}

#[test]
fn names_and_versions_are_escaped_in_markdown() {
    let sample = Sample::new(&["a|b"], &["*prod*"], |_, _| {
        (
            Some(cell("v1_<x>", 20, None)),
            Some(newer("`v2`", "failed", "2026-11-23T15:00:00Z")),
        )
    });
    assert_eq!(
        markdown(sample.contents()),
        "| component | \\*prod\\* |\n| --- | --- |\n| a\\|b | v1\\_&lt;x>, ✗ \\`v2\\` failed |\n"
    );
}

/// Two moments of a matrix, with a component that is archived in between.
fn then_and_now() -> (Sample, Sample) {
    let then = Sample::new(
        &["user-service", "web", "worker", "gone"],
        &["staging", "production"],
        |row, column| match (row, column) {
            (1, _) => (None, None),
            _ => (Some(cell("v1.0.0", 1, None)), None),
        },
    );
    let now = Sample::new(
        &["user-service", "web", "worker"],
        &["staging", "production"],
        |row, column| match (row, column) {
            (0, 0) => (Some(cell("v1.1.0", 23, None)), None),
            (1, 1) => (Some(cell(HASHES[0], 22, None)), None),
            (2, 1) | (1, 0) => (None, None),
            _ => (Some(cell("v1.0.0", 1, None)), None),
        },
    );
    (then, now)
}

#[test]
fn changes_are_shown_as_old_and_new() {
    let (then, now) = then_and_now();
    let found = changes(&then.matrix, &now.matrix, &now.columns);
    let at = |width| changes_table(&found, &now.columns, &view(width));
    let wide = View {
        is_wide: true,
        ..view(Some(100))
    };
    snapshot!(
        "render_matrix_changes",
        [
            at(None),
            at(Some(60)),
            at(Some(40)),
            changes_table(&found, &now.columns, &wide),
            changes_grid(&found).csv(true),
            changes_markdown(&found, &now.columns),
            serde_json::to_string_pretty(&found).unwrap(),
        ]
        .join("\n")
    );
}

#[test]
fn no_change_is_wider_than_the_terminal_or_lost() {
    let (then, now) = (many(10, &ENVIRONMENTS), hashes());
    let now = Sample {
        matrix: then
            .matrix
            .iter()
            .zip(now.matrix.iter().cycle())
            .map(|(row, other)| Row {
                environments: other.environments.clone(),
                ..row.clone()
            })
            .collect(),
        ..now
    };
    let found = changes(&then.matrix, &now.matrix, &now.columns);
    assert_eq!(found.len(), 50);
    for (columns, is_wide) in every_view() {
        let view = View {
            is_wide,
            ..view(columns)
        };
        let text = changes_table(&found, &now.columns, &view);
        check_width(&text, columns);
        let whole: String = text.split_whitespace().collect();
        for change in found
            .iter()
            .filter(|_| columns.is_none_or(|most| most < 50))
        {
            for cell in [&change.from, &change.to].into_iter().flatten() {
                assert!(
                    whole.contains(cell.version.as_str()),
                    "{columns:?}:\n{text}"
                );
            }
        }
    }
}

#[test]
fn colour_marks_failures_and_gaps() {
    let view = View {
        colour: true,
        ..view(Some(100))
    };
    let text = matrix_table(sample().contents(), &view);
    assert!(
        text.contains("\u{1b}[31m✗ v2.4.0 failed 3h\u{1b}[0m"),
        "{text:?}"
    );
    assert!(
        text.contains("\u{1b}[94m◐ v2.5.0 in progress 2m\u{1b}[0m"),
        "{text:?}"
    );
    assert!(text.contains("\u{1b}[33m ↓2\u{1b}[0m"), "{text:?}");
}
