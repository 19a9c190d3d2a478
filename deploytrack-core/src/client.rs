//! The HTTP client of a deploytrack server: one method per endpoint.
//!
//! Every POST and PATCH has an idempotency key. If its response is lost, the client sends it again
//! with the same key, and the server executes it only once.
//!
//! The client sends its token only to its own server: it does not follow redirects. Neither the
//! token nor the settings that contain it appear in `Debug` or in an error.

mod address;
mod body;
mod certificates;
mod documents;
mod error;
mod events;
mod exchange;
mod health;
mod identity_request;
mod links;
mod notes;
mod obstacle;
mod proxy;
mod query;
mod retry;
mod token_source;
mod transport;

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

#[cfg(fuzzing)]
pub use self::events::event_blocks;
pub use self::{
    address::{BadAddress, ServerAddress},
    certificates::{BadCertificates, Certificates},
    documents::{
        BadHttpsUrl, DocumentClient, DocumentError, HttpsUrl, MOST_OF_DOCUMENT, NoDocuments,
    },
    error::{Error, ForeignAnswer, ForeignKind, NoIdentity},
    events::{Events, StreamItem},
    health::Health,
    identity_request::IdentityRequest,
    notes::{ArchiveNotes, ArchivedNames},
    obstacle::Obstacle,
    proxy::Proxy,
    token_source::{TokenFuture, TokenSource},
    transport::{ApiResponse, Client, ClientSettings, Export},
};
use crate::{
    api::{self, EnvironmentOrder, ImportCounts},
    archive::{ArchiveOutcome, ArchiveSelection},
    catalog::{
        CatalogKind, Component, ComponentChange, Environment, EnvironmentChange, NewComponent,
        NewEnvironment, Reference,
    },
    clock::Time,
    daily::{DailyFilter, DayCounts},
    deployment::{Change, Deployment, NewDeployment, Undeploy},
    event::{AuditFilter, Event},
    history::HistoryEntry,
    ids::IdMatches,
    matrix::Matrix,
    query::{CatalogFilter, DeploymentFilter, MatrixFilter, Page, PageRequest},
    retention::{RemovalOutcome, RemovalRequest, RetentionPreview},
    revocation::{Revocation, RevokedTokens},
    session::{Login, LoginCode},
    text::{IdPrefix, Name},
    token::{NewToken, Rotation, Token, TokenWithSecret},
    verification::Verification,
    wall::{NewWall, Wall, WallLink},
};

impl Client {
    /// Records a deployment.
    pub async fn record(&self, new: &NewDeployment) -> Result<ApiResponse<Deployment>, Error> {
        let query = if new.register {
            vec![("register", "true".to_owned())]
        } else {
            Vec::new()
        };
        self.send(Method::POST, api::DEPLOYMENTS, &query, &new.to_body())
            .await
    }

    /// Changes a deployment, usually its status.
    pub async fn update(
        &self,
        id: Uuid,
        change: &Change,
    ) -> Result<ApiResponse<Deployment>, Error> {
        self.send(
            Method::PATCH,
            &one(api::DEPLOYMENTS, id),
            &[],
            &change.to_body(),
        )
        .await
    }

    /// Undeploys a deployment that is current: the component left the environment.
    pub async fn undeploy(
        &self,
        id: Uuid,
        undeploy: &Undeploy,
    ) -> Result<ApiResponse<Deployment>, Error> {
        self.send(
            Method::POST,
            &format!("{}/undeploy", one(api::DEPLOYMENTS, id)),
            &[],
            &undeploy.to_body(),
        )
        .await
    }

    /// Reads one deployment.
    pub async fn deployment(&self, id: Uuid) -> Result<ApiResponse<Deployment>, Error> {
        self.get(&one(api::DEPLOYMENTS, id), &[]).await
    }

    /// Reads the history of one deployment, the earliest row first.
    pub async fn history(&self, id: Uuid) -> Result<ApiResponse<Vec<HistoryEntry>>, Error> {
        self.get(&format!("{}/history", one(api::DEPLOYMENTS, id)), &[])
            .await
    }

