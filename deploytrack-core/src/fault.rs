//! Faults of a request: one of them, and all of them up to a limit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One fault of a request. A fault in the body has a `pointer`; a fault in a query parameter or a
/// header has a `parameter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// The location in the body, as a JSON pointer (RFC 6901); empty for the whole body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub pointer: Option<String>,
    /// The name of the query parameter or header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub parameter: Option<String>,
    /// The line of an import, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub line: Option<usize>,
    /// The item of an import that is an array, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub item: Option<usize>,
    /// The rule that is broken, and a correct form.
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer` in a body.
    pub fn at(pointer: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self {
            pointer: Some(pointer.into()),
            detail: detail.to_string(),
            ..Self::default()
        }
    }

    /// A fault of the query parameter or header `name`.
    pub fn parameter(name: impl Into<String>, detail: impl fmt::Display) -> Self {
        Self {
            parameter: Some(name.into()),
            detail: detail.to_string(),
            ..Self::default()
        }
    }

    /// Sets the line of the import that the fault is in.
    #[must_use]
    pub fn on_line(self, line: usize) -> Self {
        Self {
            line: Some(line),
            ..self
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.line, self.item) {
            (Some(line), Some(item)) => write!(f, "line {line} (item {item}): ")?,
            (Some(line), None) => write!(f, "line {line}: ")?,
            (None, Some(item)) => write!(f, "item {item}: ")?,
            (None, None) => {}
        }
        match (&self.pointer, &self.parameter) {
            (Some(pointer), _) if !pointer.is_empty() => write!(f, "{pointer} {}", self.detail),
            (_, Some(parameter)) => write!(f, "{parameter} {}", self.detail),
            _ => f.write_str(&self.detail),
        }
    }
}

/// The most faults that a response lists.
pub const MOST_FAULTS: usize = 100;

/// The faults of a request, in the order in which they are found. The list stops at one more than [`MOST_FAULTS`], which
/// shows that there are more. Further faults are not even formatted: a request may have a fault for every few of its bytes.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds the fault that `write` creates, unless the list is full.
    pub fn add(&mut self, write: impl FnOnce() -> Fault) {
        if !self.is_full() {
            self.0.push(write());
        }
    }

    /// Whether the list drops a further fault.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.0.len() > MOST_FAULTS
    }

    /// Whether there is no fault.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl From<Faults> for Vec<Fault> {
    fn from(faults: Faults) -> Self {
        faults.0
    }
}
