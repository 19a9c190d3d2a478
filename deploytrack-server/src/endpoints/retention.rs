//! The endpoints of retention: the preview of a removal, and the removal.

pub(crate) mod preview;
pub(crate) mod remove;
