//! The texts that the commands for backups print.

use std::path::Path;

use deploytrack_core::{
    backup::Extent,
    clock,
    tracker::{Old, Restored},
};

use super::Made;

/// A note about what a backup lacks.
pub const NOT_IN_IT: &str = "\
note: the secret that signs tokens is not in the backup; without a copy of it, a restored server accepts no token of today
note: a backup on the same disk is lost with the disk; copy it to another machine
";

/// A note about what an operator does after a restore.
pub const AFTER_RESTORE: &str = "\
note: everybody logs in to the dashboard again; `deploytrack wall list` shows walls that were revoked since the backup
";

/// The text about a backup that was made.
#[must_use]
pub fn made(made: &Made) -> String {
    let (path, backup) = (made.path.display(), &made.backup);
    let removed = match made.removed {
        0 => String::new(),
        1 => "removed 1 older backup\n".to_owned(),
        more => format!("removed {more} older backups\n"),
    };
    format!(
        "{path}: {}; verified, {} bytes\n{removed}",
        backup.extent, backup.bytes
    )
}

/// The text about a restore: what is in place now, what is lost, and where the old database is.
#[must_use]
pub fn restored(restored: &Restored, backup: &Path, database: &Path) -> String {
    let (backup, place) = (backup.display(), database.display());
    let old = restored.former.as_ref().map(|former| {
        let lost = lost(restored.old.as_ref(), &restored.extent);
        format!("{lost}the database before is {}\n", former.display())
    });
    let unchecked = if restored.is_described {
        ""
    } else {
        "the backup has no description (.json), so its digest was not compared; its history was verified\n"
    };
    let store = restored.extent.store_id.unwrap_or_default();
    format!(
        "{place} is {backup} now: {}\n{}{unchecked}the new storeId is {store}; readers of events begin anew\n",
        restored.extent,
        old.unwrap_or_default(),
    )
}

/// The rows and events that the old database had and the restored one lacks.
fn lost(old: Option<&Old>, now: &Extent) -> String {
    let since = now.last_row.map_or_else(String::new, |row| {
        let (sequence, at) = (row.sequence, clock::format(&row.recorded_at));
        format!(" recorded after {at} (sequence {sequence})")
    });
    match old {
        None => format!("the database before could not be read; lost: everything{since}\n"),
        Some(Old {
            extent,
            continues: false,
        }) => {
            format!("the database before had another history; lost: all of it: {extent}\n")
        }
        Some(Old { extent, .. }) if extent.last_event == now.last_event => {
            "nothing is lost: the database before had no later event\n".to_owned()
        }
        Some(Old { extent, .. }) => format!(
            "lost: {} deployments and {} history rows{since}, and {} events after number {}\n",
            extent.deployments.saturating_sub(now.deployments),
            extent.history_rows.saturating_sub(now.history_rows),
            extent.last_event - now.last_event,
            now.last_event,
        ),
    }
}
