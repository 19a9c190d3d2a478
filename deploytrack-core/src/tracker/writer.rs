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
//! - If the database rejects the transaction, each request is retried in its own transaction: only
//!   the one that caused the error fails.
//! - A request that would register a name, or whose key another server has locked, is set aside. It
//!   gets its own transaction afterwards, which can be rolled back alone.
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
use crate::{clock::Time, error::Error};

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
}
