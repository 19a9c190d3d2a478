//! `deploytrack export`

use super::list::must_exist;
use crate::{
    args::{Export, Output},
    error::Failure,
    render::text::clean_json,
    session::Session,
};

pub(crate) async fn run(mut export: Export, session: &mut Session<'_>) -> Result<(), Failure> {
    if session.output.is_some_and(|output| !matches!(output, Output::Json | Output::Jsonl)) {
        return Err(
            Failure::usage("an export is newline-delimited JSON and has no other form").hint("`deploytrack list --all -o csv` has tables")
        );
    }
    let named = session.meant(export.filter.component, export.filter.environment).await?;
    (export.filter.component, export.filter.environment) = named.clone();
    let mut stream = session.client.export(&export.filter.seen_from(session.view.now)).await?;
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
