//! Writing many requests in one transaction.

use std::collections::BTreeMap;

use super::{Job, Reply};
use crate::{
    clock::Time,
    error::Error,
    store::{LockedCells, ScopedKey, StoredAnswer, Write},
    tracker::{Tracker, WriteOutcome, preconditions::KeyClaim, resolve::ResolvedNames},
};

impl Tracker {
    /// Carries out requests in one transaction: locks their keys, resolves their names, locks their
    /// cells, carries them out in the order of arrival, and commits. Returns the reply to each;
    /// `None` for requests that must be set aside.
    pub(super) async fn try_group(&self, jobs: &[Job]) -> Result<Vec<Option<Reply>>, Error> {
        let mut write = self.store.write().await?;
        let keys = LockedKeys::lock(
            &mut write,
            jobs.iter().filter_map(|job| job.claim.as_ref()),
            self.clock.steady(),
        )
        .await?;
        let names = ResolvedNames::of(
            &mut write,
            jobs.iter().filter_map(|job| job.operation.names()),
        )
        .await?;
        let ids: Vec<_> = jobs
            .iter()
            .filter_map(|job| Some((job.operation.deployment_id()?, job.arrived_at)))
            .collect();
        let mut cells = write
            .lock(
                &ids,
                jobs.iter()
                    .filter_map(|job| Some((job.operation.cell(&names)?, job.arrived_at))),
            )
            .await?;
        self.compare_clock_with(&cells);
        cells
            .reserve(
                jobs.iter()
                    .filter(|job| job.operation.is_resolved(&names))
                    .map(|job| job.operation.rows())
                    .sum(),
            )
            .await?;
        let mut replies = Vec::with_capacity(jobs.len());
        for job in jobs {
            replies.push(self.reply(&mut cells, &keys, &names, job).await?);
        }
        // A transaction in which all requests were refused leaves nothing behind.
        if replies.iter().any(|reply| matches!(reply, Some(Ok(_)))) {
            write.commit().await?;
        }
        Ok(replies)
    }

    /// Carries out one request of a group. Returns its reply, which may be a refusal; `None` if it
    /// must be set aside. Only an error of the database fails the whole group.
    async fn reply(
        &self,
        cells: &mut LockedCells<'_>,
        keys: &LockedKeys,
        names: &ResolvedNames,
        job: &Job,
    ) -> Result<Option<Reply>, Error> {
        if let Some(claim) = &job.claim {
            match keys.0.get(&claim.key) {
                Some(KeyState::Unused) => {}
                Some(KeyState::Answered(answer)) => return Ok(Some(claim.replay(answer))),
                // Another server has locked the key.
                None => return Ok(None),
            }
        }
        if !job.operation.is_resolved(names) {
            return Ok(None);
        }
        let outcome = match self
            .carry_out(cells, names, &job.operation, &job.terms, job.arrived_at)
            .await
        {
            Err(error) if error.is_of_the_database() => return Err(error),
            Err(refusal) => return Ok(Some(Err(refusal))),
            Ok(outcome) => outcome,
        };
        if let Some(claim) = &job.claim {
            cells.store_answer(claim.new_answer(
                &outcome.deployment,
                self.clock.steady(),
                self.retention,
            )?);
        }
        Ok(Some(Ok(WriteOutcome {
            value: outcome.deployment,
            replayed: false,
            resembles: Vec::new(),
            archived: outcome.archived,
        })))
    }
}

/// The idempotency keys that a write has locked. A key that another server has locked is missing.
#[derive(Debug)]
struct LockedKeys(BTreeMap<ScopedKey, KeyState>);

#[derive(Debug)]
enum KeyState {
    Unused,
    /// The request was carried out before.
    Answered(StoredAnswer),
}

impl LockedKeys {
    async fn lock<'a>(
        write: &mut Write,
        claims: impl Iterator<Item = &'a KeyClaim>,
        steady: Time,
    ) -> Result<Self, Error> {
        let keys: Vec<_> = claims.map(|claim| claim.key.clone()).collect();
        let is_locked = write.lock_keys(&keys).await?;
        let locked: Vec<_> = keys
            .into_iter()
            .zip(is_locked)
            .filter_map(|(key, is_locked)| is_locked.then_some(key))
            .collect();
        // Read after locking: another write with the same key may have stored its answer meanwhile.
        let mut stored = write.stored_answers(&locked, steady).await?;
        let with_state = |key: ScopedKey| {
            let state = stored
                .remove(&key)
                .map_or(KeyState::Unused, KeyState::Answered);
            (key, state)
        };
        Ok(Self(locked.into_iter().map(with_state).collect()))
    }
}
