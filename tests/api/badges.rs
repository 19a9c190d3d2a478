//! GET /badges/:component/:environment.svg

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::clock::{ManualClock, parse};
use deploytrack_server::config::Badges;
use deploytrack_tests::{
    answer::Answer,
    caller::{Caller, SECRET, seconds, token},
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, id};

const BADGE: &str = "/badges/user-service/production.svg";

/// A server with badges, whose clock shows noon.
async fn public(database: &Database) -> (Server, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::at(parse("2025-06-04T12:00:00Z").unwrap()));
    (
        Server::with_badges(
            database.tracker().await.with_clock(clock.clone()),
            Badges::Public,
        ),
        clock,
    )
}

/// A caller who may write, whatever the clock of the server.
fn admin(server: &Server) -> Caller {
    Caller::new(
        &server.url(),
        Some(token(
            &json!({"sub": "ci-bot", "exp": seconds() + 3600, "roles": ["admin"]}),
            SECRET,
        )),
    )
}

/// A version of `user-service` that succeeded in `production` three days before.
async fn deployed(server: &Server, version: &str) -> Value {
    let body = json!({"component": "user-service", "environment": "production", "version": version, "status": "succeeded", "occurredAt": "2025-06-01T11:00:00Z"});
    admin(server).record(body).await
}

async fn badge(server: &Server, path: &str) -> Answer {
    let answer = server.anonymous().get(path).await;
    assert_eq!(
        answer.header("content-type"),
        Some("image/svg+xml"),
        "{path}: {}",
        answer.body
    );
    answer
}

/// The texts of a badge: label and message.
fn texts(answer: &Answer) -> (String, String) {
    let document = roxmltree::Document::parse(&answer.body).unwrap();
    let mut texts = document
        .descendants()
        .filter(|node| node.tag_name().name() == "text")
        .map(|node| node.text().unwrap().to_owned());
    (texts.next().unwrap(), texts.next().unwrap())
}

