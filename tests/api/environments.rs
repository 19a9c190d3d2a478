//! /api/v1/environments

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::id;

const PATH: &str = "/api/v1/environments";

async fn names(server: &Server) -> Vec<String> {
    let page = server.reader().get(PATH).await.expect(200);
    let data = page["data"].as_array().unwrap().clone();
    let orders: Vec<_> = data
        .iter()
        .map(|one| one["order"].as_u64().unwrap())
        .collect();
    assert_eq!(
        orders,
        (1..=data.len() as u64).collect::<Vec<_>>(),
        "places from 1 without gaps"
    );
    data.iter()
        .map(|one| one["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn made(server: &Server, wanted: &[&str]) -> Vec<String> {
    let mut ids = Vec::new();
    for name in wanted {
        ids.push(id(&server
            .admin()
            .post(PATH, &json!({"name": name}))
            .await
            .expect(201)));
    }
    ids
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_environment_is_made_read_changed_and_deleted(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let answer = admin.post(PATH, &json!({"name": "eu-prod"})).await;
    snapshot!("environment_made", answer.whole());
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(
        server.reader().get(&location).await.expect(200),
        answer.json()
    );
    snapshot!(
        "environment_changed",
        admin
            .patch(
                &location,
                &json!({"type": "staging", "description": "Frankfurt"})
            )
            .await
            .whole()
    );
    assert_eq!(admin.call("DELETE", &location).await.status, 204);
    assert_eq!(server.reader().get(&location).await.status, 404);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_order_of_environments_is_set_completely_or_not_at_all(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let ids = made(&server, &["development", "staging", "production"]).await;
    let order = format!("{PATH}/order");
    let put = async |ids: &[&str]| {
        server
            .admin()
            .send("PUT", &order, json!({"ids": ids}).to_string())
            .await
    };
    assert_eq!(put(&[&ids[2], &ids[0], &ids[1]]).await.status, 200);
    assert_eq!(
        names(&server).await,
        ["production", "development", "staging"]
    );
    let stranger = "00000000-0000-4000-8000-000000000000";
    for wrong in [
        vec![],
        vec![ids[0].as_str()],
        vec![&ids[0], &ids[0], &ids[1]],
        vec![&ids[0], &ids[1], stranger],
        vec![&ids[0], &ids[1], "x"],
    ] {
        assert_eq!(put(&wrong).await.status, 400, "{wrong:?}");
    }
    assert_eq!(
        names(&server).await,
        ["production", "development", "staging"]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_order_of_environments_is_set_by_names_too(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let ids = made(&server, &["development", "Staging", "production"]).await;
    let order = format!("{PATH}/order");
    let put = async |body: Value| server.admin().send("PUT", &order, body.to_string()).await;
    let wanted = json!({"names": ["production", "DEVELOPMENT", "staging"]});
    put(wanted).await.expect(200);
    let ordered = ["production", "development", "Staging"];
    assert_eq!(names(&server).await, ordered);
    for (wrong, fault) in [
        (
            json!({"names": ["production", "qa"]}),
            "/names/1 is not the name of an environment",
        ),
        (
            json!({"names": ["staging", "Staging"]}),
            "/names/1 is given twice",
        ),
        (
            json!({"names": ["production", 7]}),
            "/names/1 must be a string",
        ),
        (
            json!({"names": ["production"], "ids": ids}),
            "/ids and names name the same things; give one of them",
        ),
        (
            json!({"names": null}),
            "/ids is required (or names, their names)",
        ),
    ] {
        let refused = put(wrong.clone()).await.expect(400);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.starts_with(fault), "{wrong}: {detail}");
    }
    assert_eq!(names(&server).await, ordered);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_given_order_moves_the_other_environments(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let ids = made(&server, &["development", "staging", "production"]).await;
    server
        .admin()
        .patch(&format!("{PATH}/{}", ids[2]), &json!({"order": 1}))
        .await
        .expect(200);
    assert_eq!(
        names(&server).await,
        ["production", "development", "staging"]
    );
    server
        .admin()
        .call("DELETE", &format!("{PATH}/{}", ids[0]))
        .await;
    assert_eq!(names(&server).await, ["production", "staging"]);
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
    let path = format!("{PATH}/{}", deployment["environmentId"].as_str().unwrap());
    assert_eq!(server.admin().call("DELETE", &path).await.status, 409);
    server.reader().get(&path).await.expect(200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn invalid_bodies_and_taken_names_are_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    made(&server, &["staging"]).await;
    assert_eq!(
        server
            .admin()
            .post(PATH, &json!({"name": "staging"}))
            .await
            .status,
        409
    );
    for body in [
        json!({}),
        json!({"name": "x", "type": "prod"}),
        json!({"name": "x", "order": 0}),
        json!({"name": "x", "order": "1"}),
        json!({"name": "a\u{7}b"}),
    ] {
        assert_eq!(server.admin().post(PATH, &body).await.status, 400, "{body}");
    }
    assert_eq!(names(&server).await, ["staging"]);
}
