//! `deploytrack rollback --explain`

use deploytrack_core::{
    clock,
    deployment::Deployment,
    rollback::{Considered, Verdict},
};
use serde_json::{Value as Json, json};

use super::{Way, cell::Cell};
use crate::{
    error::Failure,
    flags::Output,
    render::{
        grid::{Column, Grid, Value},
        text::clean,
    },
    session::Session,
};

/// Shows what a rollback would do, and what it does with every version that succeeded in the cell.
pub(super) fn run(cell: &Cell, way: Option<&Way>, session: &mut Session<'_>) -> Result<(), Failure> {
    let considered = cell.considered();
    let target = way.map(|way| &way.target);
    let columns = [
        Column::flexible("version", "VERSION"),
        Column::fixed("succeededAt", "AGE"),
        Column::fixed("why", "WHY"),
        Column::fixed("id", "ID"),
        Column::hidden("verdict"),
    ];
    let rows = considered.iter().map(|one| {
        vec![
            Value::text(&one.deployment.version),
            Value::Time(one.succeeded_at),
            Value::text(&why(one, target)),
            Value::text(&one.deployment.id),
            Value::text(&one.verdict.as_str()),
        ]
    });
    if let (Output::Table, Some(way)) = (session.output(), way) {
        session.line(&clean(&way.in_words("would go back")))?;
    }
    session.answer(&json(&considered, target), &Grid::new(columns, rows))
}

/// What a rollback does with a version, in words.
fn why(one: &Considered<'_>, target: Option<&Deployment>) -> &'static str {
    let chosen = target.is_some_and(|target| target.version == one.deployment.version);
    match one.verdict {
        Verdict::Target if chosen => "goes back to it: the newest that is not rolled back",
        _ if chosen => "goes back to it: named by --to",
        Verdict::Target => "the newest that is not rolled back; --to names another",
        Verdict::Current => "is current",
        Verdict::RolledBack => "skipped: was rolled back",
        Verdict::Newer => "skipped: succeeded after what is current",
        Verdict::Older => "older than the newest that is not rolled back",
    }
}

fn json(considered: &[Considered<'_>], target: Option<&Deployment>) -> String {
    let objects = considered.iter().map(|one| {
        json!({
            "version": one.deployment.version,
            "id": one.deployment.id,
            "succeededAt": clock::format(&one.succeeded_at),
            "verdict": one.verdict.as_str(),
            "chosen": target.is_some_and(|target| target.version == one.deployment.version),
        })
    });
    Json::Array(objects.collect()).to_string()
}
