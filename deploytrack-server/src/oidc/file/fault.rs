//! Faults of the file, with their lines.

use std::fmt;

use toml::Spanned;

/// A fault of the file: the line, the field and the rule that it breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsFault {
    line: Option<usize>,
    message: String,
}

impl fmt::Display for SettingsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for SettingsFault {}

impl SettingsFault {
    /// The fault of a file that is not UTF-8.
    pub(crate) fn not_utf8() -> Self {
        Self::whole("it is not UTF-8")
    }

    /// A fault of the whole file.
    pub(super) fn whole(message: impl Into<String>) -> Self {
        Self {
            line: None,
            message: message.into(),
        }
    }
}

/// The text of the file, in which faults have their lines.
#[derive(Clone, Copy)]
pub(super) struct Text<'a>(pub(super) &'a str);

impl Text<'_> {
    /// The fault of a field. The message is a predicate for its name.
    pub(super) fn fault<T>(
        self,
        value: &Spanned<T>,
        field: &str,
        message: impl fmt::Display,
    ) -> SettingsFault {
        SettingsFault {
            line: Some(self.line(value.span().start)),
            message: format!("{field} {message}"),
        }
    }

    /// The fault that the TOML parser found.
    pub(super) fn unreadable(self, error: &toml::de::Error) -> SettingsFault {
        SettingsFault {
            line: error.span().map(|span| self.line(span.start)),
            message: error.message().trim().replace('\n', "; "),
        }
    }

    /// The line of a byte, from 1.
    fn line(self, at: usize) -> usize {
        let before = self.0.get(..at).unwrap_or_default();
        before.matches('\n').count() + 1
    }
}
