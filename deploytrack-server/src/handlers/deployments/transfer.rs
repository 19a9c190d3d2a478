//! Import and export: many deployments at once, as newline-delimited JSON.

mod pieces;

use bytes::Bytes;
use deploytrack_core::{
    api::{FromBody as _, IMPORT_BYTES, ImportLine},
    error::{Error, Fault},
    json,
    query::{DeploymentFilter, ListKey},
    tracker::{CatalogCursor, Tracker},
};
use futures_util::{StreamExt as _, stream};

use self::pieces::{Piece, pieces};
use crate::{
    refusal::{Refusal, Resource, internal},
    request::{Call, both},
    request_body::BodyRules,
    response::{HandlerResult, done},
    streaming::streamed,
};

const NDJSON: &str = "application/x-ndjson";
const RULES: BodyRules = BodyRules {
    types: &[NDJSON, "application/json"],
    types_text: "application/x-ndjson, one JSON object per line, or an array of objects as application/json",
    bytes: IMPORT_BYTES,
    bytes_text: "8 MiB; import the rest in further requests",
};
/// The most faults in the response to an import.
const MOST_FAULTS: usize = 20;
/// The most deployments that an export reads from the database at a time.
const PAGE: u64 = 500;
/// The most components or environments that it reads at a time.
const PAGE_OF_NAMES: usize = 500;

/// Records all lines of an import, or none.
pub(crate) async fn import(call: Call) -> HandlerResult {
    let (tracker, query) = (call.tracker().clone(), call.query().finish(Some(())));
    // The reservation lasts until the lines are recorded: parsed lines take more memory than their
    // text.
    let (lines, _reservation) = call
        .parse(&RULES, move |body, terms| {
            read_lines(body, both(query, terms))
        })
        .await?;
    let (lines, ((), terms)) = lines?;
    done(
        &tracker
            .import(lines, terms)
            .await
            .map_err(with_fewer_faults)?,
    )
}

/// The error with at most [`MOST_FAULTS`] faults.
fn with_fewer_faults(error: Error) -> Error {
    match error {
        Error::Invalid(mut faults) => {
            faults.truncate(MOST_FAULTS);
            Error::Invalid(faults)
        }
        other => other,
    }
}

/// The lines of a body, or the items of an array, each with its line number. Empty lines are
/// counted and skipped.
fn read_lines<T>(
    body: &[u8],
    before: Result<T, Vec<Fault>>,
) -> Result<(Vec<(usize, ImportLine)>, T), Refusal> {
    let pieces = pieces(body)?;
    let (mut read, (before, mut faults)) = (
        Vec::new(),
        before.map_or_else(|faults| (None, faults), |before| (Some(before), Vec::new())),
    );
    for Piece { line, item, text } in pieces {
        match json::object(text).and_then(ImportLine::from_body) {
            Ok(new) => read.push((line, new)),
            Err(wrong) => faults.extend(wrong.into_iter().map(|fault| Fault {
                item,
                ..fault.on_line(line)
            })),
        }
        if faults.len() >= MOST_FAULTS {
            break;
        }
    }
    faults.truncate(MOST_FAULTS);
    before
        .filter(|_| faults.is_empty())
        .map(|before| (read, before))
        .ok_or_else(|| faults.into())
}

/// Streams the deployments that match the filters, oldest first, in the format of an import. The
/// first page is read before the response begins, so that an unreachable database still results in
/// a proper refusal.
pub(crate) async fn export(call: &Call) -> HandlerResult {
    let mut query = call.query();
    let filter = super::filter(&mut query);
    let filter = query.finish(Some(filter))?;
    let permit = call.permit(&call.app().exports, Resource::Exports)?;
    let mut export = Export::of(call.tracker().clone(), filter);
    let first = export.next().await?;
    let more = first.is_some();
    let rest = stream::try_unfold((export, more), |(mut export, more)| async move {
        let page = if more { export.next().await? } else { None };
        Ok(page.map(|page| (page, (export, true))))
    });
    Ok(streamed(
        NDJSON,
        stream::iter(first.map(Ok)).chain(rest),
        permit,
        call,
        "an export broke off",
    ))
}

/// The progress of an export.
struct Export {
    tracker: Tracker,
    filter: DeploymentFilter,
    /// The progress of reading the names; none when they are finished and deployments follow. A
    /// filtered export has no names.
    names: Option<CatalogCursor>,
    after: Option<ListKey>,
}

