//! Splits the records of a file into batches of one request each, while reading.

use std::io::Read;

use deploytrack_core::api::{IMPORT_BYTES, IMPORT_LINES};

use super::{
    columns::Columns,
    json::Objects,
    read_error::ReadError,
    record::{Position, Record},
    source::Source,
    table::{self, Rows},
};

/// The most bytes of undeployments that wait until the deployments are sent.
const MOST_DEFERRED: usize = 64 * 1024 * 1024;

/// Lines for one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// The lines, each with its line break.
    pub(super) bytes: Vec<u8>,
    /// The position of each line in the file.
    pub(super) places: Vec<Position>,
}

/// The batches of a file. Undeployments come last: the deployment may follow its undeployment in
/// the file.
pub(super) struct Batches<'a> {
    records: Records<'a>,
    /// A record that did not fit into the last batch.
    left: Option<Record>,
    undeployments: std::vec::IntoIter<Record>,
    deferred: Vec<Record>,
    deferred_bytes: usize,
    is_read: bool,
}

/// The records of a file, by its form.
enum Records<'a> {
    Objects(Box<Objects<Box<dyn Read + 'a>>>),
    Rows(Box<Rows<Box<dyn Read + 'a>>>),
    None,
}

impl<'a> Records<'a> {
    fn of(source: Source<'a>, columns: &Columns) -> Result<Self, ReadError> {
        let head = source.head().to_vec();
        let first = head
            .iter()
            .find(|byte| !byte.is_ascii_whitespace() && **byte != 0x1e)
            .copied();
        match first {
            None if head.len() < 64 * 1024 => Ok(Self::None),
            None | Some(b'{' | b'[' | b'/' | b'#' | 0) if columns.are_given() => {
                Err(ReadError::form(
                    "is JSON, but --columns is for a CSV table",
                    "leave --columns out, and change the objects with jq",
                ))
            }
            None | Some(b'{' | b'[' | b'/' | b'#' | 0) => {
                Ok(Self::Objects(Box::new(Objects::of(source.read()))))
            }
            Some(_) if table::is_table(&head, columns) => Ok(Self::Rows(Box::new(Rows::of(
                &head,
                source.read(),
                columns,
            )?))),
            Some(_) => Err(neither(&head)),
        }
    }

    fn next(&mut self) -> Result<Option<Record>, ReadError> {
        match self {
            Self::Objects(objects) => objects.next(),
            Self::Rows(rows) => rows.next(),
            Self::None => Ok(None),
        }
    }
}

/// The error for a text that is neither JSON nor a CSV table.
fn neither(head: &[u8]) -> ReadError {
    let text = String::from_utf8_lossy(head);
    let line = text.trim_start().lines().next().unwrap_or_default();
    let shown: String = line.chars().take(60).collect();
    let is_yaml = line.starts_with("---")
        || line.starts_with("- ")
        || line
            .split_once(':')
            .is_some_and(|(key, _)| !key.contains(' '));
    let way_out = if is_yaml {
        "if it is YAML: `yq -o json FILE | deploytrack import -`"
    } else {
        "an import takes JSON objects, one per line or in an array, or a CSV table with the names of the fields in its first line: \
         component,environment,version,status,occurredAt"
    };
    ReadError::form(
        format!("begins with `{shown}`, which is neither JSON nor the header of a CSV table"),
        way_out,
    )
}

impl<'a> Batches<'a> {
    pub(super) fn of(file: impl Read + 'a, columns: &Columns) -> Result<Self, ReadError> {
        let records = Records::of(Source::of(file)?, columns)?;
        Ok(Self {
            records,
            left: None,
            undeployments: Vec::new().into_iter(),
            deferred: Vec::new(),
            deferred_bytes: 0,
            is_read: false,
        })
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, ReadError> {
        let mut batch = Batch::default();
        while batch.places.len() < IMPORT_LINES {
            let Some(record) = self.next_record()? else {
                break;
            };
            if batch.bytes.len() + record.text.len() >= IMPORT_BYTES {
                self.left = Some(record);
                break;
            }
            batch.bytes.extend_from_slice(&record.text);
            batch.bytes.push(b'\n');
            batch.places.push(record.place);
        }
        Ok((!batch.places.is_empty()).then_some(batch))
    }

    fn next_record(&mut self) -> Result<Option<Record>, ReadError> {
        if let Some(left) = self.left.take() {
            return Ok(Some(left));
        }
        while !self.is_read {
            match self.records.next()? {
                None => {
                    self.is_read = true;
                    self.undeployments = std::mem::take(&mut self.deferred).into_iter();
                }
                Some(record) if record.is_undeployment() => self.defer(record)?,
                Some(record) => return Ok(Some(record)),
            }
        }
        Ok(self.undeployments.next())
    }

    fn defer(&mut self, record: Record) -> Result<(), ReadError> {
        self.deferred_bytes += record.text.len();
        if self.deferred_bytes > MOST_DEFERRED {
            let what = "exceeds the limit of 64 MiB for undeployments, which wait until the deployments are recorded";
            return Err(ReadError::at(record.place, what)
                .or("import the deployments first, then the undeployments in several files"));
        }
        self.deferred.push(record);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(text: &[u8]) -> Vec<Batch> {
        let mut batches = Batches::of(text, &Columns::default()).unwrap();
        std::iter::from_fn(|| batches.next().unwrap()).collect()
    }

    fn lines(batch: &Batch) -> Vec<usize> {
        batch.places.iter().map(|place| place.line).collect()
    }

    #[test]
    fn blank_lines_are_counted_but_not_sent() {
        let batch = Batch {
            bytes: b"{}\n{\"a\":1}\n".to_vec(),
            places: vec![Position::line(2), Position::line(4)],
        };
        assert_eq!(batches(b"\n{}\n  \r\n{\"a\":1}"), [batch]);
        assert!(batches(b" \n\n").is_empty());
    }

    #[test]
    fn undeployments_come_last() {
        let undeployment = r#"{"event":"undeployed","component":"a"}"#;
        let text = format!(
            "{undeployment}\n{{\"history\":[{{\"event\":\"undeployed\"}}]}}\n{{\"b\":1}}\n"
        );
        let all = batches(text.as_bytes());
        assert_eq!(lines(&all[0]), [2, 3, 1]);
    }

    #[test]
    fn a_batch_has_at_most_a_thousand_lines() {
        let sizes: Vec<_> = batches(&b"{}\n".repeat(2345))
            .iter()
            .map(|batch| (batch.places.len(), lines(batch)[0]))
            .collect();
        assert_eq!(sizes, [(1000, 1), (1000, 1001), (345, 2001)]);
    }

    #[test]
    fn a_batch_has_at_most_eight_mebibytes() {
        let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(3 * 1024 * 1024));
        let batches = batches(line.repeat(3).as_bytes());
        assert_eq!(
            batches.iter().map(lines).collect::<Vec<_>>(),
            [vec![1, 2], vec![3]]
        );
        assert!(
            batches
                .iter()
                .all(|batch| batch.bytes.len() <= IMPORT_BYTES)
        );
    }

    #[test]
    fn a_file_that_is_neither_json_nor_csv_gets_a_hint() {
        for (text, message) in [
            ("component: api\n", "yq -o json"),
            ("hello world\n", "component,environment,version"),
            ("7\n", "begins with `7`"),
        ] {
            let Err(found) = Batches::of(text.as_bytes(), &Columns::default()) else {
                panic!("{text}")
            };
            assert!(found.to_string().contains(message), "{found}");
        }
    }
}
