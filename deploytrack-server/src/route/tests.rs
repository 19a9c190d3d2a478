//! The routes of paths and methods, and the permissions that they require.

use super::{path::WITH_DOCS, *};

/// The paths of Swagger UI.
const PAGES: [&str; 4] = ["/api/docs", "/api-docs", "/api/docs/", "/api/docs/x"];
const EVERY_METHOD: [&str; 9] = [
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE",
];

fn parse(method: &str, path: &str) -> Result<Route, NoRoute> {
    Route::parse(&method.parse().unwrap(), path, Badges::Public)
}

#[test]
fn without_badges_their_paths_do_not_exist() {
    for (method, path) in EVERY_METHOD
        .into_iter()
        .flat_map(|method| [(method, "/badges/x/y.svg"), (method, "/badge.svg")])
    {
        assert_eq!(
            Route::parse(&method.parse().unwrap(), path, Badges::Off),
            Err(NoRoute::Path),
            "{method}"
        );
    }
}

#[test]
fn a_badge_gets_its_names_from_the_path_or_the_query() {
    let badge = |names: &str| Ok(Route::Badge(names.into()));
    assert_eq!(
        parse("GET", "/badges/eu%2Fapi/production.svg"),
        badge("eu%2Fapi/production")
    );
    assert_eq!(parse("GET", "/badges/api/v1.svg.svg"), badge("api/v1.svg"));
    assert_eq!(
        parse("GET", "/badges/eu/api/production.svg"),
        badge("eu/api/production"),
        "a proxy decoded it"
    );
    assert_eq!(parse("GET", "/badge.svg"), Ok(Route::BadgeByQuery));
}

#[test]
fn allow_lists_exactly_the_methods_that_have_a_route() {
    for path in PATHS
        .into_iter()
        .chain(["/badges/x/y.svg"])
        .chain(PAGES.into_iter().filter(|_| WITH_DOCS))
    {
        let Ok(Route::Options(allow)) = parse("OPTIONS", path) else {
            panic!("{path}")
        };
        let accepted: Vec<_> = EVERY_METHOD
            .into_iter()
            .filter(|method| parse(method, path).is_ok())
            .collect();
        assert_eq!(accepted.join(", "), allow, "{path}");
        for method in EVERY_METHOD
            .iter()
            .filter(|method| !accepted.contains(method))
        {
            assert_eq!(
                parse(method, path),
                Err(NoRoute::Method(allow)),
                "{method} {path}"
            );
        }
        assert_eq!(parse(&"M".repeat(5000), path), Err(NoRoute::Method(allow)));
        assert_eq!(parse("get", path), Err(NoRoute::Method(allow)));
    }
}

#[cfg(feature = "dashboard")]
#[test]
fn the_dashboard_is_open_and_accepts_only_reads() {
    for path in ["/", "/assets/main.js"] {
        assert_eq!(
            parse("GET", path).map(|route| route.access()),
            Ok(Access::Open)
        );
        assert_eq!(
            parse("POST", path),
            Err(NoRoute::Method("GET, HEAD, OPTIONS"))
        );
    }
}

#[test]
fn every_route_requires_its_permission() {
    let line = |(method, path, route): (Method, &str, Route)| {
        format!("{:?} {method} {path}\n", route.access())
    };
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
Reader GET /api/v1/deployments/unsettled
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
Admin POST /api/v1/components/archive
Reader GET /api/v1/components/{id}
Admin PATCH /api/v1/components/{id}
Admin DELETE /api/v1/components/{id}
Reader GET /api/v1/environments
Admin POST /api/v1/environments
Admin POST /api/v1/environments/archive
Reader GET /api/v1/environments/{id}
Admin PATCH /api/v1/environments/{id}
Admin DELETE /api/v1/environments/{id}
Admin PUT /api/v1/environments/order
"
    );
}

#[test]
fn swagger_ui_has_paths_only_with_its_feature() {
    for page in PAGES {
        assert_eq!(parse("GET", page).is_ok(), WITH_DOCS, "{page}");
    }
}

#[test]
fn a_badge_is_open_to_anyone() {
    assert_eq!(
        parse("GET", "/badges/x/y.svg").map(|route| route.access()),
        Ok(Access::Open)
    );
}

#[test]
fn a_path_must_match_exactly() {
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
