//! Every endpoint as a value: its path, its methods, and who may call it.

use deploytrack_core::api;
use http::Method;

use crate::config::Badges;
#[cfg(feature = "dashboard")]
use crate::{asset::Asset, dashboard};

/// An identifier as it stands in the path. It is read after the token, so that an unknown caller learns nothing.
pub(crate) type RawId = String;

/// Where the pages are that show the description of the API.
const DOCS: &str = "/api/docs/";
const WITH_DOCS: bool = cfg!(feature = "swagger");

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
    /// Names as they stand in the path.
    Badge {
        component: String,
        environment: String,
    },
    ListDeployments,
    RecordDeployment,
    ShowDeployment(RawId),
    UpdateDeployment(RawId),
    History(RawId),
    Undeploy(RawId),
    Matrix,
    Attempts,
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
        let is_there = |place: &Place<'_>| badges == Badges::Public || !matches!(place, Place::Badge(..));
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
            Self::Live | Self::Ready | Self::OpenApi | Self::Docs(_) | Self::DocsAt(_) | Self::Options(_) | Self::Badge { .. } => {
                Access::Open
            }
            // The page itself tells nothing; what it shows it asks for with its reader's token.
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => Access::Open,
            Self::ListDeployments
            | Self::ShowDeployment(_)
            | Self::History(_)
            | Self::Matrix
            | Self::Attempts
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
            | Self::OrderEnvironments => Access::Admin,
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
            | Self::Badge { .. }
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
            | Self::OrderEnvironments => Keeping::No,
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => Keeping::No,
            Self::ShowDeployment(_) | Self::ShowComponent(_) | Self::ShowEnvironment(_) => Keeping::Record,
            Self::ListDeployments
            | Self::History(_)
            | Self::Matrix
            | Self::Attempts
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
const PATHS: [&str; 19] = [
    "/healthz",
    "/readyz",
    api::OPENAPI,
    api::DEPLOYMENTS,
    api::MATRIX,
    api::ATTEMPTS,
    api::LATEST,
    api::IMPORT,
    api::EXPORT,
    "/api/v1/deployments/{id}",
    "/api/v1/deployments/{id}/history",
    "/api/v1/deployments/{id}/undeploy",
    api::VERIFY,
    api::EVENTS,
    api::COMPONENTS,
    "/api/v1/components/{id}",
    api::ENVIRONMENTS,
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

/// Whether it can be the name of a file.
fn is_file(name: &str) -> bool {
    !matches!(name, "." | "..") && !name.contains('/')
}

/// A known path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    Live,
    Ready,
    OpenApi,
    Docs(&'a str),
    DocsAt(&'static str),
    Badge(&'a str, &'a str),
    Deployments,
    Deployment(&'a str),
    History(&'a str),
    Undeploy(&'a str),
    Matrix,
    Attempts,
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
    #[cfg(feature = "dashboard")]
    Dashboard(&'static Asset),
}

impl<'a> Place<'a> {
    /// Exact comparison: no trailing slash, no doubled slash, no dot segments.
    fn at(path: &'a str) -> Option<Self> {
        Some(match path {
            "/healthz" => Self::Live,
            "/readyz" => Self::Ready,
            api::OPENAPI => Self::OpenApi,
            "/api/docs" if WITH_DOCS => Self::DocsAt("docs/"),
            "/api-docs" if WITH_DOCS => Self::DocsAt("api/docs/"),
            api::DEPLOYMENTS => Self::Deployments,
            api::MATRIX => Self::Matrix,
            api::ATTEMPTS => Self::Attempts,
            api::LATEST => Self::Latest,
            api::IMPORT => Self::Import,
            api::EXPORT => Self::Export,
            api::VERIFY => Self::Verify,
            api::EVENTS => Self::Events,
            api::COMPONENTS => Self::Components,
            api::ENVIRONMENTS => Self::Environments,
            api::ENVIRONMENT_ORDER => Self::EnvironmentOrder,
            _ => return Self::one(path).or_else(|| Self::docs(path)).or_else(|| Self::badge(path)).or_else(|| Self::page(path)),
        })
    }

    fn docs(path: &'a str) -> Option<Self> {
        path.strip_prefix(DOCS).filter(|file| WITH_DOCS && is_file(file)).map(Self::Docs)
    }

    fn badge(path: &'a str) -> Option<Self> {
        let (component, environment) = path.strip_prefix("/badges/")?.strip_suffix(".svg")?.split_once('/')?;
        let is_name = |raw: &str| !matches!(raw, "" | "." | "..") && !raw.contains('/');
        (is_name(component) && is_name(environment)).then_some(Self::Badge(component, environment))
    }

    /// What is there for people.
    #[cfg(feature = "dashboard")]
    fn page(path: &str) -> Option<Self> {
        dashboard::at(path).map(Self::Dashboard)
    }

    #[cfg(not(feature = "dashboard"))]
    const fn page(_: &str) -> Option<Self> {
        None
    }

    fn one(path: &'a str) -> Option<Self> {
        let (list, rest) = [api::DEPLOYMENTS, api::COMPONENTS, api::ENVIRONMENTS]
            .into_iter()
            .find_map(|list| Some((list, path.strip_prefix(list)?.strip_prefix('/')?)))?;
        let (id, below) = rest.split_once('/').map_or((rest, None), |(id, below)| (id, Some(below)));
        if matches!(id, "" | "." | "..") {
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

    /// The route of a method at this place.
    fn route(self, method: &str) -> Result<Route, ()> {
        Ok(match (self, method) {
            (Self::Live, "GET") => Route::Live,
            (Self::Ready, "GET") => Route::Ready,
            (Self::OpenApi, "GET") => Route::OpenApi,
            (Self::Docs(file), "GET") => Route::Docs(file.into()),
            (Self::DocsAt(place), "GET") => Route::DocsAt(place),
            (Self::Badge(component, environment), "GET") => Route::Badge { component: component.into(), environment: environment.into() },
            (Self::Deployments, "GET") => Route::ListDeployments,
            (Self::Deployments, "POST") => Route::RecordDeployment,
            (Self::Deployment(id), "GET") => Route::ShowDeployment(id.into()),
            (Self::Deployment(id), "PATCH") => Route::UpdateDeployment(id.into()),
            (Self::History(id), "GET") => Route::History(id.into()),
            (Self::Undeploy(id), "POST") => Route::Undeploy(id.into()),
            (Self::Matrix, "GET") => Route::Matrix,
            (Self::Attempts, "GET") => Route::Attempts,
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
            #[cfg(feature = "dashboard")]
            (Self::Dashboard(asset), "GET") => Route::Dashboard(asset),
            _ => return Err(()),
        })
    }

    /// The methods this place takes, for `Allow`.
    const fn allow(self) -> &'static str {
        match self {
            Self::Live
            | Self::Ready
            | Self::OpenApi
            | Self::Docs(_)
            | Self::DocsAt(_)
            | Self::Badge(..)
            | Self::History(_)
            | Self::Matrix
            | Self::Attempts
            | Self::Latest
            | Self::Export
            | Self::Verify
            | Self::Events => "GET, HEAD, OPTIONS",
            Self::Deployments | Self::Components | Self::Environments => "GET, HEAD, OPTIONS, POST",
            Self::Deployment(_) => "GET, HEAD, OPTIONS, PATCH",
            Self::Component(_) | Self::Environment(_) => "DELETE, GET, HEAD, OPTIONS, PATCH",
            Self::Import | Self::Undeploy(_) => "OPTIONS, POST",
            Self::EnvironmentOrder => "OPTIONS, PUT",
            #[cfg(feature = "dashboard")]
            Self::Dashboard(_) => "GET, HEAD, OPTIONS",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The description's pages for people.
    const PAGES: [&str; 4] = ["/api/docs", "/api-docs", "/api/docs/", "/api/docs/x"];
    const EVERY_METHOD: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

    fn parse(method: &str, path: &str) -> Result<Route, NoRoute> {
        Route::parse(&method.parse().unwrap(), path, Badges::Public)
    }

    #[test]
    fn where_there_are_no_badges_nothing_is_at_their_paths() {
        for method in EVERY_METHOD {
            assert_eq!(Route::parse(&method.parse().unwrap(), "/badges/x/y.svg", Badges::Off), Err(NoRoute::Path), "{method}");
        }
    }

    #[test]
    fn a_badge_is_named_by_two_segments() {
        let badge = |component: &str, environment: &str| Ok(Route::Badge { component: component.into(), environment: environment.into() });
        assert_eq!(parse("GET", "/badges/eu%2Fapi/production.svg"), badge("eu%2Fapi", "production"));
        assert_eq!(parse("GET", "/badges/api/v1.svg.svg"), badge("api", "v1.svg"));
    }

    #[test]
    fn allow_names_exactly_the_methods_that_have_a_route() {
        for path in PATHS.into_iter().chain(["/badges/x/y.svg"]).chain(PAGES.into_iter().filter(|_| WITH_DOCS)) {
            let Ok(Route::Options(allow)) = parse("OPTIONS", path) else { panic!("{path}") };
            let taken: Vec<_> = EVERY_METHOD.into_iter().filter(|method| parse(method, path).is_ok()).collect();
            assert_eq!(taken.join(", "), allow, "{path}");
            for method in EVERY_METHOD.iter().filter(|method| !taken.contains(method)) {
                assert_eq!(parse(method, path), Err(NoRoute::Method(allow)), "{method} {path}");
            }
            assert_eq!(parse(&"M".repeat(5000), path), Err(NoRoute::Method(allow)));
            assert_eq!(parse("get", path), Err(NoRoute::Method(allow)));
        }
    }

    #[cfg(feature = "dashboard")]
    #[test]
    fn the_dashboard_is_open_and_only_read() {
        for path in ["/", "/assets/main.js"] {
            assert_eq!(parse("GET", path).map(|route| route.access()), Ok(Access::Open));
            assert_eq!(parse("POST", path), Err(NoRoute::Method("GET, HEAD, OPTIONS")));
        }
    }

    #[test]
    fn every_route_has_its_guard() {
        let line = |(method, path, route): (Method, &str, Route)| format!("{:?} {method} {path}\n", route.access());
        let table: Vec<_> = table().map(line).collect();
        assert_eq!(
            table.concat(),
            "\
Open GET /healthz
Open GET /readyz
Open GET /api/v1/openapi.json
Reader GET /api/v1/deployments
Admin POST /api/v1/deployments
Reader GET /api/v1/deployments/matrix
Reader GET /api/v1/deployments/attempts
Reader GET /api/v1/deployments/latest
Admin POST /api/v1/deployments/import
Reader GET /api/v1/deployments/export
Reader GET /api/v1/deployments/{id}
Admin PATCH /api/v1/deployments/{id}
Reader GET /api/v1/deployments/{id}/history
Admin POST /api/v1/deployments/{id}/undeploy
Admin GET /api/v1/verify
Reader GET /api/v1/events
Reader GET /api/v1/components
Admin POST /api/v1/components
Reader GET /api/v1/components/{id}
Admin PATCH /api/v1/components/{id}
Admin DELETE /api/v1/components/{id}
Reader GET /api/v1/environments
Admin POST /api/v1/environments
Reader GET /api/v1/environments/{id}
Admin PATCH /api/v1/environments/{id}
Admin DELETE /api/v1/environments/{id}
Admin PUT /api/v1/environments/order
"
        );
    }

    #[test]
    fn pages_that_are_left_out_are_not_there() {
        for page in PAGES {
            assert_eq!(parse("GET", page).is_ok(), WITH_DOCS, "{page}");
        }
    }

    #[test]
    fn a_badge_is_open_to_anyone() {
        assert_eq!(parse("GET", "/badges/x/y.svg").map(|route| route.access()), Ok(Access::Open));
    }

    #[test]
    fn a_path_is_compared_as_it_is() {
        for path in [
            "",
            "*",
            "//",
            "/index.html",
            "/assets/",
            "/assets/../index.html",
            "/api/v1",
            "/healthz/",
            "/badges/x/y",
            "/badges/x/y.png",
            "/badges/x.svg",
            "/badges/x/.svg",
            "/badges//y.svg",
            "/badges/../y.svg",
            "/badges/x/...svg",
            "/badges/x/y/z.svg",
            "/badges/x/y.svg/",
            "/api/v1/deployments/",
            "/api/v1//deployments",
            "//api/v1/deployments",
            "/api/v1/deployments/x/",
            "/api/v1/deployments//history",
            "/api/v1/deployments/x/history/",
            "/api/v1/deployments/x/other",
            "/api/v1/deployments/.",
            "/api/v1/deployments/..",
            "/api/v1/deployments/../components",
            "/api/v1/components/x/history",
            "/api/v1/components/x/undeploy",
            "/api/v1/verify/",
            "/api/v1/environments/order/x",
            "/api/v1/Deployments",
            "/api/v1/deployments%2Fmatrix",
            "/api/v2/deployments",
        ] {
            assert_eq!(parse("GET", path), Err(NoRoute::Path), "{path}");
        }
    }
}
