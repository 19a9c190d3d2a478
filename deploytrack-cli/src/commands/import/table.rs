//! CSV tables (RFC 4180): a header with the names of the fields, and one deployment per row.
//!
//! The delimiter is a comma, semicolon, tab or bar; the header decides.

mod header;
mod row_reader;

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use csv::{ByteRecord, ReaderBuilder};
use memchr::memchr_iter;
use serde_json::{Map, Value};

use self::{
    header::{Header, check_required, fields, header, separator},
    row_reader::{RowReader, TooLong},
};
use super::{
    columns::{Columns, Origin},
    read_error::ReadError,
    record::{Position, Record},
};

/// The rows of a table.
pub(super) struct Rows<R> {
    reader: csv::Reader<RowReader<R>>,
    /// The source of each field.
    fields: Vec<(String, Origin)>,
    /// The number of lines above the header.
    above: usize,
    width: usize,
    since: Rc<Cell<usize>>,
}

/// Whether a text begins with a header of field names, or with one that `columns` names.
pub(super) fn is_table(head: &[u8], columns: &Columns) -> bool {
    header(head)
        .is_some_and(|header| columns.are_given() || header.known > 0 || header.cells.len() > 2)
}

impl<R: Read> Rows<R> {
    pub(super) fn of(head: &[u8], mut text: R, columns: &Columns) -> Result<Self, ReadError> {
        let (above, _) = separator(head);
        io::copy(&mut text.by_ref().take(above as u64), &mut io::sink())?;
        let line = Position::line(1 + usize::from(above > 0));
        let Some(Header {
            delimiter, cells, ..
        }) = header(head)
        else {
            return Err(ReadError::at(line, "has no header"));
        };
        let fields = if columns.are_given() {
            columns.fields(&cells)
        } else {
            fields(&cells)
        };
        let fields = fields.map_err(|(what, way_out)| ReadError::at(line, what).or(way_out))?;
        check_required(&cells, &fields)
            .map_err(|(what, way_out)| ReadError::at(line, what).or(way_out))?;
        let since = Rc::new(Cell::new(0));
        let mut reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .flexible(true)
            .from_reader(RowReader::new(text, since.clone()));
        reader
            .byte_headers()
            .map_err(|error| unreadable(error, line.line))?;
        Ok(Self {
            reader,
            fields,
            above: usize::from(above > 0),
            width: cells.len(),
            since,
        })
    }

    /// The next row; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, ReadError> {
        let mut row = ByteRecord::new();
        loop {
            self.since.set(0);
            let before = self.line();
            if !self
                .reader
                .read_byte_record(&mut row)
                .map_err(|error| unreadable(error, before))?
            {
                return Ok(None);
            }
            // A spreadsheet writes an empty row as a line of delimiters.
            if row.iter().any(|cell| !cell.trim_ascii().is_empty()) {
                break;
            }
        }
        let breaks = memchr_iter(b'\n', row.as_slice()).count();
        self.record(&row, self.line().saturating_sub(1 + breaks))
            .map(Some)
    }

    /// The number of the line after the last row.
    fn line(&self) -> usize {
        self.above + usize::try_from(self.reader.position().line()).unwrap_or(usize::MAX)
    }

    fn record(&self, row: &ByteRecord, line: usize) -> Result<Record, ReadError> {
        let place = Position::line(line);
        if row.len() != self.width {
            let what = format!("has {} cells, and the header has {}", row.len(), self.width);
            return Err(ReadError::at(place, what).or("put a cell with the delimiter, a quotation mark or a line break in quotation marks"));
        }
        if row.as_slice().contains(&0) {
            return Err(ReadError::nul(line));
        }
        let cells = row
            .iter()
            .map(std::str::from_utf8)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| ReadError::not_utf_8(line))?;
        let mut body = Map::new();
        for (field, origin) in &self.fields {
            let cell = origin.value(|at| cells.get(at).copied().unwrap_or_default().trim());
            let cell = cell.trim();
            if !cell.is_empty() {
                put(&mut body, field, without_apostrophe(cell))
                    .map_err(|why| ReadError::at(place, format!("column {field} {why}")))?;
            }
        }
        // The output of `deploytrack list` has both; the import allows one.
        if body.contains_key("occurredAt") {
            body.remove("finishedAt");
        }
        Ok(Record {
            place,
            text: Value::Object(body).to_string().into_bytes(),
        })
    }
}

/// Removes the apostrophe that prevents a spreadsheet from reading the cell as a formula.
fn without_apostrophe(cell: &str) -> &str {
    cell.strip_prefix('\'')
        .filter(|rest| rest.starts_with(['=', '+', '-', '@', '\t', '\r']))
        .unwrap_or(cell)
}

fn put(body: &mut Map<String, Value>, field: &str, cell: &str) -> Result<(), String> {
    if let Some(key) = field.strip_prefix("metadata.") {
        let metadata = body
            .entry("metadata")
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert(key.to_owned(), cell.into());
        }
        return Ok(());
    }
    let value = match field {
        "metadata" | "history" | "sequence" => {
            serde_json::from_str(cell).map_err(|error| format!("must be JSON: {error}"))?
        }
        _ => cell.into(),
    };
    body.insert(field.to_owned(), value);
    Ok(())
}