    /// Reads a page of deployments, the newest first by the filter's order. Its links are those
    /// that the server sent. To read the whole list, request `next` until there is none.
    pub async fn list(
        &self,
        filter: &DeploymentFilter,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Deployment>>, Error> {
        let mut query = query::deployments(filter);
        query.extend(query::order(filter.order));
        query.extend(page.parameters());
        self.page(api::DEPLOYMENTS, &query).await
    }

    /// Reads the current deployments of one component, or those at the time `at`, in environment
    /// order.
    pub async fn latest(
        &self,
        component: impl Into<Reference>,
        at: Option<Time>,
    ) -> Result<ApiResponse<Vec<Deployment>>, Error> {
        self.get(api::LATEST, &query::latest(&component.into(), at))
            .await
    }

    /// Compares all derived data on the server with the history.
    pub async fn verify(&self) -> Result<ApiResponse<Verification>, Error> {
        self.get(api::VERIFY, &[]).await
    }

    /// Reads a page of the audit, newest first: of the events that are not about deployments, those
    /// that match. Only an admin may.
    pub async fn audit(
        &self,
        filter: &AuditFilter,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Event>>, Error> {
        let mut query = query::audit(filter);
        query.extend(page.parameters());
        self.page(api::AUDIT, &query).await
    }

    /// Reads the matrix.
    pub async fn matrix(&self, filter: &MatrixFilter) -> Result<ApiResponse<Matrix>, Error> {
        self.get(api::MATRIX, &query::matrix(filter)).await
    }

    /// Reads the unsettled deployments, in the order of the matrix: the newest deployment of a cell
    /// by `occurredAt`, if it is pending, in progress or failed, and newer than the current one.
    /// The filter's `at` is not sent: the result is always about the present.
    pub async fn unsettled(
        &self,
        filter: &MatrixFilter,
    ) -> Result<ApiResponse<Vec<Deployment>>, Error> {
        let query = query::matrix(&MatrixFilter {
            at: None,
            gaps: false,
            ..filter.clone()
        });
        self.get(api::UNSETTLED, &query).await
    }

    /// Looks up the ids of deployments that begin with each of these prefixes, in the order of the
    /// prefixes: at most [`api::MOST_VALUES`].
    pub async fn ids(&self, prefixes: &[IdPrefix]) -> Result<ApiResponse<Vec<IdMatches>>, Error> {
        let query: Vec<_> = prefixes
            .iter()
            .map(|prefix| ("prefix", prefix.to_string()))
            .collect();
        self.get(api::IDS, &query).await
    }

    /// Counts the deployments of the last days, the earliest day first.
    pub async fn daily(&self, filter: &DailyFilter) -> Result<ApiResponse<Vec<DayCounts>>, Error> {
        self.get(api::DAILY, &query::daily(filter)).await
    }

    /// Imports newline-delimited JSON, one deployment per line: at most [`api::IMPORT_LINES`] lines and
    /// [`api::IMPORT_BYTES`] bytes, all or nothing. Lines that were imported before are skipped.
    pub async fn import(
        &self,
        lines: impl Into<Vec<u8>>,
    ) -> Result<ApiResponse<ImportCounts>, Error> {
        self.send_lines(api::IMPORT, lines.into()).await
    }

    /// Streams deployments, the earliest first, in the format of [`Client::import`].
    pub async fn export(&self, filter: &DeploymentFilter) -> Result<Export, Error> {
        self.stream(api::EXPORT, &query::deployments(filter)).await
    }

    /// Reads the subject, the role and the end of the token.
    pub async fn login(&self) -> Result<ApiResponse<Login>, Error> {
        self.get(api::SESSION, &[]).await
    }

    /// Asks for a code that a browser exchanges for a session with the rights of the token.
    pub async fn login_code(&self) -> Result<ApiResponse<LoginCode>, Error> {
        self.send(Method::POST, api::SESSION_CODE, &[], &json!({}))
            .await
    }

    /// Creates a wall. The response has the secret of its link, which cannot be read again.
    pub async fn create_wall(&self, new: &NewWall) -> Result<ApiResponse<WallLink>, Error> {
        self.send(Method::POST, api::WALLS, &[], &new.to_body())
            .await
    }

    /// Reads a page of walls in the order of their names.
    pub async fn walls(&self, page: PageRequest) -> Result<ApiResponse<Page<Wall>>, Error> {
        self.page(api::WALLS, &query::named(None, page)).await
    }

    /// Revokes a wall: its link and its sessions end.
    pub async fn revoke_wall(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::WALLS, id)).await
    }

    /// Creates a token. The response has its secret, which cannot be read again.
    pub async fn create_token(
        &self,
        new: &NewToken,
    ) -> Result<ApiResponse<TokenWithSecret>, Error> {
        self.send(Method::POST, api::TOKENS, &[], &new.to_body())
            .await
    }

    /// Reads a page of tokens in the order of their names.
    pub async fn tokens(&self, page: PageRequest) -> Result<ApiResponse<Page<Token>>, Error> {
        self.page(api::TOKENS, &query::named(None, page)).await
    }

    /// Reads a token.
    pub async fn token(&self, id: Uuid) -> Result<ApiResponse<Token>, Error> {
        self.get(&one(api::TOKENS, id), &[]).await
    }

    /// Gives a token a new secret. The response has it, and it cannot be read again.
    pub async fn rotate_token(
        &self,
        id: Uuid,
        rotation: Rotation,
    ) -> Result<ApiResponse<TokenWithSecret>, Error> {
        let path = format!("{}/rotate", one(api::TOKENS, id));
        self.send(Method::POST, &path, &[], &rotation.to_body())
            .await
    }

