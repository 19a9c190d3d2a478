//! The endpoints: the path and the methods of each, the role that it requires, and whether the
//! cache may store its response.

use deploytrack_core::{api, catalog::CatalogKind};
use http::Method;

use self::path::Path;
#[cfg(feature = "dashboard")]
use crate::asset::Asset;
use crate::{
    auth::Access,
    cache::Caching,
    config::Badges,
    preconditions::WriteHeader::{self, IdempotencyKey, IfMatch, SentAt},
};

mod path;
#[cfg(test)]
mod tests;

/// An id as the client sent it in the path. It is parsed after the token is checked, so that a
/// client without a token gets no information.
pub(crate) type RawId = String;

/// The endpoint of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Live,
    Ready,
    /// The OpenAPI document.
    OpenApi,
    /// A file of Swagger UI, or its page if the name is empty.
    Docs(String),
    /// A redirect to Swagger UI at this path, which is relative to the requested one.
    DocsRedirect(&'static str),
    Options(&'static str),
    /// A badge by both names in the path, still encoded.
    Badge(String),
    /// A badge by the names in the query.
    BadgeByQuery,
    ListDeployments,
    RecordDeployment,
    ShowDeployment(RawId),
    UpdateDeployment(RawId),
    History(RawId),
    Undeploy(RawId),
    Matrix,
    Unsettled,
    Latest,
    Import,
    Export,
    Verify,
    Events,
    ListComponents,
    CreateComponent,
    ShowComponent(RawId),
    UpdateComponent(RawId),
    DeleteComponent(RawId),
    ListEnvironments,
    CreateEnvironment,
    ShowEnvironment(RawId),
    UpdateEnvironment(RawId),
    DeleteEnvironment(RawId),
    OrderEnvironments,
    /// Archives all whose names match a pattern.
    Archive(CatalogKind),
    #[cfg(feature = "dashboard")]
    Dashboard(&'static Asset),
}

/// The reason for which a request has no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// No endpoint has this path.
    Path,
    /// The path accepts only these methods.
    Method(&'static str),
}

impl Route {
    /// Finds the route of a request. With [`Badges::Off`] the paths of badges do not exist.
    pub(crate) fn parse(method: &Method, path: &str, badges: Badges) -> Result<Self, NoRoute> {
        let exists = |path: &Path<'_>| {
            badges == Badges::Public || !matches!(path, Path::Badge(_) | Path::BadgeByQuery)
        };
        let path = Path::parse(path).filter(exists).ok_or(NoRoute::Path)?;
        match method.as_str() {
            "OPTIONS" => Ok(Self::Options(path.allow())),
            // HEAD is handled as GET; hyper omits the body.
            "HEAD" => path.route("GET"),
            other => path.route(other),
        }
        .map_err(|()| NoRoute::Method(path.allow()))
    }

    /// The permission that the route requires. The match has no wildcard, so that a new route
    /// without one does not compile.
    pub(crate) const fn access(&self) -> Access {
        match self {
            Self::Live
            | Self::Ready
            | Self::OpenApi
            | Self::Docs(_)
            | Self::DocsRedirect(_)
            | Self::Options(_)
            | Self::Badge(_)
            | Self::BadgeByQuery => Access::Open,
            // The page contains no data. It requests the data with the token of its reader.
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => Access::Open,
            Self::ListDeployments
            | Self::ShowDeployment(_)
            | Self::History(_)
            | Self::Matrix
            | Self::Unsettled
            | Self::Latest
            | Self::Export
            | Self::Events
            | Self::ListComponents
            | Self::ShowComponent(_)
            | Self::ListEnvironments
            | Self::ShowEnvironment(_) => Access::Reader,
            Self::RecordDeployment
            | Self::UpdateDeployment(_)
            | Self::Undeploy(_)
            | Self::Import
            | Self::Verify
            | Self::CreateComponent
            | Self::UpdateComponent(_)
            | Self::DeleteComponent(_)
            | Self::CreateEnvironment
            | Self::UpdateEnvironment(_)
            | Self::DeleteEnvironment(_)
            | Self::OrderEnvironments
            | Self::Archive(_) => Access::Admin,
        }
    }
}

impl Route {
    /// Whether the cache may store the response.
    pub(crate) const fn caching(&self) -> Caching {
        match self {
            Self::Live
            | Self::Ready
            | Self::OpenApi
            | Self::Docs(_)
            | Self::DocsRedirect(_)
            | Self::Options(_)
            | Self::Badge(_)
            | Self::BadgeByQuery
            | Self::Verify
            | Self::Events
            | Self::Export
            | Self::RecordDeployment
            | Self::UpdateDeployment(_)
            | Self::Undeploy(_)
            | Self::Import
            | Self::CreateComponent
            | Self::UpdateComponent(_)
            | Self::DeleteComponent(_)
            | Self::CreateEnvironment
            | Self::UpdateEnvironment(_)
            | Self::DeleteEnvironment(_)
            | Self::OrderEnvironments
            | Self::Archive(_) => Caching::No,
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => Caching::No,
            Self::ShowDeployment(_) | Self::ShowComponent(_) | Self::ShowEnvironment(_) => {
                Caching::Record
            }
            Self::ListDeployments
            | Self::History(_)
            | Self::Matrix
            | Self::Unsettled
            | Self::Latest
            | Self::ListComponents
            | Self::ListEnvironments => Caching::Collection,
        }
    }

    /// The headers that change what the request does.
    pub(crate) const fn conditions(&self) -> &'static [WriteHeader] {
        match self {
            Self::UpdateDeployment(_) | Self::Undeploy(_) => &[IdempotencyKey, SentAt, IfMatch],
            Self::UpdateComponent(_) | Self::UpdateEnvironment(_) => &[IdempotencyKey, IfMatch],
            Self::RecordDeployment | Self::Import => &[IdempotencyKey, SentAt],
            Self::CreateComponent | Self::CreateEnvironment | Self::Archive(_) => &[IdempotencyKey],
            _ => &[],
        }
    }
}

/// Every path of the API, with `{id}` in place of an id. The paths of pages and badges do not
/// belong to the API.
const PATHS: [&str; 21] = [
    "/healthz",
    "/readyz",
    api::OPENAPI,
    api::DEPLOYMENTS,
    api::MATRIX,
    api::UNSETTLED,
    api::LATEST,
    api::IMPORT,
    api::EXPORT,
    "/api/v1/deployments/{id}",
    "/api/v1/deployments/{id}/history",
    "/api/v1/deployments/{id}/undeploy",
    api::VERIFY,
    api::EVENTS,
    api::COMPONENTS,
    api::ARCHIVE_COMPONENTS,
    "/api/v1/components/{id}",
    api::ENVIRONMENTS,
    api::ARCHIVE_ENVIRONMENTS,
    "/api/v1/environments/{id}",
    api::ENVIRONMENT_ORDER,
];
/// Every method that a route may have.
const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// All routes of the API, each with its method and its path.
pub(crate) fn table() -> impl Iterator<Item = (Method, &'static str, Route)> {
    let pairs = PATHS
        .into_iter()
        .flat_map(|path| METHODS.map(|method| (method, path)));
    pairs.filter_map(|(method, path)| {
        Some((
            method.clone(),
            path,
            Route::parse(&method, path, Badges::Off).ok()?,
        ))
    })
}
