//! The bytes of a table for the CSV parser.

use std::{
    cell::Cell,
    io::{self, Read},
    rc::Rc,
};

use deploytrack_core::api::IMPORT_BYTES;

/// Normalises line ends to one byte, so that lines can be counted, and fails in a row that is too
/// long.
pub(super) struct RowReader<R> {
    inner: R,
    /// The number of bytes since the last row.
    since: Rc<Cell<usize>>,
    /// The last byte read.
    last: Option<u8>,
}

#[derive(Debug, thiserror::Error)]
#[error("the row is too long")]
pub(super) struct TooLong;

impl<R> RowReader<R> {
    pub(super) fn new(inner: R, since: Rc<Cell<usize>>) -> Self {
        Self {
            inner,
            since,
            last: None,
        }
    }

    /// Normalises the line ends in the buffer; returns the number of bytes left.
    fn normalise(&mut self, buffer: &mut [u8], read: usize) -> usize {
        let mut kept = 0;
        for at in 0..read {
            let byte = buffer[at];
            let is_second = byte == b'\n' && self.last == Some(b'\r');
            self.last = Some(byte);
            if !is_second {
                buffer[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
        }
        kept
    }

    /// Adds a missing line end after the last line.
    fn end(&mut self, buffer: &mut [u8]) -> usize {
        match (self.last.take(), buffer.first_mut()) {
            (Some(last), Some(first)) if !matches!(last, b'\n' | b'\r') => {
                *first = b'\n';
                1
            }
            _ => 0,
        }
    }
}

impl<R: Read> Read for RowReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.inner.read(buffer)?;
            self.since.set(self.since.get() + read);
            if self.since.get() > IMPORT_BYTES {
                return Err(io::Error::other(TooLong));
            }
            if read == 0 {
                return Ok(self.end(buffer));
            }
            let kept = self.normalise(buffer, read);
            if kept > 0 {
                return Ok(kept);
            }
        }
    }
}
