//! GET /api/v1/deployments

use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    server::Server,
    snapshot,
};
use rstest::rstest;
use serde_json::json;

async fn listed(server: &Server, query: &str) -> Vec<String> {
    let page = server
        .reader()
        .get(&format!("/api/v1/deployments?{query}"))
        .await
        .expect(200);
    page["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["version"].as_str().unwrap().to_owned())
        .collect()
}

async fn filled(server: &Server) {
    for (component, environment, version, status) in [
        ("api", "staging", "v1", "succeeded"),
        ("api", "production", "v1", "failed"),
        ("web", "staging", "v7", "succeeded"),
        ("api", "staging", "v2", "pending"),
    ] {
        let body = json!({"component": component, "environment": environment, "version": version, "status": status, "commitSha": "abcd1234", "deployedBy": "ada"});
        server.admin().record(body).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_has_data_total_skip_and_take(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    snapshot!(
        "list_empty",
        server.reader().get("/api/v1/deployments").await.whole()
    );
    filled(&server).await;
    snapshot!(
        "list_page",
        server
            .reader()
            .get("/api/v1/deployments?skip=1&take=2")
            .await
            .whole()
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_newest_comes_first_and_pages_neither_overlap_nor_skip(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    assert_eq!(listed(&server, "").await, ["v2", "v7", "v1", "v1"]);
    let mut paged = Vec::new();
    for skip in 0..5 {
        paged.extend(listed(&server, &format!("skip={skip}&take=1")).await);
    }
    assert_eq!(paged, ["v2", "v7", "v1", "v1"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn filters_choose_and_the_total_is_exact(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    let page = server
        .reader()
        .get("/api/v1/deployments?status=succeeded&take=1")
        .await
        .expect(200);
    assert_eq!(
        (
            page["total"].as_u64(),
            page["data"].as_array().unwrap().len()
        ),
        (Some(2), 1)
    );
    let (component, environment) = (
        &page["data"][0]["componentId"],
        &page["data"][0]["environmentId"],
    );
    let by_id = format!(
        "componentId={}&environmentId={}",
        component.as_str().unwrap(),
        environment.as_str().unwrap()
    );
    assert_eq!(listed(&server, &by_id).await, ["v7"]);
    assert_eq!(
        listed(&server, "component=api&environment=staging").await,
        ["v2", "v1"]
    );
    assert_eq!(listed(&server, "version=v7").await, ["v7"]);
    assert_eq!(
        listed(&server, "commitSha=abcd1234&deployedBy=ada&status=pending").await,
        ["v2"]
    );
    assert_eq!(listed(&server, "commitSha=abcd").await, [""; 0]);
    assert_eq!(
        listed(&server, "createdAfter=2025-01-01T00:00:00Z&status=failed").await,
        ["v1"]
    );
    assert_eq!(
        listed(&server, "createdBefore=2025-01-01T00:00:00Z").await,
        [""; 0]
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_list_ordered_by_occurred_at_has_its_own_cursors_and_filters(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let admin = server.admin();
    for (version, minute) in [("v2", 20), ("v1", 10), ("v4", 40), ("v3", 30)] {
        let at = format!("2025-01-01T00:{minute}:00Z");
        admin
            .record(json!({"component": "api", "environment": "staging", "version": version, "status": "succeeded", "occurredAt": at}))
            .await;
    }
    assert_eq!(
        listed(&server, "").await,
        ["v3", "v4", "v1", "v2"],
        "by recording, unless asked otherwise"
    );
    assert_eq!(
        listed(&server, "order=created").await,
        ["v3", "v4", "v1", "v2"]
    );
    assert_eq!(
        listed(&server, "order=occurred").await,
        ["v4", "v3", "v2", "v1"]
    );
    let between = "occurredAfter=2025-01-01T00:20:00Z&occurredBefore=2025-01-01T00:40:00Z";
    assert_eq!(listed(&server, between).await, ["v3", "v2"]);
    assert_eq!(
        listed(
            &server,
            &format!("{between}&order=occurred&component=api&environment=staging")
        )
        .await,
        ["v3", "v2"]
    );
    let first = server
        .reader()
        .get("/api/v1/deployments?order=occurred&take=3")
        .await;
    assert_eq!(
        first.expect(200)["data"][0]["occurredAt"],
        "2025-01-01T00:40:00.000Z"
    );
    let link = first.header("link").unwrap();
    assert_eq!(
        link.matches("order=occurred").count(),
        link.matches("rel=").count(),
        "every link keeps the order: {link}"
    );
    let cursor = link
        .split("cursor=")
        .nth(1)
        .unwrap()
        .split('>')
        .next()
        .unwrap();
    assert_eq!(
        listed(&server, &format!("order=occurred&take=3&cursor={cursor}")).await,
        ["v1"]
    );
    for query in [
        format!("cursor={cursor}"),
        format!("order=created&cursor={cursor}"),
        format!("cursor={cursor}&component=nobody"),
    ] {
        let fault = server
            .reader()
            .get(&format!("/api/v1/deployments?{query}"))
            .await
            .expect(400)["errors"][0]
            .clone();
        assert_eq!(fault["parameter"], "cursor", "{query}");
        assert!(
            fault["detail"]
                .as_str()
                .unwrap()
                .contains("add order=occurred"),
            "{fault}"
        );
    }
    let wrong = server
        .reader()
        .get("/api/v1/deployments?order=newest")
        .await
        .expect(400)["errors"][0]
        .clone();
    assert_eq!(
        (wrong["parameter"].as_str(), wrong["detail"].as_str()),
        (Some("order"), Some("must be created or occurred"))
    );
    server
        .reader()
        .get("/api/v1/deployments/export?order=occurred")
        .await
        .expect(400);
    let exported = server
        .reader()
        .get("/api/v1/deployments/export?occurredAfter=2025-01-01T00:30:00Z")
        .await;
    assert_eq!(exported.body.lines().count(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_filter_without_matches_is_an_empty_page(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    filled(&server).await;
    for query in [
        "componentId=00000000-0000-4000-8000-000000000000",
        "component=nobody",
        "environment=nowhere",
        "version=v99",
    ] {
        let page = server
            .reader()
            .get(&format!("/api/v1/deployments?{query}"))
            .await
            .expect(200);
        assert_eq!(
            page,
            json!({"data": [], "total": 0, "skip": 0, "take": 20, "next": null}),
            "{query}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_bad_parameter_is_named_at_once(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let server = Server::start(&database).await;
    let query = "skip=-1&take=101&status=done&componentId=x&environmentId=&colour=red&createdAfter=yesterday";
    snapshot!(
        "list_bad_parameters",
        server
            .reader()
            .get(&format!("/api/v1/deployments?{query}"))
            .await
            .whole()
    );
    for query in [
        "skip=-1",
        "take=101",
        "take=0",
        "take=",
        "take=1.5",
        "take=+1",
        "skip=99999999999999999999",
        "take=1&take=2",
        "skip=%00",
        "status=%FF",
    ] {
        let answer = server
            .reader()
            .get(&format!("/api/v1/deployments?{query}"))
            .await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let name = query.split('=').next().unwrap();
        assert_eq!(
            answer.json()["errors"][0]["parameter"],
            name,
            "{query}: {}",
            answer.body
        );
    }
    server
        .reader()
        .get("/api/v1/deployments?take=100&skip=1000000")
        .await
        .expect(200);
}
