//! `deploytrack export`

use super::list::must_exist;
use crate::{
    error::Failure,
    flags::{Filter, Output},
    render::text::clean_json,
    session::Session,
};

/// Export deployments, the earliest first, in a form for import
///
/// Each deployment has its whole history: attempts, reasons, and the time of every status. Without
/// a filter, the export begins with lines for the components and environments that have more than a
/// name.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  deploytrack export > deployments.ndjson\n  deploytrack export --environment production --status succeeded"
)]
pub(crate) struct Export {
    #[command(flatten)]
    filter: Filter,
}

pub(crate) async fn run(mut export: Export, session: &mut Session<'_>) -> Result<(), Failure> {
    if session
        .given_output()
        .is_some_and(|output| !matches!(output, Output::Json | Output::Jsonl))
    {
        return Err(Failure::usage(
            "an export is newline-delimited JSON; other values of --output do not apply",
        )
        .hint("`deploytrack list --all -o csv` prints a table"));
    }
    let named = session
        .resolve(export.filter.component, export.filter.environment)
        .await?;
    (export.filter.component, export.filter.environment) = named.clone();
    let mut stream = session.client.export(&export.filter.query()).await?;
    let (mut empty, mut rest) = (true, Vec::new());
    while let Some(chunk) = stream
        .chunk()
        .await
        .map_err(|error| Failure::from(error).hint("the export is not complete"))?
    {
        empty &= chunk.is_empty();
        whole_lines(&mut rest, &chunk, session)?;
    }
    if empty {
        must_exist(named, session).await
    } else {
        Ok(())
    }
}

/// Writes complete lines, and keeps an incomplete one for the next chunk: characters that steer a
/// terminal are escaped by line.
fn whole_lines(rest: &mut Vec<u8>, chunk: &[u8], session: &mut Session<'_>) -> Result<(), Failure> {
    // Only the new bytes are searched: the incomplete line may be long.
    let end = chunk
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let (lines, tail) = chunk.split_at(end);
    if !lines.is_empty() {
        rest.extend_from_slice(lines);
        session
            .out
            .write_all(clean_json(&String::from_utf8_lossy(rest)).as_bytes())?;
        rest.clear();
    }
    rest.extend_from_slice(tail);
    Ok(())
}
