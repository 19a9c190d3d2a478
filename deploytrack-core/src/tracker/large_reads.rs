//! Turns for large reads. They use only a part of the connections, so that a read of one record
//! finds a free one, however many large reads wait.

use std::time::Duration;

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout,
};

use crate::error::Error;

/// How many large reads run at once: half of the connections that read an SQLite file.
const AT_ONCE: usize = 2;
/// How long a read waits for its first turn.
const WAIT: Duration = Duration::from_secs(10);

/// The turns, first come, first served. A turn covers one page, so that a long answer does not
/// block the others.
#[derive(Debug)]
pub(super) struct LargeReads(Semaphore);

impl Default for LargeReads {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl LargeReads {
    /// Waits for the turn of a read that can still be rejected.
    ///
    /// # Errors
    /// [`Error::TooManyReads`] after ten seconds.
    pub(super) async fn first(&self) -> Result<SemaphorePermit<'_>, Error> {
        timeout(WAIT, self.next())
            .await
            .map_err(|_| Error::TooManyReads)?
    }

    /// Waits, without a limit, for the next turn of an answer that has begun.
    pub(super) async fn next(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.0
            .acquire()
            .await
            .map_err(|closed| Error::Internal(closed.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_third_large_read_waits_for_its_turn() {
        let reads = LargeReads::default();
        let running = (reads.first().await, reads.next().await);
        assert!(running.0.is_ok() && running.1.is_ok());
        assert!(
            timeout(Duration::from_millis(20), reads.next())
                .await
                .is_err(),
            "two may run at once"
        );
        drop(running);
        assert!(reads.first().await.is_ok());
    }
}
