//! `deploytrack import`

mod batches;
mod columns;
mod field_names;
mod json;
mod read_error;
mod record;
mod source;
mod table;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use deploytrack_core::{api::ImportCounts, client::Error, error::Fault};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Map;

use self::{
    batches::{Batch, Batches},
    columns::Columns,
    read_error::ReadError,
    record::Position,
};
use crate::{
    error::Failure,
    flags::Output,
    render::grid::{Column, Grid, Value},
    session::Session,
};

/// From this number of unknown fields on, another program probably wrote the file.
const FOREIGN: usize = 3;

/// Import deployments from JSON or CSV; repeating it adds nothing
///
/// The file has JSON objects, one per line, in an array or one after the other, or a CSV table with
/// the names of the fields in its first line. It may be UTF-8 or UTF-16, and compressed with gzip.
///
/// A deployment has component, environment, version, occurredAt and optionally status, deployedBy,
/// commitSha, description, metadata, startedAt, reason and history, a list of statuses with their
/// times. An undeployment has event (undeployed), component, environment, occurredAt and optionally
/// reason, and may come before or after its deployment. The status may be a word of GitHub, GitLab
/// or Octopus.
///
/// The file is sent in batches; each batch is recorded completely or not at all.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack import deployments.ndjson\n  deploytrack import --columns 'component=app,environment,version=tag,occurredAt=date' deployments.csv\n  deploytrack --profile old export | deploytrack --profile new import -"
)]
pub(crate) struct Import {
    /// The file, or - for standard input
    file: PathBuf,
    /// The column of a CSV table for each field; "TEXT" sets the same text in every row, {COLUMN}
    /// inserts a cell, A|B uses the first that is not empty
    #[arg(
        long,
        value_name = "FIELD=COLUMN,...",
        default_value = "",
        hide_default_value = true
    )]
    columns: Columns,
}

pub(crate) async fn run(import: &Import, session: &mut Session<'_>) -> Result<(), Failure> {
    let file = import.file.as_path();
    let (reader, length) = open(file)?;
    let progress = progress(length, session.shows_progress());
    let done = match Batches::of(progress.wrap_read(reader), &import.columns) {
        Ok(batches) => send_all(batches, session, &progress, file).await,
        Err(error) => Err(error.failure(file)),
    };
    progress.finish_and_clear();
    let done = done?;
    if done == ImportCounts::default() {
        session.note(&format!(
            "{} has no deployments",
            if file == Path::new("-") {
                "standard input".into()
            } else {
                file.display().to_string()
            }
        ))?;
    }
    let text = serde_json::to_string(&done).map_err(io::Error::from)?;
    match session.output() {
        Output::Table => session.line(&format!(
            "{} recorded, {} skipped because they were recorded before",
            done.recorded, done.skipped
        )),
        _ => session.answer(&text, &grid(done)),
    }
}

async fn send_all(
    mut batches: Batches<'_>,
    session: &Session<'_>,
    progress: &ProgressBar,
    file: &Path,
) -> Result<ImportCounts, Failure> {
    let mut done = ImportCounts::default();
    while let Some(batch) = batches
        .next()
        .map_err(|error| after(error.failure(file), done))?
    {
        let Batch { bytes, places } = batch;
        let sent = session.client.import(bytes.clone()).await;
        let answer = sent
            .map_err(|error| after(rejected(error, &bytes, &places), done))?
            .value;
        done += answer;
        progress.set_message(format!(
            "{} recorded, {} skipped",
            done.recorded, done.skipped
        ));
    }
    Ok(done)
}

fn open(file: &Path) -> Result<(Box<dyn Read>, Option<u64>), Failure> {
    if file == Path::new("-") {
        return Ok((Box::new(io::stdin()), None));
    }
    let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?, opened)));
    let (metadata, opened) = opened.map_err(|error| ReadError::Failed(error).failure(file))?;
    let length = metadata.is_file().then_some(metadata.len());
    Ok((Box::new(opened), length))
}

/// The batches of a file with these columns, until the first one that cannot be read.
#[cfg(fuzzing)]
pub(crate) fn batches_of(file: &[u8], columns: &str) -> Vec<Vec<u8>> {
    let Ok(columns) = columns.parse::<Columns>() else {
        return Vec::new();
    };
    let Ok(mut batches) = Batches::of(file, &columns) else {
        return Vec::new();
    };
    let next = || batches.next().ok().flatten();
    std::iter::from_fn(next).map(|batch| batch.bytes).collect()
}

