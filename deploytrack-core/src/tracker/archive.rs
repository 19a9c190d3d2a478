//! Archiving by name and age, and taking the components and environments of deployments out of the
//! archive.
//!
//! The archive hides components and environments that are not in use. A deployment that happens
//! after the archiving takes its component and its environment out of the archive, in the
//! transaction that records it. A deployment that happened before, recorded late or imported,
//! belongs to the archived past: it changes nothing, and its answer names what stays archived.

use super::{Start, Terms, Tracker, WriteOutcome, audit::add_archived_event, in_own_task};
use crate::{
    archive::{ArchiveNote, ArchiveOutcome, ArchiveSelection, ArchivedName, MOST_ARCHIVED},
    catalog::CatalogKind,
    clock::Time,
    error::Error,
    store::{CatalogEntry, LastUse, UnarchiveCause, Write},
    text::Label,
};

impl Tracker {
    /// Archives the components or environments of a selection, or takes them out of the archive: at
    /// most [`MOST_ARCHIVED`], in the order of names, all or none.
    ///
    /// # Errors
    /// Errors of an idempotency key, and errors of the database.
    pub async fn archive(
        &self,
        kind: CatalogKind,
        selection: ArchiveSelection,
        terms: impl Into<Terms>,
    ) -> Result<WriteOutcome<ArchiveOutcome>, Error> {
        let (this, terms) = (self.clone(), terms.into());
        in_own_task(async move {
            let now = this.clock.now();
            let mut work = match this.begin(&terms).await? {
                Start::Work(work) => work,
                Start::Replay(outcome) => return Ok(outcome),
            };
            let mut matching = work.write.last_uses(kind, selection.undo).await?;
            matching.retain(|one| {
                selection.name.matches(&one.name) && is_idle(one, selection.idle_since)
            });
            let remaining = matching.split_off(matching.len().min(MOST_ARCHIVED)).len() as u64;
            if !selection.dry_run {
                set_archived(
                    &mut work.write,
                    kind,
                    &matching,
                    !selection.undo,
                    now,
                    terms.author(),
                )
                .await?;
            }
            let data = matching.into_iter().map(|one| ArchivedName {
                id: one.id,
                name: one.name,
                last_deployed_at: one.last_deployed_at,
            });
            work.finish(ArchiveOutcome {
                data: data.collect(),
                remaining,
            })
            .await
        })
        .await
    }
}

fn is_idle(one: &LastUse, since: Option<Time>) -> bool {
    since.is_none_or(|since| {
        one.created_at < since && one.last_deployed_at.is_none_or(|last| last < since)
    })
}

async fn set_archived(
    write: &mut Write,
    kind: CatalogKind,
    uses: &[LastUse],
    archived: bool,
    now: Time,
    by: &Label,
) -> Result<(), Error> {
    let ids: Vec<_> = uses.iter().map(|one| one.id).collect();
    write.set_archived(kind, &ids, archived, now).await?;
    for one in uses {
        add_archived_event(write, kind, (one.id, &one.name), archived, now, by)?;
    }
    Ok(())
}

/// Takes a component and an environment out of the archive for a deployment that happened after the
/// archiving. Returns those of the two that were archived, also if they stay so.
pub(super) fn unarchive(
    write: &mut Write,
    (component, environment): (&CatalogEntry, &CatalogEntry),
    cause: &UnarchiveCause,
) -> Vec<ArchiveNote> {
    let mut found = Vec::new();
    for (kind, entry) in [
        (CatalogKind::Component, component),
        (CatalogKind::Environment, environment),
    ] {
        let Some(archived_at) = entry.archived_at else {
            continue;
        };
        let unarchived = archived_at < cause.occurred_at;
        if unarchived {
            write.unarchive(kind, entry.id, cause.clone());
        }
        found.push(ArchiveNote {
            kind,
            name: entry.name.clone(),
            unarchived,
        });
    }
    found
}

/// Those of a component and an environment that are archived, all of which stay so.
pub(super) fn still_archived(
    (component, environment): (&CatalogEntry, &CatalogEntry),
) -> Vec<ArchiveNote> {
    let kinds = [
        (CatalogKind::Component, component),
        (CatalogKind::Environment, environment),
    ];
    let archived = kinds
        .into_iter()
        .filter(|(_, entry)| entry.archived_at.is_some());
    archived
        .map(|(kind, entry)| ArchiveNote {
            kind,
            name: entry.name.clone(),
            unarchived: false,
        })
        .collect()
}
