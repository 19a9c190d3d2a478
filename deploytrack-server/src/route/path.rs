//! The paths of the endpoints, and the methods of each.

use deploytrack_core::{api, catalog::CatalogKind};

use super::Route;
#[cfg(feature = "dashboard")]
use crate::{asset::Asset, dashboard};

/// The path of Swagger UI.
const DOCS: &str = "/api/docs/";
/// The most segments of a badge's path. Any `/` in it may be one that a proxy decoded, and the
/// server tries each as the separator.
const MOST_SEGMENTS: usize = 10;
pub(super) const WITH_DOCS: bool = cfg!(feature = "swagger");

/// Whether the text is exactly one segment of a path, and neither empty nor a dot segment.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains('/')
}

/// A parsed path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Path<'a> {
    Live,
    Ready,
    OpenApi,
    Docs(&'a str),
    DocsRedirect(&'static str),
    Badge(&'a str),
    BadgeByQuery,
    Deployments,
    Deployment(&'a str),
    History(&'a str),
    Undeploy(&'a str),
    Matrix,
    Unsettled,
    Latest,
    Import,
    Export,
    Verify,
    Events,
    Components,
    Component(&'a str),
    Environments,
    Environment(&'a str),
    EnvironmentOrder,
    Archive(CatalogKind),
    #[cfg(feature = "dashboard")]
    Dashboard(&'static Asset),
}

impl<'a> Path<'a> {
    /// Parses a path. The comparison is exact: no trailing slash, no doubled slash, no dot
    /// segments.
    pub(super) fn parse(path: &'a str) -> Option<Self> {
        Some(match path {
            "/healthz" => Self::Live,
            "/readyz" => Self::Ready,
            api::OPENAPI => Self::OpenApi,
            "/api/docs" if WITH_DOCS => Self::DocsRedirect("docs/"),
            "/api-docs" if WITH_DOCS => Self::DocsRedirect("api/docs/"),
            api::DEPLOYMENTS => Self::Deployments,
            api::MATRIX => Self::Matrix,
            api::UNSETTLED => Self::Unsettled,
            api::LATEST => Self::Latest,
            api::IMPORT => Self::Import,
            api::EXPORT => Self::Export,
            api::VERIFY => Self::Verify,
            api::EVENTS => Self::Events,
            api::COMPONENTS => Self::Components,
            api::ENVIRONMENTS => Self::Environments,
            api::ENVIRONMENT_ORDER => Self::EnvironmentOrder,
            api::ARCHIVE_COMPONENTS => Self::Archive(CatalogKind::Component),
            api::ARCHIVE_ENVIRONMENTS => Self::Archive(CatalogKind::Environment),
            "/badge.svg" => Self::BadgeByQuery,
            _ => {
                return Self::with_id(path)
                    .or_else(|| Self::docs(path))
                    .or_else(|| Self::badge(path))
                    .or_else(|| Self::page(path));
            }
        })
    }

    fn docs(path: &'a str) -> Option<Self> {
        path.strip_prefix(DOCS)
            .filter(|file| WITH_DOCS && (file.is_empty() || is_segment(file)))
            .map(Self::Docs)
    }

    fn badge(path: &'a str) -> Option<Self> {
        let names = path.strip_prefix("/badges/")?.strip_suffix(".svg")?;
        let segments = names.split('/').count();
        ((2..=MOST_SEGMENTS).contains(&segments) && names.split('/').all(is_segment))
            .then_some(Self::Badge(names))
    }

    /// A file of the dashboard.
    #[cfg(feature = "dashboard")]
    fn page(path: &str) -> Option<Self> {
        dashboard::at(path).map(Self::Dashboard)
    }

    #[cfg(not(feature = "dashboard"))]
    const fn page(_: &str) -> Option<Self> {
        None
    }

    /// A path with an id in it.
    fn with_id(path: &'a str) -> Option<Self> {
        let (list, rest) = [api::DEPLOYMENTS, api::COMPONENTS, api::ENVIRONMENTS]
            .into_iter()
            .find_map(|list| Some((list, path.strip_prefix(list)?.strip_prefix('/')?)))?;
        let (id, below) = rest
            .split_once('/')
            .map_or((rest, None), |(id, below)| (id, Some(below)));
        if !is_segment(id) {
            return None;
        }
        match (list, below) {
            (api::DEPLOYMENTS, None) => Some(Self::Deployment(id)),
            (api::DEPLOYMENTS, Some("history")) => Some(Self::History(id)),
            (api::DEPLOYMENTS, Some("undeploy")) => Some(Self::Undeploy(id)),
            (api::COMPONENTS, None) => Some(Self::Component(id)),
            (api::ENVIRONMENTS, None) => Some(Self::Environment(id)),
            _ => None,
        }
    }

    /// The route of a method at this path.
    pub(super) fn route(self, method: &str) -> Result<Route, ()> {
        Ok(match (self, method) {
            (Self::Live, "GET") => Route::Live,
            (Self::Ready, "GET") => Route::Ready,
            (Self::OpenApi, "GET") => Route::OpenApi,
            (Self::Docs(file), "GET") => Route::Docs(file.into()),
            (Self::DocsRedirect(path), "GET") => Route::DocsRedirect(path),
            (Self::Badge(names), "GET") => Route::Badge(names.into()),
            (Self::BadgeByQuery, "GET") => Route::BadgeByQuery,
            (Self::Deployments, "GET") => Route::ListDeployments,
            (Self::Deployments, "POST") => Route::RecordDeployment,
            (Self::Deployment(id), "GET") => Route::ShowDeployment(id.into()),
            (Self::Deployment(id), "PATCH") => Route::UpdateDeployment(id.into()),
            (Self::History(id), "GET") => Route::History(id.into()),
            (Self::Undeploy(id), "POST") => Route::Undeploy(id.into()),
            (Self::Matrix, "GET") => Route::Matrix,
            (Self::Unsettled, "GET") => Route::Unsettled,
            (Self::Latest, "GET") => Route::Latest,
            (Self::Import, "POST") => Route::Import,
            (Self::Export, "GET") => Route::Export,
            (Self::Verify, "GET") => Route::Verify,
            (Self::Events, "GET") => Route::Events,
            (Self::Components, "GET") => Route::ListComponents,
            (Self::Components, "POST") => Route::CreateComponent,
            (Self::Component(id), "GET") => Route::ShowComponent(id.into()),
            (Self::Component(id), "PATCH") => Route::UpdateComponent(id.into()),
            (Self::Component(id), "DELETE") => Route::DeleteComponent(id.into()),
            (Self::Environments, "GET") => Route::ListEnvironments,
            (Self::Environments, "POST") => Route::CreateEnvironment,
            (Self::Environment(id), "GET") => Route::ShowEnvironment(id.into()),
            (Self::Environment(id), "PATCH") => Route::UpdateEnvironment(id.into()),
            (Self::Environment(id), "DELETE") => Route::DeleteEnvironment(id.into()),
            (Self::EnvironmentOrder, "PUT") => Route::OrderEnvironments,
            (Self::Archive(kind), "POST") => Route::Archive(kind),
            #[cfg(feature = "dashboard")]
            (Self::Dashboard(asset), "GET") => Route::Dashboard(asset),
            _ => return Err(()),
        })
    }

    /// The methods that this path accepts, for `Allow`.
    pub(super) const fn allow(self) -> &'static str {
        match self {
            Self::Live
            | Self::Ready
            | Self::OpenApi
            | Self::Docs(_)
            | Self::DocsRedirect(_)
            | Self::Badge(_)
            | Self::BadgeByQuery
            | Self::History(_)
            | Self::Matrix
            | Self::Unsettled
            | Self::Latest
            | Self::Export
            | Self::Verify
            | Self::Events => "GET, HEAD, OPTIONS",
            Self::Deployments | Self::Components | Self::Environments => "GET, HEAD, OPTIONS, POST",
            Self::Deployment(_) => "GET, HEAD, OPTIONS, PATCH",
            Self::Component(_) | Self::Environment(_) => "DELETE, GET, HEAD, OPTIONS, PATCH",
            Self::Import | Self::Undeploy(_) | Self::Archive(_) => "OPTIONS, POST",
            Self::EnvironmentOrder => "OPTIONS, PUT",
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => "GET, HEAD, OPTIONS",
        }
    }
}
