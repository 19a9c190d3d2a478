//! The endpoints of deployments and of everything that is read from them.

pub(super) mod daily;
pub(super) mod export;
mod filters;
pub(super) mod history;
pub(super) mod ids;
pub(super) mod import;
pub(super) mod latest;
pub(super) mod list;
pub(super) mod matrix;
mod ndjson;
pub(super) mod record;
pub(super) mod show;
pub(super) mod undeploy;
pub(super) mod unsettled;
pub(super) mod update;
