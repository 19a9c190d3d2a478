//! Limits for each reader, so that one reader cannot take everything from the others.

use std::time::{Duration, Instant};

use deploytrack_tests::{
    caller::Caller,
    data_set::DataSet,
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    slow::{Slow, Unread},
};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::time::sleep;

const EXPORT: &str = "/api/v1/deployments/export";
const EVENTS: &str = "/api/v1/events";
const MATRIX: &str = "/api/v1/deployments/matrix";
const LIST: &str = "/api/v1/deployments";

/// Sends a GET request and reads only the head of the answer.
async fn unread(server: &Server, subject: &str, path: &str) -> Unread {
    Unread::ask(server.address(), &Caller::token_of(subject), path).await
}

/// The same, and continues to read at ten times the minimal rate, below which the server cuts a
/// reader off.
async fn slow(server: &Server, subject: &str, path: &str) -> Slow {
    unread(server, subject, path)
        .await
        .slowly(1024, Duration::from_millis(100))
}

/// The refusal of a request: its code and its detail.
async fn refusal(server: &Server, subject: &str, path: &str) -> (String, String) {
    let answer = Caller::named(&server.url(), subject)
        .as_sent()
        .get(path)
        .await;
    assert!(
        answer
            .header("retry-after")
            .is_some_and(|seconds| seconds.parse::<u8>().is_ok()),
        "{}",
        answer.body
    );
    let body = answer.expect(429);
    (
        body["code"].as_str().unwrap().to_owned(),
        body["detail"].as_str().unwrap().to_owned(),
    )
}

