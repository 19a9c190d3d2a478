//! The header of a table: its delimiter, and the field of each column.

use csv::{ReaderBuilder, Trim};
use deploytrack_core::json::suggested_field;

use crate::commands::import::{
    columns::{Origin, TableFault},
    field_names::{FIELDS, IGNORED, field},
};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The first line of a table.
pub(super) struct Header {
    pub(super) delimiter: u8,
    pub(super) cells: Vec<String>,
    /// The number of cells that are names of fields.
    pub(super) known: usize,
}

pub(super) fn header(head: &[u8]) -> Option<Header> {
    let (above, given) = separator(head);
    let text = &head[above..];
    let end = text
        .iter()
        .position(|byte| matches!(byte, b'\n' | b'\r'))
        .unwrap_or(text.len());
    let line = &text[..end];
    let read = |delimiter: u8| {
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .trim(Trim::All)
            .from_reader(line);
        let mut record = csv::StringRecord::new();
        reader.read_record(&mut record).ok()?;
        let cells: Vec<_> = record.iter().map(str::to_owned).collect();
        let known = cells.iter().filter(|cell| field(cell).is_some()).count();
        Some(Header {
            delimiter,
            cells,
            known,
        })
    };
    match given {
        Some(delimiter) => read(delimiter),
        None => DELIMITERS
            .into_iter()
            .filter_map(read)
            .rev()
            .max_by_key(|header| (header.known, header.cells.len())),
    }
}

/// The length and the delimiter of a line `sep=;`, which Excel writes.
pub(super) fn separator(head: &[u8]) -> (usize, Option<u8>) {
    let Some(rest) = head.strip_prefix(b"sep=") else {
        return (0, None);
    };
    match rest {
        [delimiter, b'\r', b'\n', ..] => (7, Some(*delimiter)),
        [delimiter, b'\n', ..] => (6, Some(*delimiter)),
        _ => (0, None),
    }
}

/// The fields of the columns, by the header.
pub(super) fn fields(cells: &[String]) -> Result<Vec<(String, Origin)>, TableFault> {
    let mut fields = Vec::<(String, Origin)>::new();
    let mut unknown = Vec::new();
    for (at, cell) in cells.iter().enumerate() {
        match field(cell) {
            Some(field) if fields.iter().any(|(known, _)| *known == field) => {
                return Err((
                    format!("has two columns for {field}"),
                    "choose the columns with --columns".to_owned(),
                ));
            }
            Some(field) => fields.push((field, Origin::column(at))),
            None if cell.is_empty() || IGNORED.contains(&cell.as_str()) => {}
            None => unknown.push(cell.as_str()),
        }
    }
    if unknown.is_empty() {
        Ok(fields)
    } else {
        Err(unknown_columns(&unknown, &fields))
    }
}

fn unknown_columns(unknown: &[&str], fields: &[(String, Origin)]) -> TableFault {
    let free: Vec<_> = FIELDS
        .into_iter()
        .filter(|field| fields.iter().all(|(known, _)| known != field))
        .collect();
    let meant =
        |column: &&str| suggested_field(column, &free).map(|field| (field, (*column).to_owned()));
    let mut meant: Vec<_> = unknown.iter().filter_map(meant).collect();
    meant.sort_by_key(|(field, _)| *field);
    meant.dedup_by_key(|(field, _)| *field);
    let named = fields
        .iter()
        .filter(|(field, _)| !field.starts_with("metadata."));
    let pairs = named.map(|(field, _)| field.clone()).chain(
        meant
            .iter()
            .map(|(field, column)| format!("{field}={column}")),
    );
    let what = format!(
        "has columns that are not fields: {}; the fields are {}",
        unknown.join(", "),
        FIELDS.join(", ")
    );
    (
        what,
        format!(
            "choose the columns to use: --columns '{}'",
            pairs.collect::<Vec<_>>().join(",")
        ),
    )
}

/// Checks that there is a column for each field that every deployment needs.
pub(super) fn check_required(
    cells: &[String],
    fields: &[(String, Origin)],
) -> Result<(), TableFault> {
    let required: [&[&str]; 4] = [
        &["component", "componentId"],
        &["environment", "environmentId"],
        &["version", "event"],
        &["occurredAt", "finishedAt", "history"],
    ];
    let has = |names: &&&[&str]| {
        !fields
            .iter()
            .any(|(field, _)| names.contains(&field.as_str()))
    };
    let missing: Vec<_> = required.iter().filter(has).map(|names| names[0]).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let what = format!(
        "has no column for {}; its columns are {}",
        missing.join(", "),
        cells.join(", ")
    );
    let way_out = "--columns FIELD=COLUMN,... sets them, and FIELD=\"TEXT\" sets the same text in every row: --columns 'component=app,\
                   environment=\"production\",version=tag,occurredAt=time'";
    Err((what, way_out.to_owned()))
}
