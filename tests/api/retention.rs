//! `/api/v1/retention`: the preview of a removal, and the removal.

use std::sync::Arc;

use chrono::TimeDelta;
use deploytrack_core::{
    clock::{Clock as _, ManualClock, SystemClock, format},
    deployment::{Deployment, NewDeployment},
    status::Status,
};
use deploytrack_tests::{
    contract::Contract,
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    server::Server,
};
use rstest::rstest;
use serde_json::{Value, json};

const RETENTION: &str = "/api/v1/retention";
const PREVIEW: &str = "/api/v1/retention?olderThanDays=365&keepLast=1";

/// A server with five versions of two years ago in one cell, and the first of them.
async fn aged(database: &Database) -> (Server, Deployment) {
    let clock = Arc::new(ManualClock::at(SystemClock.now() - TimeDelta::days(800)));
    let tracker = database.tracker().await.with_clock(clock.clone());
    let by = "ci-bot".parse().unwrap();
    let mut first = None;
    for number in 1..=5 {
        clock.advance(TimeDelta::days(1));
        let new = NewDeployment {
            status: Status::Succeeded,
            ..NewDeployment::named("api", "production", &format!("v{number}")).unwrap()
        };
        let recorded = tracker.record(new, &by).await.unwrap().value;
        first.get_or_insert(recorded);
    }
    tracker.close().await;
    let server = Server::start(database).await;
    record(&server, "v6").await;
    (server, first.unwrap())
}

async fn record(server: &Server, version: &str) {
    let body = json!({"component": "api", "environment": "production", "version": version, "status": "succeeded"});
    let recorded = server.admin().post("/api/v1/deployments", &body).await;
    recorded.expect(201);
}

fn body(preview: &Value) -> Value {
    json!({"before": preview["before"], "keepLast": preview["keepLast"], "tag": preview["tag"]})
}

#[rstest]
#[tokio::test]
async fn a_preview_is_removed_and_the_past_stays(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, first) = aged(&database).await;
    let contract = Contract::of(&server).await;
    let at = format(&(first.occurred_at + TimeDelta::hours(1)));
    let past = format!("/api/v1/deployments/matrix?at={at}&gaps=true");
    let before = server.admin().get(&past).await.expect(200);
    let preview = server.admin().get(PREVIEW).await;
    contract.check("GET", RETENTION, &preview);
    let preview = preview.expect(200);
    assert_eq!(
        (&preview["deployments"], &preview["retained"]),
        (&json!(4), &json!(2))
    );
    assert_eq!(preview["cells"][0]["componentName"], "api");
    let removed = server.admin().post(RETENTION, &body(&preview)).await;
    contract.check("POST", RETENTION, &removed);
    assert_eq!(
        removed.expect(200),
        json!({"deployments": 4, "entries": 12, "retained": 0, "lastRemoval": 1})
    );
    assert_eq!(server.admin().get(&past).await.expect(200), before);
    let path = format!("/api/v1/deployments/{}", first.id);
    for path in [path.clone(), format!("{path}/history")] {
        let gone = server.admin().get(&path).await;
        let problem = gone.expect(410);
        assert_eq!(problem["code"], "removed");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains(preview["before"].as_str().unwrap()),
            "{detail}"
        );
    }
    let gone = server
        .admin()
        .patch(&path, &json!({"status": "rolled_back"}))
        .await;
    contract.check("PATCH", "/api/v1/deployments/{id}", &gone);
    assert_eq!(gone.expect(410)["code"], "removed");
    let latest = format!("/api/v1/deployments/latest?component=api&at={at}");
    let latest = server.admin().get(&latest).await;
    contract.check("GET", "/api/v1/deployments/latest", &latest);
    assert!(latest.expect(200)[0]["removedAt"].is_string());
    // The same request again finds another set of deployments.
    let again = server.admin().post(RETENTION, &body(&preview)).await;
    contract.check("POST", RETENTION, &again);
    assert_eq!(again.expect(409)["code"], "preview_changed");
    let verified = server.admin().get("/api/v1/verify").await.expect(200);
    assert_eq!(
        (&verified["ok"], &verified["removed"]),
        (&json!(true), &json!(4))
    );
}

#[rstest]
#[tokio::test]
async fn wrong_requests_are_refused_with_all_their_faults(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (server, _) = aged(&database).await;
    for (query, detail) in [
        ("", "olderThanDays is required"),
        (
            "?olderThanDays=89",
            "olderThanDays must be a whole number from 90 to 1000000",
        ),
        (
            "?olderThanDays=2y",
            "olderThanDays must be a whole number from 90 to 1000000",
        ),
        (
            "?olderThanDays=1000000",
            "olderThanDays must be at least 90, and not before the year 1970",
        ),
        (
            "?olderThanDays=400&keepLast=0",
            "keepLast must be a whole number from 1 to 1000000",
        ),
    ] {
        let refused = server.admin().get(&format!("{RETENTION}{query}")).await;
        let problem = refused.expect(400);
        assert_eq!(problem["detail"], detail, "{query}");
    }
    let tag = "0".repeat(64);
    for (body, detail) in [
        (
            json!({}),
            "/before is required, as a preview returns it; /keepLast is required, as a preview returns it; /tag is required",
        ),
        (
            json!({"before": format(&(SystemClock.now() - TimeDelta::days(80))), "keepLast": 0, "tag": tag}),
            "/before must be at least 90 days ago, as a preview returns it; /keepLast must be from 1 to 1000000",
        ),
    ] {
        let refused = server.admin().post(RETENTION, &body).await;
        assert_eq!(refused.expect(400)["detail"], detail, "{body}");
    }
    let reader = server.reader().get(PREVIEW).await;
    assert_eq!(reader.expect(403)["code"], "forbidden");
    server.anonymous().get(PREVIEW).await.expect(401);
}
