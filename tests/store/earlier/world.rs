//! A small world that a server program records, and what it answers.

use std::path::PathBuf;

use deploytrack_tests::{
    caller::{Caller, SECRET},
    database::Database,
    program::{Home, Process, binary},
};
use futures_util::StreamExt as _;
use serde_json::{Value, json};

/// The server program of an earlier version.
const PROGRAM: &str = "DEPLOYTRACK_EARLIER_SERVER";

/// The path of the events.
pub(crate) const EVENTS: &str = "/api/v1/events";

/// The name of a component. Versions before migration 10 accept the last one only.
const NAMES: [&str; 3] = [
    "K\u{e4}se & Brot \u{2013} \u{5bff}\u{53f8} 'x'\"\\",
    "\u{42f} %_? <b>",
    "Z9._-/z",
];

/// Runs a server on an empty database, records, and returns its answers.
pub(crate) async fn record(database: &Database) -> Value {
    let program = std::env::var_os(PROGRAM);
    let program = program.map_or_else(|| binary("deploytrack-server").to_owned(), PathBuf::from);
    let home = Home::new();
    let mut command = std::process::Command::new(program);
    command
        .args(["--listen", "127.0.0.1:0", "--database-url", database.url()])
        .env_clear()
        .env("HOME", home.path())
        .env("RUST_LOG", "error")
        .env("DEPLOYTRACK_JWT_SECRET", SECRET);
    let server = Process::started(command);
    let admin = Caller::admin(server.url());
    deployments(&admin).await;
    names(&admin).await;
    let mut answers = answers(&admin).await;
    let is_last = |events: &[Value]| {
        let last = events.last();
        last.is_some_and(|event| event["type"] == "component.updated")
    };
    if let Some(events) = events(&admin, is_last).await {
        answers[EVENTS] = events.into();
    }
    assert_eq!(server.terminate().0, 0);
    answers
}

async fn deployments(admin: &Caller) {
    let deployment = |version: &str, status: &str| {
        json!({"component": "api", "environment": "production", "version": version, "status": status,
            "deployedBy": "Zo\u{eb} O'Neil", "commitSha": "ed52224"})
    };
    let id = |recorded: &Value| recorded["id"].as_str().unwrap().to_owned();
    let first = id(&admin.record(deployment("v1", "pending")).await);
    for status in ["in_progress", "succeeded"] {
        admin.advance(&first, status).await;
    }
    let second = id(&admin.record(deployment("v2", "succeeded")).await);
    let mut third = deployment("v3 'quoted'; -- \u{1f680}", "pending");
    third["metadata"] =
        json!({"run": 7, "big": 12_345_678_901_234_567_890_u64, "nested": {"a": ["\u{e9}", null]}});
    third["description"] = json!("first line\n  second \"line\"");
    let third = id(&admin.record(third).await);
    // Two attempts, which both fail.
    for status in ["in_progress", "failed", "pending", "in_progress", "failed"] {
        admin.advance(&third, status).await;
    }
    admin.advance(&second, "rolled_back").await;
    let mut staging = deployment("v2", "succeeded");
    staging["environment"] = json!("staging");
    let staging = id(&admin.record(staging).await);
    let removed = format!("/api/v1/deployments/{staging}/undeploy");
    admin
        .post(&removed, &json!({"reason": "moved"}))
        .await
        .expect(200);
    let mut imported = deployment("v0", "succeeded");
    imported["occurredAt"] = json!("2024-02-29T23:59:59.999Z");
    admin.import(imported.to_string()).await.expect(200);
    let repeated = admin
        .request("POST", "/api/v1/deployments")
        .header("idempotency-key", "run-7")
        .json(&deployment("v4", "in_progress"));
    assert_eq!(repeated.send().await.unwrap().status(), 201);
}

/// Components with other names, of which one is archived, and a wall: as far as the version has
/// them.
async fn names(admin: &Caller) {
    for name in NAMES {
        let created = admin
            .post("/api/v1/components", &json!({"name": name}))
            .await;
        if created.status != 201 {
            continue;
        }
        let body = json!({"component": name, "environment": "staging", "version": "2026.11.30+b1", "status": "succeeded"});
        admin.record(body).await;
    }
    let last = NAMES[NAMES.len() - 1];
    let components = admin.get("/api/v1/components").await.expect(200);
    let components = components
        .get("data")
        .unwrap_or(&components)
        .as_array()
        .unwrap();
    let archived = components
        .iter()
        .find(|component| component["name"] == last)
        .unwrap();
    let path = format!("/api/v1/components/{}", archived["id"].as_str().unwrap());
    admin
        .patch(&path, &json!({"archived": true, "owner": "team z"}))
        .await
        .expect(200);
    let _ = admin.post("/api/v1/walls", &json!({"name": "hall"})).await;
}

/// What a server answers. A path that it does not have is left out.
pub(crate) async fn answers(admin: &Caller) -> Value {
    let mut answers = serde_json::Map::new();
    for path in [
        "/api/v1/components?take=100",
        "/api/v1/environments?take=100",
        "/api/v1/deployments?take=100",
        "/api/v1/deployments/matrix",
        "/api/v1/deployments/matrix?at=2025-01-01T00:00:00Z",
        "/api/v1/deployments/unsettled",
        "/api/v1/walls",
    ] {
        let answer = admin.get(path).await;
        if answer.status == 200 {
            answers.insert(path.into(), answer.json());
        }
    }
    let all = answers["/api/v1/deployments?take=100"]["data"].clone();
    for deployment in all.as_array().unwrap() {
        let path = format!(
            "/api/v1/deployments/{}/history",
            deployment["id"].as_str().unwrap()
        );
        let history = admin.get(&path).await.expect(200);
        answers.insert(path, history);
    }
    answers.into()
}

/// The first events, until these are enough; `None` from a version without events.
pub(crate) async fn events(
    admin: &Caller,
    is_enough: impl Fn(&[Value]) -> bool,
) -> Option<Vec<Value>> {
    let request = admin.request("GET", EVENTS).header("last-event-id", "0");
    let answer = request.send().await.unwrap();
    if answer.status() != 200 {
        return None;
    }
    let (mut stream, mut text, mut events) = (answer.bytes_stream(), String::new(), Vec::new());
    while let Some(chunk) = stream.next().await {
        text.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        while let Some((event, rest)) = text.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data: "));
            let data: Option<Value> = data.and_then(|data| serde_json::from_str(data).ok());
            text = rest.to_owned();
            events.extend(data);
            if is_enough(&events) {
                return Some(events);
            }
        }
    }
    panic!("the stream ended before the last event: {events:#?}")
}
