//! Gathering the faults of a request, up to a limit.

use crate::error::Fault;

/// The most faults that an answer names.
pub const MOST_FAULTS: usize = 100;

/// The faults of a request, in the order in which they are found. One more than [`MOST_FAULTS`] is gathered, which says that
/// there are more; the rest is not even written, since a request may have a fault for every few of its bytes.
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// Adds the fault that `write` gives, unless there are enough.
    pub fn add(&mut self, write: impl FnOnce() -> Fault) {
        if !self.is_full() {
            self.0.push(write());
        }
    }

    /// Whether a further fault would be left out.
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
