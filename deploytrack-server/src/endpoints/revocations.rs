//! `/api/v1/revocations`: JSON Web Tokens that are refused before they expire.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod remove;
