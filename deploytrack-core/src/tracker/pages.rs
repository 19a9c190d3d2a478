//! Large answers, page by page. A page has a bounded number of bytes, and is read when the one
//! before it has been passed on.

mod gaps;
mod matrix;

use std::collections::{HashMap, HashSet, VecDeque};

use uuid::Uuid;

pub use self::matrix::{MatrixPages, UnsettledPages};
use super::Tracker;
use crate::{
    catalog::Reference,
    clock::Time,
    deployment::Deployment,
    error::Error,
    history::{self, HistoryEntry},
    store::{CellKey, CurrentDeployment},
};

/// The most bytes of long texts in a page of deployments, unless a single deployment has more.
const PAGE_BYTES: u64 = 256 * 1024;
/// The size of a deployment without its long texts, about.
const ROW_BYTES: u64 = 1024;
/// How many rows of a history are read at once; of past deployments, a quarter of this.
const PAGE_ROWS: usize = 128;

/// An answer that is read page by page.
pub trait Pages: Send {
    /// A row of the answer.
    type Row: Send;

    /// The next rows, in their order; `None` at the end. A page may be empty.
    ///
    /// A page shows the database as it was when the page was read: other writes may happen between
    /// two pages. A matrix of up to 8,192 cells is one page.
    ///
    /// # Errors
    /// Errors of the database, and for the first page [`Error::TooManyReads`]. The next call reads
    /// the same page again.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<Self::Row>>, Error>> + Send;
}

/// Reads all pages of an answer.
pub(super) async fn all<P: Pages>(mut pages: P) -> Result<Vec<P::Row>, Error> {
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await? {
        rows.extend(page);
    }
    Ok(rows)
}

/// How many of these rows fit into a page, by their bytes: at least one, if there is any.
pub(super) fn fitting(sizes: impl IntoIterator<Item = u64>) -> usize {
    let mut bytes = 0;
    let fits = |size: &u64| {
        let is_first = bytes == 0;
        bytes += size + ROW_BYTES;
        is_first || bytes <= PAGE_BYTES
    };
    sizes.into_iter().take_while(fits).count()
}

/// The first cells, as many as fit into a page.
fn page_of(cells: &VecDeque<(CellKey, u64)>) -> Vec<CellKey> {
    let count = fitting(cells.iter().map(|(_, bytes)| *bytes));
    cells.iter().take(count).map(|(key, _)| *key).collect()
}

/// The current deployments of one component, or those that were current at a moment, in environment
/// order.
#[derive(Debug)]
pub struct LatestPages {
    tracker: Tracker,
    component_id: Uuid,
    remaining: Remaining,
    has_begun: bool,
}

/// The deployments still to be read.
#[derive(Debug)]
enum Remaining {
    Current(VecDeque<(CellKey, u64)>),
    Past(VecDeque<CurrentDeployment>),
}

impl Pages for LatestPages {
    type Row = Deployment;

    async fn next(&mut self) -> Result<Option<Vec<Deployment>>, Error> {
        let tracker = &self.tracker;
        // The first page is small; those that follow belong to a large answer.
        let _turn = if self.has_begun {
            Some(tracker.large_reads.next().await?)
        } else {
            None
        };
        self.has_begun = true;
        match &mut self.remaining {
            Remaining::Current(remaining) if !remaining.is_empty() => {
                let environments: Vec<_> = page_of(remaining)
                    .into_iter()
                    .map(|key| key.environment_id)
                    .collect();
                let page = tracker
                    .store
                    .current_of(self.component_id, &environments)
                    .await?;
                let page = tracker
                    .with_removed(self.component_id, &environments, page)
                    .await?;
                remaining.drain(..environments.len());
                Ok(Some(page))
            }
            Remaining::Past(remaining) if !remaining.is_empty() => {
                let count = remaining.len().min(PAGE_ROWS / 4);
                let mut page = Vec::with_capacity(count);
                for current in remaining.iter().take(count) {
                    page.push(tracker.as_of(*current).await?);
                }
                remaining.drain(..count);
                Ok(Some(page))
            }
            _ => Ok(None),
        }
    }
}

