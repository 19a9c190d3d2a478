//! The role `writer`, and the limits of a token.

use deploytrack_tests::{
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::id;

const DEPLOYMENTS: &str = "/api/v1/deployments";

/// A writer for components that begin with `web-`, in staging and in reviews.
fn limited(server: &Server) -> Caller {
    let claims = json!({"roles": ["writer"], "components": ["web-*"], "environments": ["staging", "review/*"]});
    Caller::claiming(&server.url(), &claims)
}

fn deployment(component: &str, environment: &str) -> Value {
    json!({"component": component, "environment": environment, "version": "v1"})
}

#[rstest]
#[tokio::test]
async fn a_writer_moves_deployments_and_nothing_else(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let writer = Caller::claiming(&server.url(), &json!({"roles": ["writer"]}));
    let recorded = writer.record(deployment("web-shop", "staging")).await;
    let path = format!("{DEPLOYMENTS}/{}", id(&recorded));
    for status in ["in_progress", "succeeded"] {
        writer
            .patch(&path, &json!({"status": status}))
            .await
            .expect(200);
    }
    writer
        .post(&format!("{path}/undeploy"), &json!({}))
        .await
        .expect(200);
    for (method, path) in [
        ("POST", "/api/v1/components"),
        ("POST", "/api/v1/deployments/import"),
        ("PUT", "/api/v1/environments/order"),
        ("GET", "/api/v1/verify"),
        ("GET", "/api/v1/audit"),
        ("GET", "/api/v1/walls"),
    ] {
        let refused = writer.call(method, path).await.expect(403);
        assert_eq!(refused["code"], "forbidden", "{method} {path}");
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .ends_with("the role admin")
        );
    }
    let reader = server.reader();
    let refused = reader
        .post(DEPLOYMENTS, &deployment("web-shop", "staging"))
        .await;
    let detail = refused.expect(403)["detail"].clone();
    assert!(
        detail.as_str().unwrap().ends_with("the role writer"),
        "{detail}"
    );
}

#[rstest]
#[tokio::test]
async fn a_write_outside_the_limits_is_refused_and_registers_nothing(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let writer = limited(&server);
    for (component, environment) in [("web-shop", "staging"), ("WEB-a", "Review/1/b")] {
        writer.record(deployment(component, environment)).await;
    }
    for (component, environment, named) in [
        ("api", "staging", "component api; it is limited to web-*"),
        (
            "web-shop",
            "production",
            "environment production; it is limited to staging or review/*",
        ),
        ("web", "staging", "component web;"),
    ] {
        let refused = writer
            .post(DEPLOYMENTS, &deployment(component, environment))
            .await;
        let problem = refused.expect(403);
        assert_eq!(problem["code"], "outside_limits");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(named), "{detail}");
    }
    let names = async |of: &str| {
        let page = server
            .admin()
            .get(&format!("/api/v1/{of}"))
            .await
            .expect(200);
        page["total"].as_u64().unwrap()
    };
    assert_eq!(
        (names("components").await, names("environments").await),
        (2, 2)
    );
}

#[rstest]
#[tokio::test]
async fn the_limits_hold_for_ids_updates_and_undeployments_and_follow_a_new_name(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (admin, writer) = (server.admin(), limited(&server));
    let body = json!({"component": "web-shop", "environment": "production", "version": "v1", "status": "succeeded"});
    let other = admin.record(body).await;
    let path = format!("{DEPLOYMENTS}/{}", id(&other));
    let by_id = json!({"componentId": other["componentId"], "environmentId": other["environmentId"], "version": "v2"});
    let refused = [
        writer.post(DEPLOYMENTS, &by_id).await,
        writer.patch(&path, &json!({"status": "rolled_back"})).await,
        writer.patch(&path, &json!({"description": "mine"})).await,
        writer.post(&format!("{path}/undeploy"), &json!({})).await,
        // The answer does not depend on whether the condition holds.
        writer
            .send_with(
                "PATCH",
                &path,
                &[("if-match", "\"x\"")],
                r#"{"description": "mine"}"#,
            )
            .await,
    ];
    for answer in refused {
        assert_eq!(answer.expect(403)["code"], "outside_limits");
    }
    let after = admin.get(&path).await.expect(200);
    assert_eq!(after, other, "nothing changed");
    let environment = format!(
        "/api/v1/environments/{}",
        other["environmentId"].as_str().unwrap()
    );
    admin
        .patch(&environment, &json!({"name": "review/7"}))
        .await
        .expect(200);
    writer
        .patch(&path, &json!({"description": "mine"}))
        .await
        .expect(200);
}

#[rstest]
#[tokio::test]
async fn an_admin_with_limits_is_a_writer_and_unreadable_limits_are_no_token(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let with = |limits: Value| {
        let mut claims = json!({"roles": ["admin"]});
        claims["environments"] = limits;
        Caller::claiming(&server.url(), &claims)
    };
    let staging = with(json!(["staging"]));
    staging.record(deployment("api", "staging")).await;
    let created = staging
        .post("/api/v1/components", &json!({"name": "web"}))
        .await;
    assert_eq!(created.expect(403)["code"], "forbidden");
    let nothing = with(json!([]))
        .post(DEPLOYMENTS, &deployment("api", "staging"))
        .await;
    assert_eq!(nothing.expect(403)["code"], "outside_limits");
    for unreadable in [
        json!("staging"),
        json!([7]),
        json!({}),
        json!([""]),
        Value::Null,
    ] {
        with(unreadable).get(DEPLOYMENTS).await.expect(401);
    }
}
