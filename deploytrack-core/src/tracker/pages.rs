//! Answers that may be large, page by page: a page holds a bounded number of bytes, and each is read when the one before it
//! has been passed on.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use uuid::Uuid;

use super::Tracker;
use crate::{
    clock::Time,
    deployment::Deployment,
    error::Error,
    history::{self, HistoryEntry},
    matrix::{Cell, Row},
    query::MatrixFilter,
    store::{Columns, Current, Heading, Place, Section},
    text::Name,
};

/// How many bytes of texts the deployments of a page have at most, unless one alone has more.
const BYTES: u64 = 256 * 1024;
/// What a deployment takes beside its long texts, about.
const EACH: u64 = 1024;
/// How many components of a matrix are read at once, and how many cells.
const COMPONENTS: u64 = 1024;
const CELLS: u64 = 8192;
/// How many cells of attempts are looked at for one page of places.
const LOOKS: u64 = 65_536;
/// How many rows of a history, or moments of the past, are read at once.
const ROWS: usize = 128;
/// Up to how many columns of a matrix are looked up one by one, where far more are hidden.
const FEW: usize = 64;

/// An answer that is read page by page.
pub trait Pages: Send {
    /// A row of the answer.
    type Row: Send;

    /// The next rows, in their order; none at the end. A page may be empty.
    ///
    /// What a page shows was so when it was read: between two pages, others may write. A matrix of up to 8,192 cells is one
    /// page.
    ///
    /// # Errors
    /// Those of the database, and for the first page [`Error::TooManyReads`]. The next call reads the same page again.
    fn next(&mut self) -> impl Future<Output = Result<Option<Vec<Self::Row>>, Error>> + Send;
}

/// Every row of an answer.
pub(super) async fn all<P: Pages>(mut pages: P) -> Result<Vec<P::Row>, Error> {
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await? {
        rows.extend(page);
    }
    Ok(rows)
}

/// How many of these rows make a page, by their bytes: one at least, if there is any.
pub(super) fn fitting(sizes: impl IntoIterator<Item = u64>) -> usize {
    let mut bytes = 0;
    let fits = |size: &u64| {
        let is_first = bytes == 0;
        bytes += size + EACH;
        is_first || bytes <= BYTES
    };
    sizes.into_iter().take_while(fits).count()
}

/// The places of a page, from the front.
fn page_of(places: &VecDeque<(Place, u64)>) -> Vec<Place> {
    let count = fitting(places.iter().map(|(_, bytes)| *bytes));
    places.iter().take(count).map(|(place, _)| *place).collect()
}

/// The rows of a matrix that are shown, from the first name to the last.
#[derive(Debug)]
struct Walk {
    tracker: Tracker,
    filter: MatrixFilter,
    columns: Option<Arc<Shown>>,
    /// The key of the last name that was read.
    after: Option<String>,
    ended: bool,
}

/// The columns of a matrix, and where each is.
#[derive(Debug)]
struct Shown {
    environments: Vec<Heading>,
    positions: HashMap<Uuid, usize>,
    /// Their ids, where looking each up is cheaper than passing over the cells of the hidden ones.
    only: Option<Vec<Uuid>>,
}

impl Shown {
    fn of(Columns { shown, hidden }: Columns, filter: &MatrixFilter) -> Self {
        let ids = || shown.iter().map(|environment| environment.id);
        let few = shown.len() <= FEW && (!filter.environments.is_empty() || hidden > 8 * shown.len() as u64);
        let (positions, only) = (ids().zip(0..).collect(), few.then(|| ids().collect()));
        Self { environments: shown, positions, only }
    }
}

impl Walk {
    fn new(tracker: Tracker, filter: MatrixFilter) -> Self {
        Self { tracker, filter, columns: None, after: None, ended: false }
    }

    /// The columns, read when they are first needed.
    async fn columns(&mut self) -> Result<Arc<Shown>, Error> {
        if let Some(columns) = &self.columns {
            return Ok(columns.clone());
        }
        let columns = Arc::new(Shown::of(self.tracker.store.columns(&self.filter).await?, &self.filter));
        self.columns = Some(columns.clone());
        Ok(columns)
    }