/// The failure for a rejected batch, with positions in the file instead of lines of the batch.
fn rejected(error: Error, bytes: &[u8], places: &[Position]) -> Failure {
    let (first, last) = (places.first(), places.last());
    let (first, last) = (
        first.map_or(1, |place| place.line),
        last.map_or(1, |place| place.line),
    );
    let sent = match places {
        [one] => one.to_string(),
        _ if first == last => format!("line {first}"),
        _ => format!("lines {} to {}", first.min(last), first.max(last)),
    };
    match error {
        Error::Refused(problem) => {
            let unknown = problem
                .errors
                .iter()
                .filter(|fault| fault.detail.starts_with("is not a known field"))
                .count();
            let line = problem.errors.first().and_then(|fault| {
                bytes
                    .split(|byte| *byte == b'\n')
                    .nth(fault.line?.checked_sub(1)?)
            });
            let field = line.and_then(list_in);
            let failure =
                Failure::of_import(Error::Refused(problem), |fault| in_file(fault, places));
            let failure = failure.hint(format!("nothing of {sent} was recorded"));
            if let Some(field) = field {
                return failure.hint(format!("the objects are in the field {field}: jq -c '.{field}[]' FILE | deploytrack import -"));
            }
            if unknown < FOREIGN {
                return failure;
            }
            failure.hint("docs/import.md has filters for the output of GitHub, GitLab, Argo CD, Flux and others: jq -c FILTER FILE | deploytrack import -")
        }
        other => Failure::from(other).hint(format!("the server did not answer for {sent}")),
    }
}

/// The field with a list of objects, if the object itself is not a deployment.
fn list_in(object: &[u8]) -> Option<String> {
    let fields: Map<String, serde_json::Value> = serde_json::from_slice(object).ok()?;
    let is_list = |value: &serde_json::Value| {
        value
            .as_array()
            .is_some_and(|items| items.first().is_some_and(serde_json::Value::is_object))
    };
    let is_plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let (name, _) = fields
        .iter()
        .find(|(name, value)| is_list(value) && is_plain(name) && *name != "history")?;
    (!fields.contains_key("version")).then(|| name.clone())
}

/// A fault with its position in the file.
fn in_file(fault: &Fault, places: &[Position]) -> Fault {
    let place = fault.line.and_then(|line| places.get(line - 1));
    let detail = fault
        .detail
        .strip_prefix("the body")
        .map_or_else(|| fault.detail.clone(), |rest| format!("the object{rest}"));
    // Each object is one line of the batch; the server's line number is always 1.
    let detail = detail.replace(" at line 1 column ", " at column ");
    Fault {
        line: place.map(|place| place.line),
        item: place.and_then(|place| place.item),
        detail,
        ..fault.clone()
    }
}

/// Adds hints: what is recorded already, and that the import can be repeated.
fn after(failure: Failure, done: ImportCounts) -> Failure {
    let ImportCounts { recorded, skipped } = done;
    let failure = if done == ImportCounts::default() {
        failure
    } else {
        failure.hint(format!(
            "of the earlier lines, {recorded} were recorded and {skipped} skipped"
        ))
    };
    failure.hint("importing the same file again is safe: recorded deployments are skipped")
}

fn progress(length: Option<u64>, wanted: bool) -> ProgressBar {
    let target = if wanted {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let template = if length.is_some() {
        "{bar:30} {percent}% {msg}"
    } else {
        "{spinner} {bytes} {msg}"
    };
    let bar = ProgressBar::with_draw_target(length, target);
    // A test checks the templates; the default is used if one is invalid.
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.with_style(style)
    } else {
        bar
    }
}

fn grid(done: ImportCounts) -> Grid {
    let columns = [
        Column::fixed("recorded", "RECORDED"),
        Column::fixed("skipped", "SKIPPED"),
    ];
    Grid::new(
        columns,
        [vec![
            Value::text(&done.recorded),
            Value::text(&done.skipped),
        ]],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_of_the_progress_bar_are_valid() {
        for template in ["{bar:30} {percent}% {msg}", "{spinner} {bytes} {msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
