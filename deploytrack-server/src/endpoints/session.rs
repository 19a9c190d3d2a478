//! `/api/v1/session`: logging in to the pages, who is logged in, logging out.

pub(crate) mod code;
pub(crate) mod end;
pub(crate) mod show;
pub(crate) mod start;
