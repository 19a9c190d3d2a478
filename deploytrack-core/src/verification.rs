//! What was found when everything that is kept was compared with the history.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most differences that are named; all are counted.
pub const MOST_NAMED: usize = 20;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether everything agrees.
    pub ok: bool,
    /// Whether the database has no deployments, so that there was nothing to compare.
    #[serde(default)]
    pub empty: bool,
    /// How many deployments were looked at.
    pub deployments: u64,
    /// How many rows of history.
    pub entries: u64,
    /// How many cells.
    pub cells: u64,
    /// How many differences there are.
    pub found: u64,
    /// The first of them, at most [`MOST_NAMED`].
    pub differences: Vec<Difference>,
}

impl Verification {
    /// Whether a part of the database is damaged, so that it could not be read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.differences.iter().any(|found| found.table == DAMAGE || found.detail.starts_with(UNREAD))
    }

    /// Whether a repair can fix a difference from the history.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        self.differences.iter().any(|found| found.repairable)
    }
}

/// The table of a difference that is about the database as a whole.
pub(crate) const DAMAGE: &str = "database";
/// The prefix of the detail of an unreadable part.
pub(crate) const UNREAD: &str = "could not be read";

/// Something that is not as the history says, or a history that is not as it was recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The table it is in: `history`, `deployments`, `cell_periods`, `current_cells`, `deployment_counts`,
    /// `environment_counts` or `events`; `database` for damage that the database reports itself.
    pub table: String,
    /// The deployment, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub deployment_id: Option<Uuid>,
    /// The row of history, or the number of the event, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub sequence: Option<i64>,
    /// The component of the cell, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub component_id: Option<Uuid>,
    /// The environment of the cell, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub environment_id: Option<Uuid>,
    /// What is there, and what should be.
    pub detail: String,
    /// Whether it can be put right from the history. A history that was changed cannot, and says nothing of its cell: a
    /// backup is needed. Neither can events, which readers have seen.
    pub repairable: bool,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.table)?;
        if let Some(sequence) = self.sequence {
            write!(f, " row {sequence}")?;
        }
        if let Some(id) = self.deployment_id {
            write!(f, " of deployment {id}")?;
        }
        if let (Some(component), Some(environment)) = (self.component_id, self.environment_id) {
            write!(f, " of component {component} in environment {environment}")?;
        }
        write!(f, ": {}", self.detail)
    }
}

impl fmt::Display for Verification {
    /// A line of figures, then a line for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deployments, entries, cells, found, .. } = self;
        write!(f, "{deployments} deployments, {entries} history rows, {cells} cells: ")?;
        match found {
            0 if self.empty => f.write_str("the database has no deployments, so there was nothing to compare"),
            0 => f.write_str("all agree"),
            1 => f.write_str("1 difference"),
            more => write!(f, "{more} differences"),
        }?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))?;
        let unnamed = found.saturating_sub(self.differences.len() as u64);
        if unnamed > 0 { write!(f, "\n  and {unnamed} more") } else { Ok(()) }
    }
}
