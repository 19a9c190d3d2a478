//! Requests that share a transaction.

use std::collections::BTreeMap;

use super::{Job, Reply};
use crate::{
    clock::Time,
    error::Error,
    store::{LockedCells, ScopedKey, StoredAnswer, Write},
    tracker::{Tracker, WriteOutcome, preconditions::KeyClaim, resolve::ResolvedNames},
};

impl Tracker {
    /// Carries out requests in one transaction. Returns the reply to each; `None` for those that
    /// must be set aside.
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
            .filter_map(|job| Some((job.operation.id()?, job.now)))
            .collect();
        let mut cells = write
            .lock(
                &ids,
                jobs.iter()
                    .filter_map(|job| Some((job.operation.cell(&names)?, job.now))),
            )
            .await?;
        self.compare_clock_with(&cells);
        cells
            .reserve(
                jobs.iter()
                    .filter(|job| job.operation.is_known(&names))
                    .map(|job| job.operation.rows())
                    .sum(),
            )
            .await?;
        let mut replies = Vec::with_capacity(jobs.len());
        for job in jobs {
            replies.push(self.reply(&mut cells, &keys, &names, job).await?);
        }
        write.commit().await?;
        Ok(replies)
    }

    /// Carries out one request of a group. Only an error of the database fails the whole group.
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
                None => return Ok(None),
            }
        }
        if !job.operation.is_known(names) {
            return Ok(None);
        }
        let done = match self
            .carry_out(cells, names, &job.operation, &job.terms, job.now)
            .await
        {
            Err(error) if error.is_of_the_database() => return Err(error),
            Err(refusal) => return Ok(Some(Err(refusal))),
            Ok(done) => done,
        };
        if let Some(claim) = &job.claim {
            cells.store_answer(claim.new_answer(
                &done.deployment,
                self.clock.steady(),
                self.retention,
            )?);
        }
        Ok(Some(Ok(WriteOutcome {
            value: done.deployment,
            replayed: false,
            resembles: Vec::new(),
            archived: done.archived,
        })))
    }
}

/// The idempotency keys that a write has locked.
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
        let taken = write.lock_keys(&keys).await?;
        let taken: Vec<_> = keys
            .into_iter()
            .zip(taken)
            .filter_map(|(key, taken)| taken.then_some(key))
            .collect();
        // Read after locking: another write with the same key may have stored its answer meanwhile.
        let mut stored = write.stored_answers(&taken, steady).await?;
        let of = |key: ScopedKey| {
            let taken = stored
                .remove(&key)
                .map_or(KeyState::Unused, KeyState::Answered);
            (key, taken)
        };
        Ok(Self(taken.into_iter().map(of).collect()))
    }
}
