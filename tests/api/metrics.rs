//! /metrics and /metrics/cells

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
};
use rstest::rstest;
use serde_json::json;

/// The value of a series, written as in the text.
fn value(text: &str, series: &str) -> Option<f64> {
    let line = text.lines().find(|line| {
        line.strip_prefix(series)
            .is_some_and(|rest| rest.starts_with(' '))
    });
    line.and_then(|line| line.rsplit_once(' ')?.1.parse().ok())
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn metrics_need_a_token_that_may_read(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    for path in ["/metrics", "/metrics/cells"] {
        for caller in [server.anonymous(), server.expired(), server.forged()] {
            assert_eq!(caller.get(path).await.status, 401, "{path}");
        }
        for caller in [server.reader(), server.admin()] {
            assert_eq!(caller.get(path).await.status, 200, "{path}");
        }
        assert_eq!(server.admin().post(path, &json!({})).await.status, 405);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn metrics_show_cells_and_count_deployments_once(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    let body = json!({"component": "a \"b\" \\ 🚀", "environment": "production", "version": "v1"});
    let keyed = [("idempotency-key", "once")];
    let mut ids = Vec::new();
    for _ in 0..3 {
        let sent = admin
            .send_with("POST", "/api/v1/deployments", &keyed, body.to_string())
            .await;
        ids.push(sent.expect(201)["id"].as_str().unwrap().to_owned());
    }
    admin.advance(&ids[0], "in_progress").await;
    admin.advance(&ids[0], "succeeded").await;
    let newer = json!({"component": "a \"b\" \\ 🚀", "environment": "production", "version": "v2", "status": "failed"});
    admin.record(newer).await;
    let described = json!({"description": "no change of the status"});
    let path = format!("/api/v1/deployments/{}", ids[0]);
    admin.patch(&path, &described).await.expect(200);

    let text = server.reader().get("/metrics").await.body;
    let cell = r#"component="a \"b\" \\ 🚀",environment="production""#;
    for (series, expected) in [
        (format!(r#"deploytrack_current_info{{{cell},version="v1"}}"#), 1.0),
        (r#"deploytrack_unsettled{environment="production",status="failed"}"#.into(), 1.0),
        (r#"deploytrack_in_progress{environment="production"}"#.into(), 0.0),
        ("deploytrack_database_up".into(), 1.0),
        (r#"deploytrack_deployments_total{environment="production",status="pending"}"#.into(), 1.0),
        (r#"deploytrack_deployments_total{environment="production",status="succeeded"}"#.into(), 1.0),
        (r#"deploytrack_deployments_total{environment="production",status="failed"}"#.into(), 1.0),
        (r#"deploytrack_deployment_duration_seconds_count{environment="production"}"#.into(), 1.0),
        (
            r#"deploytrack_http_requests_total{method="POST",route="/api/v1/deployments",status_class="2xx"}"#.into(),
            4.0,
        ),
        (
            r#"deploytrack_http_requests_total{method="PATCH",route="/api/v1/deployments/{id}",status_class="2xx"}"#.into(),
            3.0,
        ),
    ] {
        assert_eq!(value(&text, &series), Some(expected), "{series}\n{text}");
    }
    // Exact: seconds since 1970 have 31 bits.
    let present: f64 = deploytrack_tests::caller::seconds()
        .to_string()
        .parse()
        .unwrap();
    for series in [
        format!("deploytrack_current_since_timestamp_seconds{{{cell}}}"),
        format!(r#"deploytrack_unsettled_since_timestamp_seconds{{{cell},status="failed"}}"#),
        r#"deploytrack_unsettled_oldest_timestamp_seconds{environment="production",status="failed"}"#.into(),
        "process_start_time_seconds".into(),
    ] {
        let since = value(&text, &series).unwrap_or_else(|| panic!("{series}\n{text}"));
        assert!((present - since).abs() < 60.0, "{series} {since}");
    }
    assert!(!text.contains(&ids[0]), "no path is a label");

    let without = server.reader().get("/metrics?cells=false").await.body;
    assert!(!without.contains("component=") && without.contains("deploytrack_unsettled{"));
    let cells = server.reader().get("/metrics/cells").await.body;
    assert!(cells.contains("deploytrack_current_info{") && !cells.contains("process_"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn archived_components_are_left_out(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    for (component, status) in [
        ("kept", "succeeded"),
        ("gone", "succeeded"),
        ("stuck", "failed"),
    ] {
        admin
            .record(json!({"component": component, "environment": "qa", "version": "1", "status": status}))
            .await;
    }
    for name in ["gone", "stuck"] {
        let archived = admin
            .post("/api/v1/components/archive", &json!({"name": name}))
            .await;
        archived.expect(200);
    }
    let text = server.reader().get("/metrics").await.body;
    assert!(text.contains(r#"component="kept""#), "{text}");
    assert!(
        !text.contains("\"gone\"") && !text.contains("\"stuck\""),
        "{text}"
    );
    assert_eq!(value(&text, "deploytrack_unsettled"), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_its_database_a_server_still_has_metrics(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    server.tracker().close().await;
    let answer = server.reader().get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(value(&answer.body, "deploytrack_database_up"), Some(0.0));
    assert!(value(&answer.body, "process_open_fds").is_some_and(|open| open > 3.0));
    assert!(!answer.body.contains("deploytrack_events_sequence"));
    assert_eq!(server.reader().get("/metrics/cells").await.status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_form_is_the_one_that_the_client_accepts() {
    let database = Sqlite.create().await.unwrap();
    let server = Server::start(&database).await;
    let open = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5";
    let answer = server
        .reader()
        .get_with("/metrics", &[("accept", open)])
        .await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(answer.body.ends_with("# EOF\n"));
    let answer = server.reader().get("/metrics").await;
    assert_eq!(
        answer.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
    assert!(!answer.body.contains("# EOF"));
    for accept in ["gzip", "identity"] {
        let packed = [("accept-encoding", accept)];
        let answer = server
            .reader()
            .as_sent()
            .get_with("/metrics", &packed)
            .await;
        let coding = answer.header("content-encoding");
        assert_eq!(coding, (accept == "gzip").then_some("gzip"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn counters_are_exact_when_many_requests_arrive_at_once() {
    let database = Sqlite.create().await.unwrap();
    let server = Server::start(&database).await;
    let (clients, each) = (16_u32, 50_u32);
    let all = (0..clients).map(|client| {
        let (reader, anonymous) = (server.reader(), server.anonymous());
        tokio::spawn(async move {
            for number in 0..each {
                let id = uuid::Uuid::from_u128(u128::from(client * each + number));
                let path = format!("/api/v1/deployments/{id}");
                assert_eq!(reader.get(&path).await.status, 404);
                assert_eq!(anonymous.get(&path).await.status, 401);
            }
        })
    });
    for one in all.collect::<Vec<_>>() {
        one.await.unwrap();
    }
    let text = server.reader().get("/metrics").await.body;
    let route = r#"method="GET",route="/api/v1/deployments/{id}""#;
    let requests = f64::from(clients * each);
    for (series, expected) in [
        (
            format!(r#"deploytrack_http_requests_total{{{route},status_class="4xx"}}"#),
            2.0 * requests,
        ),
        (
            format!("deploytrack_http_request_duration_seconds_count{{{route}}}"),
            2.0 * requests,
        ),
        (
            r#"deploytrack_refusals_total{code="not_found"}"#.into(),
            requests,
        ),
        (
            r#"deploytrack_refusals_total{code="unauthorized"}"#.into(),
            requests,
        ),
    ] {
        assert_eq!(value(&text, &series), Some(expected), "{series}\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn above_two_thousand_cells_their_values_have_a_path_of_their_own() {
    let database = Sqlite.create().await.unwrap();
    let server = Server::start(&database).await;
    for part in 0..3 {
        let line = |number| {
            json!({"component": format!("c{part}-{number}"), "environment": "qa", "version": "1",
                "status": "succeeded", "occurredAt": "2026-01-01T00:00:00Z"})
            .to_string()
        };
        let lines = (0..700).map(line).collect::<Vec<_>>().join("\n");
        server.admin().import(lines).await.expect(200);
    }
    let text = server.reader().get("/metrics").await.body;
    assert!(!text.contains("deploytrack_current_info"), "2,100 cells");
    assert!(text.contains("deploytrack_events_sequence"));
    let cells = server.reader().get("/metrics/cells").await.body;
    let shown = cells
        .lines()
        .filter(|line| line.starts_with("deploytrack_current_info{"));
    assert_eq!(shown.count(), 2100);
}
