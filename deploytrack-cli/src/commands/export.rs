//! `deploytrack export`

use super::list::must_exist;
use crate::{
    error::Failure,
    flags::{Filter, Output},
    render::text::clean_json,
    session::Session,
};

/// Export deployments as newline-delimited JSON, the earliest first, in the form that import takes
///
/// Each deployment has its whole history: attempts, reasons, and the time of every status. Without a filter, lines for
/// components and environments with more than a name come first.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack export > deployments.ndjson\n  deploytrack export --environment production --status succeeded"
)]
pub(crate) struct Export {
    #[command(flatten)]
    filter: Filter,
}

pub(crate) async fn run(mut export: Export, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.given_output().is_some_and(|output| !matches!(output, Output::Json | Output::Jsonl)) {
        return Err(
            Failure::usage("an export is newline-delimited JSON and has no other form").hint("`deploytrack list --all -o csv` has tables")
        );
    }
    let named = session.resolve(export.filter.component, export.filter.environment).await?;
    (export.filter.component, export.filter.environment) = named.clone();
    let mut stream = session.client.export(&export.filter.resolve(session.view.now)).await?;
    let (mut empty, mut rest) = (true, Vec::new());
    while let Some(chunk) = stream.chunk().await.map_err(|error| Failure::from(error).hint("the export is not complete"))? {
        empty &= chunk.is_empty();
        whole_lines(&mut rest, &chunk, session)?;
    }
    if empty { must_exist(named, session).await } else { Ok(()) }
}

/// What could steer a terminal is escaped, which takes whole lines.
fn whole_lines(rest: &mut Vec<u8>, chunk: &[u8], session: &mut Session<'_>) -> Result<(), Failure> {
    // Only the new bytes are searched: what is left of a line may be long.
    let end = chunk.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let (lines, tail) = chunk.split_at(end);
    if !lines.is_empty() {
        rest.extend_from_slice(lines);
        session.out.write_all(clean_json(&String::from_utf8_lossy(rest)).as_bytes())?;
        rest.clear();
    }
    rest.extend_from_slice(tail);
    Ok(())
}
