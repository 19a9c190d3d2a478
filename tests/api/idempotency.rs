//! `Idempotency-Key`: a write is carried out once, and its stored answer is replayed.

use deploytrack_tests::{
    answer::Answer,
    caller::{Caller, SECRET, seconds, token},
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::{at, history, id, succeeded};

const DEPLOYMENTS: &str = "/api/v1/deployments";

/// Sends a write with an idempotency key.
async fn send_with_key(
    caller: &Caller,
    key: &str,
    method: &str,
    path: &str,
    body: &Value,
) -> Answer {
    caller
        .send_with(method, path, &[("idempotency-key", key)], body.to_string())
        .await
}

fn replay_header(answer: &Answer) -> Option<&str> {
    answer.header("idempotency-replayed")
}

/// Checks that the second answer is a replay of the first one.
#[track_caller]
fn assert_replay(first: &Answer, second: &Answer, status: u16) {
    assert_eq!(
        (first.status, replay_header(first)),
        (status, None),
        "{}",
        first.body
    );
    assert_eq!(
        (second.status, replay_header(second)),
        (status, Some("true")),
        "{}",
        second.body
    );
    assert_eq!(second.body, first.body);
    for name in ["content-type", "content-length", "location", "etag"] {
        assert_eq!(second.header(name), first.header(name), "{name}");
    }
}

fn version(version: &str) -> Value {
    json!({"component": "api", "environment": "production", "version": version})
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_recorded_twice_under_one_key_is_one(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = r#"{"version": "v1", "environment": "production", "component": "api", "description": "Grüße\n",
            "metadata": {"z": 1.50, "a": 9007199254740993, "n": -0.1, "deep": [{"b": null, "a": true}]}}"#;
    let record = async || {
        server
            .admin()
            .send_with("POST", DEPLOYMENTS, &[("idempotency-key", "run-7")], body)
            .await
    };
    let (first, second) = (record().await, record().await);
    assert_replay(&first, &second, 201);
    assert!(
        first
            .header("location")
            .unwrap()
            .ends_with(&id(&first.json()))
    );
    assert_eq!(server.reader().total().await, 1);
    assert_eq!(
        server.reader().get(&at(&first.json())).await.body,
        first.body
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transition_sent_twice_under_one_key_is_made_once_even_after_a_later_one(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let deployment = admin.record(version("v1")).await;
    let start = async || {
        send_with_key(
            &admin,
            "start",
            "PATCH",
            &at(&deployment),
            &json!({"status": "in_progress", "reason": "go"}),
        )
        .await
    };
    let first = start().await;
    assert_replay(&first, &start().await, 200);
    let failed = admin.advance(&id(&deployment), "failed").await;
    let before = history(&server, &deployment).await;
    assert_replay(&first, &start().await, 200);
    assert_eq!(
        server.reader().get(&at(&deployment)).await.expect(200),
        failed
    );
    assert_eq!(history(&server, &deployment).await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_request_under_the_same_key_is_422(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let made = send_with_key(&admin, "7", "POST", DEPLOYMENTS, &version("v1"))
        .await
        .expect(201);
    snapshot!(
        "idempotency_key_reused",
        send_with_key(&admin, "7", "POST", DEPLOYMENTS, &version("v2"))
            .await
            .whole()
    );
    for (method, path) in [
        ("POST", format!("{DEPLOYMENTS}?register=true")),
        ("POST", format!("{DEPLOYMENTS}?register=false")),
    ] {
        let answer = send_with_key(&admin, "7", method, &path, &version("v1")).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (422, &json!("idempotency_key_reused")),
            "{method} {path}"
        );
    }
    for (method, path, body) in [
        (
            "POST",
            "/api/v1/components".to_owned(),
            json!({"name": "web"}),
        ),
        ("PATCH", at(&made), json!({"status": "failed"})),
        ("POST", format!("{}/undeploy", at(&made)), json!({})),
    ] {
        let answer = send_with_key(&admin, "7", method, &path, &body).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (422, &json!("idempotency_key_reused")),
            "{method} {path}"
        );
    }
    assert_eq!(server.reader().total().await, 1);
    assert_eq!(server.reader().get(&at(&made)).await.expect(200), made);
    assert_eq!(
        server.reader().get("/api/v1/components").await.expect(200)["total"],
        1
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_condition_is_part_of_the_request(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let deployment = admin.record(version("v1")).await;
    let patch = async |headers: &[(&str, &str)]| {
        admin
            .send_with(
                "PATCH",
                &at(&deployment),
                headers,
                r#"{"status": "failed"}"#,
            )
            .await
    };
    let first = patch(&[("idempotency-key", "7"), ("if-match", "*")]).await;
    assert_replay(
        &first,
        &patch(&[("idempotency-key", "7"), ("if-match", "*")]).await,
        200,
    );
    assert_eq!(patch(&[("idempotency-key", "7")]).await.status, 422);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn idempotency_keys_are_per_subject(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let claims = json!({"sub": "release-bot", "exp": seconds() + 3600, "roles": ["admin"]});
    let other = Caller::new(&server.url(), Some(token(&claims, SECRET)));
    let (ours, theirs) = (
        send_with_key(&server.admin(), "7", "POST", DEPLOYMENTS, &version("v1")).await,
        send_with_key(&other, "7", "POST", DEPLOYMENTS, &version("v1")).await,
    );
    assert_eq!(
        (ours.status, theirs.status, replay_header(&theirs)),
        (201, 201, None)
    );
    assert_eq!(
        (&ours.json()["deployedBy"], &theirs.json()["deployedBy"]),
        (&json!("ci-bot"), &json!("release-bot"))
    );
    assert_ne!(id(&ours.json()), id(&theirs.json()));
    send_with_key(&server.reader(), "7", "POST", DEPLOYMENTS, &version("v1"))
        .await
        .expect(403);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_refused_request_stores_nothing_under_its_key(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    admin.record(version("v0")).await;
    let nobody = json!({"componentId": "00000000-0000-4000-8000-000000000000", "environment": "production", "version": "v1"});
    let near = json!({"component": "api", "environment": "prodution", "version": "v1"});
    for (key, status, refused) in [
        ("bad", 400, version("")),
        ("unknown", 404, nobody),
        ("near", 409, near),
    ] {
        send_with_key(&admin, key, "POST", DEPLOYMENTS, &refused)
            .await
            .expect(status);
        let corrected = send_with_key(&admin, key, "POST", DEPLOYMENTS, &version("v1")).await;
        assert_eq!(
            (corrected.status, replay_header(&corrected)),
            (201, None),
            "{key}: {}",
            corrected.body
        );
    }
    let deployment = admin.record(version("v2")).await;
    send_with_key(
        &admin,
        "moves",
        "PATCH",
        &at(&deployment),
        &json!({"status": "succeeded"}),
    )
    .await
    .expect(400);
    send_with_key(
        &admin,
        "moves",
        "PATCH",
        &at(&deployment),
        &json!({"status": "in_progress"}),
    )
    .await
    .expect(200);
    assert_eq!(server.reader().total().await, 5);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_idempotency_key_is_unlocked_as_soon_as_its_request_is_answered(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let callers = (0..12).map(|caller| {
        let admin = server.admin();
        tokio::spawn(async move {
            for number in 0..10 {
                let key = format!("key-{caller}-{number}");
                let record = async |body: &Value| send_with_key(&admin, &key, "POST", DEPLOYMENTS, body).await;
                record(&json!({"component": "api", "environmentId": "00000000-0000-4000-8000-000000000000", "version": "v1"}))
                    .await
                    .expect(404);
                assert_replay(&record(&version("v1")).await, &record(&version("v1")).await, 201);
                record(&version("v2")).await.expect(422);
                record(&version("v1")).await.expect(201);
            }
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.unwrap();
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_name_that_a_refused_request_would_have_registered_is_not_there(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let body = json!({"component": "web", "environmentId": "00000000-0000-4000-8000-000000000000", "version": "v1"});
    send_with_key(&server.admin(), "7", "POST", DEPLOYMENTS, &body)
        .await
        .expect(404);
    assert_eq!(
        server.reader().get("/api/v1/components").await.expect(200)["total"],
        0
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_other_write_is_carried_out_once_too(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let current = succeeded(&server, "v1", "2025-06-01T12:00:00Z").await;
    let of = |collection: &str, name: &str| {
        format!("/api/v1/{collection}/{}", current[name].as_str().unwrap())
    };
    let line = json!({"component": "api", "environment": "staging", "version": "v1", "occurredAt": "2025-06-01T12:00:00Z"});
    for (number, (method, path, body, status)) in [
        (
            "POST",
            "/api/v1/components".to_owned(),
            json!({"name": "web", "owner": "team-a"}),
            201,
        ),
        (
            "PATCH",
            of("components", "componentId"),
            json!({"owner": "team-b"}),
            200,
        ),
        (
            "POST",
            "/api/v1/environments".to_owned(),
            json!({"name": "qa"}),
            201,
        ),
        (
            "PATCH",
            of("environments", "environmentId"),
            json!({"description": "live"}),
            200,
        ),
        ("POST", format!("{DEPLOYMENTS}/import"), line, 200),
        (
            "POST",
            format!("{}/undeploy", at(&current)),
            json!({"reason": "gone"}),
            200,
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let send =
            async || send_with_key(&admin, &format!("key-{number}"), method, &path, &body).await;
        let (first, second) = (send().await, send().await);
        assert_replay(&first, &second, status);
    }
    assert_eq!(server.reader().total().await, 2);
    assert_eq!(
        server.reader().get("/api/v1/components").await.expect(200)["total"],
        2
    );
    assert_eq!(
        server
            .reader()
            .get("/api/v1/environments")
            .await
            .expect(200)["total"],
        3
    );
    let rows: Value = serde_json::from_str(&history(&server, &current).await).unwrap();
    assert_eq!(
        rows.as_array()
            .unwrap()
            .iter()
            .filter(|row| row["event"] == "undeployed")
            .count(),
        1
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_invalid_idempotency_key_is_refused_by_name(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let body = version("v1").to_string();
    let long = "k".repeat(256);
    for key in ["", "a b", &long, "clé"] {
        let answer = admin
            .send_with(
                "POST",
                DEPLOYMENTS,
                &[("idempotency-key", key)],
                body.clone(),
            )
            .await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["parameter"]),
            (400, &json!("Idempotency-Key")),
            "{key}: {}",
            answer.body
        );
    }
    let doubled = admin
        .send_with(
            "POST",
            DEPLOYMENTS,
            &[("idempotency-key", "7"), ("idempotency-key", "7")],
            body.clone(),
        )
        .await;
    assert_eq!(
        (doubled.status, &doubled.json()["errors"][0]["parameter"]),
        (400, &json!("Idempotency-Key")),
        "{}",
        doubled.body
    );
    let both = admin
        .send_with(
            "POST",
            DEPLOYMENTS,
            &[("idempotency-key", "a b")],
            version("").to_string(),
        )
        .await;
    assert_eq!(
        both.expect(400)["errors"].as_array().unwrap().len(),
        2,
        "with every other fault: {}",
        both.body
    );
    assert_eq!(server.reader().total().await, 0);
    admin
        .send_with(
            "POST",
            DEPLOYMENTS,
            &[("idempotency-key", &long[1..])],
            body,
        )
        .await
        .expect(201);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_at_once_under_one_key_are_one(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    sixteen_at_once(&[server.admin()]).await;
    assert_eq!(server.reader().total().await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_at_once_under_one_key_through_two_servers_are_one(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (one, other) = (
        Server::start(&database).await,
        Server::start(&database).await,
    );
    sixteen_at_once(&[one.admin(), other.admin()]).await;
    assert_eq!(
        (one.reader().total().await, other.reader().total().await),
        (1, 1)
    );
}

/// Records the same deployment sixteen times at once, then once more through each server.
async fn sixteen_at_once(admins: &[Caller]) {
    let sends: Vec<_> = (0..16)
        .map(|number| {
            let admin = admins[number % admins.len()].clone();
            tokio::spawn(async move {
                send_with_key(&admin, "7", "POST", DEPLOYMENTS, &version("v1")).await
            })
        })
        .collect();
    let mut first = Vec::new();
    for send in sends {
        let answer = send.await.unwrap();
        if answer.status == 201 {
            first.push(answer);
        } else {
            assert_eq!(
                (answer.status, answer.header("retry-after")),
                (409, Some("1")),
                "{}",
                answer.body
            );
            assert_eq!(answer.json()["code"], "request_in_progress");
        }
    }
    assert_eq!(
        first
            .iter()
            .filter(|answer| replay_header(answer).is_none())
            .count(),
        1,
        "one of them did it"
    );
    for admin in admins {
        let again = send_with_key(admin, "7", "POST", DEPLOYMENTS, &version("v1")).await;
        assert_eq!((again.status, replay_header(&again)), (201, Some("true")));
        assert!(first.iter().all(|answer| answer.body == again.body));
    }
}
