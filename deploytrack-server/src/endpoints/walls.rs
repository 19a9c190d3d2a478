//! `/api/v1/walls`: links that show one view of the matrix without a login.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod revoke;