/// The history of one deployment, in the order of recording.
#[derive(Debug)]
pub struct HistoryPages {
    tracker: Tracker,
    id: Uuid,
    after: i64,
}

impl Pages for HistoryPages {
    type Row = HistoryEntry;

    async fn next(&mut self) -> Result<Option<Vec<HistoryEntry>>, Error> {
        let _turn = if self.after == 0 {
            None
        } else {
            Some(self.tracker.large_reads.next().await?)
        };
        let page = self
            .tracker
            .store
            .history_after(self.id, self.after, PAGE_ROWS as u64)
            .await?;
        let Some(last) = page.last() else {
            // Every deployment has at least one row of history.
            return if self.after == 0 {
                Err(self.tracker.missing_deployment(self.id).await?)
            } else {
                Ok(None)
            };
        };
        self.after = last.sequence;
        Ok(Some(page))
    }
}

impl Tracker {
    /// The current deployments of one component, as [`Tracker::latest`] returns them, page by page.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, and errors of the database.
    pub async fn latest_pages(
        &self,
        component: impl Into<Reference>,
        at: Option<Time>,
    ) -> Result<LatestPages, Error> {
        let component_id = self.component_id(component.into()).await?;
        let remaining = match at {
            None => Remaining::Current(self.store.current_sizes(component_id).await?.into()),
            Some(at) => Remaining::Past(self.store.current_of_at(component_id, at).await?.into()),
        };
        Ok(LatestPages {
            tracker: self.clone(),
            component_id,
            remaining,
            has_begun: false,
        })
    }

    /// The history of a deployment, as [`Tracker::history`] returns it, page by page.
    #[must_use]
    pub fn history_pages(&self, id: Uuid) -> HistoryPages {
        HistoryPages {
            tracker: self.clone(),
            id,
            after: 0,
        }
    }

    /// A deployment as it was when it became current.
    async fn as_of(
        &self,
        CurrentDeployment {
            deployment_id,
            sequence,
        }: CurrentDeployment,
    ) -> Result<Deployment, Error> {
        let history = self.store.history(deployment_id).await?;
        let found = self.store.deployment(deployment_id).await?;
        match found {
            Some(found) if !history.is_empty() => {
                Ok(history::as_of(found.deployment, &history, sequence))
            }
            _ => {
                let gone = self.store.gone_deployments(&[deployment_id]).await?.pop();
                gone.map(|gone| gone.after(sequence))
                    .ok_or_else(|| Error::no_deployment(deployment_id))
            }
        }
    }

    /// Adds the removed deployments that are current in these environments. A removed deployment
    /// becomes current when everything that followed it is rolled back.
    async fn with_removed(
        &self,
        component_id: Uuid,
        environments: &[Uuid],
        mut page: Vec<Deployment>,
    ) -> Result<Vec<Deployment>, Error> {
        if page.len() == environments.len() {
            return Ok(page);
        }
        let read: HashSet<_> = page.iter().map(|one| one.environment_id).collect();
        let order: HashMap<_, _> = environments.iter().zip(0..).collect();
        let mut missing = self.store.current_ids(component_id).await?;
        missing.retain(|(id, ..)| order.contains_key(id) && !read.contains(id));
        let ids: Vec<_> = missing.iter().map(|(_, id, _)| *id).collect();
        for gone in self.store.gone_deployments(&ids).await? {
            let since = missing.iter().find(|(_, id, _)| *id == gone.removed.id);
            page.extend(since.map(|(.., at)| gone.succeeded_at(*at)));
        }
        page.sort_by_key(|one| order.get(&one.environment_id).copied());
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_at_least_one_row_and_a_bounded_number_of_bytes() {
        assert_eq!(fitting([]), 0);
        assert_eq!(fitting([10 * PAGE_BYTES, 1]), 1);
        assert_eq!(
            fitting([0; 1000]),
            usize::try_from(PAGE_BYTES / ROW_BYTES).unwrap()
        );
        assert_eq!(fitting([PAGE_BYTES / 2, PAGE_BYTES / 4, PAGE_BYTES / 2]), 2);
    }
}
