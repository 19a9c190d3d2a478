//! Writing one request in its own transaction.

use super::{Operation, Reply};
use crate::{
    clock::Time,
    store::LockedCells,
    tracker::{
        Start, Terms, Tracker, WriteOutcome,
        cell::OperationOutcome,
        preconditions::KeyClaim,
        resolve::{NamePolicy, ResolvedNames},
    },
};

impl Tracker {
    /// Carries out a request in its own transaction.
    pub(super) async fn write_alone(
        &self,
        operation: &Operation,
        terms: &Terms,
        claim: Option<KeyClaim>,
        now: Time,
    ) -> Reply {
        let mut work = match self.begin_claimed(claim).await? {
            Start::Work(work) => work,
            Start::Replay(outcome) => return Ok(outcome),
        };
        let write = &mut work.write;
        let mut names = ResolvedNames::default();
        if let Operation::Record(new) = operation {
            let policy = NamePolicy::new(self.registration, self.name_guard, new.register);
            names
                .add_component(self, write, &new.component, policy, terms.author())
                .await?;
            names
                .add_environment(self, write, &new.environment, policy, terms.author())
                .await?;
        }
        let ids: Vec<_> = operation
            .deployment_id()
            .map(|id| (id, now))
            .into_iter()
            .collect();
        let mut cells = write
            .lock(&ids, operation.cell(&names).map(|cell| (cell, now)))
            .await?;
        self.compare_clock_with(&cells);
        cells.reserve(operation.rows()).await?;
        let OperationOutcome {
            deployment,
            archived,
        } = self
            .carry_out(&mut cells, &names, operation, terms, now)
            .await?;
        let written = work.finish(deployment).await?;
        Ok(WriteOutcome {
            resembles: names.resembles(),
            archived,
            ..written
        })
    }

    /// Compares the clock with the newest times of the locked cells.
    pub(super) fn compare_clock_with(&self, cells: &LockedCells<'_>) {
        if let Some(newest) = cells.newest_of_all() {
            self.clock_watch.compare(self.clock.now(), newest);
        }
    }
}
