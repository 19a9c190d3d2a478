//! The line of each write in the log of the server.

use std::{
    io::{BufRead as _, BufReader},
    process::{ChildStderr, Stdio},
    thread,
    time::Duration,
};

use deploytrack_tests::{
    caller::{Caller, SECRET},
    program::{Home, Process},
};
use serde_json::{Value, json};

use crate::pages::{blocks, page};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// A server that logs in this format at this level, and the reader of its log.
fn logging(format: &str, level: &str) -> (Home, Process, BufReader<ChildStderr>) {
    let home = Home::new();
    let args = [
        "--listen",
        "127.0.0.1:0",
        "--log-format",
        format,
        "--log-level",
        level,
    ];
    let mut command = home.command("deploytrack-server", &args);
    command
        .args(["--database-url", "sqlite:logged.db"])
        .env("DEPLOYTRACK_JWT_SECRET", SECRET)
        .env("DEPLOYTRACK_RATE_REFUSED", "off")
        .stderr(Stdio::piped());
    let mut server = Process::started(command);
    let log = BufReader::new(server.take_stderr().unwrap());
    (home, server, log)
}

/// All lines of the log of a server that ends now. They are read before it ends: a pipe that is full
/// would lose the last ones.
fn lines(server: Process, log: BufReader<ChildStderr>) -> Vec<String> {
    let all = thread::spawn(|| log.lines().map(Result::unwrap).collect());
    assert_eq!(server.terminate().0, 0);
    all.join().unwrap()
}

fn objects(lines: &[String]) -> Vec<Value> {
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The fields of a line that do not differ from run to run.
fn facts(line: &Value) -> Value {
    let mut fields = line.as_object().unwrap().clone();
    let duration = fields.remove("duration_ms").unwrap().as_f64().unwrap();
    assert!(duration > 0.0, "{line}");
    for name in ["timestamp", "request_id", "id"] {
        fields.remove(name);
    }
    for (name, value) in [
        ("level", "INFO"),
        ("message", "write"),
        ("address", "127.0.0.1"),
        ("target", "deploytrack_server::request_log"),
    ] {
        assert_eq!(fields.remove(name).unwrap(), value, "{line}");
    }
    Value::Object(fields)
}

#[tokio::test]
async fn each_write_has_a_line_with_its_caller_its_target_and_its_outcome() {
    let (_home, server, log) = logging("json", "info");
    let (admin, path) = (Caller::admin(server.url()), "/api/v1/deployments");
    let new = json!({"component": "a\"b", "environment": "qa", "version": "v1", "description": "private words"});
    let traced = [("traceparent", &*format!("00-{TRACE}-00f067aa0ba902b7-01"))];
    let recorded = admin
        .send_with("POST", path, &traced, new.to_string())
        .await;
    assert_eq!(recorded.header("x-request-id"), Some(TRACE));
    let id = recorded.expect(201)["id"].as_str().unwrap().to_owned();
    let named = [traced[0], ("x-request-id", "mine-7")];
    let one = format!("{path}/{id}");
    let change = json!({"status": "in_progress"}).to_string();
    let updated = admin.send_with("PATCH", &one, &named, change).await;
    assert_eq!(updated.header("x-request-id"), Some("mine-7"));
    let illegal = json!({"status": "rolled_back"});
    admin.patch(&one, &illegal).await.expect(400);
    Caller::reader(server.url())
        .post(path, &new)
        .await
        .expect(403);
    Caller::forged(server.url())
        .post(path, &new)
        .await
        .expect(401);
    Caller::anonymous(server.url())
        .post("/no/such%0Apath", &new)
        .await
        .expect(404);
    admin.get(path).await.expect(200);
    admin
        .post("/api/v1/components", &json!({"name": "c"}))
        .await
        .expect(201);
    let mut past = new.clone();
    past["occurredAt"] = "2026-01-01T00:00:00Z".into();
    admin.import(past.to_string()).await.expect(200);

    let lines = lines(server, log);
    let all = objects(&lines);
    let writes: Vec<_> = all
        .iter()
        .filter(|line| line["message"] == "write")
        .collect();
    assert_eq!(
        all.iter().filter(|line| line["message"] == "read").count(),
        0
    );
    let route = "/api/v1/deployments/{id}";
    let admin = all
        .iter()
        .find_map(|line| line["subject"].as_str())
        .unwrap();
    let reader = writes[3]["subject"].as_str().unwrap();
    assert_eq!(
        writes.iter().map(|line| facts(line)).collect::<Vec<_>>(),
        [
            json!({"trace_id": TRACE, "subject": admin, "role": "admin", "method": "POST", "route": path,
                "component": "a\"b", "environment": "qa", "version": "v1", "to": "pending", "status": 201}),
            json!({"trace_id": TRACE, "subject": admin, "role": "admin", "method": "PATCH", "route": route,
                "component": "a\"b", "environment": "qa", "version": "v1", "to": "in_progress", "status": 200}),
            json!({"subject": admin, "role": "admin", "method": "PATCH", "route": route, "to": "rolled_back",
                "status": 400, "code": "invalid_transition"}),
            json!({"subject": reader, "role": "reader", "method": "POST", "route": path, "status": 403, "code": "forbidden"}),
            json!({"method": "POST", "route": path, "status": 401, "code": "unauthorized"}),
            json!({"method": "POST", "path": "/no/such%0Apath", "status": 404, "code": "not_found"}),
            json!({"subject": admin, "role": "admin", "method": "POST", "route": "/api/v1/components", "name": "c", "status": 201}),
            json!({"subject": admin, "role": "admin", "method": "POST", "route": "/api/v1/deployments/import", "lines": 1, "status": 200}),
        ]
    );
    let page = page("docs/monitoring.md");
    let example: Value = serde_json::from_str(blocks(&page, "json")[0]).unwrap();
    let keys = |line: &Value| {
        line.as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&example), keys(writes[0]), "the example on the page");
    for line in &writes[..3] {
        assert_eq!(line["id"], id.as_str());
    }
    assert_eq!(
        [&writes[0]["request_id"], &writes[1]["request_id"]],
        [TRACE, "mine-7"]
    );
    let text = lines.join("\n");
    for secret in [SECRET, "private words", &Caller::admin_token()] {
        assert!(!text.contains(secret), "{text}");
    }
    assert!(
        all.last().unwrap()["message"]
            .as_str()
            .unwrap()
            .contains("shutting down"),
        "{text}"
    );
}

