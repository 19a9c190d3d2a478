//! POST /api/v1/deployments

use deploytrack_core::tracker::Registration;
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{api_in_production, at};

const PATH: &str = "/api/v1/deployments";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_is_recorded_as_specified(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (component, environment) = api_in_production(&server).await;
    let body = json!({
        "componentId": component, "environmentId": environment, "version": "v2.4.0",
        "deployedBy": "ada", "commitSha": "ed52224", "description": "the first", "metadata": {"run": 7}
    });
    let answer = server.admin().post(PATH, &body).await;
    snapshot!("record", answer.whole());
    let location = answer.header("location").unwrap().to_owned();
    assert_eq!(
        server.reader().get(&location).await.expect(200),
        answer.json()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_optional_fields_are_null_and_the_recorder_is_the_tokens_subject(
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
            &json!({"component": "api", "environment": "production", "version": "v1"}),
        )
        .await;
    snapshot!("record_minimal", answer.whole());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_unknown_id_is_404(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (component, environment) = api_in_production(&server).await;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let post = async |component: &str, environment: &str| {
        server
            .admin()
            .post(
                PATH,
                &json!({"componentId": component, "environmentId": environment, "version": "v1"}),
            )
            .await
    };
    snapshot!(
        "record_unknown_component",
        post(nobody, &environment).await.whole()
    );
    assert_eq!(post(&component, nobody).await.status, 404);
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_past_deployment_is_recorded_in_one_call_with_its_legal_path(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (status, steps) in [
        ("pending", 1),
        ("in_progress", 2),
        ("failed", 0),
        ("succeeded", 3),
    ] {
        let body = json!({"component": "api", "environment": "production", "version": "v1", "status": status, "occurredAt": "2025-06-01T12:00:00.000Z"});
        let deployment = server.admin().record(body).await;
        let history = server
            .reader()
            .get(&format!("{}/history", at(&deployment)))
            .await
            .expect(200);
        let history = history.as_array().unwrap().clone();
        assert_eq!(history.last().unwrap()["to"], status);
        assert_eq!(
            history.last().unwrap()["occurredAt"],
            "2025-06-01T12:00:00.000Z"
        );
        assert!(
            steps == 0 || history.len() == steps,
            "{status}: {history:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rolled_back_cannot_be_recorded_at_once(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({"component": "api", "environment": "production", "version": "v1", "status": "rolled_back"});
    snapshot!(
        "record_rolled_back",
        server.admin().post(PATH, &body).await.whole()
    );
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_of_a_body_is_reported_at_once(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = r#"{"component": "a\u0007", "environment": "e", "environment": "f", "commitSha": "x", "status": "rolled_back", "other": 1}"#;
    let answer = server.admin().send("POST", PATH, body).await.expect(400);
    let faults: Vec<_> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        faults,
        [
            "/environment",
            "/component",
            "/version",
            "/commitSha",
            "/other",
            "/status"
        ],
        "{answer}"
    );
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn recording_registers_names_and_orders_environments_by_type(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for environment in ["production", "development", "staging", "qa"] {
        server.admin().record(json!({"component": "api", "environment": environment, "version": "v1", "status": "succeeded"})).await;
    }
    let environments = server
        .reader()
        .get("/api/v1/environments")
        .await
        .expect(200);
    let names: Vec<_> = environments["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["development", "qa", "staging", "production"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_similar_name_is_refused_with_a_suggestion(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server
        .admin()
        .record(json!({"component": "api", "environment": "production", "version": "v1"}))
        .await;
    let body = json!({"component": "api", "environment": "prodution", "version": "v2"});
    snapshot!(
        "record_near_miss",
        server.admin().post(PATH, &body).await.whole()
    );
    assert_eq!(server.reader().total().await, 1);
    server
        .admin()
        .post(&format!("{PATH}?register=true"), &body)
        .await
        .expect(201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strict_registration_refuses_unknown_names(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start_with(&database, Registration::Strict).await;
    let body = json!({"component": "api", "environment": "production", "version": "v1"});
    snapshot!(
        "record_strict",
        server.admin().post(PATH, &body).await.whole()
    );
    api_in_production(&server).await;
    server.admin().post(PATH, &body).await.expect(201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_faults_are_reported_at_once(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({
        "componentId": "not-a-uuid", "environment": "produc\u{ad}tion", "version": "", "commitSha": "xyz",
        "deployedBy": 7, "metadata": [], "status": "done", "occurredAt": "yesterday", "verison": "v1"
    });
    snapshot!(
        "record_all_faults",
        server.admin().post(PATH, &body).await.whole()
    );
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_id_and_a_name_for_the_same_thing_are_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (component, _) = api_in_production(&server).await;
    let body = json!({"componentId": component, "component": "api", "environment": "production", "version": "v1"});
    snapshot!(
        "record_id_and_name",
        server.admin().post(PATH, &body).await.whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_field_has_its_limit(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = |field: &str, value: Value| {
        let mut body = json!({"component": "api", "environment": "production", "version": "v1"});
        body[field] = value;
        body
    };
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
    for (field, good, bad) in [
        ("version", json!("v".repeat(255)), json!("v".repeat(256))),
        ("version", json!("1.0 beta"), json!("1.0\u{7}")),
        ("deployedBy", json!("d".repeat(255)), json!("d".repeat(256))),
        ("commitSha", json!("a".repeat(64)), json!("a".repeat(65))),
        ("commitSha", json!("abcd"), json!("abc")),
        (
            "description",
            json!("d".repeat(4096)),
            json!("d".repeat(4097)),
        ),
        ("description", json!("line\nline"), json!("nul\0")),
        ("metadata", nested(16), nested(17)),
        (
            "metadata",
            json!({"a": "x".repeat(16 * 1024 - 8)}),
            json!({"a": "x".repeat(16 * 1024 - 7)}),
        ),
        ("metadata", json!({"a": 1}), json!({"a": "\0"})),
        ("component", json!("ç".repeat(255)), json!("ç".repeat(256))),
        ("environment", json!("-eu/west 1.a_b"), json!("eu\u{200b}")),
        (
            "occurredAt",
            json!("2025-06-01T12:00:00+02:00"),
            json!("2999-01-01T00:00:00Z"),
        ),
    ] {
        let before = server.reader().total().await;
        let refused = server.admin().post(PATH, &body(field, bad.clone())).await;
        assert_eq!(refused.status, 400, "{field} {bad}: {}", refused.body);
        assert_eq!(
            refused.json()["errors"][0]["pointer"],
            format!("/{field}"),
            "{}",
            refused.body
        );
        assert_eq!(server.reader().total().await, before);
        let taken = server
            .admin()
            .post(&format!("{PATH}?register=true"), &body(field, good.clone()))
            .await;
        assert_eq!(taken.status, 201, "{field} {good}: {}", taken.body);
    }
}
