//! A database that was copied to another one: a server on the copy answers like the source.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{Clock as _, ManualClock, SystemClock},
    deployment::NewDeployment,
    digest::Digest,
    error::Error,
    limits::WriteLimits,
    pin::NamedId,
    retention::{RemovalRequest, Rule},
    role::Role,
    status::Status,
    store::Store,
    tracker::{Exchange, Tracker, TransferSource},
    transfer::Transfer,
};
use deploytrack_tests::{
    answer::Answer,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

use crate::{
    given::{at, id},
    sessions::{exchange, logged_in, reads},
};

const DEPLOYMENTS: &str = "/api/v1/deployments";

/// Copies a database. The servers of both must be closed.
async fn transfer(from: &Database, to: &Database) -> Result<Transfer, Error> {
    let mut source = TransferSource::open(from.url()).await?;
    let target = Store::open_to_serve(to.url()).await?;
    let copied = source.copy_to(&target).await;
    source.close().await;
    target.close().await;
    copied
}

/// The values that a browser and a reader have from the time before the copy.
struct Visitors {
    session: String,
    wall: String,
    code: String,
}

/// Deployments of two years ago, of which retention has removed some.
async fn removed(database: &Database) {
    let clock = Arc::new(ManualClock::at(SystemClock.now() - TimeDelta::days(800)));
    let tracker = database.tracker().await.with_clock(clock.clone());
    let by = "ci-bot".parse().unwrap();
    for (version, days) in [("v1", 1), ("v2", 1), ("v3", 700), ("v4", 1)] {
        clock.advance(TimeDelta::days(days));
        let new = NewDeployment {
            status: Status::Succeeded,
            ..NewDeployment::named("api", "production", version).unwrap()
        };
        tracker.record(new, &by).await.unwrap();
    }
    let age = TimeDelta::days(365);
    let preview = tracker.preview_removal(age, 1).await.unwrap();
    let request = RemovalRequest {
        rule: Rule {
            before: preview.before,
            keep_last: preview.keep_last,
        },
        tag: preview.tag,
    };
    assert!(tracker.remove(request, &by).await.unwrap().deployments > 0);
    tracker.close().await;
}

/// A token that was exchanged for an identity token, and the pin of its repository.
async fn exchanged(tracker: &Tracker) {
    let name = |text: &str| text.parse().unwrap();
    let origin =
        json!({"issuer": "https://id.example.com", "rule": "web", "repository": "o/größe"});
    let exchange = Exchange {
        origin: serde_json::from_value(origin).unwrap(),
        named: vec![NamedId {
            claim: name("repository_id"),
            name: name("o/größe"),
            value: Some(name("74")),
        }],
        subject: name("oidc:web/o/größe"),
        role: Role::Writer,
        limits: WriteLimits::default(),
        secret: Digest::of(b"exchanged"),
        expires_at: SystemClock.now() + TimeDelta::hours(1),
    };
    tracker.exchange(exchange).await.unwrap();
}

/// Every kind of row, of every table.
async fn fill(server: &Server) -> Visitors {
    let admin = server.admin();
    let everything = json!({
        "component": "заказы-api", "environment": "größe/1", "version": "v1 「試験」 🚀", "status": "succeeded",
        "deployedBy": "Zoë O'Neil", "commitSha": "ed52224", "description": "line one\nline two\t\"quoted\" \\ ",
        "occurredAt": "2024-02-29T23:59:59.999999Z",
        "metadata": {"text": "ü\u{1F600}\\", "number": 1.5e300, "small": -0.25, "whole": -7, "large": 9_007_199_254_740_991_i64, "yes": true,
            "no": false, "nothing": null, "list": [1, [2, {}], null], "object": {"a": {"b": []}}, "": "empty key"},
    });
    let first = admin.record(everything).await;
    let record = async |version: &str, status: &str, time: &str| {
        let body = json!({"component": "заказы-api", "environment": "größe/1", "version": version, "status": status, "occurredAt": time});
        admin.record(body).await
    };
    // A rollback, an attempt after a failure, and one of each status.
    let second = record("v2", "succeeded", "2024-03-01T00:00:00Z").await;
    let back = json!({"status": "rolled_back", "reason": "zu langsam", "occurredAt": "2024-03-02T00:00:00Z"});
    admin.patch(&at(&second), &back).await.expect(200);
    let third = record("v3", "failed", "2024-03-03T00:00:00Z").await;
    for status in ["pending", "in_progress", "succeeded"] {
        admin.advance(&id(&third), status).await;
    }
    for status in ["pending", "in_progress", "failed"] {
        let body = json!({"component": "web", "environment": "staging", "version": status, "status": status});
        admin.record(body).await;
    }
    // A time of a clock that is years ahead, which the server places.
    let early = early();
    let sent_at = [
        ("sent-at", "2031-01-01T00:00:00Z"),
        ("idempotency-key", "once"),
    ];
    let placed = admin
        .send_with("POST", DEPLOYMENTS, &sent_at, early.to_string())
        .await;
    placed.expect(201);
    // An undeployment, and a component in the archive.
    let gone = json!({"component": "old", "environment": "production", "version": "1", "status": "succeeded"});
    let gone = admin.record(gone).await;
    let undeploy = format!("{}/undeploy", at(&gone));
    admin
        .post(&undeploy, &json!({"reason": "replaced"}))
        .await
        .expect(200);
    for (path, body) in [
        (
            format!(
                "/api/v1/components/{}",
                gone["componentId"].as_str().unwrap()
            ),
            json!({"archived": true, "owner": "team ä"}),
        ),
        (
            at(&first),
            json!({"description": null, "metadata": {"list": null, "more": [1]}}),
        ),
    ] {
        admin.patch(&path, &body).await.expect(200);
    }
    let lines = "{\"component\":\"web\",\"environment\":\"staging\",\"version\":\"0.1\",\"status\":\"rolled_back\",\"occurredAt\":\"2023-01-01T00:00:00Z\"}\n";
    admin.import(lines).await.expect(200);
    let wall = json!({"name": "Küche", "view": "env=production"});
    let wall = admin.post("/api/v1/walls", &wall).await.expect(201);
    let opened = exchange(server, wall["secret"].as_str().unwrap(), "", "").await;
    let token = json!({"subject": "web-team", "environments": ["staging"]});
    admin.post("/api/v1/tokens", &token).await.expect(201);
    let revocation = json!({"jti": "42"});
    let revoked = admin.post("/api/v1/revocations", &revocation).await;
    revoked.expect(201);
    let code = admin.call("POST", "/api/v1/session/code").await.expect(201);
    Visitors {
        session: logged_in(&server.reader()).await,
        wall: crate::sessions::cookie(&opened).0,
        code: code["code"].as_str().unwrap().to_owned(),
    }
}

/// A success ten seconds before it was sent, by the clock of the client.
fn early() -> Value {
    json!({"component": "web", "environment": "production", "version": "soon", "status": "succeeded", "occurredAt": "2030-12-31T23:59:50Z"})
}

/// The answers to reads, with their entity tags.
async fn answers(server: &Server) -> BTreeMap<String, (u16, Option<String>, String)> {
    let admin = server.admin();
    let mut paths = vec![
        "/api/v1/deployments/matrix?gaps=true&includeArchived=true".to_owned(),
        "/api/v1/deployments/matrix?at=2024-03-01T12:00:00Z".to_owned(),
        "/api/v1/deployments/matrix?at=2024-03-02T12:00:00Z".to_owned(),
        "/api/v1/deployments/unsettled".to_owned(),
        "/api/v1/deployments/export".to_owned(),
        "/api/v1/deployments?take=100".to_owned(),
        "/api/v1/deployments?order=occurred&status=failed&environment=staging".to_owned(),
        "/api/v1/components?archived=true".to_owned(),
        "/api/v1/environments".to_owned(),
        "/api/v1/audit".to_owned(),
        "/api/v1/verify".to_owned(),
    ];
    let all = admin.get("/api/v1/deployments?take=100").await.expect(200);
    for deployment in all["data"].as_array().unwrap() {
        paths.extend([at(deployment), format!("{}/history", at(deployment))]);
    }
    let mut answers = BTreeMap::new();
    for path in paths {
        let answer = admin.get(&path).await;
        let tag = answer.header("etag").map(str::to_owned);
        answers.insert(path, (answer.status, tag, answer.body));
    }
    answers
}

/// All events, from the first one.
async fn events(tracker: &Tracker, database: &Database) -> Vec<String> {
    let last = database
        .text("select cast(last_event as text) from commits")
        .await;
    let (last, mut all) = (last.parse().unwrap(), Vec::new());
    let mut events = tracker.events(Some(0)).await.unwrap();
    // Events of removed deployments are left out.
    while events.position() < last {
        let more = events.next().await.unwrap();
        all.extend(more.iter().map(|event| format!("{event:?}")));
    }
    all
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_on_a_copy_answers_like_the_source_and_goes_on_writing(
    #[values(Sqlite, Postgres)] from: DatabaseKind,
    #[values(Sqlite, Postgres)] to: DatabaseKind,
) {
    let (Some(source), Some(target)) = (from.create().await, to.create().await) else {
        return;
    };
    removed(&source).await;
    let server = Server::start(&source).await;
    exchanged(server.tracker()).await;
    let visitors = fill(&server).await;
    let (expected, all_events) = (
        answers(&server).await,
        events(server.tracker(), &source).await,
    );
    let store_id = server.tracker().store_id().await.unwrap();
    server.tracker().close().await;
    let contents = source.contents().await;
    let copied = transfer(&source, &target).await.unwrap();
    assert_eq!(
        source.contents().await,
        contents,
        "the source is not changed"
    );
    for (table, rows) in &contents {
        assert!(!rows.is_empty(), "the world has no row in {table}");
    }
    for table in &copied.tables {
        let rows = contents[table.name].len() as u64;
        assert_eq!(
            (table.source_rows, table.target_rows),
            (rows, rows),
            "{}",
            table.name
        );
    }

    // And back, where every value can be compared.
    let back = source.another().await;
    transfer(&target, &back).await.unwrap();
    assert_eq!(back.contents().await, contents);

    let server = Server::start(&target).await;
    for (path, answer) in answers(&server).await {
        assert_eq!(answer.0, 200, "{path}");
        assert!(expected[&path] == answer, "{path}: {answer:?}");
    }
    let claimed =
        |(_, _, body): &(u16, Option<String>, String)| body.contains("\"claimedAt\":\"2030");
    assert!(expected.values().any(claimed), "a time was placed");
    assert_eq!(events(server.tracker(), &target).await, all_events);
    assert_eq!(server.tracker().store_id().await.unwrap(), store_id);
    assert_eq!(
        [
            reads(&server, &visitors.session).await,
            reads(&server, &visitors.wall).await
        ],
        [200, 200]
    );
    exchange(&server, &visitors.code, "", "").await.expect(200);
    goes_on(&server, &target, &expected, all_events.len()).await;
}

/// Writes with what a client has from the time before the copy.
async fn goes_on(
    server: &Server,
    database: &Database,
    known: &BTreeMap<String, (u16, Option<String>, String)>,
    events_before: usize,
) {
    let admin = server.admin();
    let is_one = |path: &&String| path.len() == DEPLOYMENTS.len() + 37;
    let path = known.keys().find(is_one).unwrap();
    let tag = known[path].1.as_deref().unwrap();
    assert_eq!(
        admin.get_with(path, &[("if-none-match", tag)]).await.status,
        304
    );
    let body = json!({"description": "after the copy"}).to_string();
    let changed: Answer = admin
        .send_with("PATCH", path, &[("if-match", tag)], body.clone())
        .await;
    changed.expect(200);
    assert_eq!(
        admin
            .send_with("PATCH", path, &[("if-match", tag)], body)
            .await
            .status,
        412
    );
    let early = early();
    let repeated = [
        ("sent-at", "2031-01-01T00:00:00Z"),
        ("idempotency-key", "once"),
    ];
    let repeated = admin
        .send_with("POST", DEPLOYMENTS, &repeated, early.to_string())
        .await;
    assert_eq!(
        (repeated.status, repeated.header("idempotency-replayed")),
        (201, Some("true"))
    );
    let last = async || events(server.tracker(), database).await.len();
    assert_eq!(last().await, events_before + 1);

    let new = json!({"component": "заказы-api", "environment": "größe/1", "version": "v4", "status": "succeeded"});
    let new = admin.record(new).await;
    let history: Value = admin
        .get(&format!("{}/history", at(&new)))
        .await
        .expect(200);
    let sequences = |text: &str| -> Vec<i64> {
        let rows: Value = serde_json::from_str(text).unwrap();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["sequence"].as_i64().unwrap())
            .collect()
    };
    let histories = known.iter().filter(|(path, _)| path.ends_with("/history"));
    let newest = histories
        .flat_map(|(_, (_, _, body))| sequences(body))
        .max()
        .unwrap();
    let now = sequences(&history.to_string());
    // On PostgreSQL, a write that was answered from its key has used numbers.
    assert!(now.len() == 3 && now[0] > newest, "{newest} {now:?}");
    assert_eq!(last().await, events_before + 1 + now.len());
    let found = server.tracker().verify().await.unwrap();
    assert!(found.ok, "{found}");
}

/// A table that a later migration adds must be described in `store/transfer/tables.rs` of core. A
/// column that is missing there fails every test of this file, and the error names it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_table_is_copied(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let (Some(source), Some(target)) = (kind.create().await, kind.create().await) else {
        return;
    };
    source.tracker().await.close().await;
    let copied = transfer(&source, &target).await.unwrap();
    let copied: BTreeSet<_> = copied.tables.iter().map(|table| table.name).collect();
    let contents = source.contents().await;
    let tables: BTreeSet<_> = contents.keys().map(String::as_str).collect();
    let missing: Vec<_> = tables.difference(&copied).collect();
    assert!(
        missing.is_empty(),
        "store/transfer/tables.rs lacks {missing:?}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_column_that_would_be_lost_is_named(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let (Some(one), Some(other)) = (kind.create().await, kind.create().await) else {
        return;
    };
    for database in [&one, &other] {
        database.tracker().await.close().await;
    }
    one.execute("alter table walls add column colour text")
        .await
        .unwrap();
    for (from, to) in [(&one, &other), (&other, &one)] {
        let refusal = transfer(from, to).await.unwrap_err().to_string();
        assert!(
            refusal.contains("the table walls has the column colour"),
            "{refusal}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_an_empty_target_of_a_source_at_rest_is_filled(
    #[values(Sqlite, Postgres)] from: DatabaseKind,
    #[values(Sqlite, Postgres)] to: DatabaseKind,
) {
    let (Some(source), Some(target)) = (from.create().await, to.create().await) else {
        return;
    };
    let tracker = source.tracker().await;
    let server = Server::over(tracker.clone());
    let body = json!({"component": "api", "environment": "production", "version": "1", "status": "succeeded"});
    server.admin().record(body.clone()).await;
    target.tracker().await.close().await;
    let empty = target.contents().await;

    // A write to the source during the copy.
    let mut reading = TransferSource::open(source.url()).await.unwrap();
    server.admin().record(body.clone()).await;
    let store = Store::open_to_serve(target.url()).await.unwrap();
    let refusal = reading.copy_to(&store).await.unwrap_err().to_string();
    assert!(
        refusal.contains("1 writes reached the source while it was copied, so nothing was copied"),
        "{refusal}"
    );
    reading.close().await;
    store.close().await;
    assert_eq!(target.contents().await, empty);
    tracker.close().await;

    // A history that was altered.
    let altered = if source.is_sqlite() {
        "drop trigger history_keep_update; update history set recorded_by = 'somebody' where sequence = 2"
    } else {
        "drop trigger history_keep on history; update history set recorded_by = 'somebody' where sequence = 2"
    };
    let (own, restored) = (
        source
            .text("select recorded_by from history where sequence = 2")
            .await,
        "update history set recorded_by = 'ci-bot' where sequence = 2",
    );
    assert_eq!(own, "ci-bot");
    source.execute(altered).await.unwrap();
    let refusal = transfer(&source, &target).await.unwrap_err().to_string();
    assert!(
        refusal.contains("the first one in history row 2"),
        "{refusal}"
    );
    assert_eq!(target.contents().await, empty);
    source.execute(restored).await.unwrap();

    // A copy is not empty.
    transfer(&source, &target).await.unwrap();
    let full = target.contents().await;
    let refusal = transfer(&source, &target).await.unwrap_err().to_string();
    assert!(
        refusal.contains("it is not empty: the table components has 1 rows"),
        "{refusal}"
    );
    assert_eq!(target.contents().await, full);

    // An older schema.
    source
        .execute("delete from _sqlx_migrations where version > 15")
        .await
        .unwrap();
    let refusal = transfer(&source, &target).await.unwrap_err().to_string();
    assert!(
        refusal.contains("run `deploytrack-server migrate` for it first"),
        "{refusal}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_text_that_postgresql_cannot_store_is_refused_with_its_table() {
    let (source, target) = (Database::sqlite(), Database::sqlite());
    let tracker = source.tracker().await;
    let server = Server::over(tracker.clone());
    let body = json!({"component": "api", "environment": "production", "version": "1"});
    server.admin().record(body).await;
    tracker.close().await;
    source
        .execute("update components set owner = char(65, 0, 66)")
        .await
        .unwrap();
    let refusal = transfer(&source, &target).await.unwrap_err().to_string();
    assert!(
        refusal.contains("table components: a text contains a NUL character"),
        "{refusal}"
    );
}
