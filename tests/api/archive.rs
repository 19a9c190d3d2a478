//! The archive: /api/v1/environments/archive, /api/v1/components/archive, and its header in other
//! answers.

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::given::at;

const ENVIRONMENTS: &str = "/api/v1/environments";
const PATHS: [&str; 2] = ["/api/v1/components/archive", "/api/v1/environments/archive"];

async fn archive(server: &Server, path: &str, body: Value) -> Value {
    server.admin().post(path, &body).await.expect(200)
}

/// The names that an answer lists.
fn names(answer: &Value) -> Vec<&str> {
    answer["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

async fn listed(server: &Server, query: &str) -> Vec<String> {
    let page = server
        .reader()
        .get(&format!("{ENVIRONMENTS}?{query}"))
        .await
        .expect(200);
    assert_eq!(page["total"], page["data"].as_array().unwrap().len());
    names(&page).into_iter().map(str::to_owned).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pattern_archives_many_and_unarchives_them(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for environment in ["review/a", "review/b", "production"] {
        server.admin().record(json!({"component": "api", "environment": environment, "version": "v1", "status": "succeeded"})).await;
    }
    let path = PATHS[1];
    let asked = json!({"name": "review/*"});
    assert_eq!(
        names(&archive(&server, path, json!({"name": "review/*", "dryRun": true})).await),
        ["review/a", "review/b"]
    );
    assert_eq!(listed(&server, "archived=true").await, [""; 0]);
    assert_eq!(
        names(
            &archive(
                &server,
                path,
                json!({"name": "review/*", "idleSince": "2020-01-01T00:00:00Z"})
            )
            .await
        ),
        [""; 0]
    );
    let done = archive(&server, path, asked.clone()).await;
    assert_eq!(
        (names(&done), &done["remaining"]),
        (vec!["review/a", "review/b"], &json!(0))
    );
    assert!(
        done["data"][0]["id"].is_string() && done["data"][0]["lastDeployedAt"].is_string(),
        "{done}"
    );
    assert_eq!(
        listed(&server, "archived=true").await,
        ["review/a", "review/b"]
    );
    assert_eq!(listed(&server, "archived=false").await, ["production"]);
    assert_eq!(listed(&server, "").await.len(), 3);
    assert_eq!(
        listed(&server, "archived=false&name=review%2Fa").await,
        [""; 0]
    );
    let matrix = server
        .reader()
        .get("/api/v1/deployments/matrix")
        .await
        .expect(200);
    assert_eq!(
        matrix[0]["environments"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["production"]
    );
    assert_eq!(
        names(&archive(&server, path, json!({"name": "*/A", "undo": true})).await),
        ["review/a"]
    );
    assert_eq!(listed(&server, "archived=true").await, ["review/b"]);
    assert_eq!(
        names(&archive(&server, PATHS[0], json!({"name": "ap?"})).await),
        ["api"]
    );
    assert_eq!(
        server
            .reader()
            .get("/api/v1/components?archived=true")
            .await
            .expect(200)["total"],
        1
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_one_key_many_are_archived_once(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server
        .admin()
        .post(ENVIRONMENTS, &json!({"name": "review/a"}))
        .await
        .expect(201);
    let asked = || json!({"name": "review/*"}).to_string();
    let first = server
        .admin()
        .send_with("POST", PATHS[1], &[("idempotency-key", "7")], asked())
        .await;
    server
        .admin()
        .post(ENVIRONMENTS, &json!({"name": "review/b"}))
        .await
        .expect(201);
    let second = server
        .admin()
        .send_with("POST", PATHS[1], &[("idempotency-key", "7")], asked())
        .await;
    assert_eq!(
        (
            second.status,
            &second.body,
            second.header("idempotency-replayed")
        ),
        (200, &first.body, Some("true"))
    );
    assert_eq!(listed(&server, "archived=true").await, ["review/a"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_fault_of_the_body_is_named(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for path in PATHS {
        for (body, pointers) in [
            (json!({}), vec!["/name"]),
            (
                json!({"name": "", "idleSince": "yesterday", "undo": "yes", "older": 1}),
                vec!["/name", "/idleSince", "/undo", "/older"],
            ),
            (
                json!({"name": "a\nb", "dryRun": 1}),
                vec!["/name", "/dryRun"],
            ),
        ] {
            let refused = server.admin().post(path, &body).await.expect(400);
            let found: Vec<_> = refused["errors"]
                .as_array()
                .unwrap()
                .iter()
                .map(|fault| fault["pointer"].as_str().unwrap())
                .collect();
            assert_eq!(found, pointers, "{body}");
        }
    }
    assert_eq!(
        server
            .reader()
            .get("/api/v1/environments?archived=yes")
            .await
            .status,
        400
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_answer_names_the_archived_items(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let old = server.admin().record(json!({"component": "api", "environment": "review/a+b", "version": "v1", "status": "succeeded"})).await;
    let environment = format!("{ENVIRONMENTS}/{}", old["environmentId"].as_str().unwrap());
    server
        .admin()
        .patch(&environment, &json!({"archived": true}))
        .await
        .expect(200);
    let past = json!({"component": "api", "environment": "review/a+b", "version": "v0", "status": "succeeded", "occurredAt": "2020-01-01T00:00:00Z"});
    for answer in [
        server.admin().post("/api/v1/deployments", &past).await,
        server.admin().import(past.to_string()).await,
    ] {
        assert_eq!(
            (answer.header("archived"), answer.header("unarchived")),
            (Some("environment=review%2Fa%2Bb"), None),
            "{answer:?}"
        );
    }
    assert!(server.reader().get(&environment).await.expect(200)["archivedAt"].is_string());
    let new = json!({"component": "api", "environment": "review/a+b", "version": "v2"});
    let answer = server.admin().post("/api/v1/deployments", &new).await;
    assert_eq!(
        (
            answer.status,
            answer.header("archived"),
            answer.header("unarchived")
        ),
        (201, None, Some("environment=review%2Fa%2Bb"))
    );
    let shown = server.reader().get(&environment).await.expect(200);
    assert_eq!(
        (&shown["archived"], &shown["archivedAt"]),
        (&json!(false), &Value::Null)
    );
    server
        .admin()
        .patch(&environment, &json!({"archived": true}))
        .await
        .expect(200);
    let moved = server
        .admin()
        .patch(&at(&answer.json()), &json!({"status": "in_progress"}))
        .await;
    assert_eq!(
        (moved.status, moved.header("unarchived")),
        (200, Some("environment=review%2Fa%2Bb"))
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_long_list_of_names_is_cut_and_counted(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let names: Vec<_> = (0..100)
        .map(|n| format!("{}{n}", "\u{e4}".repeat(100)))
        .collect();
    let lines = |at: &str| {
        let line = |name: &String| {
            json!({"component": "api", "environment": name, "version": "v1", "status": "succeeded", "occurredAt": at}).to_string()
        };
        names.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    server
        .admin()
        .import(lines("2020-01-01T00:00:00Z"))
        .await
        .expect(200);
    archive(&server, PATHS[1], json!({"name": "*"})).await;
    let answer = server.admin().import(lines("2019-01-01T00:00:00Z")).await;
    let header = answer.header("archived").unwrap();
    let (named, more) = header.rsplit_once("&more=").unwrap();
    assert_eq!(
        named.split('&').count() + more.parse::<usize>().unwrap(),
        100
    );
    assert!(header.len() < 5000, "{}", header.len());
}
