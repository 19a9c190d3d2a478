//! Wrong values of a `record` that did not stop the command.

use crate::pipeline::start::AsGiven;

/// The repairs of one command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Repairs {
    /// One sentence for each value that was cut or left out, with the reason.
    pub(crate) warnings: Vec<String>,
    /// The values that cannot be sent before they are corrected, by field.
    pub(crate) as_given: AsGiven,
    /// Why they cannot be sent.
    pub(crate) obstacles: Vec<String>,
    /// Whether the given commit was invalid. A commit from the CI or git would be a guess then.
    pub(crate) without_commit: bool,
}