    /// Revokes a token.
    pub async fn revoke_token(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::TOKENS, id)).await
    }

    /// Revokes JSON Web Tokens, by `jti` or by subject.
    pub async fn revoke(&self, tokens: &RevokedTokens) -> Result<ApiResponse<Revocation>, Error> {
        self.send(Method::POST, api::REVOCATIONS, &[], &tokens.to_body())
            .await
    }

    /// Reads a page of revocations, the newest first.
    pub async fn revocations(
        &self,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Revocation>>, Error> {
        self.page(api::REVOCATIONS, &query::named(None, page)).await
    }

    /// Removes a revocation: its JSON Web Tokens are valid again until they expire.
    pub async fn remove_revocation(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::REVOCATIONS, id)).await
    }

    /// Reads a page of components in the order of their names, or only the component with this
    /// name.
    pub async fn components(
        &self,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Component>>, Error> {
        self.page(api::COMPONENTS, &query::named(name, page)).await
    }

    /// Reads a page of the components that match, in the order of their names.
    pub async fn matching_components(
        &self,
        filter: &CatalogFilter,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Component>>, Error> {
        self.page(api::COMPONENTS, &query::catalog(filter, page))
            .await
    }

    /// Lists what a removal would remove: deployments older than this many days. `keep_last` is
    /// the number of the newest deployments that each cell retains.
    pub async fn preview_removal(
        &self,
        older_than_days: u64,
        keep_last: u64,
    ) -> Result<ApiResponse<RetentionPreview>, Error> {
        let query = [
            ("olderThanDays", older_than_days.to_string()),
            ("keepLast", keep_last.to_string()),
        ];
        self.get(api::RETENTION, &query).await
    }

    /// Removes the deployments that a preview has listed.
    pub async fn remove(
        &self,
        request: &RemovalRequest,
    ) -> Result<ApiResponse<RemovalOutcome>, Error> {
        self.send(Method::POST, api::RETENTION, &[], &request.to_body())
            .await
    }

    /// Archives or unarchives the components or environments of a selection.
    pub async fn archive(
        &self,
        kind: CatalogKind,
        selection: &ArchiveSelection,
    ) -> Result<ApiResponse<ArchiveOutcome>, Error> {
        let path = match kind {
            CatalogKind::Component => api::ARCHIVE_COMPONENTS,
            CatalogKind::Environment => api::ARCHIVE_ENVIRONMENTS,
        };
        self.send(Method::POST, path, &[], &selection.to_body())
            .await
    }

    /// Reads one component.
    pub async fn component(&self, id: Uuid) -> Result<ApiResponse<Component>, Error> {
        self.get(&one(api::COMPONENTS, id), &[]).await
    }

    /// Registers a component.
    pub async fn create_component(
        &self,
        new: &NewComponent,
    ) -> Result<ApiResponse<Component>, Error> {
        let body = body::with_name(&new.name, body::component(&new.details));
        self.send(Method::POST, api::COMPONENTS, &[], &body).await
    }

    /// Changes a component.
    pub async fn update_component(
        &self,
        id: Uuid,
        change: &ComponentChange,
    ) -> Result<ApiResponse<Component>, Error> {
        self.send(
            Method::PATCH,
            &one(api::COMPONENTS, id),
            &[],
            &body::component(change),
        )
        .await
    }

    /// Deletes a component that has no deployments.
    pub async fn delete_component(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::COMPONENTS, id)).await
    }

    /// Reads a page of environments in their order, or only the environment with this name.
    pub async fn environments(
        &self,
        name: Option<&Name>,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Environment>>, Error> {
        self.page(api::ENVIRONMENTS, &query::named(name, page))
            .await
    }

    /// Reads a page of the environments that match, in their order.
    pub async fn matching_environments(
        &self,
        filter: &CatalogFilter,
        page: PageRequest,
    ) -> Result<ApiResponse<Page<Environment>>, Error> {
        self.page(api::ENVIRONMENTS, &query::catalog(filter, page))
            .await
    }

    /// Reads one environment.
    pub async fn environment(&self, id: Uuid) -> Result<ApiResponse<Environment>, Error> {
        self.get(&one(api::ENVIRONMENTS, id), &[]).await
    }

    /// Registers an environment.
    pub async fn create_environment(
        &self,
        new: &NewEnvironment,
    ) -> Result<ApiResponse<Environment>, Error> {
        let body = body::with_name(&new.name, body::environment(&new.details));
        self.send(Method::POST, api::ENVIRONMENTS, &[], &body).await
    }

    /// Changes an environment.
    pub async fn update_environment(
        &self,
        id: Uuid,
        change: &EnvironmentChange,
    ) -> Result<ApiResponse<Environment>, Error> {
        self.send(
            Method::PATCH,
            &one(api::ENVIRONMENTS, id),
            &[],
            &body::environment(change),
        )
        .await
    }

    /// Deletes an environment that has no deployments.
    pub async fn delete_environment(&self, id: Uuid) -> Result<(), Error> {
        self.delete(&one(api::ENVIRONMENTS, id)).await
    }

    /// Sets the order of the environments; it lists all of them, by id or by name.
    pub async fn reorder_environments(
        &self,
        order: impl Into<EnvironmentOrder>,
    ) -> Result<ApiResponse<Vec<Environment>>, Error> {
        let body = order.into().to_body();
        self.send(Method::PUT, api::ENVIRONMENT_ORDER, &[], &body)
            .await
    }
}

fn one(collection: &str, id: Uuid) -> String {
    format!("{collection}/{id}")
}
