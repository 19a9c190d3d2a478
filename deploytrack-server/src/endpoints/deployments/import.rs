//! `POST /api/v1/deployments/import`: records many deployments at once.

mod pieces;

use deploytrack_core::{
    api::{FromBody as _, IMPORT_BYTES, IMPORT_LINES, ImportCounts, ImportLine},
    error::{Error, Fault},
    json,
    openapi::{list_of, of},
};
use http::StatusCode;
use utoipa::openapi::{Required, request_body::RequestBodyBuilder, schema::OneOfBuilder};

use self::pieces::{Piece, pieces};
use super::ndjson::{self, NDJSON};
use crate::{
    openapi::{JSON, OperationDraft, content, examples, group},
    refusal::Refusal,
    request::{Call, both},
    request_body::BodyRules,
    response::{HandlerResult, done},
};

const RULES: BodyRules = BodyRules {
    types: &[NDJSON, "application/json"],
    types_text: "application/x-ndjson, one JSON object per line, or an array of objects as application/json",
    bytes: IMPORT_BYTES,
    bytes_text: "8 MiB; import the rest in further requests",
};
/// The most faults in the response to an import.
const MOST_FAULTS: usize = 20;
pub(crate) fn doc() -> OperationDraft {
    let description = format!(
        "Newline-delimited JSON: one `ImportLine` per line, at most {IMPORT_LINES} lines and {} MiB. Empty lines are skipped. A single line \
         or an array of lines may be sent as JSON.",
        IMPORT_BYTES / 1024 / 1024
    );
    let one_or_more = OneOfBuilder::new()
        .item(of::<ImportLine>())
        .item(list_of::<ImportLine>());
    let single = content(one_or_more, examples::import_line());
    let body = RequestBodyBuilder::new()
        .description(Some(description))
        .required(Some(Required::True));
    OperationDraft::new(
        &group::DEPLOYMENTS,
        "importDeployments",
        "Record many deployments",
        "Records all lines or none. A refusal lists the wrong lines in `errors`; an unknown id is a fault of its line (400). A line that \
         was imported before (same component, environment, version, status, `occurredAt` and `commitSha`) is skipped. A deployment \
         that exists with a shorter history gets the rest. A line with the event `undeployed` undeploys the deployment that was \
         current at its time, and may come before or after the deployments. Lines with `component` or `environment` register names.",
    )
    .any_body(body.content(NDJSON, ndjson::content()).content(JSON, single).build())
    .response(
        StatusCode::OK,
        "The numbers of recorded and of skipped lines.",
        Some((JSON, content(of::<ImportCounts>(), examples::imported()))),
        &["Idempotency-Replayed"],
    )
    .wrong(read_lines(br#"{"component": "user-service", "environment": "staging"}"#, Ok(())))
    .refuses([Refusal::TooLarge(RULES.bytes_text), Refusal::MediaType(RULES.types_text)])
}

/// Records all lines of an import, or none.
pub(crate) async fn handle(call: Call) -> HandlerResult {
    let (tracker, log) = (call.tracker().clone(), call.log().clone());
    let query = call.query().finish(Some(()));
    // The reservation lasts until the lines are recorded: parsed lines take more memory than their
    // text.
    let (lines, _reservation) = call
        .parse(&RULES, move |body, terms| {
            read_lines(body, both(query, terms))
        })
        .await?;
    let (lines, ((), terms)) = lines?;
    log.note(|target| target.lines = Some(lines.len()));
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
