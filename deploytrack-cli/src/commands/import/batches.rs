//! A file in pieces that one request takes, read as it goes.

use std::io::{self, BufRead, Read};

use deploytrack_core::api::{IMPORT_BYTES, IMPORT_LINES};

/// Lines for one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// The lines, each with its line break.
    pub(super) bytes: Vec<u8>,
    /// Where each of them is in the file, from 1.
    pub(super) lines: Vec<usize>,
}

/// Why the file cannot be read on.
#[derive(Debug)]
pub(super) enum Unreadable {
    Failed(io::Error),
    TooLong(usize),
}

/// The batches of a file.
pub(super) struct Batches<R> {
    reader: R,
    line: usize,
    /// A line that was read and did not fit.
    left: Option<(usize, Vec<u8>)>,
}

impl<R: BufRead> Batches<R> {
    pub(super) fn of(reader: R) -> Self {
        Self { reader, line: 0, left: None }
    }

    /// The next batch; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Batch>, Unreadable> {
        let mut batch = Batch::default();
        while batch.lines.len() < IMPORT_LINES {
            let Some((number, line)) = self.next_line()? else { break };
            if batch.bytes.len() + line.len() > IMPORT_BYTES {
                self.left = Some((number, line));
                break;
            }
            batch.bytes.extend_from_slice(&line);
            batch.lines.push(number);
        }
        Ok((!batch.lines.is_empty()).then_some(batch))
    }

    /// The next line that is not blank, with its line break.
    fn next_line(&mut self) -> Result<Option<(usize, Vec<u8>)>, Unreadable> {
        if let Some(left) = self.left.take() {
            return Ok(Some(left));
        }
        loop {
            let mut line = Vec::new();
            let most = IMPORT_BYTES as u64;
            let read = self.reader.by_ref().take(most).read_until(b'\n', &mut line).map_err(Unreadable::Failed)?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            let ended = line.last() == Some(&b'\n');
            if !ended && line.len() == IMPORT_BYTES {
                return Err(Unreadable::TooLong(self.line));
            }
            if line.trim_ascii().is_empty() {
                continue;
            }
            if !ended {
                line.push(b'\n');
            }
            return Ok(Some((self.line, line)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(text: &[u8]) -> Vec<Batch> {
        let mut batches = Batches::of(text);
        std::iter::from_fn(|| batches.next().unwrap()).collect()
    }

    #[test]
    fn blank_lines_count_and_are_not_sent() {
        let batch = Batch { bytes: b"{}\n[]\n".to_vec(), lines: vec![2, 4] };
        assert_eq!(batches(b"\n{}\n  \r\n[]"), [batch]);
    }

    #[test]
    fn a_batch_has_at_most_a_thousand_lines() {
        let sizes: Vec<_> = batches(&b"{}\n".repeat(2345)).iter().map(|batch| (batch.lines.len(), batch.lines[0])).collect();
        assert_eq!(sizes, [(1000, 1), (1000, 1001), (345, 2001)]);
    }

    #[test]
    fn a_batch_has_at_most_eight_mebibytes() {
        let line = [vec![b'x'; 3 * 1024 * 1024], vec![b'\n']].concat();
        let batches = batches(&line.repeat(3));
        assert_eq!(batches.iter().map(|batch| batch.lines.clone()).collect::<Vec<_>>(), [vec![1, 2], vec![3]]);
        assert!(batches.iter().all(|batch| batch.bytes.len() <= IMPORT_BYTES));
    }

    #[test]
    fn a_line_without_end_is_not_read_whole() {
        let long = vec![b'x'; IMPORT_BYTES + 1];
        assert!(matches!(Batches::of(&long[..]).next(), Err(Unreadable::TooLong(1))));
    }
}
