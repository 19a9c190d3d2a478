//! Counting deployments by day.

use super::Tracker;
use crate::{
    daily::{DailyFilter, DayCounts},
    error::Error,
    query::{DeploymentFilter, Order},
};

impl Tracker {
    /// The deployments of the last days that succeeded, failed or were rolled back, counted by the
    /// day of `occurredAt`. Every day is there, the earliest first.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn daily(&self, filter: &DailyFilter) -> Result<Vec<DayCounts>, Error> {
        let days = filter.days_at(self.clock.now());
        let mut counts: Vec<_> = days.iter().map(|day| DayCounts::empty(day.date)).collect();
        let names = DeploymentFilter {
            component: filter.component.clone(),
            environment: filter.environment.clone(),
            order: Order::Occurred,
            ..DeploymentFilter::default()
        };
        let Some(rows) = self.resolved(&names).await? else {
            return Ok(counts);
        };
        // It reads every deployment of these days from an index.
        let _turn = self.large_reads.first().await?;
        let counted = self
            .store
            .counts_by_day(&rows, filter.environment_type, &days)
            .await?;
        for (day, status, count) in counted {
            if let Some(counts) = counts.get_mut(day) {
                counts.add(status, count);
            }
        }
        Ok(counts)
    }
}