#[tokio::test]
async fn no_name_begins_a_new_line() {
    for format in ["json", "text"] {
        let (_home, server, log) = logging(format, "info,deploytrack_server::request_log=debug");
        let admin = Caller::admin(server.url());
        let forged = "v1\n2026-01-01T00:00:00Z  INFO forged\u{2028}\u{1b}[2J";
        for field in ["component", "environment", "version"] {
            let mut new = json!({"component": "a", "environment": "b", "version": "v1"});
            new[field] = forged.into();
            admin.post("/api/v1/deployments", &new).await;
            admin.post("/api/v1/deployments?register=true", &new).await;
        }
        admin
            .post("/api/v1/walls", &json!({"name": forged, "view": ""}))
            .await;
        admin
            .post("/api/v1/components/archive", &json!({"name": forged}))
            .await;
        admin
            .call("DELETE", "/api/v1/walls/x%0A2026-01-01%1B[2J")
            .await;
        let lines = lines(server, log);
        assert!(
            lines
                .iter()
                .all(|line| !line.contains(['\u{1b}', '\u{2028}'])),
            "{lines:?}"
        );
        assert!(lines.len() >= 9 && lines.iter().all(|line| !line.starts_with("2026-01-01")));
        if format == "json" {
            let _ = objects(&lines);
        }
    }
}

#[tokio::test]
async fn a_level_may_be_set_for_each_module() {
    for (level, reads, writes) in [
        ("info", 0, 1),
        ("debug", 1, 1),
        ("info,deploytrack_server::request_log=debug", 1, 1),
        ("info,deploytrack_server::request_log=warn", 0, 0),
        ("warn", 0, 0),
    ] {
        let (_home, server, log) = logging("json", level);
        let reader = Caller::reader(server.url());
        reader.get("/api/v1/deployments").await.expect(200);
        reader
            .post("/api/v1/components", &json!({}))
            .await
            .expect(403);
        let lines = objects(&lines(server, log));
        let count = |message| {
            lines
                .iter()
                .filter(|line| line["message"] == message)
                .count()
        };
        assert_eq!((count("read"), count("write")), (reads, writes), "{level}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_that_nobody_reads_stops_no_request() {
    let (_home, server, log) = logging("text", "info");
    let url = server.url().to_owned();
    // The pipe takes some hundred lines, and 8,192 more may wait.
    let clients = (0..8).map(|_| {
        let anonymous = Caller::anonymous(&url);
        tokio::spawn(async move {
            for _ in 0..1500 {
                let refused = anonymous.call("DELETE", "/api/v1/walls/x").await;
                assert_eq!(refused.status, 401);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    for client in clients {
        let done = tokio::time::timeout(Duration::from_mins(2), client).await;
        done.expect("a request waits for the reader of the log")
            .unwrap();
    }
    assert!(lost_lines(&url).await > 1000.0);
    // The reader still has not read anything.
    let ended = tokio::task::spawn_blocking(move || server.terminate());
    let ended = tokio::time::timeout(Duration::from_secs(20), ended).await;
    let (code, out) = ended
        .expect("the end waits for the reader of the log")
        .unwrap();
    assert_eq!((code, &*out), (0, ""));
    drop(log);
}

#[tokio::test]
async fn a_log_whose_reader_is_gone_stops_no_request() {
    let (_home, server, log) = logging("text", "info");
    drop(log);
    let admin = Caller::admin(server.url());
    for number in 0..20 {
        let new = json!({"component": "a", "environment": "b", "version": format!("v{number}")});
        admin.post("/api/v1/deployments", &new).await.expect(201);
    }
    assert!(lost_lines(server.url()).await >= 1.0);
    assert_eq!(server.terminate().0, 0);
}

async fn lost_lines(url: &str) -> f64 {
    let metrics = Caller::reader(url).get("/metrics").await.body;
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("deploytrack_log_lines_lost_total "));
    line.unwrap().parse().unwrap()
}
