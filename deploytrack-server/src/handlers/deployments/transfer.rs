//! Many deployments at once, as newline-delimited JSON.

use bytes::Bytes;
use deploytrack_core::{
    api::{FromBody as _, IMPORT_BYTES, IMPORT_LINES, ImportLine},
    error::Fault,
    json,
    query::{DeploymentFilter, Key},
    tracker::Tracker,
};
use futures_util::{StreamExt as _, stream};

use crate::{
    problem::{Good, Refusal},
    request::{BodyRules, Call, both},
    response::{Answer, done, internal},
    rows::streamed,
};

const NDJSON: &str = "application/x-ndjson";
const RULES: BodyRules = BodyRules {
    types: &[NDJSON, "application/json"],
    named: "application/x-ndjson, one JSON object per line",
    bytes: IMPORT_BYTES,
    limit: "8 MiB; import the rest in further requests",
};
/// The most faults an import is told of.
const MOST_FAULTS: usize = 20;
/// How many deployments are read from the database at a time at most.
const PAGE: u64 = 500;

/// Records every line or none.
pub(crate) async fn import(call: Call) -> Answer {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    // The room stays taken until the lines are recorded: parsed, they take more memory than as text.
    let (lines, _room) = call.parse(&RULES, move |body, terms| read_lines(body, both(query, terms))).await?;
    let (lines, ((), terms)) = lines?;
    done(&tracker.import(lines, terms).await?)
}

/// The lines with their numbers. Empty lines count and say nothing.
fn read_lines<T>(body: &[u8], before: Result<T, Vec<Fault>>) -> Result<(Vec<(usize, ImportLine)>, T), Refusal> {
    let lines = || (1..).zip(body.split(|byte| *byte == b'\n')).filter(|(_, line)| !line.trim_ascii().is_empty());
    if lines().nth(IMPORT_LINES).is_some() {
        return Err(Refusal::TooLarge("1000 lines; import the rest in further requests"));
    }
    let (mut read, (before, mut faults)) = (Vec::new(), before.map_or_else(|faults| (None, faults), |before| (Some(before), Vec::new())));
    for (number, line) in lines() {
        match json::object(line).and_then(ImportLine::from_body) {
            Ok(new) => read.push((number, new)),
            Err(wrong) => faults.extend(wrong.into_iter().map(|fault| fault.on_line(number))),
        }
        if faults.len() >= MOST_FAULTS {
            break;
        }
    }
    faults.truncate(MOST_FAULTS);
    before.filter(|_| faults.is_empty()).map(|before| (read, before)).ok_or_else(|| faults.into())
}

/// Streams the deployments that match, oldest first, in the form that import takes. The first page is read before
/// the answer begins, so that an unreachable database is still a proper refusal.
pub(crate) async fn export(call: &Call) -> Answer {
    let mut query = call.query();
    let filter = super::filter(&mut query);
    let filter = query.finish(Some(filter))?;
    let share = call.app().exports.take(call.subject()?, 1).map_err(|exhausted| Refusal::Exhausted(Good::Exports, exhausted))?;
    let mut export = Export { tracker: call.tracker().clone(), filter, after: None };
    let first = export.next().await?;
    let more = first.is_some();
    let rest = stream::try_unfold((export, more), |(mut export, more)| async move {
        let page = if more { export.next().await? } else { None };
        Ok(page.map(|page| (page, (export, true))))
    });
    Ok(streamed(NDJSON, stream::iter(first.map(Ok)).chain(rest), share, call, "an export broke off"))
}

/// How far an export has come.
struct Export {
    tracker: Tracker,
    filter: DeploymentFilter,
    after: Option<Key>,
}

impl Export {
    /// The next page as text, until there is none.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        let Some((next, lines)) = self.tracker.export_page(&self.filter, self.after, PAGE).await? else { return Ok(None) };
        self.after = Some(next);
        written(&lines).map(Some)
    }
}

fn written(lines: &[ImportLine]) -> Result<Bytes, Refusal> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).map_err(internal)?;
        text.push(b'\n');
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use deploytrack_core::error::Error;

    use super::*;

    const GOOD: &str = r#"{"component":"a","environment":"b","version":"1"}"#;

    #[test]
    fn empty_lines_count_and_say_nothing() {
        let (read, ()) = read_lines(format!("\n{GOOD}\r\n   \n{GOOD}").as_bytes(), Ok(())).unwrap();
        assert_eq!(read.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 4]);
        assert!(read_lines(b"", Ok(())).unwrap().0.is_empty());
    }

    #[test]
    fn faults_name_their_lines_and_are_twenty_at_most() {
        let Err(Refusal::Core(Error::Invalid(faults))) = read_lines(format!("{GOOD}\n{{}}\n[]\n").as_bytes(), Ok(())) else { panic!() };
        assert_eq!(faults.iter().filter_map(|fault| fault.line).collect::<Vec<_>>(), [2, 2, 2, 3]);
        let Err(Refusal::Core(Error::Invalid(faults))) = read_lines("[]\n".repeat(500).as_bytes(), Ok(())) else { panic!() };
        assert_eq!(faults.len(), 20);
    }

    #[test]
    fn a_thousand_lines_are_the_most() {
        assert_eq!(read_lines(format!("{GOOD}\n").repeat(1000).as_bytes(), Ok(())).unwrap().0.len(), 1000);
        assert!(matches!(read_lines(format!("{GOOD}\n").repeat(1001).as_bytes(), Ok(())), Err(Refusal::TooLarge(_))));
    }
}
