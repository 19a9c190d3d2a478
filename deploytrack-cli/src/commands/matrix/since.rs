//! `deploytrack matrix --since`: the cells whose version changed.

use deploytrack_core::{
    clock::{self, Time},
    query::MatrixFilter,
};

use super::{Matrix, empty, request::query};
use crate::{
    error::Failure,
    flags::Output,
    render::matrix::{changes, changes_grid, changes_markdown, changes_table},
    session::Session,
};

/// Compares the matrix at that time with the matrix now.
pub(super) async fn run(
    matrix: &Matrix,
    since: Time,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let (columns, filter) = query(matrix, session).await?;
    let at = |at| MatrixFilter {
        at,
        gaps: false,
        ..filter.clone()
    };
    let then = session.client.matrix(&at(Some(since))).await?.value;
    let now = session.client.matrix(&at(None)).await?.value;
    let found = changes(&then, &now, &columns);
    let text = match session.output() {
        Output::Json | Output::Yaml | Output::Jsonl => {
            let json = serde_json::to_string(&found).map_err(std::io::Error::from)?;
            return session.json(&json);
        }
        Output::Csv => return session.print(&changes_grid(&found).csv(true)),
        _ if now.is_empty() => {
            let why = empty::reason(&filter, session).await?;
            return session.note(&why);
        }
        _ if found.is_empty() => {
            let since = clock::format(&since);
            return session.note(&format!("no version has changed since {since}"));
        }
        Output::Markdown => changes_markdown(&found, &columns),
        Output::Table => changes_table(&found, &columns, &session.view),
    };
    session.note(&format!("changes since {}", clock::format(&since)))?;
    session.print(&text)
}
