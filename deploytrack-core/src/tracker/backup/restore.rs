//! Restoring a backup.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::json;

use super::{Removed, cause, digest_of, in_background};
use crate::{
    backup::{Backup, Extent},
    clock::{Clock as _, SystemClock},
    error::Error,
    event::{EventDetails, EventType},
    store::{Replacement, Store, named},
    text::Label,
    tracker::{Tracker, audit::add_store_event, verification::accept},
};

/// A restored backup.
#[derive(Clone, Debug)]
pub struct Restored {
    /// How far the backup goes, with the new id of its store. The restored database has one event
    /// more: that it was restored.
    pub extent: Extent,
    /// The old database; `None` if there was none, or it could not be read.
    pub old: Option<Old>,
    /// The path of the old database, if there was one.
    pub former: Option<PathBuf>,
    /// Whether the backup was compared with its description.
    pub is_described: bool,
}

/// The database that a restore replaces.
#[derive(Clone, Debug)]
pub struct Old {
    /// How far it went.
    pub extent: Extent,
    /// Whether it continues the history of the backup: the rest is lost. Otherwise it has another
    /// history.
    pub continues: bool,
}

/// Replaces the SQLite database in a file by a backup of it. The backup is verified first, and not
/// changed. The old database keeps its data under another name. A crash at any moment leaves the old
/// or the restored database in place.
///
/// The store gets a new id, and sessions end. The restored database has an event of it, recorded by
/// `by`.
///
/// # Errors
/// [`Error::Setup`] with a sentence for the operator: a program has the database open, or the backup
/// is damaged. The old database is in place then.
pub async fn restore(backup: &Path, database: &Path, by: &Label) -> Result<Restored, Error> {
    let failed = |cause: &dyn std::fmt::Display| {
        Error::Setup(format!(
            "the backup {} cannot be restored: {cause}",
            backup.display()
        ))
    };
    if !backup.is_file() {
        return Err(failed(&"there is no such file"));
    }
    let replacement = Replacement::of(database).await?;
    let draft = Removed::new(replacement.draft());
    let is_described = copy(backup, &draft.0)
        .await?
        .map_err(|error| failed(&error))?;
    let name = backup.file_name().unwrap_or_default().to_string_lossy();
    let extent = Box::pin(prepare(&draft.0, &name, by))
        .await
        .map_err(|error| failed(&cause(&error)))?;
    let old = old(database, &extent).await;
    let former = in_background(move || {
        let decided = replacement.decide();
        drop(draft);
        decided
    })
    .await?
    .map_err(|error| failed(&error))?;
    Ok(Restored {
        extent,
        old,
        former,
        is_described,
    })
}

/// Reads how far the old database goes beyond a backup.
async fn old(database: &Path, backup: &Extent) -> Option<Old> {
    if !database.exists() {
        return None;
    }
    let store = Store::open_unchanged(database).await.ok()?;
    let read = async {
        let continues = match &backup.last_row {
            Some(row) => store.has_row(row).await?,
            None => true,
        };
        let extent = store.extent().await?;
        Ok::<_, Error>(Old { extent, continues })
    };
    let old = read.await;
    store.close().await;
    old.ok()
}

/// Copies a backup. Returns whether it has a description, which it must match.
async fn copy(backup: &Path, draft: &Path) -> Result<std::io::Result<bool>, Error> {
    let (backup, draft) = (backup.to_owned(), draft.to_owned());
    in_background(move || {
        for end in ["", "-wal"] {
            let (from, to) = (named(&backup, end), named(&draft, end));
            // A log lies beside a database that was copied while it was in use.
            if end.is_empty() || from.exists() {
                fs::copy(from, &to)?;
                make_private(&to)?;
            }
        }
        is_described(&backup, &draft)
    })
    .await
}

fn is_described(backup: &Path, draft: &Path) -> std::io::Result<bool> {
    let path = named(backup, ".json");
    if !path.try_exists()? {
        return Ok(false);
    }
    let description: Backup = serde_json::from_slice(&fs::read(&path)?)?;
    if digest_of(draft)? != description.sha256 {
        let message = format!("its content differs from the digest in {}", path.display());
        return Err(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            message,
        ));
    }
    Ok(true)
}

fn make_private(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Migrates and verifies the copy of a backup, gives its store a new id, and adds the event of the
/// restore. Returns how far the backup goes.
async fn prepare(draft: &Path, backup: &str, by: &Label) -> Result<Extent, Error> {
    // Opening a file that is empty would make a database of it.
    let unchanged = Store::open_unchanged(draft).await?;
    let schema = unchanged.schema().await;
    unchanged.close().await;
    schema?;
    let store = Store::open_file(draft).await?;
    let tracker = Tracker::new(store.clone());
    let prepared = async {
        accept(&tracker.verify().await?)?;
        let extent = store.extent().await?;
        let mut write = store.write().await?;
        let id = write.begin_anew().await?;
        let details = EventDetails::from_iter([
            ("backup".to_owned(), json!(backup)),
            ("lastEvent".to_owned(), json!(extent.last_event)),
            ("storeId".to_owned(), json!(id)),
            ("formerStoreId".to_owned(), json!(extent.store_id)),
        ]);
        add_store_event(
            &mut write,
            EventType::StoreRestored,
            &details,
            SystemClock.now(),
            by,
        );
        write.commit().await?;
        Ok(Extent {
            store_id: Some(id),
            ..extent
        })
    };
    let prepared = prepared.await;
    store.close().await;
    prepared
}
