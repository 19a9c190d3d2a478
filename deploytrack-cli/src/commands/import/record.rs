//! One deployment or undeployment of a file, as a line of the import.

use std::fmt;

use memchr::memmem;
use serde::Deserialize;

/// A position in the file, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    /// The number of the item in its array.
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

/// A line of the import without its line break, and its position in the file.
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
    /// Whether this is an undeployment, which may come before its deployment.
    pub(super) fn is_undeployment(&self) -> bool {
        // The byte search saves parsing most lines.
        memmem::find(&self.text, b"undeployed").is_some()
            && serde_json::from_slice::<Event<'_>>(&self.text)
                .is_ok_and(|read| read.event.as_deref() == Some("undeployed"))
    }
}
