//! The write queue: requests that arrive at the same time share a transaction.
//!
//! Most of the cost of a write is the wait for the disk at its commit, and a commit of many rows
//! waits no longer than a commit of one row. So a writer takes all queued requests as one group,
//! and each request is answered after the commit. No request waits for others: a single one is
//! written at once.
//!
//! Sharing a transaction must not change the outcome of a request:
//!
//! - A request is rejected before any of its rows are written, so a rejection does not affect the
//!   others.
//! - If the database rejects the transaction, each request is retried in its own transaction: only the
//!   one that caused the error fails.
//! - A request that would register a name, or whose key another server has locked, is set aside. It gets
//!   its own transaction afterwards, which can be rolled back alone.
//!
//! The queue is bounded, and so is the time in it: a caller gets an error rather than an endless
//! wait.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{
    Start, Terms, Tracker, WriteOutcome,
    cell::{Applied, undeploy_in, update_in},
    preconditions::KeyClaim,
    resolve::{NamePolicy, ResolvedNames},
};
use crate::{
    clock::Time,
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    error::Error,
    store::{CellKey, LockedCells, ScopedKey, StoredAnswer, Write},
};

/// The most requests in the queue.
const MAX_QUEUED: usize = 4096;
/// The most requests in one transaction.
const MAX_GROUP: usize = 512;
/// How long a request waits in the queue.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a request writes.
#[derive(Debug)]
pub(super) enum Operation {
    Record(Box<NewDeployment>),
    Update(Uuid, Change),
    Undeploy(Uuid, Undeploy),
}

type Reply = Result<WriteOutcome<Deployment>, Error>;

/// A queued request.
#[derive(Debug)]
struct Job {
    operation: Operation,
    terms: Terms,
    claim: Option<KeyClaim>,
    now: Time,
    /// When it was queued.
    since: Instant,
    reply: oneshot::Sender<Reply>,
}

impl Job {
    /// Answers the caller, which may have been dropped.
    fn answer(self, reply: Reply) {
        // Before the answer: the caller may use the key again as soon as it has the answer.
        drop(self.claim);
        let _ = self.reply.send(reply);
    }
}

/// The queued requests, in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Queue(Mutex<QueueState>);

#[derive(Debug, Default)]
struct QueueState {
    /// Each with its number, in rising order.
    jobs: VecDeque<(u64, Job)>,
    last: u64,
    /// How many writers are running.
    writers: usize,
}

impl Queue {
    fn state(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job to the queue. Returns its number, and whether one more writer should be started,
    /// up to this limit.
    fn push(&self, job: Job, most_writers: usize) -> Result<(u64, bool), Error> {
        let mut state = self.state();
        if state.jobs.len() >= MAX_QUEUED {
            return Err(Error::Busy);
        }
        state.last += 1;
        let number = state.last;
        state.jobs.push_back((number, job));
        let needs_writer = state.writers < most_writers;
        state.writers += usize::from(needs_writer);
        Ok((number, needs_writer))
    }

    /// Removes a job from the queue, and with it the claim of its key. `None` if a writer has taken
    /// the job.
    fn remove(&self, number: u64) -> Option<Job> {
        let mut state = self.state();
        let at = state
            .jobs
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()?;
        state.jobs.remove(at).map(|(_, job)| job)
    }

    /// Takes the next group of jobs. If the queue is empty, it returns `None` and the writer must
    /// end.
    fn next(&self) -> Option<Vec<Job>> {
        let mut state = self.state();
        let together = state.jobs.len().min(MAX_GROUP);
        if together == 0 {
            state.writers -= 1;
            return None;
        }
        Some(state.jobs.drain(..together).map(|(_, job)| job).collect())
    }
}

impl Tracker {
    /// Queues an operation and waits for its commit. The operation is carried out even if the
    /// caller is dropped.
    pub(super) async fn enqueue(&self, operation: Operation, terms: Terms, now: Time) -> Reply {
        let claim = terms.claim(&self.active_keys)?;
        let (reply, mut replied) = oneshot::channel();
        let (number, needs_writer) = self.queue.push(
            Job {
                operation,
                terms,
                claim,
                now,
                since: Instant::now(),
                reply,
            },
            self.store.writers(),
        )?;
        if needs_writer {
            tokio::spawn(self.clone().drain_queue());
        }
        let reply = match timeout(QUEUE_TIMEOUT, &mut replied).await {
            Err(_) if self.queue.remove(number).is_some() => return Err(Error::Busy),
            Err(_) => replied.await,
            Ok(reply) => reply,
        };
        reply.map_err(|ended| Error::Internal(ended.into()))?
    }

