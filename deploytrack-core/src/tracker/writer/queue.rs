//! The queued requests.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::Operation;
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    tracker::{Terms, WriteOutcome, preconditions::KeyClaim},
};

/// The most requests in the queue; further ones get [`Error::Busy`].
pub const MAX_QUEUED: usize = 4096;
/// The most requests of the queue that share a transaction.
pub const MAX_GROUP: usize = 512;
/// How long a request waits in the queue.
pub(super) const QUEUE_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) type Reply = Result<WriteOutcome<Deployment>, Error>;

/// A queued request.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) operation: Operation,
    pub(super) terms: Terms,
    pub(super) claim: Option<KeyClaim>,
    /// When the request arrived, by the server's clock: the rows that it adds are recorded at this
    /// time. The functions that carry out the job call it `now`.
    pub(super) arrived_at: Time,
    /// When it was queued, for [`QUEUE_TIMEOUT`].
    pub(super) queued_at: Instant,
    pub(super) reply_to: oneshot::Sender<Reply>,
}

impl Job {
    /// Answers the caller, which may have been dropped.
    pub(super) fn answer(self, reply: Reply) {
        // Release the key before the answer: the caller may use it again as soon as it has the
        // answer.
        drop(self.claim);
        let _ = self.reply_to.send(reply);
    }
}

/// The queued requests, in the order of their arrival.
#[derive(Debug, Default)]
pub(in crate::tracker) struct Queue(Mutex<QueueState>);

#[derive(Debug, Default)]
struct QueueState {
    /// Each with its number, in rising order.
    jobs: VecDeque<(u64, Job)>,
    /// The number of the job that was queued last.
    last: u64,
    /// How many writers are running.
    writers: usize,
}

impl Queue {
    fn state(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of waiting jobs.
    pub(in crate::tracker) fn len(&self) -> usize {
        self.state().jobs.len()
    }

    /// Adds a job to the queue. Returns its number, and whether one more writer should be started,
    /// up to this limit.
    pub(super) fn push(&self, job: Job, most_writers: usize) -> Result<(u64, bool), Error> {
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
    pub(super) fn remove(&self, number: u64) -> Option<Job> {
        let mut state = self.state();
        let at = state
            .jobs
            .binary_search_by_key(&number, |(number, _)| *number)
            .ok()?;
        state.jobs.remove(at).map(|(_, job)| job)
    }

    /// Takes the next group of jobs. If the queue is empty, it returns `None` and the writer must
    /// end.
    pub(super) fn next(&self) -> Option<Vec<Job>> {
        let mut state = self.state();
        let size = state.jobs.len().min(MAX_GROUP);
        if size == 0 {
            state.writers -= 1;
            return None;
        }
        Some(state.jobs.drain(..size).map(|(_, job)| job).collect())
    }
}
