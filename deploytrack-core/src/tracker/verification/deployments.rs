//! Comparing the deployments with their histories, and the derived tables with the deployments.

use uuid::Uuid;

use super::{Findings, Source, of_cell, unreadable};
use crate::{
    error::Error,
    store::{CellKey, DeploymentRecord, EntryResult, StoredPeriod},
    verification::Difference,
};

/// How many deployments are read at once: with the longest texts they have four megabytes.
const PAGE: u64 = 100;

/// A deployment, its history and its periods.
type DeploymentParts = (
    Uuid,
    CellKey,
    Result<DeploymentRecord, Error>,
    Vec<EntryResult>,
    Vec<StoredPeriod>,
);

impl Source<'_> {
    /// The deployments after this one, with their histories and periods.
    async fn page(
        &mut self,
        after: Option<Uuid>,
        take: u64,
    ) -> Result<Vec<DeploymentParts>, Error> {
        let page = self.snapshot.deployments_by_id(after, take).await?;
        let (Some((first, ..)), Some((last, ..))) = (page.first(), page.last()) else {
            return Ok(Vec::new());
        };
        let (mut histories, mut periods) = (
            self.snapshot.histories(*first, *last).await?,
            self.snapshot.stored_periods(*first, *last).await?,
        );
        let whole = |(id, cell, deployment)| {
            (
                id,
                cell,
                deployment,
                histories.remove(&id).unwrap_or_default(),
                periods.remove(&id).unwrap_or_default(),
            )
        };
        Ok(page.into_iter().map(whole).collect())
    }
}

impl Findings {
    pub(super) async fn compare_deployments(
        &mut self,
        source: &mut Source<'_>,
    ) -> Result<(), Error> {
        let (mut after, mut take) = (None, PAGE);
        loop {
            let page = source.page(after, take).await;
            match source.checked(page).await? {
                Ok(page) => {
                    let Some((last, ..)) = page.last() else {
                        return Ok(());
                    };
                    (after, take) = (Some(*last), PAGE.min(take * 2));
                    for read in page {
                        self.compare_parts(read);
                    }
                }
                // Most rows of an unreadable page are readable: read fewer at a time.
                Err(_) if take > 1 => take /= 2,
                Err(error) => {
                    let Some(next) = self.pass_over(source, after, &error).await? else {
                        return Ok(());
                    };
                    after = Some(next);
                }
            }
        }
    }

    fn compare_parts(&mut self, (id, cell, deployment, history, periods): DeploymentParts) {
        self.report.deployments += 1;
        self.report.entries += history.len() as u64;
        match deployment {
            Ok(deployment) => self.compare(&deployment, history, &periods),
            Err(error) => {
                let detail = unreadable(&error);
                self.note_broken(
                    "deployments",
                    cell,
                    Difference {
                        deployment_id: Some(id),
                        detail,
                        ..Difference::default()
                    },
                );
            }
        }
    }

    /// Reports the next deployment as unreadable and returns its id; `None` at the end, or if its
    /// id is unreadable too.
    async fn pass_over(
        &mut self,
        source: &mut Source<'_>,
        after: Option<Uuid>,
        error: &Error,
    ) -> Result<Option<Uuid>, Error> {
        let next = source.snapshot.next_id(after).await;
        let Ok(next) = source.checked(next).await? else {
            self.unreadable.deployments = true;
            self.note_unreadable("deployments", Difference::default(), error);
            return Ok(None);
        };
        if let Some(id) = next {
            self.note_unreadable_deployment(source, (after, id), error)
                .await?;
        }
        Ok(next)
    }

    async fn note_unreadable_deployment(
        &mut self,
        source: &mut Source<'_>,
        (after, id): (Option<Uuid>, Uuid),
        error: &Error,
    ) -> Result<(), Error> {
        let (row, history) = (
            source.snapshot.deployments_by_id(after, 1).await,
            source.snapshot.histories(id, id).await,
        );
        let (row, history) = (source.checked(row).await?, source.checked(history).await?);
        let table = if row.is_err() {
            "deployments"
        } else if history.is_err() {
            "history"
        } else {
            "cell_periods"
        };
        self.note_unreadable(
            table,
            Difference {
                deployment_id: Some(id),
                ..Difference::default()
            },
            error,
        );
        self.unreadable.deployments |= row.is_err();
        for (_, cell, _) in row.unwrap_or_default() {
            self.report.deployments += 1;
            self.unreadable.cells.insert(cell);
            self.broken.insert(cell);
        }
        Ok(())
    }

    /// Compares the derived tables, as far as they do not depend on unreadable parts.
    pub(super) async fn compare_derived_tables(
        &mut self,
        source: &mut Source<'_>,
    ) -> Result<(), Error> {
        if !self.unreadable.makes_sums_incomplete() {
            self.find_strays(source).await?;
        }
        let cells = source.snapshot.stored_cells().await;
        let cells = self.read(source, "current_cells", cells).await?;
        let counts = source.snapshot.stored_counts().await;
        let counts = self.read(source, "deployment_counts", counts).await?;
        let sums = source.snapshot.stored_environment_counts().await;
        let sums = self.read(source, "environment_counts", sums).await?;
        if self.unreadable.deployments {
            let detail = "the cells, periods and counts were not compared, since deployments could not be read".into();
            self.note(
                "current_cells",
                None,
                Difference {
                    detail,
                    ..Difference::default()
                },
            );
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

    /// Finds rows that belong to no deployment.
    async fn find_strays(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let entries = source.snapshot.entry_count().await;
        if self
            .read(source, "history", entries)
            .await?
            .is_some_and(|entries| entries != self.report.entries)
        {
            let stray = source.snapshot.stray_entry().await;
            if let Some((sequence, id)) = self.read(source, "history", stray).await?.flatten() {
                let detail = "the deployment of this row does not exist".into();
                self.note(
                    "history",
                    None,
                    Difference {
                        sequence: Some(sequence),
                        deployment_id: Some(id),
                        detail,
                        ..Difference::default()
                    },
                );
            }
        }
        let periods = source.snapshot.period_count().await;
        if self
            .read(source, "cell_periods", periods)
            .await?
            .is_some_and(|periods| periods != self.periods)
        {
            let strays = source.snapshot.cells_with_stray_periods().await;
            let strays = self.read(source, "cell_periods", strays).await?;
            for cell in strays.unwrap_or_default() {
                let stray = of_cell(cell, "a period has no row of history".into());
                // It may be the period of a removed deployment, and all that is left of it.
                if self.has_wrong_removal {
                    self.note_broken("cell_periods", cell, stray);
                } else {
                    self.note_repairable("cell_periods", cell, stray);
                }
            }
        }
        Ok(())
    }
}
