//! What runs where, and what is on its way there.

use super::{Tracker, pages};
use crate::{
    catalog::CatalogKind,
    deployment::Deployment,
    error::Error,
    matrix::{Cell, Matrix},
    query::MatrixFilter,
    text::Name,
};

impl Tracker {
    /// The matrix: a row per component in name order, a cell per environment where something is current, or was at the
    /// filter's moment, in environment order.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn matrix(&self, filter: &MatrixFilter) -> Result<Matrix, Error> {
        pages::all(self.matrix_pages(filter.clone())).await
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
            return Err(Error::unknown(CatalogKind::Component, component));
        }
        if self.store.environments(Some(environment), 0, 1).await?.0.is_empty() {
            return Err(Error::unknown(CatalogKind::Environment, environment));
        }
        Ok(None)
    }

    /// Beside the matrix: the newest deployment of each cell by when it happened, where it is pending, in progress or failed,
    /// and newer than what is current and than the last removal. In the order of the matrix: by component name, then in environment order; at most one for each cell. The
    /// filter's moment is not heeded: attempts are those of now.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn unsettled(&self, filter: &MatrixFilter) -> Result<Vec<Deployment>, Error> {
        pages::all(self.unsettled_pages(filter.clone())).await
    }
}
