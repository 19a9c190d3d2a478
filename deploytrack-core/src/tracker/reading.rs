//! Lists and history, and what is current of one component.

use uuid::Uuid;

use super::{
    Tracker,
    pages::{self, fitting},
    paging::{self, Section},
};
use crate::{
    api::ImportLine,
    clock::Time,
    deployment::Deployment,
    error::Error,
    history::HistoryEntry,
    query::{Cursor, DeploymentFilter, ListKey, Order, Page, PageRequest},
    store::RowFilter,
};

/// Up to how many rows are passed over like those of a page.
const SHALLOW: u64 = 1000;
/// How many histories of an export are read at a time.
const HISTORIES: usize = 64;
/// With so many rows of history a page of an export ends.
const MOST_ROWS: usize = 2000;

impl Tracker {
    /// One deployment.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the database.
    pub async fn deployment(&self, id: Uuid) -> Result<Deployment, Error> {
        self.store.deployment(id).await?.map(|found| found.deployment).ok_or_else(|| Error::no_deployment(id))
    }

    /// The history of a deployment, in the order of recording.
    ///
    /// # Errors
    /// [`Error::NotFound`], and those of the database.
    pub async fn history(&self, id: Uuid) -> Result<Vec<HistoryEntry>, Error> {
        let history = self.store.history(id).await?;
        // Recording a deployment is the first row of its history.
        if history.is_empty() { Err(Error::no_deployment(id)) } else { Ok(history) }
    }

    /// Part of the deployments that match, the newest first by the time that the filter's order names, how many match in all, and the pages around it, which lead on by
    /// key: each costs the same however deep in the list it is, and shows what was there when the one before it was read
    /// once, whatever is recorded meanwhile.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor of the other order, and for a `skip` of more than 10,000 where
    /// more than that match; those of the database.
    pub async fn list(&self, filter: &DeploymentFilter, page: PageRequest) -> Result<Page<Deployment>, Error> {
        paging::check_order(filter.order, page)?;
        let order = filter.order;
        let Some(filter) = self.resolved(filter).await? else {
            return Ok(paging::page(order, page, Section::default(), 0));
        };
        // What no count and no index answers looks at many rows.
        let _turn = if filter.is_counted() && page.skip() <= SHALLOW { None } else { Some(self.large_reads.first().await?) };
        let total = if filter.is_counted() {
            self.store.counted_deployments(&filter).await?
        } else {
            self.store.matching_deployments(&filter).await?
        };
        paging::check_depth(page, total)?;
        // Where nothing matches, it takes the whole of an index to find nothing.
        let rows = if total > page.skip() { self.rows(&filter, page).await? } else { Vec::new() };
        Ok(paging::page(order, page, Section::of(page, rows), total))
    }

    /// The rows of a page, and one more, which tells whether there are more.
    async fn rows(&self, filter: &RowFilter, page: PageRequest) -> Result<Vec<Deployment>, Error> {
        let take = page.take() + 1;
        match page.cursor() {
            None => self.store.deployments(filter, page.skip(), take).await,
            Some(place) => self.store.deployments_from(filter, place, take).await,
        }
    }

    /// The next deployments that match, oldest first, as lines of an export, each with its history; with the place to go on
    /// from. `take` bounds how many deployments; their long texts have 256 KiB at most, unless one deployment alone has more.
    /// `None` means the end.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn export_page(
        &self,
        filter: &DeploymentFilter,
        after: Option<ListKey>,
        take: u64,
    ) -> Result<Option<(ListKey, Vec<ImportLine>)>, Error> {
        let Some(filter) = self.resolved(filter).await? else {
            return Ok(None);
        };
        let (order, filter) = (Order::Created, RowFilter { order: Order::Created, ..filter });
        let place = Cursor::NewerThan(after.unwrap_or(ListKey::least(order)));
        let _turn = match after {
            None => self.large_reads.first().await?,
            Some(_) => self.large_reads.next().await?,
        };
        let sizes = self.store.sizes_from(&filter, place, take).await?;
        let deployments = self.store.deployments_from(&filter, place, fitting(sizes) as u64).await?;
        let (mut next, mut lines, mut rows) = (None, Vec::with_capacity(deployments.len()), 0);
        for some in deployments.chunks(HISTORIES) {
            let ids: Vec<_> = some.iter().map(|deployment| deployment.id).collect();
            let mut histories = self.store.histories_of(&ids).await?;
            rows += histories.values().map(Vec::len).sum::<usize>();
            next = some.last().map(|deployment| ListKey::of(order, deployment));
            lines.extend(some.iter().map(|deployment| {
                let history = histories.remove(&deployment.id).unwrap_or_default();
                ImportLine::of(deployment.clone(), &history)
            }));
            if rows > MOST_ROWS {
                break;
            }
        }
        Ok(next.map(|next| (next, lines)))
    }

    /// The filter with ids for names; `None` when a name is unknown or contradicts an id, so that nothing matches.
    async fn resolved(&self, filter: &DeploymentFilter) -> Result<Option<RowFilter>, Error> {
        let component = match &filter.component {
            Some(name) => Wanted::of(self.store.components(Some(name), 0, 1).await?.0.first().map(|component| component.id)),
            None => Wanted::Any,
        };
        let environment = match &filter.environment {
            Some(name) => Wanted::of(self.store.environments(Some(name), 0, 1).await?.0.first().map(|environment| environment.id)),
            None => Wanted::Any,
        };
        let (component, environment) = (component.and(filter.component_id), environment.and(filter.environment_id));
        if component == Wanted::Nothing || environment == Wanted::Nothing {
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

    /// What is current of one component, or was at a moment, in environment order. What was current comes as it stood
    /// then: succeeded, with the times of that attempt.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such component, and those of the database.
    pub async fn latest(&self, component_id: Uuid, at: Option<Time>) -> Result<Vec<Deployment>, Error> {
        pages::all(self.latest_pages(component_id, at).await?).await
    }
}

/// Whom a filter lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Any,
    One(Uuid),
    /// An unknown name, or a name and an id that disagree.
    Nothing,
}

impl Wanted {
    fn of(found: Option<Uuid>) -> Self {
        found.map_or(Self::Nothing, Self::One)
    }

    fn and(self, id: Option<Uuid>) -> Self {
        match (self, id) {
            (wanted, None) => wanted,
            (Self::Any, Some(id)) => Self::One(id),
            (Self::One(one), Some(id)) if one == id => self,
            _ => Self::Nothing,
        }
    }

    fn id(self) -> Option<Uuid> {
        if let Self::One(id) = self { Some(id) } else { None }
    }
}
