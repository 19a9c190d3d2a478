//! /api/v1/components

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

use crate::given::{at, id};

const PATH: &str = "/api/v1/components";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_component_is_made_read_changed_and_deleted(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let body = json!({"name": "user-service", "description": "accounts", "owner": "team-a", "kind": "service", "lifecycle": "production"});
    let made = admin.post(PATH, &body).await;
    snapshot!("component_made", made.whole());
    let location = made.header("location").unwrap().to_owned();
    assert_eq!(
        server.reader().get(&location).await.expect(200),
        made.json()
    );
    snapshot!(
        "component_changed",
        admin
            .patch(&location, &json!({"owner": null, "archived": true}))
            .await
            .whole()
    );
    snapshot!(
        "component_deleted",
        admin.call("DELETE", &location).await.whole()
    );
    assert_eq!(server.reader().get(&location).await.status, 404);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_taken_name_is_409(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    admin.post(PATH, &json!({"name": "api"})).await.expect(201);
    snapshot!(
        "component_taken",
        admin.post(PATH, &json!({"name": "api"})).await.whole()
    );
    let other = admin.post(PATH, &json!({"name": "web"})).await.expect(201);
    assert_eq!(
        admin
            .patch(&format!("{PATH}/{}", id(&other)), &json!({"name": "api"}))
            .await
            .status,
        409
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_environment_with_deployments_is_not_deleted(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment = server
        .admin()
        .record(json!({"component": "api", "environment": "production", "version": "v1"}))
        .await;
    let path = format!("{PATH}/{}", deployment["componentId"].as_str().unwrap());
    snapshot!(
        "component_in_use",
        server.admin().call("DELETE", &path).await.whole()
    );
    server.reader().get(&path).await.expect(200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_renamed_component_keeps_its_deployments(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let deployment =
        server.admin().record(json!({"component": "api", "environment": "production", "version": "v1", "status": "succeeded"})).await;
    let path = format!("{PATH}/{}", deployment["componentId"].as_str().unwrap());
    server
        .admin()
        .patch(&path, &json!({"name": "gateway"}))
        .await
        .expect(200);
    assert_eq!(
        server.reader().get(&at(&deployment)).await.expect(200)["componentName"],
        "gateway"
    );
    assert_eq!(
        server
            .reader()
            .get("/api/v1/deployments/matrix")
            .await
            .expect(200)[0]["componentName"],
        "gateway"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_list_is_in_name_order_with_pages_and_a_filter(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for name in ["web", "API", "api-2", "Zoo"] {
        server
            .admin()
            .post(PATH, &json!({"name": name}))
            .await
            .expect(201);
    }
    server
        .admin()
        .post(PATH, &json!({"name": "api"}))
        .await
        .expect(409);
    let names = async |query: &str| -> Vec<String> {
        let page = server
            .reader()
            .get(&format!("{PATH}?{query}"))
            .await
            .expect(200);
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("").await, ["API", "api-2", "web", "Zoo"]);
    assert_eq!(names("skip=1&take=2").await, ["api-2", "web"]);
    assert_eq!(names("name=api").await, ["API"]);
    for query in ["take=101", "skip=-1", "colour=red", "name=%0A"] {
        assert_eq!(
            server.reader().get(&format!("{PATH}?{query}")).await.status,
            400,
            "{query}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bad_bodies_are_refused(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    snapshot!(
        "component_all_faults",
        server
            .admin()
            .post(PATH, &json!({"nmae": "x", "owner": 1, "archived": "yes"}))
            .await
            .whole()
    );
    let made = server
        .admin()
        .post(PATH, &json!({"name": "api"}))
        .await
        .expect(201);
    assert_eq!(
        server
            .admin()
            .patch(&format!("{PATH}/{}", id(&made)), &json!({}))
            .await
            .status,
        400
    );
    assert_eq!(
        server
            .reader()
            .post(PATH, &json!({"name": "web"}))
            .await
            .status,
        403
    );
}
