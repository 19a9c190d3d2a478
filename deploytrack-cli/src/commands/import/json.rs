//! A stream of JSON objects: on lines, in arrays, one directly after the other, or over several
//! lines each.
//!
//! The text is split into objects by strings, brackets and comments, without parsing. Comments and
//! trailing commas are removed. The server parses strictly and reports errors inside an object.

mod object;
#[cfg(test)]
mod tests;

use std::io::Read;

use deploytrack_core::api::IMPORT_BYTES;
use serde::de::IgnoredAny;

use self::object::Object;
use super::{
    read_error::ReadError,
    record::{Position, Record},
};

/// The most blank bytes between two objects.
const MOST_BLANK: usize = 64 * 1024 * 1024;
/// The number of bytes per read.
const PIECE: u64 = if cfg!(test) { 3 } else { 64 * 1024 };
/// Precedes each object of a JSON text sequence (RFC 7464).
const RECORD_SEPARATOR: u8 = 0x1e;

/// The objects of a text.
pub(super) struct Objects<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The index of the next byte in the buffer.
    next: usize,
    line: usize,
    /// The first lines of the open arrays.
    arrays: Vec<usize>,
    items: usize,
    blank: usize,
    object: Object,
    comment: Option<Comment>,
    /// A slash that may begin a comment.
    slash: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comment {
    Line,
    Block { star: bool },
}

impl<R: Read> Objects<R> {
    pub(super) fn of(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            next: 0,
            line: 1,
            arrays: Vec::new(),
            items: 0,
            blank: 0,
            object: Object::default(),
            comment: None,
            slash: false,
        }
    }

    /// The next object; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Record>, ReadError> {
        loop {
            while let Some(byte) = self.buffer.get(self.next).copied() {
                self.next += 1;
                if self.take(byte)? {
                    return self.whole().map(Some);
                }
            }
            self.buffer.clear();
            self.next = 0;
            if self
                .reader
                .by_ref()
                .take(PIECE)
                .read_to_end(&mut self.buffer)?
                == 0
            {
                return self.end().map(|()| None);
            }
        }
    }

    /// Processes one byte; returns whether it ended an object.
    fn take(&mut self, byte: u8) -> Result<bool, ReadError> {
        if byte == 0 {
            return Err(ReadError::nul(self.line));
        }
        let is_break = byte == b'\n';
        let ended = if self.object.in_text {
            if is_break {
                let what = "ends inside a string: a quotation mark is missing, or a line break must be written as \\n";
                return Err(ReadError::at(Position::line(self.line), what));
            }
            self.object.take_text(byte);
            Ok(false)
        } else if self.is_comment(byte)? {
            Ok(false)
        } else if self.object.depth > 0 {
            self.take_inside(byte)
        } else {
            self.take_between(byte).map(|()| false)
        };
        self.line += usize::from(is_break);
        if self.object.text.len() >= IMPORT_BYTES {
            return Err(ReadError::too_long(self.place()));
        }
        ended
    }

    /// Whether a byte belongs to a comment.
    fn is_comment(&mut self, byte: u8) -> Result<bool, ReadError> {
        match (self.comment, byte) {
            (Some(Comment::Line), b'\n') => {
                self.comment = None;
                // The line break counts.
                return Ok(false);
            }
            (Some(Comment::Line), _) => return Ok(true),
            (Some(Comment::Block { star: true }), b'/') => self.comment = None,
            (Some(Comment::Block { .. }), byte) => {
                self.comment = Some(Comment::Block { star: byte == b'*' });
                return Ok(true);
            }
            (None, b'/') if self.slash => (self.comment, self.slash) = (Some(Comment::Line), false),
            (None, b'*') if self.slash => {
                (self.comment, self.slash) = (Some(Comment::Block { star: false }), false);
            }
            (None, b'/') => self.slash = true,
            (None, b'#') => self.comment = Some(Comment::Line),
            (None, _) if self.slash => return Err(self.stray("/")),
            (None, _) => return Ok(false),
        }
        self.object.is_changed = true;
        Ok(true)
    }

    fn take_inside(&mut self, byte: u8) -> Result<bool, ReadError> {
        let before = self
            .object
            .last
            .and_then(|at| self.object.text.get(at))
            .copied();
        if byte == b'{' && !matches!(before, Some(b':' | b',' | b'[')) {
            let what = format!(
                "begins an object before the one of line {} has ended: a closing bracket is missing",
                self.object.line
            );
            return Err(ReadError::at(Position::line(self.line), what));
        }
        self.object.take(byte, before);
        Ok(self.object.depth == 0)
    }

    fn take_between(&mut self, byte: u8) -> Result<(), ReadError> {
        match byte {
            b'{' => {
                self.items += 1;
                self.blank = 0;
                self.object = Object::at(self.line);
                self.object.take(byte, None);
            }
            b' ' | b'\t' | b'\r' | b'\n' | RECORD_SEPARATOR | b',' => {
                self.blank += 1;
                if self.blank > MOST_BLANK {
                    return Err(ReadError::at(
                        Position::line(self.line),
                        "is after 64 MiB without a deployment",
                    ));
                }
            }
            b'[' if self.arrays.len() < 16 => {
                if self.arrays.is_empty() {
                    self.items = 0;
                }
                self.arrays.push(self.line);
            }
            b']' if !self.arrays.is_empty() => drop(self.arrays.pop()),
            other => {
                self.items += usize::from(!self.arrays.is_empty());
                return Err(self.stray(&String::from_utf8_lossy(&[other])));
            }
        }
        Ok(())
    }

    fn stray(&self, found: &str) -> ReadError {
        let found = if found.contains('\u{fffd}') {
            String::new()
        } else {
            format!(", not `{found}`")
        };
        ReadError::at(
            Position {
                line: self.line,
                item: self.item(),
            },
            format!("must have a JSON object here, beginning with {{{found}"),
        )
    }

    fn item(&self) -> Option<usize> {
        (!self.arrays.is_empty()).then_some(self.items)
    }

    /// The position of the current object.
    fn place(&self) -> Position {
        Position {
            line: self.object.line,
            item: self.item(),
        }
    }

    /// The completed object.
    fn whole(&mut self) -> Result<Record, ReadError> {
        let place = self.place();
        let Object {
            text,
            line,
            breaks,
            is_changed,
            ..
        } = std::mem::take(&mut self.object);
        if breaks.is_empty() && !is_changed {
            return Ok(Record { place, text });
        }
        // The server would report other lines and columns, because the object is sent as one line.
        if let Err(error) = serde_json::from_slice::<IgnoredAny>(&text) {
            let line = line + breaks.iter().filter(|at| **at < error.column()).count();
            let why = error.to_string();
            let why = why
                .rsplit_once(" at line")
                .map_or(why.as_str(), |(why, _)| why);
            return Err(ReadError::at(
                Position { line, ..place },
                format!("is not valid JSON: {why}"),
            ));
        }
        Ok(Record { place, text })
    }

    fn end(&self) -> Result<(), ReadError> {
        let unended = |what: &str, line: usize| {
            let what = format!(
                "begins {what} that does not end: a closing bracket is missing, or the file is truncated"
            );
            Err(ReadError::at(Position::line(line), what))
        };
        match (self.object.depth, self.comment, self.arrays.last()) {
            (1.., ..) => unended("an object", self.object.line),
            (_, Some(Comment::Block { .. }), _) => Err(ReadError::at(
                Position::line(self.line),
                "ends inside a comment: */ is missing",
            )),
            (.., Some(line)) => unended("an array", *line),
            _ if self.slash => Err(self.stray("/")),
            _ => Ok(()),
        }
    }
}
