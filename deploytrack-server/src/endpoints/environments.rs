//! The endpoints of environments.

pub(super) mod archive;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod list;
pub(super) mod order;
pub(super) mod show;
pub(super) mod update;
