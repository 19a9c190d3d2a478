//! One deployment or removal of a file, as the line of an import.

use std::fmt;

use memchr::memmem;
use serde::Deserialize;

/// Where something is in a file, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    /// Which item of an array.
    pub(super) item: Option<usize>,
}

impl Position {
    pub(super) const fn line(line: usize) -> Self {
        Self { line, item: None }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.item {
            Some(item) => write!(f, "line {} (item {item})", self.line),
            None => write!(f, "line {}", self.line),
        }
    }
}

/// The line of an import, without its line break, and where it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) place: Position,
    pub(super) text: Vec<u8>,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    event: Option<std::borrow::Cow<'a, str>>,
}

impl Record {
    /// Whether it is a removal, which may come before the deployment that it removes.
    pub(super) fn is_removal(&self) -> bool {
        // Most lines are not even parsed.
        memmem::find(&self.text, b"undeployed").is_some()
            && serde_json::from_slice::<Event<'_>>(&self.text).is_ok_and(|read| read.event.as_deref() == Some("undeployed"))
    }
}
