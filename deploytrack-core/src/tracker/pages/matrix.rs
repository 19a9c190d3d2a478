//! The matrix and its unsettled deployments, page by page.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use uuid::Uuid;

use super::{
    Pages,
    gaps::{self, CellsByComponent},
    page_of,
};
use crate::{
    deployment::Deployment,
    error::Error,
    matrix::{Cell, Row},
    query::MatrixFilter,
    store::{CellKey, Column, Columns, Heading, Section},
    text::Name,
    tracker::Tracker,
};

/// How many components of a matrix are read at once, and how many cells.
const COMPONENTS: u64 = 1024;
const CELLS: u64 = 8192;
/// How many cells are searched at once for unsettled deployments.
const UNSETTLED_CELLS: u64 = 65_536;
/// The most columns whose cells are looked up one by one, if far more columns are hidden.
const FEW_COLUMNS: usize = 64;

/// The position in the components of a matrix, in name order.
#[derive(Debug)]
struct ComponentWalk {
    tracker: Tracker,
    filter: MatrixFilter,
    columns: Option<Arc<ColumnIndex>>,
    /// The key of the last name that was read.
    after: Option<String>,
    ended: bool,
}

/// The columns of a matrix, and the position of each.
#[derive(Debug)]
struct ColumnIndex {
    environments: Vec<Column>,
    positions: HashMap<Uuid, usize>,
    /// Their ids, if looking up each cell is cheaper than skipping the cells of hidden columns.
    only: Option<Vec<Uuid>>,
}

impl ColumnIndex {
    fn of(Columns { shown, hidden }: Columns, filter: &MatrixFilter) -> Self {
        let ids = || shown.iter().map(|environment| environment.id);
        let few = shown.len() <= FEW_COLUMNS
            && (!filter.environments.is_empty() || hidden > 8 * shown.len() as u64);
        let (positions, only) = (ids().zip(0..).collect(), few.then(|| ids().collect()));
        Self {
            environments: shown,
            positions,
            only,
        }
    }
}

impl ComponentWalk {
    fn new(tracker: Tracker, filter: MatrixFilter) -> Self {
        Self {
            tracker,
            filter,
            columns: None,
            after: None,
            ended: false,
        }
    }

    /// The columns, read at the first call.
    async fn columns(&mut self) -> Result<Arc<ColumnIndex>, Error> {
        if let Some(columns) = &self.columns {
            return Ok(columns.clone());
        }
        let columns = Arc::new(ColumnIndex::of(
            self.tracker.store.columns(&self.filter).await?,
            &self.filter,
        ));
        self.columns = Some(columns.clone());
        Ok(columns)
    }

    /// The section after the last name that was read, up to this name.
    fn section<'a>(&'a self, columns: &'a ColumnIndex, last: Option<&'a str>) -> Section<'a> {
        Section {
            filter: &self.filter,
            after: self.after.as_deref(),
            last,
            environments: columns.only.as_deref(),
        }
    }

    /// The next components, up to a limit; none at the end.
    async fn components(&self, columns: &ColumnIndex, most: u64) -> Result<Vec<Heading>, Error> {
        if self.ended {
            Ok(Vec::new())
        } else {
            self.tracker
                .store
                .components_in(self.section(columns, None), most)
                .await
        }
    }

    /// Moves on after these components. Fewer than the limit means the end.
    fn advance(&mut self, components: &[Heading], limit: u64) {
        self.ended = (components.len() as u64) < limit;
        if let Some(last) = components.last() {
            self.after = Some(last.name.key().into_owned());
        }
    }
}

/// The rows of a matrix, in name order.
#[derive(Debug)]
pub struct MatrixPages {
    walk: ComponentWalk,
    has_begun: bool,
}

impl Pages for MatrixPages {
    type Row = Row;

    async fn next(&mut self) -> Result<Option<Vec<Row>>, Error> {
        let reads = self.walk.tracker.large_reads.clone();
        let _turn = if self.has_begun {
            reads.next().await?
        } else {
            reads.first().await?
        };
        self.has_begun = true;
        let columns = self.walk.columns().await?;
        // Columns and components are read before the cells. A cell may then refer to something
        // newer, which is left out, but no cell is missing.
        let mut components = self.walk.components(&columns, COMPONENTS).await?;
        let (Some(first), Some(last)) = (components.first(), components.last()) else {
            return Ok(None);
        };
        let (first, last) = (first.id, last.name.key().into_owned());
        let store = &self.walk.tracker.store;
        let mut cells = store
            .cells(self.walk.section(&columns, Some(&last)), CELLS + 1)
            .await?;
        let mut limit = COMPONENTS;
        if cells.len() as u64 > CELLS {
            // The cells of the last component may be incomplete: the next page begins with it,
            // unless it is the only one.
            let cut = cells
                .last()
                .map(|(key, _)| key.component_id)
                .filter(|cut| *cut != first);
            let complete = cut
                .and_then(|cut| components.iter().position(|component| component.id == cut))
                .unwrap_or(1)
                .max(1);
            components.truncate(complete);
            limit = complete as u64;
            if cut.is_none() {
                let last = components[0].name.key().into_owned();
                cells = store
                    .cells(self.walk.section(&columns, Some(&last)), u64::MAX)
                    .await?;
            }
        }
        self.walk.advance(&components, limit);
        let mut cells = by_component(cells, &columns);
        let filter = &self.walk.filter;
        if filter.gaps {
            let store = &self.walk.tracker.store;
            gaps::add(&mut cells, &columns.environments, store, filter.at).await?;
        }
        Ok(Some(rows(components, cells, &columns)))
    }
}

