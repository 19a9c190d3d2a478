//! The HTTP client of a deploytrack server: one method per endpoint.
//!
//! Every POST and PATCH carries an idempotency key, and is repeated under the same key when its answer got lost: however
//! often it arrives, it is carried out once.
//!
//! Its token is sent to the server it was made for and nowhere else: redirects are not followed, and neither the token
//! nor the settings that hold it show in `Debug` or in an error.

mod address;
mod body;
mod certificates;
mod error;
mod events;
mod health;
mod links;
mod notes;
mod obstacle;
mod proxy;
mod query;
mod retry;
mod transport;

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

pub use self::{
    address::{BadAddress, ServerAddress},
    certificates::{BadCertificates, Certificates},
    error::{Error, ForeignAnswer, ForeignKind},
    events::{Events, Told},
    health::Health,
    notes::{ArchiveNotes, ArchivedNames},
    obstacle::Obstacle,
    proxy::Proxy,
    transport::{Answer, Client, ClientSettings, Export},
};
use crate::{
    api::{self, Imported},
    archive::{ArchiveOutcome, ArchiveSelection},
    catalog::{Component, ComponentChange, Environment, EnvironmentChange, Kind, NewComponent, NewEnvironment},
    clock::Time,
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    history::HistoryEntry,
    matrix::Matrix,
    query::{CatalogFilter, DeploymentFilter, MatrixFilter, Page, PageRequest},
    text::Name,
    verification::Verification,
};

impl Client {
    /// Records a deployment.
    pub async fn record(&self, new: &NewDeployment) -> Result<Answer<Deployment>, Error> {
        let query = if new.register { vec![("register", "true".to_owned())] } else { Vec::new() };
        self.send(Method::POST, api::DEPLOYMENTS, &query, &new.to_body()).await
    }

    /// Changes a deployment, its status above all.
    pub async fn update(&self, id: Uuid, change: &Change) -> Result<Answer<Deployment>, Error> {
        self.send(Method::PATCH, &one(api::DEPLOYMENTS, id), &[], &change.to_body()).await
    }

    /// Records that a component left an environment, where this deployment of it was current.
    pub async fn undeploy(&self, id: Uuid, undeploy: &Undeploy) -> Result<Answer<Deployment>, Error> {
        self.send(Method::POST, &format!("{}/undeploy", one(api::DEPLOYMENTS, id)), &[], &undeploy.to_body()).await
    }

    /// One deployment.
    pub async fn deployment(&self, id: Uuid) -> Result<Answer<Deployment>, Error> {
        self.get(&one(api::DEPLOYMENTS, id), &[]).await
    }

    /// The history of one deployment, the earliest first.
    pub async fn history(&self, id: Uuid) -> Result<Answer<Vec<HistoryEntry>>, Error> {
        self.get(&format!("{}/history", one(api::DEPLOYMENTS, id)), &[]).await
    }

    /// A page of deployments, the newest first by the filter's order. Its links are those that the server sent: to read on, ask for `next` until
    /// there is none.
    pub async fn list(&self, filter: &DeploymentFilter, page: PageRequest) -> Result<Answer<Page<Deployment>>, Error> {
        let mut query = query::deployments(filter);
        query.extend(query::order(filter.order));
        query.extend(page.parameters());
        self.page(api::DEPLOYMENTS, &query).await
    }

    /// What is current of one component, or was at a moment, in environment order.
    pub async fn latest(&self, component_id: Uuid, at: Option<Time>) -> Result<Answer<Vec<Deployment>>, Error> {
        self.get(api::LATEST, &query::latest(component_id, at)).await
    }

    /// Compares everything that is kept with the history.
    pub async fn verify(&self) -> Result<Answer<Verification>, Error> {
        self.get(api::VERIFY, &[]).await
    }

    /// The matrix.
    pub async fn matrix(&self, filter: &MatrixFilter) -> Result<Answer<Matrix>, Error> {
        self.get(api::MATRIX, &query::matrix(filter)).await
    }

    /// The newest deployment of each cell by when it happened, where it is pending, in progress or failed and newer than what
    /// is current, in the order of the matrix. The filter's moment is not sent: attempts are those of now.
    pub async fn unsettled(&self, filter: &MatrixFilter) -> Result<Answer<Vec<Deployment>>, Error> {
        let query = query::matrix(&MatrixFilter { at: None, ..filter.clone() });
        self.get(api::UNSETTLED, &query).await
    }

