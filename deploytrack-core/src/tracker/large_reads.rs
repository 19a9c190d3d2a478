//! Turns for reads that look at many rows. They take a part of the connections, so that a question about one record finds
//! one, however many large questions wait.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::error::Error;

/// How many large reads run at once: half of the connections that read an SQLite file.
const AT_ONCE: usize = 2;
/// How long a question waits for its first turn.
const WAIT: Duration = Duration::from_secs(10);

/// The turns, in the order in which they were asked for. A turn lasts for one page, so that a long answer does not keep the
/// others waiting.
#[derive(Debug)]
pub(super) struct LargeReads(Semaphore);

impl Default for LargeReads {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl LargeReads {
    /// The turn of a question that can still be refused.
    ///
    /// # Errors
    /// [`Error::TooManyReads`] after ten seconds.
    pub(super) async fn first(&self) -> Result<SemaphorePermit<'_>, Error> {
        timeout(WAIT, self.next()).await.map_err(|_| Error::TooManyReads)?
    }

    /// The turn of an answer that has begun, however long it takes.
    pub(super) async fn next(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.0.acquire().await.map_err(|closed| Error::Internal(closed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_question_waits_for_its_turn() {
        let reads = LargeReads::default();
        let running = (reads.first().await, reads.next().await);
        assert!(running.0.is_ok() && running.1.is_ok());
        assert!(timeout(Duration::from_millis(20), reads.next()).await.is_err(), "two are the most");
        drop(running);
        assert!(reads.first().await.is_ok());
    }
}
