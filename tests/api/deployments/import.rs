//! POST /api/v1/deployments/import

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

fn lines(count: usize) -> String {
    let line = |n: usize| {
        json!({
            "component": "api", "environment": "production", "version": format!("v{n}"), "status": "succeeded",
            "occurredAt": format!("2025-06-01T12:{:02}:{:02}Z", n / 60 % 60, n % 60), "commitSha": "ed52224"
        })
    };
    (0..count)
        .map(|n| format!("{}\n", line(n)))
        .collect::<Vec<_>>()
        .concat()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_same_lines_twice_add_nothing(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    assert_eq!(
        server.admin().import(lines(50)).await.expect(200),
        json!({"recorded": 50, "skipped": 0})
    );
    assert_eq!(
        server.admin().import(lines(60)).await.expect(200),
        json!({"recorded": 10, "skipped": 50})
    );
    assert_eq!(
        server.admin().import(lines(60)).await.expect(200),
        json!({"recorded": 0, "skipped": 60})
    );
    assert_eq!(server.reader().total().await, 60);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_bad_line_refuses_all_and_is_named(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let bad = format!(
        "{}{{\"component\": \"api\", \"version\": \"\"}}\n{}[1]\nnot json\n",
        lines(2),
        lines(1)
    );
    let answer = server.admin().import(bad).await;
    snapshot!("import_bad_lines", answer.whole());
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_line_that_the_tracker_refuses_refuses_all(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let unknown = json!({"componentId": "00000000-0000-4000-8000-000000000000", "environment": "production", "version": "v1"});
    let answer = server
        .admin()
        .import(format!("{}{unknown}\n", lines(3)))
        .await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert!(answer.body.contains("\"line\":4"), "{}", answer.body);
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_lines_are_accepted_and_one_more_is_refused(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let answer = server.admin().import(lines(1001)).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert_eq!(server.reader().total().await, 0);
    assert_eq!(
        server.admin().import(lines(1000)).await.expect(200)["recorded"],
        1000
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_empty_import_changes_nothing(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let answer = server.admin().import("\n\n").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(server.reader().total().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_array_and_a_byte_order_mark_are_accepted(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let array = format!(
        "\u{feff}[\n{}\n]\n",
        lines(3).trim_end().replace('\n', ",\n")
    );
    assert_eq!(
        server.admin().import(array).await.expect(200),
        json!({"recorded": 3, "skipped": 0})
    );
    assert_eq!(
        server
            .admin()
            .import(format!("\u{feff}{}", lines(4)))
            .await
            .expect(200),
        json!({"recorded": 1, "skipped": 3})
    );
    let answer = server
        .admin()
        .import(format!(
            "[\n{},\n  {{\"service\": \"api\", \"environment\": \"eu\", \"version\": \" v1\"}}]",
            lines(1).trim_end()
        ))
        .await;
    snapshot!("import_bad_item", answer.whole());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_line_may_hold_a_whole_history(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let line = json!({"component": "api", "environment": "production", "version": "v1", "history": [
        {"status": "queued", "occurredAt": "2025-06-01T12:00:00Z"},
        {"status": "TimedOut", "occurredAt": "2025-06-01T12:10:00Z"},
        {"status": "success", "occurredAt": "2025-06-01T12:20:00Z"},
    ]});
    assert_eq!(
        server.admin().import(line.to_string()).await.expect(200),
        json!({"recorded": 1, "skipped": 0})
    );
    let deployment =
        server.reader().get("/api/v1/deployments").await.expect(200)["data"][0].clone();
    let history = server
        .reader()
        .get(&format!(
            "/api/v1/deployments/{}/history",
            deployment["id"].as_str().unwrap()
        ))
        .await
        .expect(200);
    let told: Vec<_> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|row| json!([row["attempt"], row["to"], row["occurredAt"], row["reason"]]))
        .collect();
    assert_eq!(
        told,
        [
            json!([1, "pending", "2025-06-01T12:00:00.000Z", null]),
            json!([1, "failed", "2025-06-01T12:10:00.000Z", "TimedOut"]),
            json!([2, "pending", "2025-06-01T12:20:00.000Z", null]),
            json!([2, "in_progress", "2025-06-01T12:20:00.000Z", null]),
            json!([2, "succeeded", "2025-06-01T12:20:00.000Z", null]),
        ]
    );
    server.admin().get("/api/v1/verify").await.expect(200);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_time_ahead_of_the_clock_is_refused_anywhere_in_a_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let line = json!({"component": "api", "environment": "production", "version": "v1", "history": [
        {"status": "success", "occurredAt": "2999-06-01T12:00:00Z", "sequence": 1},
        {"status": "rolled_back", "occurredAt": "2025-06-01T12:20:00Z", "sequence": 2},
    ]});
    let answer = server.admin().import(line.to_string()).await;
    assert_eq!(
        (answer.status, &answer.json()["errors"][0]["line"]),
        (400, &json!(1)),
        "{}",
        answer.body
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reader_may_not_import(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    assert_eq!(server.reader().import(lines(1)).await.status, 403);
}
