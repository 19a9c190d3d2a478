//! GET /api/v1/events

use std::time::{Duration, Instant};

use deploytrack_tests::{
    caller::Caller,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use reqwest::Response;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::given::id;

/// A reader of a stream of server-sent events.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(server: &Server, query: &str, last: Option<&str>) -> Self {
        Self::open_as(&server.reader(), query, last).await
    }

    async fn open_as(caller: &Caller, query: &str, last: Option<&str>) -> Self {
        let request = caller.request("GET", &format!("/api/v1/events{query}"));
        let request = last.into_iter().fold(request, |request, last| {
            request.header("last-event-id", last)
        });
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next block, without the empty line that ends it.
    async fn block(&mut self) -> String {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return block;
            }
            let chunk = timeout(Duration::from_secs(20), self.response.chunk())
                .await
                .unwrap()
                .unwrap();
            self.text
                .push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
        }
    }

    /// The number and the data of the next event.
    async fn event(&mut self) -> (String, Value) {
        let block = self.block().await;
        let mut lines = block.lines();
        let (id, kind, data) = (
            lines.next().unwrap(),
            lines.next().unwrap(),
            lines.next().unwrap(),
        );
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(kind.strip_prefix("event: "), data["type"].as_str());
        let (id, _) = id.strip_prefix("id: ").unwrap().split_once('@').unwrap();
        assert_eq!(id, data["id"].to_string());
        (id.to_owned(), data)
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_gets_new_events_and_resumes_at_its_position(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    admin
        .record(json!({"component": "api", "environment": "production", "version": "v1"}))
        .await;
    let mut stream = Stream::open(&server, "", None).await;
    let store = server.anonymous().get("/readyz").await.json()["storeId"].clone();
    let store = store.as_str().unwrap();
    assert_eq!(
        stream.block().await,
        format!("retry: 2000\nid: 3@{store}"),
        "where it stands"
    );
    let deployment = admin
        .record(json!({"component": "api", "environment": "production", "version": "v2"}))
        .await;
    admin.advance(&id(&deployment), "in_progress").await;
    let (first, created) = stream.event().await;
    let (second, moved) = stream.event().await;
    assert_eq!((first.as_str(), second.as_str()), ("4", "5"));
    assert_eq!(
        (&created["type"], &moved["type"]),
        (
            &json!("deployment.created"),
            &json!("deployment.transitioned")
        )
    );
    assert_eq!(moved["deployment"]["version"], "v2");
    assert_eq!(moved["deployment"]["componentName"], "api");
    assert_eq!(
        (&moved["transition"]["from"], &moved["transition"]["to"]),
        (&json!("pending"), &json!("in_progress"))
    );
    assert_eq!(moved["recordedBy"], "ci-bot");
    let fourth = format!("4@{store}");
    for (query, last) in [
        ("?after=4", None),
        ("", Some("4")),
        ("?after=1", Some(&*fourth)),
    ] {
        let mut again = Stream::open(&server, query, last).await;
        assert_eq!(again.block().await, format!("retry: 2000\nid: {fourth}"));
        assert_eq!(
            again.event().await,
            (second.clone(), moved.clone()),
            "{query} {last:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_of_another_store_is_refused_whatever_the_numbers(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    admin
        .record(json!({"component": "api", "environment": "production", "version": "v1"}))
        .await;
    let id =
        |store: &serde_json::Value, number: u32| format!("{number}@{}", store.as_str().unwrap());
    let store_id = async || server.anonymous().get("/readyz").await.json()["storeId"].clone();
    let resume = async |id: String| {
        let headers = [("last-event-id", id.as_str())];
        server.reader().get_with("/api/v1/events", &headers).await
    };
    let before = store_id().await;
    // The steps of a restore.
    let changed = match kind {
        Sqlite => "update store set id = randomblob(16)",
        Postgres => "update store set id = gen_random_uuid()",
    };
    database.execute(changed).await.unwrap();
    let after = store_id().await;
    assert_ne!(before, after);
    for number in [0, 1, 3, 99] {
        let refused = resume(id(&before, number)).await.expect(410);
        assert_eq!(refused["code"], "store_replaced", "{refused}");
        assert!(
            refused["detail"]
                .as_str()
                .unwrap()
                .contains("restored from a backup")
        );
    }
    Stream::open(&server, "", Some(&id(&after, 1))).await;
    assert_eq!(resume(id(&after, 99)).await.status, 400);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn filters_leave_out_other_cells(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    for (component, environment) in [
        ("api", "staging"),
        ("web", "production"),
        ("api", "production"),
    ] {
        let deployment = admin
            .record(json!({"component": component, "environment": environment, "version": "v1"}))
            .await;
        admin.advance(&id(&deployment), "failed").await;
    }
    for (query, wanted) in [
        ("component=api&environment=production", "deployment.created"),
        (
            "component=api&environment=production&status=failed",
            "deployment.transitioned",
        ),
        (
            "component=api&component=web&environment=production&type=deployment.created",
            "deployment.created",
        ),
        ("type=environment.created", "environment.created"),
    ] {
        let mut stream = Stream::open(&server, &format!("?after=0&{query}"), None).await;
        stream.block().await;
        assert_eq!(stream.event().await.1["type"], wanted, "{query}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unreadable_values_are_refused_by_name(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for (query, parameter) in [
        ("after=-1", "after"),
        ("after=1", "after"),
        ("type=deployment", "type"),
        ("take=5", "take"),
    ] {
        let answer = server
            .reader()
            .get(&format!("/api/v1/events?{query}"))
            .await
            .expect(400);
        assert_eq!(answer["errors"][0]["parameter"], parameter, "{answer}");
    }
    let answer = server
        .reader()
        .get_with("/api/v1/events", &[("last-event-id", "x")])
        .await
        .expect(400);
    assert_eq!(answer["errors"][0]["parameter"], "Last-Event-ID");
    let ahead = server
        .reader()
        .get_with("/api/v1/events", &[("last-event-id", "7")])
        .await
        .expect(400);
    assert_eq!(
        (
            ahead["errors"][0]["parameter"].as_str(),
            &ahead["errors"][1]
        ),
        (Some("Last-Event-ID"), &serde_json::Value::Null)
    );
    assert!(
        ahead["detail"]
            .as_str()
            .unwrap()
            .starts_with("Last-Event-ID must be the number of an event, from 0 to 0"),
        "{ahead}"
    );
    let both = server
        .reader()
        .get_with("/api/v1/events?type=x", &[("last-event-id", "x")])
        .await
        .expect(400);
    assert_eq!(
        [
            &both["errors"][0]["parameter"],
            &both["errors"][1]["parameter"]
        ],
        ["type", "Last-Event-ID"],
        "{both}"
    );
    assert_eq!(
        server.reader().call("HEAD", "/api/v1/events").await.status,
        200
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_ends_with_its_server(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let mut stream = Stream::open(&server, "", None).await;
    stream.block().await;
    let started = Instant::now();
    drop(server);
    let end = timeout(Duration::from_secs(10), stream.response.chunk())
        .await
        .unwrap();
    assert_eq!(end.unwrap(), None, "and as a whole");
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[rstest]
#[tokio::test]
async fn events_of_walls_go_to_admins_only(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let wall = json!({"name": "office", "view": ""});
    admin.post("/api/v1/walls", &wall).await.expect(201);
    let component = json!({"name": "api"});
    admin
        .post("/api/v1/components", &component)
        .await
        .expect(201);
    let (mut reader, mut all) = (
        Stream::open(&server, "?after=0", None).await,
        Stream::open_as(&admin, "?after=0", None).await,
    );
    for stream in [&mut reader, &mut all] {
        stream.block().await;
    }
    let (number, event) = all.event().await;
    assert_eq!((&*number, &event["type"]), ("1", &json!("wall.created")));
    assert_eq!(event["details"]["name"], "office");
    for stream in [&mut reader, &mut all] {
        let (number, event) = stream.event().await;
        assert_eq!(
            (&*number, &event["type"]),
            ("2", &json!("component.created"))
        );
    }
    // A filter does not bring them back.
    let mut filtered = Stream::open(
        &server,
        "?after=0&type=wall.created&type=component.created",
        None,
    )
    .await;
    filtered.block().await;
    assert_eq!(filtered.event().await.0, "2");
}
