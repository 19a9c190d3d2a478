//! What is shown of removed deployments.

use chrono::TimeDelta;
use deploytrack_core::{
    api::{FromBody as _, ImportLine},
    clock::{Clock as _, format_exact},
    deployment::{Change, Undeploy},
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    status::Status,
};
use deploytrack_tests::database::DatabaseKind::{self, Postgres, Sqlite};
use rstest::rstest;
use serde_json::{Value, json};

use super::{aged, by, is_removed, remove};
use crate::given::{advance, shown, shown_in};

fn line(line: &Value) -> ImportLine {
    ImportLine::from_body(line.as_object().unwrap().clone()).unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removed_deployment_is_gone_and_its_period_is_shown(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _, all) = aged(&database, 6).await;
    let total = async || {
        let filter = DeploymentFilter::default();
        let list = tracker.list(&filter, PageRequest::default());
        list.await.unwrap().total
    };
    assert_eq!(total().await, 7);
    let outcome = remove(&tracker, 1).await;
    // The current one and the one before it stay.
    assert_eq!((outcome.deployments, outcome.entries), (4, 12));
    assert_eq!(total().await, 3);
    let gone = &all[1];
    let answer = tracker.deployment(gone.id).await;
    let text = answer.as_ref().unwrap_err().to_string();
    assert!(
        text.starts_with(&format!(
            "deployment {} (v2) was removed by retention at ",
            gone.id
        )),
        "{text}"
    );
    assert!(is_removed(&answer) && is_removed(&tracker.history(gone.id).await));
    let change = Change::to(Status::RolledBack);
    assert!(is_removed(&tracker.update(gone.id, change, &by()).await));
    let undeployed = tracker.undeploy(gone.id, Undeploy::default(), &by()).await;
    assert!(is_removed(&undeployed));
    let at = Some(gone.succeeded_at.unwrap() + TimeDelta::hours(1));
    let filter = MatrixFilter {
        at,
        ..MatrixFilter::default()
    };
    let matrix = tracker.matrix(&filter).await.unwrap();
    assert_eq!(shown_in(&matrix).as_deref(), Some("v2"));
    let cell = &matrix[0].environments["production"];
    assert_eq!(
        (cell.deployment_id, cell.deployed_at, &cell.deployed_by),
        (gone.id, gone.succeeded_at.unwrap(), &gone.deployed_by)
    );
    let latest = tracker
        .latest(gone.component_id, at)
        .await
        .unwrap()
        .remove(0);
    let removed_at = latest.removed_at;
    assert!(removed_at.is_some());
    let mut expected = gone.clone();
    expected.removed_at = removed_at;
    assert_eq!(latest, expected);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_removed_deployment_is_current_again_after_the_rollback_of_all_that_followed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock, all) = aged(&database, 4).await;
    remove(&tracker, 1).await;
    for newest in all[2..].iter().rev() {
        advance(&tracker, newest, Status::RolledBack).await;
    }
    assert_eq!(shown(&tracker).await.as_deref(), Some("v2"));
    let latest = tracker.latest(all[1].component_id, None).await.unwrap();
    assert_eq!(latest.len(), 1);
    assert_eq!(
        (latest[0].id, latest[0].status),
        (all[1].id, Status::Succeeded)
    );
    assert!(latest[0].removed_at.is_some());
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    // The cell can be emptied by an import: its line names no deployment.
    clock.advance(TimeDelta::days(1));
    let empty = line(&json!({
        "event": "undeployed", "component": "api", "environment": "production",
        "occurredAt": format_exact(&clock.now()),
    }));
    tracker.import(vec![(1, empty)], &by()).await.unwrap();
    assert_eq!(shown(&tracker).await, None);
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_line_of_a_removed_deployment_is_skipped(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, clock, all) = aged(&database, 4).await;
    remove(&tracker, 1).await;
    let at = format_exact(&all[0].succeeded_at.unwrap());
    let import = async |value: Value| {
        let imported = tracker.import(vec![(1, line(&value))], &by()).await;
        let imported = imported.unwrap().value;
        (imported.recorded, imported.skipped)
    };
    let cell = json!({"component": "api", "environment": "production", "version": "v1"});
    let with = |more: Value| {
        let mut all = cell.as_object().unwrap().clone();
        all.extend(more.as_object().unwrap().clone());
        Value::Object(all)
    };
    let plain = with(json!({"status": "succeeded", "occurredAt": at}));
    assert_eq!(import(plain.clone()).await, (0, 1));
    // A longer history of the same deployment does not bring it back either.
    let later = format_exact(&(clock.now() - TimeDelta::days(1)));
    let longer = with(
        json!({"status": "rolled_back", "occurredAt": later, "history": [
            {"status": "pending", "occurredAt": at}, {"status": "in_progress", "occurredAt": at},
            {"status": "succeeded", "occurredAt": at}, {"status": "rolled_back", "occurredAt": later},
        ]}),
    );
    assert_eq!(import(longer).await, (0, 1));
    assert_eq!(shown(&tracker).await.as_deref(), Some("v4"));
    // Another commit, and another time, are other deployments.
    let mut other = plain.clone();
    other["commitSha"] = json!("abcdef1");
    assert_eq!(import(other).await, (1, 0));
    let mut other = plain;
    other["occurredAt"] = json!(later);
    assert_eq!(import(other).await, (1, 0));
    assert!(tracker.verify().await.unwrap().ok);
}
