//! A verification finds every change of what a removal has left, and a repair loses none of it.

use deploytrack_core::{query::MatrixFilter, tracker::Tracker};
use deploytrack_tests::database::{
    Database,
    DatabaseKind::{self, Postgres, Sqlite},
};
use rstest::rstest;

use super::{aged, remove};

/// Drops the triggers that protect the history and the removals, as the owner of the database can.
async fn drop_guards(database: &Database) {
    let sql = if database.is_sqlite() {
        "drop trigger history_keep_delete; drop trigger removals_keep_update; drop trigger removals_keep_delete;
         drop trigger removed_deployments_keep_update; drop trigger removed_deployments_keep_delete"
    } else {
        "alter table history disable trigger user; alter table removals disable trigger user;
         alter table removed_deployments disable trigger user"
    };
    database.execute(sql).await.unwrap();
}

/// The tables with differences, each once, and whether a repair can fix all of them.
async fn found(tracker: &Tracker) -> (Vec<String>, bool) {
    let found = tracker.verify().await.unwrap();
    assert_eq!(found.ok, found.differences.is_empty());
    let mut tables: Vec<_> = found
        .differences
        .iter()
        .map(|one| one.table.clone())
        .collect();
    tables.sort();
    tables.dedup();
    (tables, found.differences.iter().all(|one| one.repairable))
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_remains_of_removed_deployments_cannot_be_changed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _, _) = aged(&database, 5).await;
    remove(&tracker, 1).await;
    for sql in [
        "delete from history",
        "delete from removals",
        "delete from removed_deployments",
        "update removals set deployments = 7",
        "update removed_deployments set version = 'v9'",
    ] {
        assert!(database.execute(sql).await.is_err(), "{sql}");
    }
    assert!(tracker.verify().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_change_of_a_removal_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    // Each with the tables of the differences.
    for (sql, tables) in [
        ("update removals set deployments = 2", &["removals"][..]),
        ("update removals set removed_by = 'somebody'", &["removals"]),
        ("update removed_deployments set deployed_by = 'somebody' where version = 'v1'", &["removals"]),
        ("update removed_deployments set entries = 9 where version = 'v1'", &["events", "removals"]),
        (
            "delete from removed_deployments where version = 'v1'",
            &["cell_periods", "events", "removals"],
        ),
        (
            "delete from history where deployment_id = (select id from deployments where version = 'v4');
             delete from deployments where version = 'v4'",
            &["cell_periods", "deployment_counts", "environment_counts", "events"],
        ),
        ("delete from cell_periods where version = 'v2'", &["cell_periods"]),
        ("update cell_periods set version = 'v7' where version = 'v2'", &["cell_periods"]),
    ] {
        let another = database.another().await;
        let (tracker, _, _) = aged(&another, 5).await;
        remove(&tracker, 1).await;
        drop_guards(&another).await;
        another.execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(found(&tracker).await.0, tables, "{sql}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repair_rebuilds_the_periods_of_removed_deployments(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _, all) = aged(&database, 5).await;
    remove(&tracker, 1).await;
    let at = async |index: usize| {
        let filter = MatrixFilter {
            at: all[index].succeeded_at,
            ..MatrixFilter::default()
        };
        tracker.matrix(&filter).await.unwrap()
    };
    let before = [at(0).await, at(1).await, at(4).await];
    for sql in [
        "delete from cell_periods",
        "update cell_periods set version = 'v9', started_at = started_at",
        "update current_cells set version = 'v9' where version is not null",
        "delete from deployment_counts",
    ] {
        database.execute(sql).await.unwrap();
        assert!(found(&tracker).await.1, "{sql}: repairable");
        let left = tracker.repair(&"operator".parse().unwrap()).await.unwrap();
        assert!(left.ok, "{sql}: {left}");
        assert_eq!([at(0).await, at(1).await, at(4).await], before, "{sql}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_with_a_changed_removal_is_not_repaired(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _, _) = aged(&database, 5).await;
    remove(&tracker, 1).await;
    drop_guards(&database).await;
    let gone = "delete from removed_deployments where version = 'v1'";
    database.execute(gone).await.unwrap();
    let count = "select cast(count(*) as text) from cell_periods";
    let periods = database.text(count).await;
    tracker.repair(&"operator".parse().unwrap()).await.unwrap();
    assert_eq!(
        database.text(count).await,
        periods,
        "the periods may be all that is left"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_with_a_changed_history_is_not_removed(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _, all) = aged(&database, 5).await;
    let unlock = if database.is_sqlite() {
        "drop trigger history_keep_update"
    } else {
        "alter table history disable trigger user"
    };
    database.execute(unlock).await.unwrap();
    let forged = "update history set recorded_by = 'somebody' where deployment_id = (select id from deployments where version = 'v2')";
    database.execute(forged).await.unwrap();
    let preview = tracker.preview_removal(super::AGE, 1).await.unwrap();
    let outcome = tracker
        .remove(super::request(&preview), &super::by())
        .await
        .unwrap();
    assert_eq!((outcome.deployments, outcome.retained), (2, 1));
    tracker.deployment(all[1].id).await.unwrap();
}
