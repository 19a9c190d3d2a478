//! Archiving of components and environments, several at once.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    catalog::CatalogKind,
    clock::{self, Time},
    pattern::NamePattern,
    text::Name,
};

/// A request to archive or unarchive components or environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveSelection {
    /// The pattern that names must match.
    pub name: NamePattern,
    /// Selects only records that were registered before this time and have had no deployment since.
    pub idle_since: Option<Time>,
    /// Whether to unarchive instead of to archive.
    pub undo: bool,
    /// Whether only to report the effect, without changing anything.
    pub dry_run: bool,
}

/// The result of an [`ArchiveSelection`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArchiveOutcome {
    /// The records that were archived or unarchived, in the order of names; at most [`MOST_ARCHIVED`].
    pub data: Vec<ArchivedName>,
    /// The number of further records that match. The same request again processes the next of them.
    pub remaining: u64,
}

/// A component or environment that was archived or unarchived.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ArchivedName {
    /// The id.
    pub id: Uuid,
    /// The name.
    pub name: Name,
    /// When its last deployment happened; `null` if there is none.
    #[serde(default, with = "clock::wire_option")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime, required = true))]
    pub last_deployed_at: Option<Time>,
}

/// A note that a write concerned an archived component or environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ArchiveNote {
    /// Component or environment.
    pub kind: CatalogKind,
    /// The name.
    pub name: Name,
    /// Whether the write unarchived it. Otherwise the matrix still hides it.
    pub unarchived: bool,
}

/// The most records that one request archives or unarchives. Other writers wait for the request.
pub const MOST_ARCHIVED: usize = 1000;