    /// The section behind the last name read, up to this name.
    fn section<'a>(&'a self, columns: &'a Shown, last: Option<&'a str>) -> Section<'a> {
        Section { filter: &self.filter, after: self.after.as_deref(), last, environments: columns.only.as_deref() }
    }

    /// The next components, so many at most; none at the end.
    async fn components(&self, columns: &Shown, most: u64) -> Result<Vec<Heading>, Error> {
        if self.ended { Ok(Vec::new()) } else { self.tracker.store.components_in(self.section(columns, None), most).await }
    }

    /// Goes on behind these components, of which so many were asked for.
    fn pass(&mut self, components: &[Heading], asked: u64) {
        self.ended = (components.len() as u64) < asked;
        if let Some(last) = components.last() {
            self.after = Some(last.name.key().into_owned());
        }
    }
}

/// The rows of a matrix, in name order.
#[derive(Debug)]
pub struct MatrixPages {
    walk: Walk,
    begun: bool,
}

impl Pages for MatrixPages {
    type Row = Row;

    async fn next(&mut self) -> Result<Option<Vec<Row>>, Error> {
        let reads = self.walk.tracker.large_reads.clone();
        let _turn = if self.begun { reads.next().await? } else { reads.first().await? };
        self.begun = true;
        let columns = self.walk.columns().await?;
        // What is registered is read before the cells: a cell can then name something newer, which is left out, but never
        // miss something it should have.
        let mut components = self.walk.components(&columns, COMPONENTS).await?;
        let (Some(first), Some(last)) = (components.first(), components.last()) else { return Ok(None) };
        let (first, last) = (first.id, last.name.key().into_owned());
        let store = &self.walk.tracker.store;
        let mut cells = store.cells(self.walk.section(&columns, Some(&last)), CELLS + 1).await?;
        let mut asked = COMPONENTS;
        if cells.len() as u64 > CELLS {
            // The last component may lack cells: the next page begins with it, unless it is the only one.
            let cut = cells.last().map(|(place, _)| place.component_id).filter(|cut| *cut != first);
            let kept = cut.and_then(|cut| components.iter().position(|component| component.id == cut)).unwrap_or(1).max(1);
            components.truncate(kept);
            asked = kept as u64;
            if cut.is_none() {
                let last = components[0].name.key().into_owned();
                cells = store.cells(self.walk.section(&columns, Some(&last)), u64::MAX).await?;
            }
        }
        self.walk.pass(&components, asked);
        Ok(Some(rows(components, cells, &columns)))
    }
}

/// The rows of these components.
fn rows(components: Vec<Heading>, cells: Vec<(Place, Option<Cell>)>, columns: &Shown) -> Vec<Row> {
    let mut by_component = HashMap::<Uuid, Vec<(usize, Cell)>>::new();
    for (place, cell) in cells {
        if let (Some(cell), Some(position)) = (cell, columns.positions.get(&place.environment_id)) {
            by_component.entry(place.component_id).or_default().push((*position, cell));
        }
    }
    let row = |component: Heading| {
        let mut cells = by_component.remove(&component.id).unwrap_or_default();
        cells.sort_unstable_by_key(|(position, _)| *position);
        let named = |(position, cell): (usize, Cell)| -> (Name, Cell) { (columns.environments[position].name.clone(), cell) };
        Row { component_id: component.id, component_name: component.name, environments: cells.into_iter().map(named).collect() }
    };
    components.into_iter().map(row).collect()
}

/// The attempts of a matrix, in its order.
#[derive(Debug)]
pub struct AttemptPages {
    walk: Walk,
    /// The cells with an attempt that are still to be read, with its bytes.
    waiting: VecDeque<(Place, u64)>,
    begun: bool,
}

impl AttemptPages {
    /// Looks for the next cells with an attempt; false at the end.
    async fn look(&mut self) -> Result<bool, Error> {
        let columns = self.walk.columns().await?;
        let asked = (LOOKS / (columns.environments.len() as u64).max(8)).clamp(1, COMPONENTS);
        let components = self.walk.components(&columns, asked).await?;
        let Some(last) = components.last().map(|component| component.name.key().into_owned()) else { return Ok(false) };
        let mut sizes = self.walk.tracker.store.attempt_sizes(self.walk.section(&columns, Some(&last))).await?;
        let rows: HashMap<Uuid, usize> = components.iter().map(|component| component.id).zip(0..).collect();
        let order = |place: &Place| Some((*rows.get(&place.component_id)?, *columns.positions.get(&place.environment_id)?));
        sizes.retain(|(place, _)| order(place).is_some());
        sizes.sort_by_key(|(place, _)| order(place));
        self.waiting.extend(sizes);
        self.walk.pass(&components, asked);
        Ok(true)
    }
}

impl Pages for AttemptPages {
    type Row = Deployment;

