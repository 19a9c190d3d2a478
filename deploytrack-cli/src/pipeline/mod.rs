//! A deployment that survives the network, the runner and ourselves.

pub(crate) mod child;
pub(crate) mod ci;
pub(crate) mod id_file;
pub(crate) mod keeper;
pub(crate) mod on_error;
pub(crate) mod queue;
pub(crate) mod resume;
pub(crate) mod start;
pub(crate) mod target;
pub(crate) mod wrap;
