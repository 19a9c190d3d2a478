//! The errors of reading an import file.

use std::{fmt, io, path::Path};

use deploytrack_core::api::IMPORT_BYTES;

use super::record::Position;
use crate::error::Failure;

/// Why the rest of a file cannot be read.
#[derive(Debug)]
pub(super) enum ReadError {
    Failed(io::Error),
    /// The file has another format. `way_out` is a command or a sentence.
    Form {
        what: String,
        way_out: String,
    },
    /// A record is wrong.
    At {
        place: Position,
        what: String,
        way_out: Option<String>,
    },
}

impl ReadError {
    pub(super) fn form(what: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self::Form {
            what: what.into(),
            way_out: way_out.into(),
        }
    }

    pub(super) fn at(place: Position, what: impl Into<String>) -> Self {
        Self::At {
            place,
            what: what.into(),
            way_out: None,
        }
    }

    pub(super) fn or(self, way_out: impl Into<String>) -> Self {
        match self {
            Self::At { place, what, .. } => Self::At {
                place,
                what,
                way_out: Some(way_out.into()),
            },
            other => other,
        }
    }

    pub(super) fn too_long(place: Position) -> Self {
        let most = IMPORT_BYTES / 1024 / 1024;
        Self::at(
            place,
            format!("is longer than {most} MiB, the limit for a deployment"),
        )
    }

    pub(super) fn nul(line: usize) -> Self {
        Self::at(
            Position::line(line),
            "has a NUL byte, which text cannot have",
        )
        .or("the file is damaged or not text; \
             `tr -d '\\000' < FILE | deploytrack import -` removes NUL bytes")
    }

    pub(super) fn not_utf_8(line: usize) -> Self {
        Self::at(Position::line(line), "is not UTF-8")
            .or("if the file is from Windows: `iconv -f WINDOWS-1252 -t UTF-8 FILE | deploytrack import -`")
    }

    /// The failure of the command, with the name of the file.
    pub(super) fn failure(self, file: &Path) -> Failure {
        let name = if file == Path::new("-") {
            "standard input".to_owned()
        } else {
            file.display().to_string()
        };
        let with_file = |way_out: &str| way_out.replace("FILE", &quoted(file));
        match self {
            Self::Failed(error) => Failure::usage(format!("cannot read {name}: {error}")),
            Self::Form { what, way_out } if way_out.is_empty() => {
                Failure::usage(format!("{name} {what}"))
            }
            Self::Form { what, way_out } => {
                Failure::usage(format!("{name} {what}")).hint(with_file(&way_out))
            }
            Self::At {
                place,
                what,
                way_out,
            } => {
                let failure = Failure::usage(format!("{place} {what}"));
                if let Some(way_out) = way_out {
                    failure.hint(with_file(&way_out))
                } else {
                    failure
                }
            }
        }
    }
}

/// A path, quoted for a shell if necessary.
fn quoted(file: &Path) -> String {
    let name = file.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "-_./+,@%".contains(c);
    if name.chars().all(is_plain) && !name.is_empty() {
        name
    } else {
        format!("'{}'", name.replace('\'', r"'\''"))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::Form { what, way_out } => write!(f, "{what}: {way_out}"),
            Self::At {
                place,
                what,
                way_out,
            } => write!(
                f,
                "{place} {what}: {}",
                way_out.as_deref().unwrap_or_default()
            ),
        }
    }
}