/// Groups the cells that are not empty by component, in environment order.
fn by_component(cells: Vec<(CellKey, Option<Cell>)>, columns: &ColumnIndex) -> CellsByComponent {
    let mut by_component = CellsByComponent::new();
    for (key, cell) in cells {
        if let (Some(cell), Some(position)) = (cell, columns.positions.get(&key.environment_id)) {
            by_component
                .entry(key.component_id)
                .or_default()
                .push((*position, cell));
        }
    }
    for cells in by_component.values_mut() {
        cells.sort_unstable_by_key(|(position, _)| *position);
    }
    by_component
}

/// Makes the rows of these components from their cells.
fn rows(
    components: Vec<Heading>,
    mut by_component: CellsByComponent,
    columns: &ColumnIndex,
) -> Vec<Row> {
    let row = |component: Heading| {
        let cells = by_component.remove(&component.id).unwrap_or_default();
        let named = |(position, cell): (usize, Cell)| -> (Name, Cell) {
            (columns.environments[position].name.clone(), cell)
        };
        Row {
            component_id: component.id,
            component_name: component.name,
            environments: cells.into_iter().map(named).collect(),
        }
    };
    components.into_iter().map(row).collect()
}

/// The unsettled deployments of a matrix, in its order.
#[derive(Debug)]
pub struct UnsettledPages {
    walk: ComponentWalk,
    /// The cells whose unsettled deployments are still to be read, with the bytes of their long
    /// texts.
    remaining: VecDeque<(CellKey, u64)>,
    has_begun: bool,
}

impl UnsettledPages {
    /// Reads the next cells with unsettled deployments; false at the end.
    async fn read_unsettled_cells(&mut self) -> Result<bool, Error> {
        let columns = self.walk.columns().await?;
        let limit =
            (UNSETTLED_CELLS / (columns.environments.len() as u64).max(8)).clamp(1, COMPONENTS);
        let components = self.walk.components(&columns, limit).await?;
        let Some(last) = components
            .last()
            .map(|component| component.name.key().into_owned())
        else {
            return Ok(false);
        };
        let mut sizes = self
            .walk
            .tracker
            .store
            .unsettled_sizes(self.walk.section(&columns, Some(&last)))
            .await?;
        let rows: HashMap<Uuid, usize> = components
            .iter()
            .map(|component| component.id)
            .zip(0..)
            .collect();
        let order = |key: &CellKey| {
            Some((
                *rows.get(&key.component_id)?,
                *columns.positions.get(&key.environment_id)?,
            ))
        };
        sizes.retain(|(key, _)| order(key).is_some());
        sizes.sort_by_key(|(key, _)| order(key));
        self.remaining.extend(sizes);
        self.walk.advance(&components, limit);
        Ok(true)
    }
}

impl Pages for UnsettledPages {
    type Row = Deployment;

    async fn next(&mut self) -> Result<Option<Vec<Deployment>>, Error> {
        let reads = self.walk.tracker.large_reads.clone();
        let _turn = if self.has_begun {
            reads.next().await?
        } else {
            reads.first().await?
        };
        self.has_begun = true;
        if self.remaining.is_empty() && !self.read_unsettled_cells().await? {
            return Ok(None);
        }
        let cells = page_of(&self.remaining);
        let mut unsettled = self.walk.tracker.store.unsettled(&cells).await?;
        self.remaining.drain(..cells.len());
        let order: HashMap<CellKey, usize> = cells.into_iter().zip(0..).collect();
        unsettled.sort_by_key(|deployment| order.get(&CellKey::of(deployment)).copied());
        Ok(Some(unsettled))
    }
}

impl Tracker {
    /// The matrix, as [`Tracker::matrix`] returns it, page by page.
    #[must_use]
    pub fn matrix_pages(&self, filter: MatrixFilter) -> MatrixPages {
        MatrixPages {
            walk: ComponentWalk::new(self.clone(), filter),
            has_begun: false,
        }
    }

    /// The unsettled deployments, as [`Tracker::unsettled`] returns them, page by page.
    #[must_use]
    pub fn unsettled_pages(&self, filter: MatrixFilter) -> UnsettledPages {
        let filter = MatrixFilter { at: None, ..filter };
        UnsettledPages {
            walk: ComponentWalk::new(self.clone(), filter),
            remaining: VecDeque::new(),
            has_begun: false,
        }
    }
}
