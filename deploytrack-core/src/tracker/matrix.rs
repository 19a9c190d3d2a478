//! What runs where, and what is on its way there.

use std::collections::{BTreeMap, HashMap};

use uuid::Uuid;

use super::Tracker;
use crate::{
    catalog::{Component, Environment, Kind},
    clock::Time,
    deployment::Deployment,
    error::Error,
    matrix::{Cell, Matrix, Row},
    query::MatrixFilter,
    store::Place,
    text::Name,
};

impl Tracker {
    /// The matrix: a row per component in name order, a cell per environment where something is current, or was at the
    /// filter's moment, in environment order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn matrix(&self, filter: &MatrixFilter) -> Result<Matrix, Error> {
        // What is registered is read before the cells: a cell can then name something newer, which is left out, but
        // never miss something it should have.
        let (components, columns) = self.shown(filter).await?;
        let cells = match filter.at {
            Some(at) => self.store.cells_at(at).await?,
            None => self.store.cells().await?,
        };
        let cells: BTreeMap<Place, Cell> = cells.into_iter().collect();
        let rows = components.into_iter().map(|component| Row {
            environments: columns
                .iter()
                .filter_map(|environment| {
                    let place = Place { component_id: component.id, environment_id: environment.id };
                    cells.get(&place).map(|cell| (environment.name.clone(), cell.clone()))
                })
                .collect(),
            component_id: component.id,
            component_name: component.name,
        });
        Ok(rows.collect())
    }

    /// What is current of a component in an environment, if anything is.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such component or environment, and those of the database.
    pub async fn cell(&self, component: &Name, environment: &Name) -> Result<Option<Cell>, Error> {
        if let Some(cell) = self.store.cell(component, environment).await? {
            return Ok(Some(cell));
        }
        if self.store.components(Some(component), 0, 1).await?.0.is_empty() {
            return Err(Error::unknown(Kind::Component, component));
        }
        if self.store.environments(Some(environment), 0, 1).await?.0.is_empty() {
            return Err(Error::unknown(Kind::Environment, environment));
        }
        Ok(None)
    }

    /// Beside the matrix: the newest deployment of each cell by when it happened, where it is pending, in progress or failed,
    /// and newer than what is current and than the last removal. In the order of the matrix: by component name, then in environment order; at most one for each cell. The
    /// filter's moment is not heeded: attempts are those of now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn attempts(&self, filter: &MatrixFilter) -> Result<Vec<Deployment>, Error> {
        let (components, environments) = self.shown(filter).await?;
        let rows = places(components.iter().map(|component| component.id));
        let columns = places(environments.iter().map(|environment| environment.id));
        let place = |attempt: &Deployment| Some((*rows.get(&attempt.component_id)?, *columns.get(&attempt.environment_id)?));
        let mut attempts = self.store.attempts().await?;
        attempts.retain(|attempt| place(attempt).is_some());
        attempts.sort_by_key(place);
        Ok(attempts)
    }

    /// The components and the environments that a filter lets through, in their orders.
    async fn shown(&self, filter: &MatrixFilter) -> Result<(Vec<Component>, Vec<Environment>), Error> {
        let all = u64::MAX;
        let (mut components, _) = self.store.components(None, 0, all).await?;
        let (mut environments, _) = self.store.environments(None, 0, all).await?;
        components.retain(|component| shows_row(filter, component));
        environments.retain(|environment| shows_column(filter, environment));
        Ok((components, environments))
    }
}

/// The place of each in its order.
fn places(ids: impl Iterator<Item = Uuid>) -> HashMap<Uuid, usize> {
    ids.enumerate().map(|(place, id)| (id, place)).collect()
}

fn shows_row(filter: &MatrixFilter, component: &Component) -> bool {
    shows(filter, component.archived_at)
        && asked_for(&filter.components, &component.name)
        && (filter.owner.is_none() || filter.owner == component.owner)
        && (filter.kind.is_none() || filter.kind == component.kind)
        && (filter.lifecycle.is_none() || filter.lifecycle == component.lifecycle)
}

fn shows_column(filter: &MatrixFilter, environment: &Environment) -> bool {
    shows(filter, environment.archived_at) && asked_for(&filter.environments, &environment.name)
}

/// Whether something is shown that is archived since then, if it is. A moment before the archiving shows it.
fn shows(filter: &MatrixFilter, archived_at: Option<Time>) -> bool {
    filter.include_archived || archived_at.is_none_or(|archived_at| filter.at.is_some_and(|at| at < archived_at))
}

fn asked_for(names: &[Name], name: &Name) -> bool {
    names.is_empty() || names.contains(name)
}
