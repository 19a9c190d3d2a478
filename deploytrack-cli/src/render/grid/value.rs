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
    /// Text of which a table on a terminal shows this many characters.
    Cut(String, usize),
    Status(Status),
    /// An age in a table, or how far it is ahead; the time itself elsewhere.
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

    /// A text of which a table on a terminal shows this many characters.
    pub(crate) fn shortened(text: &impl ToString, shown: usize) -> Self {
        Self::Cut(text.to_string(), shown)
    }

    pub(super) fn for_terminal(&self, view: &View) -> String {
        match self {
            Self::Time(time) if is_ahead(*time, view.now) => format!("in {}", age(*time, view.now)),
            Self::Time(time) => age(view.now, *time),
            Self::Cut(text, shown) if view.shortens() => text.chars().take(*shown).collect(),
            Self::Nothing => "-".to_owned(),
            other => other.for_programs(),
        }
    }

    pub(super) fn for_programs(&self) -> String {
        match self {
            Self::Text(text) | Self::Cut(text, _) => clean(text),
            Self::Status(status) => status.to_string(),
            Self::Time(time) => clock::format(time),
            Self::Nothing => String::new(),
        }
    }

    pub(super) fn field(&self, name: String, view: &View) -> Field {
        Field {
            name,
            text: match self {
                Self::Cut(..) => self.for_programs(),
                _ => self.for_terminal(view),
            },
            colour: self.colours().map(|(colour, _)| colour),
        }
    }

    pub(super) fn for_csv(&self) -> String {
        match self {
            Self::Text(text) | Self::Cut(text, _) => escape_formula(clean(text)),
            other => other.for_programs(),
        }
    }

    pub(super) fn colour(&self) -> Option<Color> {
        self.colours().map(|(_, colour)| colour)
    }

    /// The colour outside a table and inside one. They are those of the palette that are
    /// readable on a light background too.
    const fn colours(&self) -> Option<(AnsiColor, Color)> {
        let Self::Status(status) = self else {
            return None;
        };
        match status {
            Status::Pending => None,
            Status::InProgress => Some((AnsiColor::Cyan, Color::DarkCyan)),
            Status::Succeeded => Some((AnsiColor::Green, Color::DarkGreen)),
            Status::Failed => Some((AnsiColor::Red, Color::DarkRed)),
            Status::RolledBack => Some((AnsiColor::Magenta, Color::DarkMagenta)),
        }
    }
}

/// Whether a time is in the future, and not only by a clock that differs.
fn is_ahead(time: Time, now: Time) -> bool {
    (time - now).num_minutes() > 0
}