/// Waits until a path answers a subject with 200, at most for this long.
async fn answers(server: &Server, subject: &str, path: &str, patience: Duration) -> bool {
    let (end, caller) = (
        Instant::now() + patience,
        Caller::named(&server.url(), subject),
    );
    while Instant::now() < end {
        if caller.request("GET", path).send().await.unwrap().status() == 200 {
            return true;
        }
        sleep(Duration::from_millis(200)).await;
    }
    false
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_subject_runs_four_exports_and_the_server_sixteen(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::large(100).insert(&database).await;
    let server = Server::start(&database).await;
    let mut asked = Vec::new();
    for subject in ["ada", "bob", "eve", "joe"] {
        for _ in 0..4 {
            asked.push(slow(&server, subject, EXPORT).await);
        }
        let (code, detail) = refusal(&server, subject, EXPORT).await;
        assert_eq!(
            (code.as_str(), detail.contains("4 exports of this subject")),
            ("too_many_exports", true),
            "{detail}"
        );
    }
    assert!(asked.iter().all(|export| export.status() == 200));
    let (code, detail) = refusal(&server, "kim", EXPORT).await;
    assert_eq!(
        (code.as_str(), detail.contains("16 exports are running")),
        ("too_many_exports", true),
        "{detail}"
    );
    assert_eq!(
        Caller::named(&server.url(), "ada")
            .get("/api/v1/deployments?take=1")
            .await
            .status,
        200,
        "questions are no exports"
    );
    drop(asked);
    assert!(
        answers(&server, "kim", EXPORT, Duration::from_mins(1)).await,
        "who goes away leaves a place"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_export_of_large_rows_is_complete(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::large(100).insert(&database).await;
    let server = Server::start(&database).await;
    let export = server.reader().get(EXPORT).await;
    let versions: Vec<_> = export
        .body
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["version"].clone())
        .collect();
    assert_eq!(
        versions,
        (1..=100)
            .map(|number| json!(format!("v{number}")))
            .collect::<Vec<_>>()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_subject_has_an_eighth_of_the_connections_for_events(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::with_connections(database.tracker().await, 64);
    let mut streams = Vec::new();
    for subject in ["ada", "bob", "eve", "joe"] {
        for _ in 0..8 {
            streams.push(slow(&server, subject, EVENTS).await);
        }
        if subject == "ada" {
            let (code, detail) = refusal(&server, subject, EVENTS).await;
            assert_eq!(
                (
                    code.as_str(),
                    detail.starts_with("8 connections with tokens of this subject")
                ),
                ("too_many_streams", true),
                "{detail}"
            );
        }
    }
    assert!(streams.iter().all(|stream| stream.status() == 200));
    let (code, detail) = refusal(&server, "kim", EVENTS).await;
    assert_eq!(
        (
            code.as_str(),
            detail.starts_with("32 connections read events")
        ),
        ("too_many_streams", true),
        "{detail}"
    );
    assert!(!detail.contains("write"), "{detail}");
    drop(streams);
    let end = Instant::now() + Duration::from_mins(1);
    while unread(&server, "kim", EVENTS).await.status() != 200 {
        assert!(Instant::now() < end, "who goes away leaves a place");
        sleep(Duration::from_millis(200)).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_answers_in_flight_are_bounded(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::large(120).insert(&database).await;
    let server = Server::start(&database).await;
    let mut asked = Vec::new();
    // More than two megabytes each, and 16 MiB are the limit.
    for skip in 0..20 {
        asked.push(slow(&server, "ada", &format!("{LIST}?take=100&skip={skip}")).await);
    }
    let sent = asked.iter().filter(|answer| answer.status() == 200).count();
    assert!((4..8).contains(&sent), "{sent} of 20");
    let (code, detail) = refusal(&server, "ada", &format!("{LIST}?take=99")).await;
    assert_eq!(
        (code.as_str(), detail.contains("large answers of 16 MiB")),
        ("too_many_large_answers", true),
        "{detail}"
    );
    Caller::named(&server.url(), "ada")
        .get(&format!("{LIST}?take=1"))
        .await
        .expect(200);
    Caller::named(&server.url(), "bob")
        .as_sent()
        .get(&format!("{LIST}?take=99"))
        .await
        .expect(200);
    drop(asked);
    assert!(
        answers(
            &server,
            "ada",
            &format!("{LIST}?take=99"),
            Duration::from_mins(1)
        )
        .await
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_answer_for_many_readers_takes_memory_once(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::large(120).insert(&database).await;
    let server = Server::start(&database).await;
    let mut asked = Vec::new();
    for _ in 0..20 {
        asked.push(slow(&server, "ada", &format!("{LIST}?take=100")).await);
    }
    assert!(asked.iter().all(|answer| answer.status() == 200));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_large_matrix_is_streamed_and_equals_its_filtered_parts(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(4000, 8).insert(&database).await;
    let server = Server::start(&database).await;
    let reader = server.reader().as_sent();
    let whole = reader.get(MATRIX).await;
    assert_eq!(
        (
            whole.status,
            whole.header("etag"),
            whole.header("content-length")
        ),
        (200, None, None)
    );
    let rows = whole.json();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 4000);
    let names: Vec<_> = rows
        .iter()
        .map(|row| row["componentName"].as_str().unwrap())
        .collect();
    assert!(
        names.is_sorted()
            && rows
                .iter()
                .all(|row| row["environments"].as_object().unwrap().len() == 8)
    );
    for row in [&rows[0], &rows[1023], &rows[1024], &rows[3999]] {
        let one = reader
            .get(&format!(
                "{MATRIX}?component={}",
                row["componentName"].as_str().unwrap()
            ))
            .await;
        assert_eq!(one.json(), json!([row]));
        assert!(
            one.header("etag").is_some(),
            "a small answer is given as a whole"
        );
    }
    let column = reader
        .get(&format!("{MATRIX}?environment=environment-0003"))
        .await
        .expect(200);
    assert!(
        column
            .as_array()
            .unwrap()
            .iter()
            .all(|row| row["environments"].as_object().unwrap().len() == 1)
    );
    let past = reader
        .get(&format!("{MATRIX}?at=2026-01-01T00:00:00Z"))
        .await;
    assert_eq!(past.json(), whole.json());
}

/// Gives each environment a type, and each cell a usual version and a commit.
const LIKE_REAL_ONES: &str = "
update environments set type = case position when 1 then 'development' when 2 then 'testing' when 3 then 'staging' else 'production' end;
update current_cells set version = 'v1.2.3-rc.1', commit_sha = 'ed52224333bd2591ebd3e2f1eea9768c6b925305'";

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_matrix_of_a_thousand_components_with_its_gaps_is_sent_whole(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(1000, 8).insert(&database).await;
    database.execute(LIKE_REAL_ONES).await.unwrap();
    let server = Server::start(&database).await;
    let whole = server.reader().get(&format!("{MATRIX}?gaps=true")).await;
    assert!(
        whole.body.len() > 2 * 1024 * 1024,
        "{} bytes",
        whole.body.len()
    );
    assert!(whole.header("etag").is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn large_unsettled_and_latest_are_streamed_in_order(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet {
        status: "failed",
        ..DataSet {
            components: 5,
            environments: 40,
            ..DataSet::large(1)
        }
    }
    .insert(&database)
    .await;
    let server = Server::start(&database).await;
    let attempts = server.reader().get("/api/v1/deployments/unsettled").await;
    assert_eq!(
        (attempts.status, attempts.header("etag")),
        (200, None),
        "five megabytes"
    );
    let attempts = attempts.json();
    let names = |deployment: &Value| {
        format!(
            "{} {}",
            deployment["componentName"], deployment["environmentName"]
        )
    };
    let shown: Vec<_> = attempts.as_array().unwrap().iter().map(names).collect();
    assert!(shown.len() == 200 && shown.is_sorted(), "{shown:?}");
    let one = server
        .reader()
        .get("/api/v1/deployments/unsettled?component=component-000002")
        .await;
    assert!(one.header("etag").is_some());
    assert_eq!(
        one.json(),
        json!(attempts.as_array().unwrap()[40..80].to_vec())
    );

    let another = database.another().await;
    DataSet {
        components: 2,
        environments: 100,
        ..DataSet::large(1)
    }
    .insert(&another)
    .await;
    let server = Server::start(&another).await;
    let component = server
        .reader()
        .get("/api/v1/components?name=component-000002")
        .await
        .expect(200)["data"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for query in ["", "&at=2026-01-01T00:00:00Z"] {
        let latest = server
            .reader()
            .get(&format!(
                "/api/v1/deployments/latest?componentId={component}{query}"
            ))
            .await
            .expect(200);
        let shown: Vec<_> = latest.as_array().unwrap().iter().map(names).collect();
        assert!(
            shown.len() == 100 && shown.is_sorted(),
            "{query}: {shown:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn skip_has_a_limit_and_beyond_it_cursors_are_needed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(1300, 8).insert(&database).await;
    let server = Server::start(&database).await;
    server
        .reader()
        .get(&format!("{LIST}?skip=10000"))
        .await
        .expect(200);
    server
        .reader()
        .get(&format!("{LIST}?skip=10400"))
        .await
        .expect(200);
    for query in [
        "skip=10001",
        "skip=10399&order=occurred",
        "skip=10001&deployedBy=ci-bot",
    ] {
        let answer = server
            .reader()
            .get(&format!("{LIST}?{query}"))
            .await
            .expect(400);
        let fault = &answer["errors"][0];
        assert_eq!(fault["parameter"], "skip", "{answer}");
        assert!(
            ["10000", "cursor", "createdBefore"]
                .iter()
                .all(|word| fault["detail"].as_str().unwrap().contains(word)),
            "{answer}"
        );
    }
    for list in ["components", "environments"] {
        server
            .reader()
            .get(&format!("/api/v1/{list}?skip=10001"))
            .await
            .expect(200);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_distinct_queries_are_all_answered(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    DataSet::cells(200, 8).insert(&database).await;
    let server = Server::start(&database).await;
    let asked: Vec<_> = (1..=200)
        .map(|number| {
            let reader = server.reader();
            tokio::spawn(async move {
                reader
                    .get(&format!(
                        "{MATRIX}?component=component-{number:06}&includeArchived=true"
                    ))
                    .await
                    .status
            })
        })
        .collect();
    for asked in asked {
        assert_eq!(asked.await.unwrap(), 200);
    }
}

#[tokio::test]
async fn a_reader_of_a_byte_a_second_is_cut_off() {
    let database = deploytrack_tests::database::Database::sqlite();
    DataSet::large(100).insert(&database).await;
    let server = Server::start(&database).await;
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.push(
            unread(&server, "ada", EXPORT)
                .await
                .slowly(1, Duration::from_secs(1)),
        );
    }
    refusal(&server, "ada", EXPORT).await;
    assert!(
        answers(&server, "ada", EXPORT, Duration::from_mins(3)).await,
        "after half a minute"
    );
}

#[tokio::test]
async fn a_slow_reader_gets_all_of_a_large_answer() {
    let database = deploytrack_tests::database::Database::sqlite();
    DataSet::large(100).insert(&database).await;
    let server = Server::start(&database).await;
    // Takes longer than the server allows a reader to stall: each read returns at most the small
    // receive window.
    let export = unread(&server, "ada", EXPORT)
        .await
        .read(16 * 1024, Duration::from_millis(60))
        .await;
    assert!(
        export.len() > 2_400_000 && export.ends_with(b"0\r\n\r\n"),
        "{} bytes",
        export.len()
    );
}
