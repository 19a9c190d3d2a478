//! Measurements, for monitoring.

use super::Tracker;
use crate::{
    error::Error,
    measurement::{CurrentVersion, MOST_CELLS, Measurements, UnsettledDeployment},
};

impl Tracker {
    /// Measures the database, with the current versions of up to `most_cells` cells. The cost has a
    /// bound: a lookup for each of [`MOST_CELLS`] cells, on connections that only read.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn measure(&self, most_cells: u32) -> Result<Measurements, Error> {
        Ok(Measurements {
            last_event: self.store.last_event().await?,
            deployments: self.store.status_counts().await?,
            current: self.current_versions(most_cells.min(MOST_CELLS)).await?,
            unsettled: self.unsettled_deployments().await?,
            files: self.store.measure_files(),
        })
    }

    /// The number of requests in the write queue, which holds up to [`MAX_QUEUED`](super::MAX_QUEUED).
    #[must_use]
    pub fn queued_writes(&self) -> usize {
        self.queue.len()
    }

    async fn current_versions(&self, most: u32) -> Result<Option<Vec<CurrentVersion>>, Error> {
        let found = self.store.current_versions(most + 1).await?;
        Ok((found.len() <= most as usize).then_some(found))
    }

    async fn unsettled_deployments(&self) -> Result<Option<Vec<UnsettledDeployment>>, Error> {
        if self.store.count_cells(MOST_CELLS + 1).await? > u64::from(MOST_CELLS) {
            return Ok(None);
        }
        self.store.unsettled_deployments().await.map(Some)
    }
}
