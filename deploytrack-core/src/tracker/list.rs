//! Listing deployments, their history, and what is current of one component.

use uuid::Uuid;

use super::{
    Tracker,
    page_links::{self, PageRows},
    pages::{self, fitting},
};
use crate::{
    api::ImportLine,
    catalog::Reference,
    clock::Time,
    deployment::Deployment,
    error::Error,
    history::HistoryEntry,
    query::{Cursor, DeploymentFilter, ListKey, Order, Page, PageRequest},
    store::{GoneDeployment, RowFilter},
};

/// The largest `skip` that does not count as a large read.
const SHALLOW: u64 = 1000;
/// How many histories of an export are read at once.
const HISTORIES: usize = 64;
/// An export page ends after this many rows of history.
const MOST_ROWS: usize = 2000;

impl Tracker {
    /// One deployment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Removed`], and errors of the database.
    pub async fn deployment(&self, id: Uuid) -> Result<Deployment, Error> {
        match self.store.deployment(id).await? {
            Some(found) => Ok(found.deployment),
            None => Err(self.missing_deployment(id).await?),
        }
    }

    /// The error for a deployment that does not exist, or not any more.
    pub(super) async fn missing_deployment(&self, id: Uuid) -> Result<Error, Error> {
        let gone = self.store.gone_deployments(&[id]).await?.pop();
        Ok(gone.map_or_else(|| Error::no_deployment(id), GoneDeployment::error))
    }

    /// The history of a deployment, in the order of recording.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Removed`], and errors of the database.
    pub async fn history(&self, id: Uuid) -> Result<Vec<HistoryEntry>, Error> {
        let history = self.store.history(id).await?;
        // Every deployment has at least one row of history.
        if history.is_empty() {
            Err(self.missing_deployment(id).await?)
        } else {
            Ok(history)
        }
    }

    /// A page of the deployments that match, newest first by the time that the filter's order
    /// names, with the number of all that match and links to the pages around it. The links lead on
    /// by key. Each page costs the same at any depth. Deployments recorded between two requests
    /// never repeat or hide a row.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor of the other order, and for a `skip` of more than 10,000 if
    /// more deployments than that match; errors of the database.
    pub async fn list(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<Page<Deployment>, Error> {
        page_links::check_order(filter.order, page)?;
        let order = filter.order;
        let Some(filter) = self.resolved(filter).await? else {
            return Ok(page_links::page(order, page, PageRows::default(), 0));
        };
        // A filter without maintained counts reads many rows, and so does a large `skip`.
        let _turn = if filter.is_counted() && page.skip() <= SHALLOW {
            None
        } else {
            Some(self.large_reads.first().await?)
        };
        let total = if filter.is_counted() {
            self.store.counted_deployments(&filter).await?
        } else {
            self.store.matching_deployments(&filter).await?
        };
        page_links::check_depth(page, total)?;
        // If nothing matches, the query for rows would read a whole index.
        let rows = if total > page.skip() {
            self.rows(&filter, page).await?
        } else {
            Vec::new()
        };
        Ok(page_links::page(
            order,
            page,
            PageRows::of(page, rows),
            total,
        ))
    }

    /// The rows of a page, and one more, which shows whether another page follows.
    async fn rows(&self, filter: &RowFilter, page: PageRequest) -> Result<Vec<Deployment>, Error> {
        let take = page.take() + 1;
        match page.cursor() {
            None => self.store.deployments(filter, page.skip(), take).await,
            Some(cursor) => self.store.deployments_from(filter, cursor, take).await,
        }
    }

    /// The next deployments that match, oldest first, as lines of an export with their histories,
    /// and the key to continue from. `None` means the end. `take` limits the deployments; their
    /// long texts have at most 256 KiB, unless a single deployment has more.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn export_page(
        &self,
        filter: &DeploymentFilter,
        after: Option<ListKey>,
        take: u64,
    ) -> Result<Option<(ListKey, Vec<ImportLine>)>, Error> {
        let Some(filter) = self.resolved(filter).await? else {
            return Ok(None);
        };
        let (order, filter) = (
            Order::Created,
            RowFilter {
                order: Order::Created,
                ..filter
            },
        );
        let cursor = Cursor::NewerThan(after.unwrap_or(ListKey::least(order)));
        let _turn = match after {
            None => self.large_reads.first().await?,
            Some(_) => self.large_reads.next().await?,
        };
        let sizes = self.store.sizes_from(&filter, cursor, take).await?;
        let deployments = self
            .store
            .deployments_from(&filter, cursor, fitting(sizes) as u64)
            .await?;
        let (mut next, mut lines, mut rows) = (None, Vec::with_capacity(deployments.len()), 0);
        for some in deployments.chunks(HISTORIES) {
            let ids: Vec<_> = some.iter().map(|deployment| deployment.id).collect();
            let mut histories = self.store.histories_of(&ids).await?;
            rows += histories.values().map(Vec::len).sum::<usize>();
            next = some.last().map(|deployment| ListKey::of(order, deployment));
            // A deployment without a history was removed between the two reads.
            lines.extend(some.iter().filter_map(|deployment| {
                let history = histories.remove(&deployment.id)?;
                Some(ImportLine::of(deployment.clone(), &history))
            }));
            if rows > MOST_ROWS {
                break;
            }
        }
        Ok(next.map(|next| (next, lines)))
    }

