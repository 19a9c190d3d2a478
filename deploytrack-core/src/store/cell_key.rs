//! The key of a cell.

use sqlx::FromRow;
use uuid::Uuid;

use crate::deployment::Deployment;

/// The key of a cell: a component in an environment. A write locks several cells in this order,
/// which prevents deadlocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CellKey {
    pub(crate) component_id: Uuid,
    pub(crate) environment_id: Uuid,
}

impl CellKey {
    pub(crate) const fn of(deployment: &Deployment) -> Self {
        Self {
            component_id: deployment.component_id,
            environment_id: deployment.environment_id,
        }
    }
}

/// The columns of a cell key.
#[derive(Debug, FromRow)]
pub(super) struct CellKeyRow {
    component_id: Uuid,
    environment_id: Uuid,
}

impl From<CellKeyRow> for CellKey {
    fn from(row: CellKeyRow) -> Self {
        Self {
            component_id: row.component_id,
            environment_id: row.environment_id,
        }
    }
}
