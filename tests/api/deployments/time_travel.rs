//! `?at=` on the matrix and on latest.

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, shown, succeeded};

/// The version of `api` in `production` that `latest` shows at a time.
async fn latest(server: &Server, deployment: &Value, moment: &str) -> Option<Value> {
    let path = format!(
        "/api/v1/deployments/latest?componentId={}&at={moment}",
        deployment["componentId"].as_str().unwrap()
    );
    server
        .reader()
        .get(&path)
        .await
        .expect(200)
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["environmentName"] == "production")
        .cloned()
}

/// Checks matrix and latest at every time of a list.
async fn assert_shown(server: &Server, deployment: &Value, expected: &[(&str, Option<&str>)]) {
    for (moment, version) in expected {
        assert_eq!(
            shown(server, &format!("at={moment}")).await.as_deref(),
            *version,
            "the matrix at {moment}"
        );
        let latest = latest(server, deployment, moment).await;
        assert_eq!(
            latest.as_ref().map(|one| one["version"].as_str().unwrap()),
            *version,
            "latest at {moment}"
        );
        if let Some(latest) = latest {
            assert_eq!(latest["status"], "succeeded", "at {moment}");
        }
    }
}

async fn patch(server: &Server, deployment: &Value, status: &str, time: &str) -> Value {
    server
        .admin()
        .patch(
            &at(deployment),
            &json!({"status": status, "occurredAt": time}),
        )
        .await
        .expect(200)
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_past_is_shown_as_it_was(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    succeeded(&server, "v2", "2025-06-03T12:00:00Z").await;
    assert_shown(
        &server,
        &first,
        &[
            ("1970-01-01T00:00:00Z", None),
            ("2025-06-01T11:59:59.999999Z", None),
            ("2025-06-01T12:00:00Z", Some("v1")),
            ("2025-06-03T11:59:59.999999Z", Some("v1")),
            ("2025-06-03T12:00:00Z", Some("v2")),
            ("9999-12-31T23:59:59Z", Some("v2")),
        ],
    )
    .await;
    let query = "/api/v1/deployments/matrix?at=2025-06-02T00:00:00Z";
    snapshot!("matrix_at", server.reader().get(query).await.whole());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rollback_takes_effect_at_its_own_time(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let second = succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    patch(&server, &second, "rolled_back", "2025-06-03T12:00:00Z").await;
    assert_shown(
        &server,
        &first,
        &[
            ("2025-06-02T11:00:00Z", Some("v1")),
            ("2025-06-02T12:00:00Z", Some("v2")),
            ("2025-06-03T11:59:59Z", Some("v2")),
            ("2025-06-03T12:00:00Z", Some("v1")),
        ],
    )
    .await;
    patch(&server, &first, "rolled_back", "2025-06-04T12:00:00Z").await;
    assert_shown(
        &server,
        &first,
        &[
            ("2025-06-03T12:00:00Z", Some("v1")),
            ("2025-06-04T12:00:00Z", None),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_undeployment_and_a_later_success_have_their_times(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    server
        .admin()
        .post(
            &format!("{}/undeploy", at(&first)),
            &json!({"occurredAt": "2025-06-02T12:00:00Z"}),
        )
        .await
        .expect(200);
    succeeded(&server, "v2", "2025-06-03T12:00:00Z").await;
    assert_shown(
        &server,
        &first,
        &[
            ("2025-06-02T11:59:59Z", Some("v1")),
            ("2025-06-02T12:00:00Z", None),
            ("2025-06-03T11:59:59Z", None),
            ("2025-06-03T12:00:00Z", Some("v2")),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn latest_shows_a_deployment_as_it_stood_then(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({"component": "api", "environment": "production", "version": "v1", "occurredAt": "2025-06-01T10:00:00Z"});
    let deployment = server.admin().record(body).await;
    for (status, time) in [
        ("in_progress", "2025-06-01T11:00:00Z"),
        ("succeeded", "2025-06-01T12:00:00Z"),
        ("rolled_back", "2025-06-02T12:00:00Z"),
        ("pending", "2025-06-03T10:00:00Z"),
        ("in_progress", "2025-06-03T11:00:00Z"),
        ("succeeded", "2025-06-03T12:00:00Z"),
        ("rolled_back", "2025-06-04T12:00:00Z"),
    ] {
        patch(&server, &deployment, status, time).await;
    }
    assert_eq!(
        latest(&server, &deployment, "2025-06-02T18:00:00Z").await,
        None
    );
    assert_eq!(
        latest(&server, &deployment, "2025-06-05T00:00:00Z").await,
        None
    );
    for (moment, attempt, started, finished) in [
        (
            "2025-06-01T18:00:00Z",
            1,
            "2025-06-01T11:00:00.000Z",
            "2025-06-01T12:00:00.000Z",
        ),
        (
            "2025-06-03T18:00:00Z",
            2,
            "2025-06-03T11:00:00.000Z",
            "2025-06-03T12:00:00.000Z",
        ),
    ] {
        let then = latest(&server, &deployment, moment).await.unwrap();
        assert_eq!(
            (&then["status"], &then["attempt"]),
            (&json!("succeeded"), &json!(attempt)),
            "{moment}"
        );
        assert_eq!(
            (
                &then["startedAt"],
                &then["finishedAt"],
                &then["succeededAt"]
            ),
            (&json!(started), &json!(finished), &json!(finished)),
            "{moment}"
        );
    }
    let path = format!(
        "/api/v1/deployments/latest?componentId={}&at=2025-06-01T18:00:00Z",
        deployment["componentId"].as_str().unwrap()
    );
    snapshot!("latest_at", server.reader().get(&path).await.whole());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_retry_leaves_its_first_success_in_the_past(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    succeeded(&server, "v2", "2025-06-02T12:00:00Z").await;
    patch(&server, &first, "rolled_back", "2025-06-03T12:00:00Z").await;
    for (status, time) in [
        ("pending", "2025-06-04T10:00:00Z"),
        ("in_progress", "2025-06-04T11:00:00Z"),
        ("succeeded", "2025-06-04T12:00:00Z"),
    ] {
        patch(&server, &first, status, time).await;
    }
    assert_shown(
        &server,
        &first,
        &[
            ("2025-06-01T12:00:00Z", Some("v1")),
            ("2025-06-02T12:00:00Z", Some("v2")),
            ("2025-06-03T12:00:00Z", Some("v2")),
            ("2025-06-04T12:00:00Z", Some("v1")),
        ],
    )
    .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn on_equal_times_the_one_recorded_last_wins(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let (mut last, time) = (Value::Null, "2025-06-01T12:00:00Z");
    for version in ["v1", "v2", "v3"] {
        last = succeeded(&server, version, time).await;
    }
    assert_shown(&server, &last, &[(time, Some("v3"))]).await;
    patch(&server, &last, "rolled_back", time).await;
    assert_shown(&server, &last, &[(time, Some("v2"))]).await;
    let current = latest(&server, &last, time).await.unwrap();
    server
        .admin()
        .post(
            &format!("{}/undeploy", at(&current)),
            &json!({"occurredAt": time}),
        )
        .await
        .expect(200);
    assert_shown(&server, &last, &[(time, None)]).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn environments_stay_in_their_order(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let mut last = Value::Null;
    for environment in ["production", "development", "staging"] {
        let body = json!({"component": "api", "environment": environment, "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
        last = server.admin().record(body).await;
    }
    let path = format!(
        "/api/v1/deployments/latest?componentId={}",
        last["componentId"].as_str().unwrap()
    );
    let names = async |path: &str| {
        let latest = server.reader().get(path).await.expect(200);
        latest
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["environmentName"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        names(&format!("{path}&at=2025-06-02T00:00:00Z")).await,
        ["development", "staging", "production"]
    );
    assert_eq!(names(&path).await, ["development", "staging", "production"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_moment_may_have_an_offset_and_must_be_one(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let first = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    assert_shown(
        &server,
        &first,
        &[
            ("2025-06-01T14:00:00%2B02:00", Some("v1")),
            ("2025-06-01T13:59:59%2B02:00", None),
            ("2025-06-01T07:00:00-05:00", Some("v1")),
        ],
    )
    .await;
    for moment in [
        "yesterday",
        "",
        "2025-06-01",
        "2025-06-01T12:00:00",
        "2025-06-01T14:00:00+02:00",
        "1969-12-31T23:59:59Z",
        "0",
        "2025-06-01T12:00:00Z&at=2025-06-01T12:00:00Z",
    ] {
        for path in [
            "/api/v1/deployments/matrix?",
            &format!(
                "/api/v1/deployments/latest?componentId={}&",
                first["componentId"].as_str().unwrap()
            ),
        ] {
            let answer = server.reader().get(&format!("{path}at={moment}")).await;
            assert_eq!(
                (answer.status, &answer.json()["errors"][0]["parameter"]),
                (400, &json!("at")),
                "{moment}: {}",
                answer.body
            );
        }
    }
    let both = server
        .reader()
        .get("/api/v1/deployments/latest?at=x")
        .await
        .expect(400);
    assert_eq!(both["errors"].as_array().unwrap().len(), 2, "{both}");
    assert_eq!(
        server
            .reader()
            .get("/api/v1/deployments?at=2025-06-01T12:00:00Z")
            .await
            .status,
        400,
        "a list is of now"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_matrix_of_a_moment_takes_its_filters(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (component, environment) in [
        ("api", "production"),
        ("api", "staging"),
        ("web", "production"),
    ] {
        let body = json!({"component": component, "environment": environment, "version": "v1", "status": "succeeded", "occurredAt": "2025-06-01T12:00:00Z"});
        server.admin().record(body).await;
    }
    let path =
        "/api/v1/deployments/matrix?at=2025-06-02T00:00:00Z&component=api&environment=staging";
    let matrix = server.reader().get(path).await.expect(200);
    assert_eq!(matrix.as_array().unwrap().len(), 1);
    assert_eq!(
        matrix[0]["environments"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["staging"]
    );
}
