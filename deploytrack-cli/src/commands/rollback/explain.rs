//! `deploytrack rollback --explain`

use deploytrack_core::{
    clock,
    deployment::Deployment,
    rollback::{Candidate, Verdict},
};
use serde_json::{Value as Json, json};

use super::{Plan, cell::Cell};
use crate::{
    error::Failure,
    flags::Output,
    render::{
        grid::{Column, Grid, Value},
        text::clean,
    },
    session::Session,
};

/// Prints what a rollback would do with every version that succeeded in the cell.
pub(super) fn run(
    cell: &Cell,
    plan: Option<&Plan>,
    session: &mut Session<'_>,
) -> Result<(), Failure> {
    let considered = cell.considered();
    let target = plan.map(|plan| &plan.to);
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
    if let (Output::Table, Some(plan)) = (session.output(), plan) {
        session.line(&clean(&plan.sentence("would go back")))?;
    }
    session.answer(&json(&considered, target), &Grid::new(columns, rows))
}

/// What a rollback does with a version, and why.
fn why(one: &Candidate<'_>, target: Option<&Deployment>) -> &'static str {
    let chosen = target.is_some_and(|target| target.version == one.deployment.version);
    match one.verdict {
        Verdict::Target if chosen => "goes back to it: the newest that is not rolled back",
        _ if chosen => "goes back to it: named by --to",
        Verdict::Target => "the newest that is not rolled back; --to names another",
        Verdict::Current => "is current",
        Verdict::RolledBack => "skipped: was rolled back",
        Verdict::Newer => "skipped: succeeded after the current deployment",
        Verdict::Older => "older than the newest that is not rolled back",
    }
}

fn json(considered: &[Candidate<'_>], target: Option<&Deployment>) -> String {
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