    async fn next(&mut self) -> Result<Option<Vec<Deployment>>, Error> {
        let reads = self.walk.tracker.large_reads.clone();
        let _turn = if self.begun { reads.next().await? } else { reads.first().await? };
        self.begun = true;
        if self.waiting.is_empty() && !self.look().await? {
            return Ok(None);
        }
        let places = page_of(&self.waiting);
        let mut attempts = self.walk.tracker.store.unsettled(&places).await?;
        self.waiting.drain(..places.len());
        let order: HashMap<Place, usize> = places.into_iter().zip(0..).collect();
        attempts.sort_by_key(|attempt| order.get(&Place::of(attempt)).copied());
        Ok(Some(attempts))
    }
}

/// What is current of one component, or was at a moment, in environment order.
#[derive(Debug)]
pub struct LatestPages {
    tracker: Tracker,
    component_id: Uuid,
    waiting: Waiting,
    begun: bool,
}

/// What is still to be read.
#[derive(Debug)]
enum Waiting {
    Now(VecDeque<(Place, u64)>),
    Then(VecDeque<Current>),
}

impl Pages for LatestPages {
    type Row = Deployment;

    async fn next(&mut self) -> Result<Option<Vec<Deployment>>, Error> {
        let tracker = &self.tracker;
        // The first page is small; those that follow belong to a large answer.
        let _turn = if self.begun { Some(tracker.large_reads.next().await?) } else { None };
        self.begun = true;
        match &mut self.waiting {
            Waiting::Now(waiting) if !waiting.is_empty() => {
                let environments: Vec<_> = page_of(waiting).into_iter().map(|place| place.environment_id).collect();
                let page = tracker.store.current_of(self.component_id, &environments).await?;
                waiting.drain(..environments.len());
                Ok(Some(page))
            }
            Waiting::Then(waiting) if !waiting.is_empty() => {
                let count = waiting.len().min(ROWS / 4);
                let mut page = Vec::with_capacity(count);
                for current in waiting.iter().take(count) {
                    page.push(tracker.as_of(*current).await?);
                }
                waiting.drain(..count);
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
        let _turn = if self.after == 0 { None } else { Some(self.tracker.large_reads.next().await?) };
        let page = self.tracker.store.history_after(self.id, self.after, ROWS as u64).await?;
        let Some(last) = page.last() else {
            // Recording a deployment is the first row of its history.
            return if self.after == 0 { Err(Error::no_deployment(self.id)) } else { Ok(None) };
        };
        self.after = last.sequence;
        Ok(Some(page))
    }
}

impl Tracker {
    /// The matrix, as [`Tracker::matrix`] returns it, page by page.
    #[must_use]
    pub fn matrix_pages(&self, filter: MatrixFilter) -> MatrixPages {
        MatrixPages { walk: Walk::new(self.clone(), filter), begun: false }
    }

    /// The attempts, as [`Tracker::attempts`] returns them, page by page.
    #[must_use]
    pub fn unsettled_pages(&self, filter: MatrixFilter) -> AttemptPages {
        let filter = MatrixFilter { at: None, ..filter };
        AttemptPages { walk: Walk::new(self.clone(), filter), waiting: VecDeque::new(), begun: false }
    }

    /// What is current of one component, or was at a moment, as [`Tracker::latest`] returns it, page by page.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such component, and those of the database.
    pub async fn latest_pages(&self, component_id: Uuid, at: Option<Time>) -> Result<LatestPages, Error> {
        self.component(component_id).await?;
        let waiting = match at {
            None => Waiting::Now(self.store.current_sizes(component_id).await?.into()),
            Some(at) => Waiting::Then(self.store.current_of_at(component_id, at).await?.into()),
        };
        Ok(LatestPages { tracker: self.clone(), component_id, waiting, begun: false })
    }

    /// The history of a deployment, as [`Tracker::history`] returns it, page by page.
    #[must_use]
    pub fn history_pages(&self, id: Uuid) -> HistoryPages {
        HistoryPages { tracker: self.clone(), id, after: 0 }
    }

    /// A deployment as it stood when it became current.
    async fn as_of(&self, Current { deployment_id, sequence }: Current) -> Result<Deployment, Error> {
        let history = self.store.history(deployment_id).await?;
        Ok(history::as_of(self.deployment(deployment_id).await?, &history, sequence))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_one_row_at_least_and_a_bounded_number_of_bytes() {
        assert_eq!(fitting([]), 0);
        assert_eq!(fitting([10 * BYTES, 1]), 1);
        assert_eq!(fitting([0; 1000]), usize::try_from(BYTES / EACH).unwrap());
        assert_eq!(fitting([BYTES / 2, BYTES / 4, BYTES / 2]), 2);
    }
}