    /// Imports newline-delimited JSON, one deployment a line: at most [`api::IMPORT_LINES`] lines and
    /// [`api::IMPORT_BYTES`] bytes, all or nothing. Lines that were imported before are skipped.
    pub async fn import(&self, lines: impl Into<Vec<u8>>) -> Result<Answer<Imported>, Error> {
        self.send_lines(api::IMPORT, lines.into()).await
    }

    /// Streams deployments, the earliest first, in the form that [`Client::import`] takes.
    pub async fn export(&self, filter: &DeploymentFilter) -> Result<Export, Error> {
        self.stream(api::EXPORT, &query::deployments(filter)).await
    }

    /// A page of components in the order of their names, or the one with this name.
    pub async fn components(&self, name: Option<&Name>, page: PageRequest) -> Result<Answer<Page<Component>>, Error> {
        self.page(api::COMPONENTS, &query::named(name, page)).await
    }

    /// A page of the components that match, in the order of their names.
    pub async fn matching_components(&self, filter: &CatalogFilter, page: PageRequest) -> Result<Answer<Page<Component>>, Error> {
        self.page(api::COMPONENTS, &query::catalog(filter, page)).await
    }

    /// Archives the components or environments of a selection, or takes them out of the archive.
    pub async fn archive(&self, kind: Kind, selection: &ArchiveSelection) -> Result<Answer<ArchiveOutcome>, Error> {
        let path = match kind {
            Kind::Component => api::ARCHIVE_COMPONENTS,
            Kind::Environment => api::ARCHIVE_ENVIRONMENTS,
        };
        self.send(Method::POST, path, &[], &selection.to_body()).await
    }

    /// One component.
    pub async fn component(&self, id: Uuid) -> Result<Answer<Component>, Error> {
        self.get(&one(api::COMPONENTS, id), &[]).await
    }

    /// Registers a component.
    pub async fn create_component(&self, new: &NewComponent) -> Result<Answer<Component>, Error> {
        let body = body::with_name(&new.name, body::component(&new.details));
        self.send(Method::POST, api::COMPONENTS, &[], &body).await
    }

    /// Changes a component.
    pub async fn update_component(&self, id: Uuid, change: &ComponentChange) -> Result<Answer<Component>, Error> {
        self.send(Method::PATCH, &one(api::COMPONENTS, id), &[], &body::component(change)).await
    }

    /// Deletes a component that has no deployments.
    pub async fn delete_component(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::COMPONENTS, id)).await
    }

    /// A page of environments in their order, or the one with this name.
    pub async fn environments(&self, name: Option<&Name>, page: PageRequest) -> Result<Answer<Page<Environment>>, Error> {
        self.page(api::ENVIRONMENTS, &query::named(name, page)).await
    }

    /// A page of the environments that match, in their order.
    pub async fn matching_environments(&self, filter: &CatalogFilter, page: PageRequest) -> Result<Answer<Page<Environment>>, Error> {
        self.page(api::ENVIRONMENTS, &query::catalog(filter, page)).await
    }

    /// One environment.
    pub async fn environment(&self, id: Uuid) -> Result<Answer<Environment>, Error> {
        self.get(&one(api::ENVIRONMENTS, id), &[]).await
    }

    /// Registers an environment.
    pub async fn create_environment(&self, new: &NewEnvironment) -> Result<Answer<Environment>, Error> {
        let body = body::with_name(&new.name, body::environment(&new.details));
        self.send(Method::POST, api::ENVIRONMENTS, &[], &body).await
    }

    /// Changes an environment.
    pub async fn update_environment(&self, id: Uuid, change: &EnvironmentChange) -> Result<Answer<Environment>, Error> {
        self.send(Method::PATCH, &one(api::ENVIRONMENTS, id), &[], &body::environment(change)).await
    }

    /// Deletes an environment that has no deployments.
    pub async fn delete_environment(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::ENVIRONMENTS, id)).await
    }

    /// Sets the order of the environments; `ids` names every one of them.
    pub async fn reorder_environments(&self, ids: &[Uuid]) -> Result<Answer<Vec<Environment>>, Error> {
        let body: Value = json!({ "ids": ids });
        self.send(Method::PUT, api::ENVIRONMENT_ORDER, &[], &body).await
    }
}

fn one(collection: &str, id: Uuid) -> String {
    format!("{collection}/{id}")
}
