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
//! - If the transaction fails, each request is retried in its own transaction: only the one that
//!   caused the error fails. The same happens after a serialization failure or a deadlock. If the
//!   database is not available, all requests fail at once.
//! - A request that would register a name, or whose key another server has locked, is set aside:
//!   the group leaves it out. It gets its own transaction afterwards, which can be rolled back
//!   alone.
//!
//! `queue` contains the waiting requests. `group` writes many of them in one transaction, and
//! `alone` writes one in its own. Both carry out a request with `operation`.
//!
//! The queue is bounded, and so is the time in it: a caller gets an error rather than an endless
//! wait.

mod alone;
mod group;
mod operation;
mod queue;

use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

use self::queue::{Job, QUEUE_TIMEOUT, Reply};
pub use self::queue::{MAX_GROUP, MAX_QUEUED};
pub(super) use self::{operation::Operation, queue::Queue};
use super::{Terms, Tracker};
use crate::{clock::Time, error::Error, store::is_conflict};

impl Tracker {
    /// Queues an operation and waits for its commit. The operation is carried out even if the
    /// caller is dropped.
    pub(super) async fn enqueue(&self, operation: Operation, terms: Terms, now: Time) -> Reply {
        let claim = terms.claim(&self.active_keys)?;
        let (reply_to, mut receiver) = oneshot::channel();
        let (number, needs_writer) = self.queue.push(
            Job {
                operation,
                terms,
                claim,
                arrived_at: now,
                queued_at: Instant::now(),
                reply_to,
            },
            self.store.writers(),
        )?;
        if needs_writer {
            tokio::spawn(self.clone().drain_queue());
        }
        let reply = match timeout(QUEUE_TIMEOUT, &mut receiver).await {
            Err(_) if self.queue.remove(number).is_some() => return Err(Error::Busy),
            // A writer has taken the job: it may be committed already.
            Err(_) => receiver.await,
            Ok(reply) => reply,
        };
        reply.map_err(|ended| Error::Internal(ended.into()))?
    }

    /// Runs a writer until the queue is empty.
    async fn drain_queue(self) {
        while let Some(jobs) = self.queue.next() {
            let this = self.clone();
            // In its own task: a panic ends only its own group of requests, and not the writer.
            if let Err(error) = tokio::spawn(async move { this.write_group(jobs).await }).await {
                tracing::error!(%error, "a task of the write queue panicked; its requests got no answer");
            }
        }
    }

    /// Writes the jobs of a group and answers each of them.
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
            Err(error) if is_conflict(&error) => self.write_one_by_one(jobs).await,
            Err(Error::Unavailable(why)) => {
                let why = why.to_string();
                for job in jobs {
                    job.answer(Err(Error::Unavailable(why.clone().into())));
                }
            }
            Err(Error::Outdated) => {
                for job in jobs {
                    job.answer(Err(Error::Outdated));
                }
            }
            Err(_) => self.write_one_by_one(jobs).await,
        }
    }

    async fn write_one_by_one(&self, jobs: Vec<Job>) {
        for job in jobs {
            // The jobs before this one may have waited long for the database.
            if job.queued_at.elapsed() > QUEUE_TIMEOUT {
                job.answer(Err(Error::Busy));
                continue;
            }
            let Job {
                operation,
                terms,
                claim,
                arrived_at,
                reply_to,
                ..
            } = job;
            // The claim ends with the write, before the answer: see `Job::answer`.
            let reply = self
                .write_alone(&operation, &terms, claim, arrived_at)
                .await;
            let _ = reply_to.send(reply);
        }
    }
}
