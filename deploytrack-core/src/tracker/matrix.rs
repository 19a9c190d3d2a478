//! The matrix, its cells, and the unsettled deployments.

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
    /// The matrix: a row per component in name order, and in it a cell per environment, in
    /// environment order, where a deployment is current or was current at the filter's moment.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn matrix(&self, filter: &MatrixFilter) -> Result<Matrix, Error> {
        pages::all(self.matrix_pages(filter.clone())).await
    }

    /// What is current of a component in an environment; `None` if nothing is.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such component or environment, and errors of the
    /// database.
    pub async fn cell(&self, component: &Name, environment: &Name) -> Result<Option<Cell>, Error> {
        if let Some(cell) = self.store.cell(component, environment).await? {
            return Ok(Some(cell));
        }
        if self
            .store
            .components(Some(component), 0, 1)
            .await?
            .0
            .is_empty()
        {
            return Err(Error::unknown(CatalogKind::Component, component));
        }
        if self
            .store
            .environments(Some(environment), 0, 1)
            .await?
            .0
            .is_empty()
        {
            return Err(Error::unknown(CatalogKind::Environment, environment));
        }
        Ok(None)
    }

    /// The unsettled deployments, at most one per cell: the newest deployment of a cell by the time
    /// it happened, if it is pending, in progress or failed, and newer than what is current and
    /// than the last undeployment. They are in the order of the matrix: by component name, then in
    /// environment order. The filter's moment is ignored.
    ///
    /// # Errors
    /// Errors of the database.
    pub async fn unsettled(&self, filter: &MatrixFilter) -> Result<Vec<Deployment>, Error> {
        pages::all(self.unsettled_pages(filter.clone())).await
    }
}
