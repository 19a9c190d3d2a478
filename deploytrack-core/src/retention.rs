//! Retention: which old deployments may be removed, what remains of them, and the proof of a
//! removal.
//!
//! By default everything is retained for ever. A removal deletes deployments with their history and
//! notes each one as a [`RemovedDeployment`]: enough to answer every question about the past of its
//! cell. `outline` is the remaining part of its history, `rule` decides which deployments may be
//! removed, and `removal` chains the removals with hashes.

mod outline;
mod removal;
#[cfg(feature = "store")]
mod rule;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

#[cfg(feature = "store")]
pub(crate) use self::rule::{Subject, removable};
pub use self::{
    outline::{Outline, OutlineRow},
    removal::{Removal, RemovedDeployment},
};
use crate::{
    clock::{self, Time},
    digest::Digest,
    text::Name,
};

/// The least age of a deployment that may be removed. Messages about younger deployments may still
/// arrive: from the spool of a machine that was off, or from another system.
pub const LEAST_AGE: TimeDelta = TimeDelta::days(90);
/// How many of the newest deployments of a cell are retained, unless the caller sets another
/// number.
pub const KEEP_LAST: u64 = 20;
/// The most deployments that a cell may be asked to retain.
pub const MOST_KEEP_LAST: u64 = 1_000_000;
/// The most cells that a preview lists. All cells are counted.
pub const MOST_CELLS: usize = 1000;

/// What a removal retains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Only deployments may be removed about which nothing happened, and nothing was recorded, at
    /// this time or later.
    pub before: Time,
    /// How many of the newest deployments of each cell are retained, at least 1.
    pub keep_last: u64,
}

/// What a removal would remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RetentionPreview {
    /// Everything about the deployments is older than this time.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub before: Time,
    /// How many of the newest deployments of each cell are retained.
    pub keep_last: u64,
    /// How many deployments would be removed.
    pub deployments: u64,
    /// How many deployments of all cells would be retained.
    pub retained: u64,
    /// The number of cells with deployments that would be removed.
    pub cell_count: u64,
    /// These cells, by the names of component and environment; at most [`MOST_CELLS`].
    pub cells: Vec<CellPreview>,
    /// The digest of the deployments that would be removed. A removal with it is refused when it
    /// would remove others.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub tag: Digest,
}

/// What a removal would remove from a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CellPreview {
    /// The id of the component.
    pub component_id: Uuid,
    /// The name of the component.
    pub component_name: Name,
    /// The id of the environment.
    pub environment_id: Uuid,
    /// The name of the environment.
    pub environment_name: Name,
    /// How many deployments would be removed.
    pub deployments: u64,
    /// How many would be retained.
    pub retained: u64,
    /// The earliest of the times at which the latest transitions of the removed ones happened.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub oldest: Time,
    /// The latest of these times.
    #[serde(with = "clock::wire")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub newest: Time,
}

/// A request to remove what a preview has listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemovalRequest {
    /// The rule of the preview.
    pub rule: Rule,
    /// The tag of the preview.
    pub tag: Digest,
}

/// The result of a removal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RemovalOutcome {
    /// How many deployments were removed.
    pub deployments: u64,
    /// How many rows of their histories were removed.
    pub entries: u64,
    /// How many deployments were retained although the preview lists them, because they changed
    /// meanwhile or their history is not as it was recorded.
    pub retained: u64,
    /// The number of the last removal that was written; `null` if nothing was removed.
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub last_removal: Option<i64>,
}