impl Export {
    fn of(tracker: Tracker, filter: DeploymentFilter) -> Self {
        let names = (filter == DeploymentFilter::default()).then(CatalogCursor::default);
        Self {
            tracker,
            filter,
            names,
            after: None,
        }
    }

    /// The text of the next page, or none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Refusal> {
        if let Some(read) = self.names.take()
            && let Some((next, lines)) = self.tracker.export_names(&read, PAGE_OF_NAMES).await?
        {
            self.names = Some(next);
            return serialized(&lines).map(Some);
        }
        let Some((next, lines)) = self
            .tracker
            .export_page(&self.filter, self.after, PAGE)
            .await?
        else {
            return Ok(None);
        };
        self.after = Some(next);
        serialized(&lines).map(Some)
    }
}

fn serialized(lines: &[ImportLine]) -> Result<Bytes, Refusal> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line).map_err(internal)?;
        text.push(b'\n');
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"component":"a","environment":"b","version":"1"}"#;

    #[test]
    fn empty_lines_are_counted_and_skipped() {
        let (read, ()) = read_lines(format!("\n{GOOD}\r\n   \n{GOOD}").as_bytes(), Ok(())).unwrap();
        assert_eq!(
            read.iter().map(|(number, _)| *number).collect::<Vec<_>>(),
            [2, 4]
        );
        assert!(read_lines(b"", Ok(())).unwrap().0.is_empty());
    }

    #[test]
    fn faults_have_line_numbers_and_are_at_most_twenty() {
        let Err(Refusal::Core(Error::Invalid(faults))) =
            read_lines(format!("{GOOD}\n{{}}\n[]\n").as_bytes(), Ok(()))
        else {
            panic!()
        };
        assert_eq!(
            faults
                .iter()
                .filter_map(|fault| fault.line)
                .collect::<Vec<_>>(),
            [2, 2, 2, 3]
        );
        let Err(Refusal::Core(Error::Invalid(faults))) =
            read_lines("[]\n".repeat(500).as_bytes(), Ok(()))
        else {
            panic!()
        };
        assert_eq!(faults.len(), 20);
    }

    #[test]
    fn faults_in_an_array_have_item_numbers_and_a_byte_order_mark_is_skipped() {
        let (read, ()) = read_lines(format!("\u{feff}{GOOD}\n{GOOD}").as_bytes(), Ok(())).unwrap();
        assert_eq!(read.len(), 2);
        let array = format!(
            "\u{feff}\n[\n  {GOOD},\n  {{\"component\": \"a\",\n   \"version\": \"1\"}},\n  7]\n"
        );
        let Err(Refusal::Core(Error::Invalid(faults))) = read_lines(array.as_bytes(), Ok(()))
        else {
            panic!()
        };
        assert_eq!(
            faults
                .iter()
                .map(|fault| (fault.line, fault.item))
                .collect::<Vec<_>>(),
            [(Some(4), Some(2)), (Some(6), Some(3))]
        );
        let (read, ()) =
            read_lines(format!("[{}]", [GOOD; 1000].join(",\n")).as_bytes(), Ok(())).unwrap();
        assert_eq!((read.len(), read[999].0), (1000, 1000));
        assert!(read_lines(b" [ ] ", Ok(())).unwrap().0.is_empty());
    }

    #[test]
    fn the_error_of_an_invalid_array_names_the_line() {
        let Err(Refusal::Core(Error::Invalid(faults))) =
            read_lines(format!("[{GOOD},\n {GOOD}").as_bytes(), Ok(()))
        else {
            panic!()
        };
        assert!(faults[0].to_string().contains("line 2"), "{faults:?}");
    }

    #[test]
    fn an_array_has_at_most_a_thousand_items() {
        assert!(matches!(
            read_lines(format!("[{}]", [GOOD; 1001].join(",")).as_bytes(), Ok(())),
            Err(Refusal::TooLarge(_))
        ));
        assert!(matches!(
            read_lines(format!("[{}0]", "0,".repeat(1_000_000)).as_bytes(), Ok(())),
            Err(Refusal::TooLarge(_))
        ));
    }

    #[test]
    fn an_import_has_at_most_a_thousand_lines() {
        assert_eq!(
            read_lines(format!("{GOOD}\n").repeat(1000).as_bytes(), Ok(()))
                .unwrap()
                .0
                .len(),
            1000
        );
        assert!(matches!(
            read_lines(format!("{GOOD}\n").repeat(1001).as_bytes(), Ok(())),
            Err(Refusal::TooLarge(_))
        ));
    }
}
