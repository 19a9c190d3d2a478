//! Comparing the deployments with their histories, and the derived tables with the deployments.

use uuid::Uuid;

use super::{Audit, Reading, of_cell, unreadable};
use crate::{
    error::Error,
    store::{KeptPeriod, Place, Revised, Told},
    verification::Difference,
};

/// How many deployments are read at a time: with the longest texts they have four megabytes.
const PAGE: u64 = 100;

/// A deployment, its history and its periods.
type Read = (Uuid, Place, Result<Revised, Error>, Vec<Told>, Vec<KeptPeriod>);

impl Reading<'_> {
    /// The deployments that follow this one, with everything there is of each.
    async fn page(&mut self, after: Option<Uuid>, take: u64) -> Result<Vec<Read>, Error> {
        let page = self.snapshot.deployments_by_id(after, take).await?;
        let (Some((first, ..)), Some((last, ..))) = (page.first(), page.last()) else { return Ok(Vec::new()) };
        let (mut histories, mut periods) =
            (self.snapshot.histories(*first, *last).await?, self.snapshot.kept_periods(*first, *last).await?);
        let whole = |(id, place, deployment)| {
            (id, place, deployment, histories.remove(&id).unwrap_or_default(), periods.remove(&id).unwrap_or_default())
        };
        Ok(page.into_iter().map(whole).collect())
    }
}

impl Audit {
    pub(super) async fn look_at_deployments(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        let (mut after, mut take) = (None, PAGE);
        loop {
            let page = reading.page(after, take).await;
            match reading.checked(page).await? {
                Ok(page) => {
                    let Some((last, ..)) = page.last() else { return Ok(()) };
                    (after, take) = (Some(*last), PAGE.min(take * 2));
                    for read in page {
                        self.look_at(read);
                    }
                }
                // Most rows of an unreadable page are readable: read fewer at a time.
                Err(_) if take > 1 => take /= 2,
                Err(error) => {
                    let Some(next) = self.pass_over(reading, after, &error).await? else { return Ok(()) };
                    after = Some(next);
                }
            }
        }
    }

    fn look_at(&mut self, (id, place, deployment, history, periods): Read) {
        self.report.deployments += 1;
        self.report.entries += history.len() as u64;
        match deployment {
            Ok(deployment) => self.compare(&deployment, history, &periods),
            Err(error) => {
                let detail = unreadable(&error);
                self.note_broken("deployments", place, Difference { deployment_id: Some(id), detail, ..Difference::default() });
            }
        }
    }

    /// Reports the next deployment as unreadable and returns its id; none at the end, or when its id is unreadable too.
    async fn pass_over(&mut self, reading: &mut Reading<'_>, after: Option<Uuid>, error: &Error) -> Result<Option<Uuid>, Error> {
        let next = reading.snapshot.next_id(after).await;
        let Ok(next) = reading.checked(next).await? else {
            self.unread.deployments = true;
            self.note_unread("deployments", Difference::default(), error);
            return Ok(None);
        };
        if let Some(id) = next {
            self.note_unread_deployment(reading, (after, id), error).await?;
        }
        Ok(next)
    }

    async fn note_unread_deployment(
        &mut self,
        reading: &mut Reading<'_>,
        (after, id): (Option<Uuid>, Uuid),
        error: &Error,
    ) -> Result<(), Error> {
        let (row, history) = (reading.snapshot.deployments_by_id(after, 1).await, reading.snapshot.histories(id, id).await);
        let (row, history) = (reading.checked(row).await?, reading.checked(history).await?);
        let table = if row.is_err() {
            "deployments"
        } else if history.is_err() {
            "history"
        } else {
            "cell_periods"
        };
        self.note_unread(table, Difference { deployment_id: Some(id), ..Difference::default() }, error);
        self.unread.deployments |= row.is_err();
        for (_, place, _) in row.unwrap_or_default() {
            self.report.deployments += 1;
            self.unread.places.insert(place);
            self.broken.insert(place);
        }
        Ok(())
    }

    /// Compares what is kept of all deployments together, as far as it does not depend on what could not be read.
    pub(super) async fn look_at_cells(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        if !self.unread.spoils_sums() {
            self.look_for_strays(reading).await?;
        }
        let cells = reading.snapshot.kept_cells().await;
        let cells = self.read(reading, "current_cells", cells).await?;
        let counts = reading.snapshot.kept_counts().await;
        let counts = self.read(reading, "deployment_counts", counts).await?;
        let sums = reading.snapshot.kept_environment_counts().await;
        let sums = self.read(reading, "environment_counts", sums).await?;
        if self.unread.deployments {
            let detail = "the cells, periods and counts were not compared, since deployments could not be read".into();
            self.note("current_cells", None, Difference { detail, ..Difference::default() });
            return Ok(());
        }
        if let Some(cells) = cells {
            self.compare_cells(cells);
        }
        if let Some(counts) = counts {
            self.compare_counts(&counts);
        }
        if let Some(sums) = sums {
            self.compare_environments(&sums);
        }
        Ok(())
    }

    /// Looks for rows that belong to no deployment.
    async fn look_for_strays(&mut self, reading: &mut Reading<'_>) -> Result<(), Error> {
        let entries = reading.snapshot.entry_count().await;
        if self.read(reading, "history", entries).await?.is_some_and(|entries| entries != self.report.entries) {
            let stray = reading.snapshot.stray_entry().await;
            if let Some((sequence, id)) = self.read(reading, "history", stray).await?.flatten() {
                let detail = "there is no such deployment".into();
                self.note(
                    "history",
                    None,
                    Difference { sequence: Some(sequence), deployment_id: Some(id), detail, ..Difference::default() },
                );
            }
        }
        let periods = reading.snapshot.period_count().await;
        if self.read(reading, "cell_periods", periods).await?.is_some_and(|periods| periods != self.periods) {
            let strays = reading.snapshot.cells_with_stray_periods().await;
            for place in self.read(reading, "cell_periods", strays).await?.unwrap_or_default() {
                self.note_repairable("cell_periods", place, of_cell(place, "there is a period that no row of history began".into()));
            }
        }
        Ok(())
    }
}
