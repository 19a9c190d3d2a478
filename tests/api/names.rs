//! Names over HTTP: every route finds every accepted name.

use deploytrack_core::tracker::NameGuard;
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::json;

const PATH: &str = "/api/v1/deployments";
const HOSTILE: &str = include_str!("../lists/hostile_names.txt");

fn encoded(name: &str) -> String {
    url::form_urlencoded::byte_serialize(name.as_bytes()).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_route_accepts_every_valid_name(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    for name in HOSTILE.lines() {
        for version in ["v1", "v2"] {
            let body = json!({"component": name, "environment": name, "version": version, "status": "succeeded"});
            let recorded = admin
                .post(&format!("{PATH}?register=true"), &body)
                .await
                .expect(201);
            assert_eq!(recorded["componentName"], name);
        }
        let query = format!("component={0}&environment={0}", encoded(name));
        let page = admin.get(&format!("{PATH}?{query}&take=1")).await;
        assert_eq!(page.expect(200)["total"], 2, "{name}");
        let next = page
            .header("link")
            .unwrap()
            .split(", <")
            .find(|link| link.contains("rel=\"next\""))
            .unwrap();
        let next = next.trim_start_matches('<').split('>').next().unwrap();
        assert_eq!(
            admin.get(&format!("{PATH}{next}")).await.expect(200)["data"][0]["version"],
            "v1",
            "{name}: {next}"
        );
        let matrix = admin
            .get(&format!("{PATH}/matrix?{query}"))
            .await
            .expect(200);
        assert_eq!(matrix[0]["environments"][name]["version"], "v2", "{name}");
        for list in ["components", "environments"] {
            let found = admin
                .get(&format!("/api/v1/{list}?name={}", encoded(name)))
                .await
                .expect(200);
            assert_eq!(
                (&found["total"], &found["data"][0]["name"]),
                (&json!(1), &json!(name))
            );
        }
        let export = admin.get(&format!("{PATH}/export?{query}")).await;
        assert_eq!(
            (export.status, export.body.lines().count()),
            (200, 2),
            "{name}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_that_cannot_be_read_is_refused_with_its_field(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let answer = server
        .admin()
        .post(
            PATH,
            &json!({"component": "a\u{200b}b", "environment": "", "version": "v1"}),
        )
        .await;
    let errors = answer.expect(400)["errors"].clone();
    assert_eq!(
        (&errors[0]["pointer"], &errors[1]["pointer"]),
        (&json!("/component"), &json!("/environment")),
        "{errors}"
    );
    assert!(
        errors[0]["detail"].as_str().unwrap().contains("invisible"),
        "{errors}"
    );
    let long = server
        .admin()
        .post("/api/v1/components", &json!({"name": "é".repeat(256)}))
        .await
        .expect(400);
    assert_eq!(
        long["errors"][0]["detail"],
        "must be at most 255 characters long"
    );
    server
        .admin()
        .post("/api/v1/components", &json!({"name": "é".repeat(255)}))
        .await
        .expect(201);
    let faults = server
        .reader()
        .get(&format!("{PATH}?component=a%E2%80%AEb"))
        .await
        .expect(400);
    assert_eq!(faults["errors"][0]["parameter"], "component");
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_guard_in_warn_mode_sends_the_similar_name_in_a_header(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::over(database.tracker().await.with_name_guard(NameGuard::Warn));
    let record = async |environment: &str| {
        server
            .admin()
            .post(
                PATH,
                &json!({"component": "api", "environment": environment, "version": "v1"}),
            )
            .await
    };
    assert_eq!(record("Production EU").await.header("resembles"), None);
    let warned = record("Prodution EU").await;
    assert_eq!(
        (warned.status, warned.header("resembles")),
        (201, Some("environment=Production+EU"))
    );
    assert_eq!(record("Prodution EU").await.header("resembles"), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn columns_named_by_numbers_stay_in_the_order_of_the_environments(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for environment in ["10", "2", "1"] {
        server.admin().record(json!({"component": "api", "environment": environment, "version": "v1", "status": "succeeded"})).await;
    }
    let body = server.reader().get(&format!("{PATH}/matrix")).await.body;
    let places = ["\"10\":", "\"2\":", "\"1\":"].map(|key| body.find(key).unwrap());
    assert!(places.is_sorted(), "{body}");
}