    async fn drain_queue(self) {
        while let Some(jobs) = self.queue.next() {
            let this = self.clone();
            // In its own task: a panic ends only its own group of requests, and not the writer.
            if let Err(error) = tokio::spawn(async move { this.write_group(jobs).await }).await {
                tracing::error!(%error, "a task of the write queue panicked; its requests got no answer");
            }
        }
    }

    async fn write_group(&self, jobs: Vec<Job>) {
        match self.try_group(&jobs).await {
            Ok(replies) => {
                let mut aside = Vec::new();
                for (job, reply) in jobs.into_iter().zip(replies) {
                    match reply {
                        Some(reply) => job.answer(reply),
                        None => aside.push(job),
                    }
                }
                self.write_one_by_one(aside).await;
            }
            Err(Error::Unavailable(why)) => {
                let why = why.to_string();
                for job in jobs {
                    job.answer(Err(Error::Unavailable(why.clone().into())));
                }
            }
            Err(_) => self.write_one_by_one(jobs).await,
        }
    }

    async fn write_one_by_one(&self, jobs: Vec<Job>) {
        for job in jobs {
            // Each may wait long for the database, and those after it wait as long as all before
            // them.
            if job.since.elapsed() > QUEUE_TIMEOUT {
                job.answer(Err(Error::Busy));
                continue;
            }
            let Job {
                operation,
                terms,
                claim,
                now,
                reply,
                ..
            } = job;
            let _ = reply.send(self.write_alone(&operation, &terms, claim, now).await);
        }
    }

    /// Carries out requests in one transaction. Returns the reply to each; `None` for those that
    /// must be set aside.
    async fn try_group(&self, jobs: &[Job]) -> Result<Vec<Option<Reply>>, Error> {
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

    /// Carries out a request in its own transaction.
    async fn write_alone(
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
        let ids: Vec<_> = operation.id().map(|id| (id, now)).into_iter().collect();
        let mut cells = write
            .lock(&ids, operation.cell(&names).map(|cell| (cell, now)))
            .await?;
        self.compare_clock_with(&cells);
        cells.reserve(operation.rows()).await?;
        let Applied {
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
    fn compare_clock_with(&self, cells: &LockedCells<'_>) {
        if let Some(newest) = cells.newest_of_all() {
            self.clock_watch.compare(self.clock.now(), newest);
        }
    }

    async fn carry_out(
        &self,
        cells: &mut LockedCells<'_>,
        names: &ResolvedNames,
        operation: &Operation,
        terms: &Terms,
        now: Time,
    ) -> Result<Applied, Error> {
        match operation {
            Operation::Record(new) => self.record_in(cells, names, new, terms, now).await,
            Operation::Update(id, change) => {
                update_in(cells, *id, change.clone(), terms, now).await
            }
            // An undeployment does not put anything into use: what is archived stays archived.
            Operation::Undeploy(id, undeploy) => {
                undeploy_in(cells, *id, undeploy.clone(), terms, now)
                    .await
                    .map(Applied::from)
            }
        }
    }
}

impl Operation {
    /// The component and the environment that it refers to.
    fn names(&self) -> Option<(&crate::catalog::Reference, &crate::catalog::Reference)> {
        if let Self::Record(new) = self {
            Some((&new.component, &new.environment))
        } else {
            None
        }
    }

    /// The deployment that it changes.
    const fn id(&self) -> Option<Uuid> {
        match self {
            Self::Record(_) => None,
            Self::Update(id, _) | Self::Undeploy(id, _) => Some(*id),
        }
    }

    /// Whether it can be carried out without a registration.
    fn is_known(&self, names: &ResolvedNames) -> bool {
        self.names().is_none_or(|pair| names.pair(pair).is_some())
    }

    /// The cell that it refers to, if its names are resolved.
    fn cell(&self, names: &ResolvedNames) -> Option<CellKey> {
        let (component, environment) = names.pair(self.names()?)?;
        Some(CellKey {
            component_id: component.id,
            environment_id: environment.id,
        })
    }

    /// The most rows of history that it can add, whose numbers are fetched together.
    fn rows(&self) -> usize {
        match self {
            Self::Record(new) => new.status.whole_path().len(),
            Self::Update(_, change) => usize::from(change.status.is_some()),
            Self::Undeploy(..) => 1,
        }
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
