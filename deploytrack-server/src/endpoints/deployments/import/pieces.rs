//! Splits the body of an import into pieces: lines, or the items of an array.

use std::fmt;

use deploytrack_core::{api::IMPORT_LINES, error::Fault};
use serde::de::{Deserializer as _, Error as _, SeqAccess, Visitor};
use serde_json::{Deserializer, value::RawValue};

use crate::refusal::Refusal;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
const TOO_MANY: &str = "1000 lines; import the rest in further requests";

/// The text of one deployment, and its position. Positions are counted from 1.
#[derive(Debug)]
pub(super) struct Piece<'a> {
    pub(super) line: usize,
    /// The number of the item in the array; none for a line.
    pub(super) item: Option<usize>,
    pub(super) text: &'a [u8],
}

/// The pieces of a body, or an error if there are more than [`IMPORT_LINES`]. A byte order mark is
/// skipped.
pub(super) fn pieces(body: &[u8]) -> Result<Vec<Piece<'_>>, Refusal> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let first_line = body
        .trim_ascii_start()
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    // A single line may be an array by mistake. That is a fault of the line, not the array form of
    // an import.
    let is_line = || {
        let is_followed = body.trim_ascii().len() > first_line.trim_ascii().len();
        is_followed && serde_json::from_slice::<&RawValue>(first_line).is_ok()
    };
    let pieces = if first_line.starts_with(b"[") && !is_line() {
        items(body)?
    } else {
        lines(body)
    };
    if pieces.len() > IMPORT_LINES {
        Err(Refusal::TooLarge(TOO_MANY))
    } else {
        Ok(pieces)
    }
}

fn lines(body: &[u8]) -> Vec<Piece<'_>> {
    let lines = (1..)
        .zip(body.split(|byte| *byte == b'\n'))
        .filter(|(_, line)| !line.trim_ascii().is_empty());
    lines
        .map(|(line, text)| Piece {
            line,
            item: None,
            text,
        })
        .take(IMPORT_LINES + 1)
        .collect()
}

/// The items of an array. Reading stops after one item more than an import may have.
fn items<'a>(body: &'a [u8]) -> Result<Vec<Piece<'a>>, Refusal> {
    let wrong = |detail: String| Refusal::from(vec![Fault::at("", detail)]);
    let text = std::str::from_utf8(body).map_err(|_| wrong("the body is not UTF-8".to_owned()))?;
    let (mut reader, mut items) = (Deserializer::from_str(text), Vec::new());
    let read = reader
        .deserialize_seq(Items(&mut items))
        .and_then(|()| reader.end());
    if items.len() > IMPORT_LINES {
        return Err(Refusal::TooLarge(TOO_MANY));
    }
    read.map_err(|error| wrong(format!("the body is not a valid JSON array: {error}")))?;
    let (mut line, mut counted) = (1, 0);
    let piece = |(item, value): (usize, &'a str)| {
        // An item borrows from the body, so its address gives its position.
        let at = value.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        line += text
            .get(counted..at)
            .unwrap_or_default()
            .matches('\n')
            .count();
        counted = at;
        Piece {
            line,
            item: Some(item),
            text: value.as_bytes(),
        }
    };
    Ok((1..).zip(items).map(piece).collect())
}

/// A visitor that reads at most one item more than an import may have.
struct Items<'a, 'de>(&'a mut Vec<&'de str>);

impl<'de> Visitor<'de> for Items<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(item) = seq.next_element::<&RawValue>()? {
            self.0.push(item.get());
            if self.0.len() > IMPORT_LINES {
                return Err(A::Error::custom(TOO_MANY));
            }
        }
        Ok(())
    }
}
