//! The result of a verification: a comparison of all derived data with the history.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The most differences that a result lists. All differences are counted.
pub const MOST_NAMED: usize = 20;

/// The result of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// Whether there are no differences.
    pub ok: bool,
    /// Whether the database has no deployments, so that there was nothing to compare.
    #[serde(default)]
    pub empty: bool,
    /// The number of deployments that were checked.
    pub deployments: u64,
    /// The number of history rows that were checked.
    pub entries: u64,
    /// The number of removed deployments of which the remaining part was checked.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required = true))]
    pub removed: u64,
    /// The number of cells that were checked.
    pub cells: u64,
    /// The number of differences.
    pub found: u64,
    /// The first differences, at most [`MOST_NAMED`].
    pub differences: Vec<Difference>,
}

impl Verification {
    /// Whether a part of the database is damaged and could not be read.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.differences
            .iter()
            .any(|found| found.table == DAMAGE || found.detail.starts_with(UNREAD))
    }

    /// Whether a repair can fix at least one difference from the history.
    #[must_use]
    pub fn is_repairable(&self) -> bool {
        self.differences.iter().any(|found| found.repairable)
    }
}

/// The table name of a difference that concerns the whole database.
pub(crate) const DAMAGE: &str = "database";
/// The start of the detail of a part that could not be read.
pub(crate) const UNREAD: &str = "could not be read";

/// A difference: derived data that does not match the history, or a history that is not as it was
/// recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// The table: `history`, `deployments`, `cell_periods`, `current_cells`, `deployment_counts`,
    /// `environment_counts`, `events`, `removals` or `removed_deployments`; `database` for damage that the database itself reports.
    pub table: String,
    /// The deployment, if the difference concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub deployment_id: Option<Uuid>,
    /// The history row, or the number of the event or of the removal, if the difference concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub sequence: Option<i64>,
    /// The component of the cell, if the difference concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub component_id: Option<Uuid>,
    /// The environment of the cell, if the difference concerns one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(nullable = false))]
    pub environment_id: Option<Uuid>,
    /// The actual and the expected content.
    pub detail: String,
    /// Whether a repair can restore it from the history. A changed history cannot be repaired and
    /// its cell cannot be checked: a backup is needed. Events cannot be repaired either, since
    /// readers have received them.
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
    /// Formats one line of numbers, then one line for each difference.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            deployments,
            entries,
            removed,
            cells,
            found,
            ..
        } = self;
        write!(f, "{deployments} deployments, {entries} history rows, ")?;
        if *removed > 0 {
            write!(f, "{removed} removed deployments, ")?;
        }
        write!(f, "{cells} cells: ")?;
        match found {
            0 if self.empty => {
                f.write_str("the database has no deployments, so there was nothing to compare")
            }
            0 => f.write_str("all agree"),
            1 => f.write_str("1 difference"),
            more => write!(f, "{more} differences"),
        }?;
        self.differences
            .iter()
            .try_for_each(|difference| write!(f, "\n  {difference}"))?;
        let unnamed = found.saturating_sub(self.differences.len() as u64);
        if unnamed > 0 {
            write!(f, "\n  and {unnamed} more")
        } else {
            Ok(())
        }
    }
}
