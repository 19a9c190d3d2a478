//! The signs in cells, and the legend that explains those that occur.

use std::collections::BTreeSet;

use anstyle::{AnsiColor, Style};
use deploytrack_core::{
    matrix::{Gap, GapState},
    status::Status,
};

use crate::render::{
    View,
    text::{width, wrapped},
};

/// A sign in a cell. Words beside it or in the legend say the same; colour adds nothing to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sign {
    Behind,
    Ahead,
    Differs,
    Failed,
    InProgress,
    Pending,
    Empty,
}

impl Sign {
    /// The sign of a gap; `None` if the versions are the same.
    pub(super) fn of_gap(gap: &Gap) -> Option<Self> {
        match gap.state {
            GapState::Same => None,
            GapState::Ahead => Some(Self::Ahead),
            GapState::Behind => Some(Self::Behind),
            GapState::Diverged | GapState::Unknown => Some(Self::Differs),
        }
    }

    /// The sign of an unsettled deployment; `None` for a status of a settled one.
    pub(super) fn of_unsettled(status: Status) -> Option<Self> {
        match status {
            Status::Pending => Some(Self::Pending),
            Status::InProgress => Some(Self::InProgress),
            Status::Failed => Some(Self::Failed),
            Status::Succeeded | Status::RolledBack => None,
        }
    }

    pub(super) const fn mark(self) -> &'static str {
        match self {
            Self::Behind => "↓",
            Self::Ahead => "↑",
            Self::Differs => "≠",
            Self::Failed => "✗",
            Self::InProgress => "◐",
            Self::Pending => "○",
            Self::Empty => "-",
        }
    }

    const fn meaning(self) -> &'static str {
        match self {
            Self::Behind => "versions behind the nearest environment of an earlier type",
            Self::Ahead => "versions ahead of it",
            Self::Differs => "differs from it, direction unknown",
            Self::Failed => "failed, not current",
            Self::InProgress => "in progress, not current",
            Self::Pending => "pending, not current",
            Self::Empty => "no current deployment",
        }
    }

    pub(super) const fn style(self) -> Style {
        match self {
            Self::Failed => AnsiColor::Red.on_default(),
            Self::InProgress | Self::Pending => AnsiColor::BrightBlue.on_default(),
            Self::Behind | Self::Ahead | Self::Differs => AnsiColor::Yellow.on_default(),
            Self::Empty => Style::new().dimmed(),
        }
    }
}

/// The space between two entries of the legend.
const APART: &str = "    ";
/// The width of the legend if that of the terminal is not known.
const USUAL: usize = 100;

/// The meaning of each of these signs, as many on a line as fit; empty without signs.
pub(super) fn legend(signs: &BTreeSet<Sign>, view: &View) -> String {
    let most = view.width.map_or(USUAL, usize::from);
    let mut lines: Vec<String> = Vec::new();
    let mut room = 0;
    for sign in signs {
        let entry = format!("{} {}", sign.mark(), sign.meaning());
        match lines.last_mut() {
            Some(line) if width(APART) + width(&entry) <= room => {
                *line = format!("{line}{APART}{entry}");
                room -= width(APART) + width(&entry);
            }
            _ => {
                // A wrapped entry is alone on its lines.
                room = most.saturating_sub(width(&entry));
                lines.extend(wrapped(&entry, most));
            }
        }
    }
    lines.into_iter().map(|line| line + "\n").collect()
}