    /// Resolves the names of a filter to ids; `None` if a name is unknown or contradicts an id, so
    /// that nothing matches.
    pub(super) async fn resolved(
        &self,
        filter: &DeploymentFilter,
    ) -> Result<Option<RowFilter>, Error> {
        let component = match &filter.component {
            Some(name) => IdFilter::of(
                self.store
                    .components(Some(name), 0, 1)
                    .await?
                    .0
                    .first()
                    .map(|component| component.id),
            ),
            None => IdFilter::Any,
        };
        let environment = match &filter.environment {
            Some(name) => IdFilter::of(
                self.store
                    .environments(Some(name), 0, 1)
                    .await?
                    .0
                    .first()
                    .map(|environment| environment.id),
            ),
            None => IdFilter::Any,
        };
        let (component, environment) = (
            component.and(filter.component_id),
            environment.and(filter.environment_id),
        );
        if component == IdFilter::Nothing || environment == IdFilter::Nothing {
            return Ok(None);
        }
        Ok(Some(RowFilter {
            component_id: component.id(),
            environment_id: environment.id(),
            status: filter.status,
            version: filter.version.clone(),
            commit_sha: filter.commit_sha.clone(),
            deployed_by: filter.deployed_by.clone(),
            created_after: filter.created_after,
            created_before: filter.created_before,
            occurred_after: filter.occurred_after,
            occurred_before: filter.occurred_before,
            order: filter.order,
        }))
    }

    /// The current deployments of one component, or those that were current at a moment, in
    /// environment order. A past one is returned as it was then: succeeded, with the times of that
    /// attempt.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component, and errors of the database.
    pub async fn latest(
        &self,
        component: impl Into<Reference>,
        at: Option<Time>,
    ) -> Result<Vec<Deployment>, Error> {
        pages::all(self.latest_pages(component, at).await?).await
    }
}

/// The ids that a filter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum IdFilter {
    Any,
    One(Uuid),
    /// An unknown name, or a name and an id that disagree.
    Nothing,
}

impl IdFilter {
    fn of(found: Option<Uuid>) -> Self {
        found.map_or(Self::Nothing, Self::One)
    }

    fn and(self, id: Option<Uuid>) -> Self {
        match (self, id) {
            (filter, None) => filter,
            (Self::Any, Some(id)) => Self::One(id),
            (Self::One(one), Some(id)) if one == id => self,
            _ => Self::Nothing,
        }
    }

    fn id(self) -> Option<Uuid> {
        if let Self::One(id) = self {
            Some(id)
        } else {
            None
        }
    }
}
