//! Wrong values of a `record` that did not stop the command.

use super::record::start::AsGiven;

/// What was wrong on the command line and did not stop the command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repairs {
    /// What was cut or left out, and why.
    pub(crate) warnings: Vec<String>,
    /// What cannot be sent before it is corrected.
    pub(crate) as_given: AsGiven,
    /// Why not.
    pub(crate) obstacles: Vec<String>,
    /// Whether a commit was given that is none. Another one would be a guess.
    pub(crate) without_commit: bool,
}
