//! `deploytrack import`

mod batches;

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use deploytrack_core::{api::Imported, client::Error, error::Fault};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use self::batches::{Batch, Batches, Unreadable};
use crate::{
    args::Output,
    error::Failure,
    render::grid::{Column, Grid, Value},
    session::Session,
};

pub(crate) async fn run(file: &Path, session: &mut Session<'_>) -> Result<(), Failure> {
    let (reader, length) = open(file)?;
    let progress = progress(length, session.progress);
    let done = send_all(Batches::of(reader), session, &progress, file).await;
    progress.finish_and_clear();
    let done = done?;
    let text = serde_json::to_string(&done).map_err(io::Error::from)?;
    match session.output() {
        Output::Table => session.line(&format!("{} recorded, {} skipped because they were recorded before", done.recorded, done.skipped)),
        _ => session.answer(&text, &grid(done)),
    }
}

async fn send_all(
    mut batches: Batches<impl BufRead>,
    session: &Session<'_>,
    progress: &ProgressBar,
    file: &Path,
) -> Result<Imported, Failure> {
    let mut done = Imported::default();
    while let Some(batch) = batches.next().map_err(|error| after(unreadable(error, file), done))? {
        let Batch { bytes, lines } = batch;
        let length = bytes.len() as u64;
        let answer = session.client.import(bytes).await.map_err(|error| after(refused(error, &lines), done))?.value;
        done = Imported { recorded: done.recorded + answer.recorded, skipped: done.skipped + answer.skipped };
        progress.inc(length);
        progress.set_message(format!("{} recorded, {} skipped", done.recorded, done.skipped));
    }
    Ok(done)
}

fn open(file: &Path) -> Result<(Box<dyn BufRead>, Option<u64>), Failure> {
    if file == Path::new("-") {
        return Ok((Box::new(BufReader::new(io::stdin())), None));
    }
    let opened = File::open(file).and_then(|opened| Ok((opened.metadata()?, opened)));
    let (metadata, opened) = opened.map_err(|error| unreadable(Unreadable::Failed(error), file))?;
    let length = metadata.is_file().then_some(metadata.len());
    let reader: Box<dyn Read> = Box::new(opened);
    Ok((Box::new(BufReader::new(reader)), length))
}

fn unreadable(error: Unreadable, file: &Path) -> Failure {
    match error {
        Unreadable::Failed(error) => Failure::usage(format!("cannot read {}: {error}", file.display())),
        Unreadable::TooLong(line) => Failure::usage(format!("line {line} is longer than 8 MiB, more than any deployment can be")),
    }
}

/// What was refused, by the lines of the file instead of the batch.
fn refused(error: Error, lines: &[usize]) -> Failure {
    let place = |fault: &Fault| Fault { line: fault.line.and_then(|line| lines.get(line - 1).copied()), ..fault.clone() };
    let (first, last) = (lines.first().copied().unwrap_or(1), lines.last().copied().unwrap_or(1));
    let sent = if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
    match error {
        Error::Refused(_) => Failure::of_import(error, place).hint(format!("nothing of {sent} was recorded")),
        other => Failure::from(other).hint(format!("{sent} got no answer")),
    }
}

/// What is safe already, and what to do.
fn after(failure: Failure, done: Imported) -> Failure {
    let Imported { recorded, skipped } = done;
    let failure = if done == Imported::default() {
        failure
    } else {
        failure.hint(format!("of the lines before, {recorded} were recorded and {skipped} skipped"))
    };
    failure.hint("importing the same file again is safe: what is recorded already is skipped")
}

fn progress(length: Option<u64>, wanted: bool) -> ProgressBar {
    let target = if wanted { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let template = if length.is_some() { "{bar:30} {percent}% {msg}" } else { "{spinner} {bytes} {msg}" };
    let bar = ProgressBar::with_draw_target(length, target);
    // The templates are checked by a test; without one the default serves.
    if let Ok(style) = ProgressStyle::with_template(template) { bar.with_style(style) } else { bar }
}

fn grid(done: Imported) -> Grid {
    let columns = [Column::fixed("recorded", "RECORDED"), Column::fixed("skipped", "SKIPPED")];
    Grid::new(columns, [vec![Value::text(&done.recorded), Value::text(&done.skipped)]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_of_the_progress_bar_can_be_read() {
        for template in ["{bar:30} {percent}% {msg}", "{spinner} {bytes} {msg}"] {
            assert!(ProgressStyle::with_template(template).is_ok());
        }
    }
}
