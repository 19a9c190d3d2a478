//! Rebuilding what follows from the history of a cell.

use uuid::Uuid;

use super::history::{differing, newest_of};
use crate::{
    clock::Time,
    error::Error,
    history,
    status::Status,
    store::{CellKey, LockedCells, Write},
};

/// Rebuilds a cell from the histories of its deployments, and from what remains of removed ones.
pub(super) async fn rebuild(write: &mut Write, cell: CellKey) -> Result<(), Error> {
    let mut cells = write.lock(&[], [(cell, Time::default())]).await?;
    cells.delete_periods(cell).await?;
    cells.delete_counts(cell).await?;
    for id in cells.deployments_in(cell).await? {
        let status = rebuild_deployment(&mut cells, id).await?;
        cells.count(cell, status, 1);
    }
    for removed in cells.removed_in(cell).await? {
        for period in history::periods(&removed.entries()) {
            cells.add_removed_period(&removed, period);
        }
    }
    cells.refresh_current(cell);
    cells.recount_environment(cell.environment_id).await
}

/// Rebuilds a deployment and its periods from its history; returns its status.
async fn rebuild_deployment(cells: &mut LockedCells<'_>, id: Uuid) -> Result<Status, Error> {
    let mut record = cells.deployment(id).await?;
    let entries = cells.history(id).await?;
    let Some(state) = history::fold(&entries) else {
        return Ok(record.deployment.status);
    };
    cells.note_time(CellKey::of(&record.deployment), newest_of(&entries))?;
    if differing(&record, &state).is_some() {
        record.set_state(&state);
        cells.put_deployment(record.clone());
    }
    for period in history::periods(&entries) {
        cells.add_period(&record.deployment, period);
    }
    Ok(state.status)
}
