//! The audit: `GET /api/v1/audit`.

use std::time::Duration;

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::given::id;

const AUDIT: &str = "/api/v1/audit";

/// Reads the audit until it has as many entries of these types.
pub(crate) async fn audited(server: &Server, query: &str, entries: usize) -> Vec<Value> {
    let read = async || {
        let all = server
            .admin()
            .get(&format!("{AUDIT}?{query}"))
            .await
            .expect(200);
        all["data"].as_array().unwrap().clone()
    };
    for _ in 0..200 {
        if read().await.len() >= entries {
            break;
        }
        sleep(Duration::from_millis(20)).await;
    }
    read().await
}

/// A server on which every kind of change was made, each by `ci-bot`.
async fn changed(server: &Server) {
    let admin = server.admin();
    let component = admin
        .post(
            "/api/v1/components",
            &json!({"name": "api", "owner": "web"}),
        )
        .await;
    let component = format!("/api/v1/components/{}", id(&component.expect(201)));
    let change = json!({"owner": "core", "name": "core-api"});
    admin.patch(&component, &change).await.expect(200);
    let environment = admin
        .post("/api/v1/environments", &json!({"name": "qa"}))
        .await;
    let environment = format!("/api/v1/environments/{}", id(&environment.expect(201)));
    let archive = json!({"name": "q*"});
    let archived = admin.post("/api/v1/environments/archive", &archive).await;
    archived.expect(200);
    admin.call("DELETE", &environment).await.expect(204);
    let wall = json!({"name": "office", "view": "env=production"});
    admin.post("/api/v1/walls", &wall).await.expect(201);
    admin
        .call("DELETE", "/api/v1/walls/office")
        .await
        .expect(204);
    admin
        .record(json!({"component": "core-api", "environment": "prod", "version": "v1", "status": "succeeded"}))
        .await;
}

fn types(page: &Value) -> Vec<&str> {
    let events = page["data"].as_array().unwrap();
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[rstest]
#[tokio::test]
async fn every_change_is_listed_with_its_author_and_its_details(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    changed(&server).await;
    let all = server.admin().get(AUDIT).await;
    let all = &all.expect(200);
    let expected = [
        "environment.created",
        "wall.revoked",
        "wall.created",
        "environment.deleted",
        "environment.updated",
        "environment.created",
        "component.updated",
        "component.created",
    ];
    assert_eq!(types(all), expected);
    assert_eq!(all["total"], 8);
    let events = all["data"].as_array().unwrap();
    assert!(events.iter().all(|event| event["recordedBy"] == "ci-bot"));
    let wall = &events[1]["details"];
    assert_eq!(
        (&wall["name"], &wall["view"]),
        (&json!("office"), &json!("env=production"))
    );
    assert_eq!(events[2]["details"]["id"], wall["id"]);
    assert_eq!(
        events[4]["details"],
        json!({"changes": {"archived": {"from": false, "to": true}}})
    );
    assert_eq!(events[6]["component"]["name"], "core-api");
    assert_eq!(
        events[6]["details"],
        json!({"changes": {
            "name": {"from": "api", "to": "core-api"},
            "owner": {"from": "web", "to": "core"},
        }})
    );
}

#[rstest]
#[tokio::test]
async fn the_audit_has_filters_and_pages(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    changed(&server).await;
    let listed = async |query: &str| {
        let answer = server.admin().get(&format!("{AUDIT}?{query}")).await;
        answer.expect(200).clone()
    };
    let walls = listed("type=wall.created&type=wall.revoked").await;
    assert_eq!(types(&walls), ["wall.revoked", "wall.created"]);
    assert_eq!(listed("recordedBy=ci-bot").await["total"], 8);
    assert_eq!(listed("recordedBy=ada").await["total"], 0);
    let time = walls["data"][1]["recordedAt"].as_str().unwrap();
    assert_eq!(
        listed(&format!("recordedAfter={time}&type=wall.created")).await["total"],
        1
    );
    assert_eq!(
        listed(&format!("recordedBefore={time}&type=wall.created")).await["total"],
        0
    );
    let first = listed("take=3").await;
    assert_eq!(first["data"].as_array().unwrap().len(), 3);
    let rest = listed(first["next"].as_str().unwrap().trim_start_matches('?')).await;
    assert_eq!(
        types(&rest),
        [
            "environment.deleted",
            "environment.updated",
            "environment.created"
        ]
    );
}

#[rstest]
#[tokio::test]
async fn only_an_admin_reads_the_audit_and_types_of_deployments_are_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server.reader().get(AUDIT).await.expect(403);
    let refused = server
        .admin()
        .get(&format!("{AUDIT}?type=deployment.created"))
        .await;
    let problem = refused.expect(400);
    assert_eq!(problem["errors"][0]["parameter"], "type");
    assert!(refused.body.contains("history"), "{}", refused.body);
}
