use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    issuer::{
        Issuer,
        claims::{self, with},
    },
};
use rstest::rstest;
use serde_json::json;

use super::*;
use crate::given::{at, history};

#[rstest]
#[tokio::test]
async fn the_history_has_the_origin_of_each_write_and_the_verification_checks_it(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let issuer = Issuer::start();
    let server = trusting(&database, &issuer, WEB).await;
    let first = job(&server, &issuer.sign(&claims::github())).await;
    let body = json!({"component": "shop", "environment": "production", "version": "v1"});
    let recorded = first.record(body).await;
    let origin = json!({
        "issuer": issuer.url(), "rule": "web", "repository": "octo-org/octo-repo", "runId": "30433642", "actor": "octocat",
        "sha": "ed52224333bd2591ebd3e2f1eea9768c6b925305",
    });
    assert_eq!(recorded["origin"], origin);
    let later = with(
        claims::github(),
        &json!({"run_id": "30433643", "actor": "hubot"}),
    );
    let second = job(&server, &issuer.sign(&later)).await;
    let id = text(&recorded, "id");
    let changed = second.advance(&id, "in_progress").await;
    assert_eq!(changed["origin"], origin, "of the job that recorded it");
    server.admin().advance(&id, "succeeded").await;
    let entries: Value = serde_json::from_str(&history(&server, &recorded).await).unwrap();
    let runs: Vec<_> = entries
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["origin"]["runId"])
        .collect();
    assert_eq!(runs, [&json!("30433642"), &json!("30433643"), &Value::Null]);
    let listed = server.reader().get("/api/v1/deployments").await.expect(200);
    assert_eq!(listed["data"][0]["origin"], origin);
    let shown = server.reader().get(&at(&recorded)).await.expect(200);
    assert_eq!(shown["origin"], origin);
    let verified = server.admin().get("/api/v1/verify").await.expect(200);
    assert_eq!(verified["ok"], true);
    database
        .execute("update deployments set origin = null")
        .await
        .unwrap();
    let verified = server.admin().get("/api/v1/verify").await.expect(200);
    assert!(
        verified["differences"][0]["detail"]
            .as_str()
            .unwrap()
            .contains("origin"),
        "{verified}"
    );
    server
        .tracker()
        .repair(&"ops".parse().unwrap())
        .await
        .unwrap();
    let shown = server.reader().get(&at(&recorded)).await.expect(200);
    assert_eq!(shown["origin"], origin);
    let trigger = if database.is_sqlite() {
        "history_keep_update"
    } else {
        "history_keep on history"
    };
    let altered = format!(
        "drop trigger {trigger}; update history set origin = replace(origin, 'octocat', 'mallory')"
    );
    database.execute(&altered).await.unwrap();
    let verified = server.admin().get("/api/v1/verify").await.expect(200);
    assert_eq!(verified["ok"], false);
}