fn label_and_message(label: &str, message: &str) -> (String, String) {
    (label.to_owned(), message.to_owned())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_badge_shows_the_current_version_and_its_age_without_a_token(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, clock) = public(&database).await;
    deployed(&server, "v1.4.2").await;
    let answer = badge(&server, BADGE).await;
    snapshot!("badge", answer.whole());
    clock.advance(TimeDelta::days(5));
    assert_eq!(
        texts(&badge(&server, BADGE).await),
        label_and_message("production", "v1.4.2 · 8d")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_badge_follows_the_cell(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    let admin = admin(&server);
    let body = json!({"component": "user-service", "environment": "production", "version": "v1"});
    let deployment = admin.record(body).await;
    let now = async || texts(&badge(&server, BADGE).await);
    assert_eq!(
        now().await,
        label_and_message("production", "nothing deployed")
    );
    admin.advance(&id(&deployment), "in_progress").await;
    assert_eq!(
        now().await,
        label_and_message("production", "nothing deployed")
    );
    admin.advance(&id(&deployment), "succeeded").await;
    assert_eq!(
        now().await,
        label_and_message("production", "v1 · just now")
    );
    admin
        .post(&format!("{}/undeploy", at(&deployment)), &json!({}))
        .await
        .expect(200);
    assert_eq!(
        now().await,
        label_and_message("production", "nothing deployed")
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_badge_without_a_deployment_is_the_same(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    deployed(&server, "v1").await;
    let unknown = badge(&server, "/badges/user-service/prodution.svg").await;
    assert_eq!(
        (unknown.status, texts(&unknown)),
        (200, label_and_message("deployment", "unknown"))
    );
    let long = format!("/badges/{}/production.svg", "x".repeat(255));
    for path in [
        "/badges/user-servic/production.svg",
        "/badges/%3Cscript%3Ealert(1)%3C%2Fscript%3E/production.svg",
        "/badges/user-service/%22%20onload=%22alert(1).svg",
        "/badges/%2e%2e%2f/production.svg",
        "/badges/..%2F..%2Fetc%2Fpasswd/production.svg",
        "/badges/user-service/%E2%80%AEproduction.svg",
        "/badges/user-service%00/production.svg",
        "/badges/user-service%0D%0Ax:y/production.svg",
        "/badges/%FF%FE/production.svg",
        "/badges/user-service%/production.svg",
        "/badges/user-service'%20or%20'1'='1/production.svg",
        &long,
    ] {
        let answer = badge(&server, path).await;
        assert_eq!(
            (answer.status, &answer.body),
            (200, &unknown.body),
            "{path}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn names_are_decoded(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    let body = json!({"component": "eu/user.service", "environment": "production/west", "version": "v1", "status": "succeeded"});
    admin(&server).record(body).await;
    for path in [
        "/badges/eu%2Fuser.service/production%2Fwest.svg",
        "/badges/eu%2fuser%2Eservice/%70roduction%2Fwest.svg?v=7",
    ] {
        assert_eq!(
            texts(&badge(&server, path).await),
            label_and_message("production/west", "v1 · just now"),
            "{path}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_badge_is_shown_behind_a_proxy_that_decodes_its_path(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    let admin = admin(&server);
    for (component, environment) in [
        ("eu/api", "production"),
        ("@acme/web", "review/a+b"),
        ("a", "b/c/d"),
        ("a/b/c", "d"),
    ] {
        admin.record(json!({"component": component, "environment": environment, "version": "v1", "status": "succeeded"})).await;
    }
    for (path, label) in [
        ("/badges/eu/api/production.svg", "production"),
        ("/badges/@acme/web/review/a+b.svg", "review/a+b"),
        ("/badges/EU%2fapi/Production.svg", "Production"),
        (
            "/badge.svg?component=eu%2Fapi&environment=production",
            "production",
        ),
        (
            "/badge.svg?component=%40acme%2Fweb&environment=review%2Fa%2Bb&v=7",
            "review/a+b",
        ),
    ] {
        assert_eq!(texts(&badge(&server, path).await).0, label, "{path}");
    }
    for path in [
        "/badges/a/b/c/d.svg",
        "/badges/eu/api/nowhere.svg",
        "/badge.svg?component=eu%2Fapi",
        "/badge.svg",
    ] {
        assert_eq!(
            texts(&badge(&server, path).await),
            label_and_message("deployment", "unknown"),
            "{path}: two cells or none"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_badge_is_found_by_every_valid_name(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    let admin = admin(&server);
    let encode = |name: &str| {
        url::form_urlencoded::byte_serialize(name.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    for name in include_str!("../lists/hostile_names.txt").lines() {
        let body =
            json!({"component": name, "environment": name, "version": "v1", "status": "succeeded"});
        admin
            .post("/api/v1/deployments?register=true", &body)
            .await
            .expect(201);
        // A client resolves the segments `.` and `..` itself, encoded or not.
        let in_path = !matches!(name, "." | "..");
        let name = encode(name);
        let paths = [
            format!("/badge.svg?component={name}&environment={name}"),
            format!("/badges/{name}/{name}.svg"),
        ];
        for path in paths.iter().take(1 + usize::from(in_path)) {
            assert_eq!(
                texts(&badge(&server, path).await).1,
                "v1 · just now",
                "{path}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hostile_versions_stay_text(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    for version in [
        "<script>alert(1)</script>",
        "\"><a href='//x'>",
        "&lt;&#0;",
        "]]>",
        "../%2e%2e",
    ] {
        deployed(&server, version).await;
        let answer = badge(&server, BADGE).await;
        assert_eq!(
            texts(&answer),
            label_and_message("production", &format!("{version} · 3d")),
            "{}",
            answer.body
        );
    }
    deployed(&server, &"é".repeat(255)).await;
    let answer = badge(&server, BADGE).await;
    assert!(
        answer.body.contains(&"é".repeat(255)),
        "the title has all of it"
    );
    assert!(texts(&answer).1.chars().count() < 40, "{}", answer.body);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_badge_may_be_cached_for_a_minute_and_revalidated(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, clock) = public(&database).await;
    deployed(&server, "v1").await;
    let answer = badge(&server, BADGE).await;
    let tag = answer.header("etag").unwrap();
    let kept = server
        .anonymous()
        .get_with(BADGE, &[("if-none-match", tag)])
        .await;
    assert_eq!(
        (kept.status, kept.body.as_str(), kept.header("etag")),
        (304, "", Some(tag))
    );
    for answer in [&answer, &kept] {
        assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    assert_eq!(
        answer.header("content-security-policy"),
        Some("default-src 'none'; style-src 'unsafe-inline'")
    );
    clock.advance(TimeDelta::days(1));
    assert_eq!(
        server
            .anonymous()
            .get_with(BADGE, &[("if-none-match", tag)])
            .await
            .status,
        200,
        "it is a day older"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_badge_takes_get_and_head(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    deployed(&server, "v1").await;
    let (get, head) = (
        badge(&server, BADGE).await,
        server.anonymous().call("HEAD", BADGE).await,
    );
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for name in [
        "content-type",
        "content-length",
        "etag",
        "cache-control",
        "content-security-policy",
    ] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let answer = server.anonymous().call("POST", BADGE).await;
    assert_eq!(
        (answer.status, answer.header("allow")),
        (405, Some("GET, HEAD, OPTIONS"))
    );
    assert_eq!(
        server.anonymous().get("/api/v1/deployments").await.status,
        401,
        "nothing else is open"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_badges_their_paths_are_like_any_that_is_not_there(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server.admin().record(json!({"component": "user-service", "environment": "production", "version": "v1", "status": "succeeded"})).await;
    for method in ["GET", "HEAD", "POST", "OPTIONS", "DELETE"] {
        for caller in [server.anonymous(), server.admin()] {
            let (badge, nothing) = (
                caller.call(method, BADGE).await,
                caller.call(method, "/nothing/at/all.svg").await,
            );
            let of = |answer: &Answer, path: &str| {
                let names = answer
                    .headers
                    .keys()
                    .map(|name| name.as_str().to_owned())
                    .collect::<Vec<_>>();
                (names, answer.whole().replace(path, "PATH"))
            };
            assert_eq!(badge.status, 404, "{method}");
            assert_eq!(
                of(&badge, BADGE),
                of(&nothing, "/nothing/at/all.svg"),
                "{method}"
            );
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_its_database_a_server_has_no_badges(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = public(&database).await;
    server.tracker().close().await;
    let answer = server.anonymous().get(BADGE).await;
    assert_eq!(
        (answer.status, answer.header("cache-control")),
        (503, Some("no-store"))
    );
}
