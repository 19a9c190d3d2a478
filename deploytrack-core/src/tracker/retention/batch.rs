//! Removing one batch of deployments in a transaction.

use std::collections::btree_map::{BTreeMap, Entry};

use uuid::Uuid;

use crate::{
    clock::Time,
    digest::Digest,
    error::Error,
    history::{self, HistoryEntry},
    retention::{Outline, Removal, RemovalOutcome, RemovedDeployment, Rule},
    status::Status,
    store::{CellKey, DeploymentRecord, Leading, LockedCells},
    text::Label,
    tracker::{Tracker, audit::add_removal_event},
};

/// The most deployments that one transaction removes. Other writes wait for it.
pub(super) const MOST_IN_BATCH: usize = 200;

impl Tracker {
    /// Removes deployments in one transaction, and adds what it did to the outcome. It looks at each
    /// of them again, since it may have changed after the decision.
    pub(super) async fn remove_batch(
        &self,
        ids: &[Uuid],
        rule: Rule,
        by: &Label,
        outcome: &mut RemovalOutcome,
    ) -> Result<(), Error> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut write = self.store.write().await?;
        // Time zero: a removal must not raise the newest times of cells.
        let ids_and_times: Vec<_> = ids.iter().map(|id| (*id, Time::default())).collect();
        let mut cells = write.lock(&ids_and_times, []).await?;
        let last = cells.last_removal().await?;
        let (number, previous) = last.map_or((1, None), |(last, hash)| (last + 1, Some(hash)));
        let found = removed_now(&mut cells, ids, rule, number).await?;
        outcome.retained += (ids.len() - found.len()) as u64;
        let times = || found.iter().map(|(_, latest)| *latest);
        let (Some(oldest), Some(newest)) = (times().min(), times().max()) else {
            return Ok(());
        };
        let removed: Vec<_> = found.into_iter().map(|(removed, _)| removed).collect();
        let entries = removed
            .iter()
            .map(|one| one.outline.rows().len())
            .sum::<usize>();
        let mut removal = Removal {
            number,
            removed_at: self.clock.now(),
            removed_by: by.clone(),
            rule,
            deployments: removed.len() as u64,
            entries: entries as u64,
            oldest,
            newest,
            hash: Digest::of(&[]),
        };
        let digests: Vec<_> = removed.iter().map(RemovedDeployment::digest).collect();
        removal.hash = removal.hash_after(previous.as_ref(), &digests);
        cells.remove(&removal, &removed).await?;
        add_removal_event(&mut write, &removal, by);
        write.commit().await?;
        self.event_cache.clear();
        outcome.deployments += removal.deployments;
        outcome.entries += removal.entries;
        outcome.last_removal = Some(number);
        Ok(())
    }
}

/// What remains of each deployment that may still be removed, in the order of ids, each with the
/// time of its latest transition. Takes them out of the counts.
async fn removed_now(
    cells: &mut LockedCells<'_>,
    ids: &[Uuid],
    rule: Rule,
    removal: i64,
) -> Result<Vec<(RemovedDeployment, Time)>, Error> {
    let mut histories = cells.histories_in(ids).await?;
    let mut leading = BTreeMap::<CellKey, Leading>::new();
    let mut removed = Vec::with_capacity(ids.len());
    for id in ids {
        let record = match cells.locked_deployment(*id) {
            Ok(record) => record,
            Err(Error::NotFound { .. } | Error::Removed { .. }) => continue,
            Err(error) => return Err(error),
        };
        let cell = CellKey::of(&record.deployment);
        let leading = match leading.entry(cell) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => *unknown.insert(cells.leading(cell).await?),
        };
        let history = histories.remove(id).unwrap_or_default();
        if leading.contains(*id) || !may_go(&record, &history, rule) {
            continue;
        }
        cells.count(cell, record.deployment.status, -1);
        let latest = record.deployment.occurred_at;
        removed.push((remains(record, &history, removal), latest));
    }
    removed.sort_unstable_by_key(|(removed, _)| removed.id);
    Ok(removed)
}

/// Whether everything about a deployment is old, nothing of it is in flight, and its history is as
/// it was recorded: a history that was changed is evidence.
fn may_go(record: &DeploymentRecord, history: &[HistoryEntry], rule: Rule) -> bool {
    let deployment = &record.deployment;
    let times = history
        .iter()
        .flat_map(|row| [row.occurred_at, row.recorded_at])
        .chain([deployment.created_at, deployment.updated_at]);
    let is_in_flight = matches!(deployment.status, Status::Pending | Status::InProgress);
    let is_whole = history::check(deployment, history).is_ok()
        && history
            .last()
            .is_some_and(|last| last.hash == record.head_hash);
    !is_in_flight && is_whole && times.max().is_some_and(|latest| latest < rule.before)
}

fn remains(record: DeploymentRecord, history: &[HistoryEntry], removal: i64) -> RemovedDeployment {
    let deployment = record.deployment;
    RemovedDeployment {
        id: deployment.id,
        component_id: deployment.component_id,
        environment_id: deployment.environment_id,
        version: deployment.version,
        deployed_by: deployment.deployed_by,
        commit_sha: deployment.commit_sha,
        created_at: deployment.created_at,
        updated_at: deployment.updated_at,
        head_hash: record.head_hash,
        outline: Outline::of(history),
        removal,
    }
}