fn unreadable(error: csv::Error, line: usize) -> ReadError {
    match error.into_kind() {
        csv::ErrorKind::Io(error)
            if error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<TooLong>) =>
        {
            ReadError::too_long(Position::line(line))
                .or("a quotation mark that opens a cell is probably not closed")
        }
        csv::ErrorKind::Io(error) => ReadError::Failed(error),
        other => ReadError::at(Position::line(line), format!("cannot be read: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(text: &str, columns: &str) -> Result<Vec<(usize, Value)>, String> {
        let columns: Columns = columns.parse().unwrap();
        assert!(is_table(text.as_bytes(), &columns), "{text}");
        let message = |unreadable: ReadError| unreadable.to_string();
        let mut rows = Rows::of(text.as_bytes(), text.as_bytes(), &columns).map_err(message)?;
        let mut read = Vec::new();
        while let Some(record) = rows.next().map_err(message)? {
            read.push((
                record.place.line,
                serde_json::from_slice(&record.text).unwrap(),
            ));
        }
        Ok(read)
    }

    fn read(text: &str) -> Result<Vec<(usize, Value)>, String> {
        read_with(text, "")
    }

    const HEADER: &str = "component,environment,version,occurredAt";

    #[test]
    fn rows_become_deployments_without_empty_cells() {
        let text = format!(
            "{HEADER},deployed_by,Description,metadata.ticket,metadata\r\napi,eu,v1,T,me,\"a, \"\"b\"\"\r\nc\",7,\r\n\r\n,,,,,,,\r\nweb,eu,v2,T,,,,\"{{\"\"a\"\":1}}\"\r\n"
        );
        assert_eq!(
            read(&text).unwrap(),
            [
                (
                    2,
                    serde_json::json!({"component": "api", "environment": "eu", "version": "v1", "occurredAt": "T", "deployedBy": "me",
                        "description": "a, \"b\"\nc", "metadata": {"ticket": "7"}})
                ),
                (
                    6,
                    serde_json::json!({"component": "web", "environment": "eu", "version": "v2", "occurredAt": "T", "metadata": {"a": 1}})
                ),
            ]
        );
    }

    #[test]
    fn the_delimiter_is_found_by_the_header() {
        for delimiter in [",", ";", "\t", "|"] {
            let text = format!("{HEADER}\napi,eu,v1,T\n").replace(',', delimiter);
            assert_eq!(read(&text).unwrap().len(), 1, "{text}");
        }
        let (line, row) = read(&format!("sep=;\r\n{HEADER}\r\napi,eu,v1,T").replace(',', ";"))
            .unwrap()
            .remove(0);
        assert_eq!((line, row["version"].as_str()), (3, Some("v1")));
    }

    #[test]
    fn columns_with_other_names_are_mapped() {
        let text = "id,app,env,tag,date\n1,api,eu,v1,T\n";
        let (_, row) = read_with(
            text,
            "component=app,environment=\"production\",version=tag,occurredAt=date",
        )
        .unwrap()
        .remove(0);
        assert_eq!(
            row,
            serde_json::json!({"component": "api", "environment": "production", "version": "v1", "occurredAt": "T"})
        );
        let message = read(text).unwrap_err();
        assert!(
            message.contains("not fields: app, env, tag, date")
                || message.contains("component=app,environment=env,occurredAt=date,version=tag"),
            "{message}"
        );
        let message = read_with(text, "component=app,version=tg").unwrap_err();
        assert!(message.contains("no column tg"), "{message}");
        assert!(
            read("component,environment,version\na,b,c\n")
                .unwrap_err()
                .contains("no column for occurredAt")
        );
    }

    #[test]
    fn a_wrong_row_is_reported_with_its_line() {
        for (rows, message) in [
            (
                "api,eu,v1,T\n\napi,eu,v1\n",
                "line 4 has 3 cells, and the header has 4",
            ),
            ("\"a\nb\",eu,v1,T\napi,\0,v1,T\n", "line 4 has a NUL byte"),
        ] {
            let found = read(&format!("{HEADER}\n{rows}")).unwrap_err();
            assert!(found.starts_with(message), "{found}");
        }
        let found = read(&format!(
            "{HEADER}\napi,eu,\"v1,T\n{}",
            "api,eu,v1,T\n".repeat(1_000_000)
        ))
        .unwrap_err();
        assert!(
            found.starts_with("line 2 is longer than 8 MiB") && found.contains("not closed"),
            "{found}"
        );
    }

    #[test]
    fn each_line_end_counts_once() {
        for end in ["\n", "\r\n", "\r"] {
            let rows = [HEADER, "api,eu,v1,T", "\"a\nb\",eu,v1,T", "", "web,eu,v1,T"];
            for last in ["", end] {
                let lines: Vec<_> = read(&format!("{}{last}", rows.join(end)))
                    .unwrap()
                    .iter()
                    .map(|(line, _)| *line)
                    .collect();
                assert_eq!(lines, [2, 3, 6], "{end:?}");
            }
        }
    }

    #[test]
    fn the_apostrophe_before_a_formula_is_removed() {
        let (_, row) = read(&format!("{HEADER}\n'=api,'eu,'-v1,T\n"))
            .unwrap()
            .remove(0);
        assert_eq!(
            (
                row["component"].as_str(),
                row["environment"].as_str(),
                row["version"].as_str()
            ),
            (Some("=api"), Some("'eu"), Some("-v1"))
        );
    }
}
