//! The error of every parser in this crate.

/// Why a text was rejected: the rule that it breaks, as a sentence that begins with "must".
///
/// The message has no subject. The caller puts the name of the field, parameter or flag in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Invalid(pub &'static str);
