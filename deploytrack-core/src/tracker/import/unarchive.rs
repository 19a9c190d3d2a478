//! Taking the components and environments of an import out of the archive.

use std::collections::BTreeMap;

use super::{ImportLine, past_line::placed};
use crate::{
    api::PastEntry,
    archive::ArchiveNote,
    arrival::Arrival,
    clock::Time,
    history::HistoryKind,
    status::Status,
    store::{UnarchiveCause, Write},
    text::Label,
    tracker::{archive::unarchive, resolve::ResolvedNames},
};

/// The last time at which an imported deployment was in use: a failure or a rollback deploys
/// nothing.
fn last_use(entries: Vec<PastEntry>) -> Option<Time> {
    let is_use = |entry: &PastEntry| {
        entry.event == HistoryKind::Transition
            && match entry.status {
                Status::Pending | Status::InProgress | Status::Succeeded => true,
                Status::Failed | Status::RolledBack => false,
            }
    };
    entries
        .into_iter()
        .filter(is_use)
        .map(|entry| entry.occurred_at)
        .max()
}

/// Takes the components and environments of an import out of the archive, each by the time of its
/// deployments. Returns each archived name once.
pub(super) fn unarchive_imported(
    write: &mut Write,
    lines: &[(usize, ImportLine)],
    names: &ResolvedNames,
    arrival: &Arrival,
    by: &Label,
) -> Vec<ArchiveNote> {
    let mut found = BTreeMap::new();
    for (_, line) in lines {
        let (ImportLine::Deployment(past), Some(pair)) =
            (line, line.names().and_then(|pair| names.pair(pair)))
        else {
            continue;
        };
        let Some(occurred_at) = last_use(placed(past.entries(), arrival)) else {
            continue;
        };
        for one in unarchive(
            write,
            pair,
            &UnarchiveCause {
                occurred_at,
                recorded_at: arrival.at,
                by: by.clone(),
            },
        ) {
            // A name can be in several lines, and only some of them may be later than the
            // archiving.
            *found.entry((one.kind, one.name)).or_insert(false) |= one.unarchived;
        }
    }
    found
        .into_iter()
        .map(|((kind, name), unarchived)| ArchiveNote {
            kind,
            name,
            unarchived,
        })
        .collect()
}
