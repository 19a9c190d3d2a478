//! Repairs.

use deploytrack_core::{
    event::{AuditFilter, EventType},
    query::{MatrixFilter, PageRequest},
};
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use rstest::rstest;

use super::{drop_guards, filled, found_after, named};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repair_rewrites_everything_that_follows_from_the_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for sql in [
        "update deployments set status = 'failed', attempt = 9, started_at = null, finished_at = null, succeeded_at = null, succeeded_sequence = null, occurred_at = (select min(created_at) from deployments), occurred_sequence = 0",
        "update current_cells set version = 'v9'",
        "update current_cells set deployment_id = null, version = null, succeeded_at = null",
        "update current_cells set deployed_by = 'eve', commit_sha = 'ed52224'",
        "delete from current_cells",
        "delete from cell_periods",
        "update cell_periods set ended_at = started_at",
        "update cell_periods set version = 'v9'",
        "insert into cell_periods select component_id, environment_id, started_at, sequence + 1000, deployment_id, 'v9', null from cell_periods",
        "update deployment_counts set count = count + 1",
        "delete from deployment_counts",
        "delete from deployment_counts; delete from cell_periods; delete from current_cells; update deployments set status = 'pending'",
    ] {
        let another = database.another().await;
        let tracker = filled(&another).await;
        let matrix = tracker.matrix(&MatrixFilter::default()).await.unwrap();
        let all = fold::everything(&tracker).await;
        another.execute(sql).await.unwrap();
        assert!(!tracker.verify().await.unwrap().ok, "{sql}");
        let left = tracker.repair(&"operator".parse().unwrap()).await.unwrap();
        assert!(left.ok, "{sql}: {left}");
        assert_eq!(
            tracker.matrix(&MatrixFilter::default()).await.unwrap(),
            matrix,
            "{sql}"
        );
        assert_eq!(fold::everything(&tracker).await, all, "{sql}");
        fold::check(&tracker).await;
        let page = PageRequest::default();
        let audit = tracker.audit(&AuditFilter::default(), page).await.unwrap();
        let repaired = &audit.data[0];
        assert_eq!(repaired.r#type, EventType::StoreRepaired, "{sql}");
        assert_eq!(repaired.recorded_by.as_str(), "operator");
        assert!(
            repaired
                .details
                .as_ref()
                .unwrap()
                .contains_key("environmentId")
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repair_does_not_change_a_broken_history_and_reports_it(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, found) = found_after(
        &database,
        "update history set reason = 'forged' where sequence = 5",
    )
    .await;
    assert_eq!(found.found, 1, "{found}");
    let elsewhere = "delete from deployment_counts where environment_id <> (select environment_id from deployments where version = 'v2')";
    database.execute(elsewhere).await.unwrap();
    let before: Vec<_> = tracker
        .history(named(&tracker, "v2").await.id)
        .await
        .unwrap();
    let left = tracker.repair(&"operator".parse().unwrap()).await.unwrap();
    assert_eq!((left.found, left.differences), (1, found.differences));
    assert_eq!(
        tracker
            .history(named(&tracker, "v2").await.id)
            .await
            .unwrap(),
        before
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_with_a_broken_history_is_not_repaired(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for sql in [
        "update deployments set version = 'v9' where version = 'v2'",
        "update history set to_status = 'failed' where sequence = 6",
        "delete from history where sequence = 6",
        "update history set recorded_by = '' where sequence = 5",
        "update deployments set commit_sha = 'x' where version = 'v2'",
    ] {
        let another = database.another().await;
        let tracker = filled(&another).await;
        let matrix = tracker.matrix(&MatrixFilter::default()).await.unwrap();
        drop_guards(&another).await;
        another
            .execute(&format!(
                "{sql}; update current_cells set version = 'v8' where version = 'v3'"
            ))
            .await
            .unwrap();
        let found = tracker.verify().await.unwrap();
        assert_eq!(
            found
                .differences
                .iter()
                .filter(|difference| difference.repairable)
                .count(),
            1,
            "{sql}: {found}"
        );
        let left = tracker.repair(&"operator".parse().unwrap()).await.unwrap();
        assert!(
            !left.ok
                && left
                    .differences
                    .iter()
                    .all(|difference| !difference.repairable),
            "{sql}: {left}"
        );
        assert_eq!(
            tracker.matrix(&MatrixFilter::default()).await.unwrap(),
            matrix,
            "what was forged is not carried into the matrix: {sql}"
        );
    }
}
