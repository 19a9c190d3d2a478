//! The value of a row in a column, as text for a terminal and for programs.

use anstyle::AnsiColor;
use comfy_table::Color;
use deploytrack_core::{
    age::age,
    clock::{self, Time},
    status::Status,
};

use crate::render::{
    View,
    fields::Field,
    text::{clean, escape_formula},
};

/// The value of a row in a column.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    Text(String),
    Status(Status),
    /// An age in a table, the time itself elsewhere.
    Time(Time),
    Nothing,
}

impl Value {
    pub(crate) fn text(text: &impl ToString) -> Self {
        Self::Text(text.to_string())
    }

    pub(crate) fn optional(text: Option<&impl ToString>) -> Self {
        text.map_or(Self::Nothing, Self::text)
    }

    pub(crate) fn time(time: Option<Time>) -> Self {
        time.map_or(Self::Nothing, Self::Time)
    }

    pub(super) fn for_terminal(&self, now: Time) -> String {
        match self {
            Self::Time(time) => age(now, *time),
            Self::Nothing => "-".to_owned(),
            other => other.for_programs(),
        }
    }

    pub(super) fn for_programs(&self) -> String {
        match self {
            Self::Text(text) => clean(text),
            Self::Status(status) => status.to_string(),
            Self::Time(time) => clock::format(time),
            Self::Nothing => String::new(),
        }
    }

    pub(super) fn field(&self, name: String, view: &View) -> Field {
        let colour = match self {
            Self::Status(Status::Succeeded) => Some(AnsiColor::Green),
            Self::Status(Status::Failed) => Some(AnsiColor::Red),
            Self::Status(Status::RolledBack) => Some(AnsiColor::Magenta),
            Self::Status(Status::InProgress) => Some(AnsiColor::Cyan),
            _ => None,
        };
        Field {
            name,
            text: self.for_terminal(view.now),
            colour,
        }
    }

    pub(super) fn for_csv(&self) -> String {
        match self {
            Self::Text(text) => escape_formula(clean(text)),
            other => other.for_programs(),
        }
    }

    pub(super) fn colour(&self) -> Option<Color> {
        match self {
            Self::Status(Status::Succeeded) => Some(Color::Green),
            Self::Status(Status::Failed) => Some(Color::Red),
            Self::Status(Status::RolledBack) => Some(Color::Magenta),
            Self::Status(Status::InProgress) => Some(Color::Cyan),
            _ => None,
        }
    }
}
