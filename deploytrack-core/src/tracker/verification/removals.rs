//! Comparing the removals with their hashes, and the periods of removed deployments with what
//! remains of these deployments.

use super::{
    Findings, Source,
    history::{compare_periods, newest_of},
    unreadable,
};
use crate::{
    digest::Digest,
    error::Error,
    history,
    retention::{Removal, RemovedDeployment},
    store::{CellKey, RemovedResult, StoredCell, agrees},
    verification::Difference,
};

/// How many removals are read at once.
const PAGE: u64 = 64;

/// The last removal that was compared.
#[derive(Debug, Default)]
struct Last {
    number: i64,
    hash: Option<Digest>,
}

impl Findings {
    /// Compares the removals. They are a chain of hashes, without gaps, and each covers what remains
    /// of its deployments.
    pub(super) async fn compare_removals(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let mut last = Last::default();
        loop {
            let page = source.snapshot.removals(last.number, PAGE).await;
            let page = self.read(source, "removals", page).await?;
            let Some(page) = page.filter(|page| !page.is_empty()) else {
                return self.count_removed(source).await;
            };
            for (number, removal) in page {
                let removed = source.snapshot.removed_by(number).await;
                let removed = self.read(source, "removed_deployments", removed).await?;
                let Some(removed) = removed else {
                    self.unreadable.deployments = true;
                    continue;
                };
                self.compare_removal(number, removal, &removed, &mut last);
                for (_, cell, _, removed) in removed {
                    match removed {
                        Ok(removed) => self.compare_removed(source, &removed).await?,
                        Err(_) => self.broken.extend([cell]),
                    }
                }
            }
        }
    }

    /// Compares a removal with the one before it and with its deployments. After a difference, the
    /// cells of these deployments cannot be repaired: the periods may be all that is left of the
    /// truth.
    fn compare_removal(
        &mut self,
        number: i64,
        removal: Result<Removal, Error>,
        removed: &[RemovedResult],
        last: &mut Last,
    ) {
        let found = match &removal {
            Ok(removal) => fault(removal, removed, last),
            Err(error) => Some(unreadable(error)),
        };
        if let Some(detail) = found {
            self.has_wrong_removal = true;
            self.broken
                .extend(removed.iter().map(|(_, cell, ..)| *cell));
            self.note(
                "removals",
                None,
                Difference {
                    sequence: Some(number),
                    detail,
                    ..Difference::default()
                },
            );
        }
        *last = Last {
            number,
            hash: removal.ok().map(|removal| removal.hash),
        };
    }

    /// Compares the periods of a removed deployment with its outline, and adds them to the values
    /// that the history requires for its cell.
    async fn compare_removed(
        &mut self,
        source: &mut Source<'_>,
        removed: &RemovedDeployment,
    ) -> Result<(), Error> {
        self.report.removed += 1;
        let cell = CellKey {
            component_id: removed.component_id,
            environment_id: removed.environment_id,
        };
        let entries = removed.entries();
        let expected = history::periods(&entries);
        let stored = source.snapshot.periods_at(cell, &expected).await;
        let Some(stored) = self.read(source, "cell_periods", stored).await? else {
            self.unreadable.cells.insert(cell);
            return Ok(());
        };
        let found = compare_periods(removed.id, removed.version.as_str(), &expected, &stored);
        self.periods += found.agreeing;
        if let Some((sequence, detail)) = found.first_wrong {
            let difference = Difference {
                deployment_id: Some(removed.id),
                sequence,
                detail,
                ..Difference::default()
            };
            self.note_repairable("cell_periods", cell, difference);
        }
        let time = newest_of(&entries);
        self.expect(cell, time, &expected, |period| StoredCell {
            deployment_id: Some(removed.id),
            version: Some(removed.version.to_string()),
            succeeded_at: Some(period.started_at),
            deployed_by: Some(removed.deployed_by.to_string()),
            commit_sha: removed.commit_sha.as_ref().map(ToString::to_string),
        });
        Ok(())
    }

    /// Finds removed deployments that no removal has, and deployments that are noted as removed and
    /// exist.
    async fn count_removed(&mut self, source: &mut Source<'_>) -> Result<(), Error> {
        let count = source.snapshot.removed_count().await;
        let count = self.read(source, "removed_deployments", count).await?;
        if count.is_some_and(|count| count != self.report.removed) && !self.unreadable.any {
            self.has_wrong_removal = true;
            let detail = format!(
                "there are {} removed deployments, but {} could be compared with a removal",
                count.unwrap_or_default(),
                self.report.removed
            );
            self.note(
                "removed_deployments",
                None,
                Difference {
                    detail,
                    ..Difference::default()
                },
            );
        }
        let alive = source.snapshot.alive_although_removed().await;
        for id in self
            .read(source, "deployments", alive)
            .await?
            .unwrap_or_default()
        {
            self.note(
                "deployments",
                None,
                Difference {
                    deployment_id: Some(id),
                    detail: "it is noted as removed, but it exists".into(),
                    ..Difference::default()
                },
            );
        }
        Ok(())
    }
}

/// The first fault of a removal.
fn fault(removal: &Removal, removed: &[RemovedResult], last: &Last) -> Option<String> {
    if removal.number != last.number + 1 {
        return Some(format!(
            "the removal {} before it is missing",
            last.number + 1
        ));
    }
    let mut digests = Vec::with_capacity(removed.len());
    let mut entries = 0;
    for (id, _, numbers, removed) in removed {
        match removed {
            Ok(removed) if agrees(removed, *numbers) => {
                digests.push(removed.digest());
                entries += removed.outline.rows().len() as u64;
            }
            Ok(_) => {
                return Some(format!(
                    "the numbers of its deployment {id} differ from its outline"
                ));
            }
            Err(error) => return Some(format!("its deployment {id}: {}", unreadable(error))),
        }
    }
    let counted = (digests.len() as u64, entries);
    if counted != (removal.deployments, removal.entries) {
        return Some(format!(
            "it removed {} deployments with {} rows, but {} with {} are noted",
            removal.deployments, removal.entries, counted.0, counted.1
        ));
    }
    (removal.hash != removal.hash_after(last.hash.as_ref(), &digests)).then(|| {
        "its hash does not match its content, its deployments and the previous hash".to_owned()
    })
}
