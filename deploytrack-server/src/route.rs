//! Every endpoint as a value: its path, its methods, and who may call it.

use deploytrack_core::{api, catalog::CatalogKind};
use http::Method;

use self::place::Place;
#[cfg(feature = "dashboard")]
use crate::asset::Asset;
use crate::config::Badges;

mod place;
#[cfg(test)]
mod tests;

/// An identifier as it stands in the path. It is read after the token, so that an unknown caller learns nothing.
pub(crate) type RawId = String;

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Live,
    Ready,
    /// The description of the API.
    OpenApi,
    /// A file of the pages that show the description; the pages themselves where it is empty.
    Docs(String),
    /// Leads to the pages at this place, which is relative to the one asked for.
    DocsAt(&'static str),
    Options(&'static str),
    /// Both names as they stand in the path.
    Badge(String),
    /// The names are in the query.
    BadgeAsked,
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
    /// Archives many by a pattern of their names.
    Archive(CatalogKind),
    #[cfg(feature = "dashboard")]
    Dashboard(&'static Asset),
}

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Anyone, without a token.
    Open,
    /// Anyone with a token.
    Reader,
    /// A token with the role `admin`.
    Admin,
}

/// Why a request has no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// Nothing is at this path.
    Path,
    /// The path is known and takes only these methods.
    Method(&'static str),
}

impl Route {
    /// Finds the route of a request. Where there are no badges, nothing is at their paths.
    pub(crate) fn parse(method: &Method, path: &str, badges: Badges) -> Result<Self, NoRoute> {
        let is_there = |place: &Place<'_>| badges == Badges::Public || !matches!(place, Place::Badge(_) | Place::BadgeAsked);
        let place = Place::at(path).filter(is_there).ok_or(NoRoute::Path)?;
        match method.as_str() {
            "OPTIONS" => Ok(Self::Options(place.allow())),
            // HEAD answers as GET; hyper leaves the body out.
            "HEAD" => place.route("GET"),
            other => place.route(other),
        }
        .map_err(|()| NoRoute::Method(place.allow()))
    }

    /// Who may call. The match has no wildcard: a new route cannot forget its guard.
    pub(crate) const fn access(&self) -> Access {
        match self {
            Self::Live
            | Self::Ready
            | Self::OpenApi
            | Self::Docs(_)
            | Self::DocsAt(_)
            | Self::Options(_)
            | Self::Badge(_)
            | Self::BadgeAsked => Access::Open,
            // The page itself tells nothing; what it shows it asks for with its reader's token.
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

/// Whether answers are kept until something is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// They depend on more than the database, are streamed, or write.
    No,
    /// They show one record, which is changed under its tag.
    Record,
    /// They show many.
    Collection,
}

impl Route {
    /// Whether its answers are kept.
    pub(crate) const fn keeping(&self) -> Keeping {
        match self {
            Self::Live
            | Self::Ready
            | Self::OpenApi
            | Self::Docs(_)
            | Self::DocsAt(_)
            | Self::Options(_)
            | Self::Badge(_)
            | Self::BadgeAsked
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
            | Self::Archive(_) => Keeping::No,
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => Keeping::No,
            Self::ShowDeployment(_) | Self::ShowComponent(_) | Self::ShowEnvironment(_) => Keeping::Record,
            Self::ListDeployments
            | Self::History(_)
            | Self::Matrix
            | Self::Unsettled
            | Self::Latest
            | Self::ListComponents
            | Self::ListEnvironments => Keeping::Collection,
        }
    }

    /// Whether `If-Match` decides if the request is carried out.
    pub(crate) const fn heeds_condition(&self) -> bool {
        matches!(self, Self::UpdateDeployment(_) | Self::Undeploy(_) | Self::UpdateComponent(_) | Self::UpdateEnvironment(_))
    }
}

/// Every path of the API, with `{id}` where an id stands. Those of pages and pictures for people are not among them.
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
/// Every method that something is done by.
const METHODS: [Method; 5] = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// Every route of the API, with its method and its path.
pub(crate) fn table() -> impl Iterator<Item = (Method, &'static str, Route)> {
    let pairs = PATHS.into_iter().flat_map(|path| METHODS.map(|method| (method, path)));
    pairs.filter_map(|(method, path)| Some((method.clone(), path, Route::parse(&method, path, Badges::Off).ok()?)))
}
