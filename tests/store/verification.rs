//! Verification finds every difference between the database and its history, and a repair rewrites
//! the derived tables.

use deploytrack_core::{
    deployment::{Deployment, NewDeployment, Undeploy},
    error::Error,
    query::{DeploymentFilter, MatrixFilter, PageRequest},
    status::Status,
    tracker::Tracker,
    verification::Verification,
};
use deploytrack_tests::{
    database::{
        Database,
        DatabaseKind::{self, Postgres, Sqlite},
    },
    fold,
};
use rstest::rstest;

use crate::given::{advance, by, new, succeeded, with_clock};

/// Three cells with successes, a rollback, a failure, a retry and an undeployment.
async fn filled(database: &Database) -> Tracker {
    let (tracker, clock) = with_clock(&database.tracker().await);
    for (environment, version) in [
        ("production", "v1"),
        ("production", "v2"),
        ("staging", "v3"),
        ("development", "v4"),
    ] {
        clock.advance(chrono::TimeDelta::minutes(1));
        tracker
            .record(
                NewDeployment {
                    status: Status::Succeeded,
                    ..new("api", environment, version)
                },
                &by(),
            )
            .await
            .unwrap();
    }
    clock.advance(chrono::TimeDelta::minutes(1));
    let undone = succeeded(&tracker, "v5").await;
    clock.advance(chrono::TimeDelta::minutes(1));
    advance(&tracker, &undone, Status::RolledBack).await;
    let failed = tracker
        .record(
            NewDeployment {
                status: Status::Failed,
                ..new("api", "staging", "v6")
            },
            &by(),
        )
        .await
        .unwrap();
    advance(&tracker, &failed, Status::Pending).await;
    let gone = named(&tracker, "v4").await;
    tracker
        .undeploy(gone.id, Undeploy::default(), &by())
        .await
        .unwrap();
    tracker
}

async fn named(tracker: &Tracker, version: &str) -> Deployment {
    let filter = DeploymentFilter {
        version: Some(version.parse().unwrap()),
        ..DeploymentFilter::default()
    };
    tracker
        .list(&filter, PageRequest::default())
        .await
        .unwrap()
        .data
        .remove(0)
}

/// Drops the triggers that protect the history, as the owner of the database can.
async fn drop_guards(database: &Database) {
    let sql = if database.is_sqlite() {
        "drop trigger history_keep_update; drop trigger history_keep_delete; drop trigger events_keep_update; drop trigger events_keep_delete"
    } else {
        "alter table history disable trigger user; alter table events disable trigger user"
    };
    database.execute(sql).await.unwrap();
}

/// SQL in the dialect of a database.
fn dialect<'a>(database: &Database, sqlite: &'a str, postgres: &'a str) -> &'a str {
    if database.is_sqlite() {
        sqlite
    } else {
        postgres
    }
}

/// Runs this SQL on a filled database and verifies it.
async fn found_after(database: &Database, sql: &str) -> (Tracker, Verification) {
    let tracker = filled(database).await;
    drop_guards(database).await;
    database
        .execute(sql)
        .await
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
    let found = tracker.verify().await.unwrap();
    (tracker, found)
}

/// The tables with differences, each once, in the order of the findings.
fn tables(found: &Verification) -> Vec<&str> {
    let mut tables: Vec<_> = found
        .differences
        .iter()
        .map(|difference| difference.table.as_str())
        .collect();
    tables.dedup();
    tables
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_untouched_database_verifies(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let empty = database.tracker().await.verify().await.unwrap();
    assert_eq!(
        empty,
        Verification {
            ok: true,
            empty: true,
            ..Verification::default()
        }
    );
    assert!(
        empty
            .to_string()
            .ends_with("the database has no deployments, so there was nothing to compare"),
        "{empty}"
    );
    let found = filled(&database).await.verify().await.unwrap();
    assert!(found.ok && !found.empty, "{found}");
    assert_eq!(
        (found.deployments, found.entries, found.cells, found.found),
        (6, 21, 3, 0)
    );
    assert_eq!(
        found.to_string(),
        "6 deployments, 21 history rows, 3 cells: all agree"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_history_row_with_any_changed_column_is_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let later = dialect(
        &database,
        "occurred_at + 1",
        "occurred_at + interval '1 microsecond'",
    );
    let hash = dialect(&database, "zeroblob(32)", "decode(repeat('00', 32), 'hex')");
    for set in [
        "reason = 'forged'".to_owned(),
        "recorded_by = 'somebody-else'".to_owned(),
        format!("occurred_at = {later}"),
        format!("recorded_at = {}", later.replace("occurred", "recorded")),
        "attempt = 2".to_owned(),
        "to_status = 'failed'".to_owned(),
        "from_status = 'failed'".to_owned(),
        "event = 'undeployed'".to_owned(),
        format!("hash = {hash}"),
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(
            &another,
            &format!("update history set {set} where sequence = 5"),
        )
        .await;
        let difference = found
            .differences
            .first()
            .unwrap_or_else(|| panic!("{set}: {found}"));
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            ("history", Some(5), false),
            "{set}: {found}"
        );
        assert_eq!(
            difference.deployment_id,
            Some(named(&tracker, "v2").await.id),
            "{set}"
        );
        assert!(!found.ok);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_deleted_from_the_end_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let last = "delete from history where sequence = (select max(sequence) from history where event = 'undeployed')";
    let (tracker, found) = found_after(&database, last).await;
    let named = found.differences.iter().find(|difference| {
        difference
            .detail
            .contains("the last row of the history is not the one of the last write")
    });
    let named = named.unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (named.table.as_str(), named.repairable),
        ("deployments", false)
    );
    assert_eq!(
        named.deployment_id,
        Some(crate::verification::named(&tracker, "v4").await.id)
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_deleted_from_the_middle_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sequence, next) in [(4, 5), (5, 6)] {
        let another = database.another().await;
        let (_, found) = found_after(
            &another,
            &format!("delete from history where sequence = {sequence}"),
        )
        .await;
        let difference = found.differences.first().unwrap();
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            ("history", Some(next), false),
            "{found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_inserted_row_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let copy = "insert into history (deployment_id, attempt, event, from_status, to_status, occurred_at, recorded_at, recorded_by, hash)
            select deployment_id, attempt, 'transition', 'succeeded', 'rolled_back', occurred_at, recorded_at, recorded_by, hash
            from history where sequence = 6";
    let (_, found) = found_after(&database, copy).await;
    let difference = found.differences.first().unwrap();
    assert_eq!(
        (difference.table.as_str(), difference.repairable),
        ("history", false),
        "{found}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deployment_without_any_history_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (_, found) = found_after(&database, "delete from history where sequence <= 3").await;
    let difference = found.differences.first().unwrap();
    assert_eq!(
        (difference.table.as_str(), difference.detail.as_str()),
        ("history", "there is no history"),
        "{found}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_history_without_its_deployment_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let delete = dialect(
        &database,
        "pragma foreign_keys = off; delete from deployments where version = 'v1'",
        "set session_replication_role = replica; delete from deployments where version = 'v1'",
    );
    let (_, found) = found_after(&database, delete).await;
    let stray = found
        .differences
        .iter()
        .find(|difference| difference.table == "history")
        .unwrap_or_else(|| panic!("{found}"));
    assert_eq!(
        (stray.sequence, stray.detail.as_str(), stray.repairable),
        (Some(1), "the deployment of this row does not exist", false),
        "{found}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_constant_fields_of_a_deployment_are_chained_to_its_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let created = dialect(
        &database,
        "created_at + 1",
        "created_at + interval '1 microsecond'",
    );
    for set in [
        "version = 'v9'",
        "deployed_by = 'somebody-else'",
        "commit_sha = 'ed52224'",
        &format!("created_at = {created}"),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(
            &another,
            &format!("update deployments set {set} where version = 'v2'"),
        )
        .await;
        let difference = found
            .differences
            .first()
            .unwrap_or_else(|| panic!("{set}: {found}"));
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            ("history", Some(4), false),
            "{set}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_columns_of_a_deployment_are_compared_with_its_history(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for set in [
        "status = 'rolled_back'",
        "attempt = 7",
        "started_at = null",
        "finished_at = null",
        "succeeded_at = null",
        "succeeded_sequence = 1",
        "occurred_at = (select min(created_at) from deployments)",
        "occurred_sequence = 1",
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(
            &another,
            &format!("update deployments set {set} where version = 'v2'"),
        )
        .await;
        assert_eq!(tables(&found), ["deployments"], "{set}: {found}");
        let difference = &found.differences[0];
        assert_eq!(
            (found.found, difference.repairable, difference.deployment_id),
            (1, true, Some(named(&tracker, "v2").await.id)),
            "{set}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_that_shows_something_else_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let nothing = "deployment_id = null, version = null, succeeded_at = null";
    let later = dialect(
        &database,
        "succeeded_at = succeeded_at + 1",
        "succeeded_at = succeeded_at + interval '1 microsecond'",
    );
    for set in [
        "version = 'v9'",
        nothing,
        later,
        "deployment_id = (select id from deployments where version = 'v1')",
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(
            &another,
            &format!("update current_cells set {set} where version = 'v2'"),
        )
        .await;
        assert_eq!(tables(&found), ["current_cells"], "{set}: {found}");
        let (difference, cell) = (&found.differences[0], named(&tracker, "v2").await);
        assert_eq!(
            (difference.component_id, difference.environment_id),
            (Some(cell.component_id), Some(cell.environment_id)),
            "{set}"
        );
        assert!(
            difference.repairable && difference.detail.contains("but the history has v2"),
            "{set}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cell_that_should_be_empty_or_is_missing_is_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let fill = "update current_cells set version = 'v4', deployment_id = (select id from deployments where version = 'v4'),
            succeeded_at = (select succeeded_at from deployments where version = 'v4') where version is null";
    for (sql, said) in [
        (fill, "but the history has nothing"),
        (
            "delete from current_cells where version = 'v2'",
            "is missing",
        ),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        assert_eq!(tables(&found), ["current_cells"], "{sql}: {found}");
        assert!(found.differences[0].detail.contains(said), "{sql}: {found}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_ended_or_invented_period_is_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sql, said) in [
        ("delete from cell_periods where version = 'v1'", "the period it began is missing"),
        ("update cell_periods set ended_at = started_at where version = 'v1'", "the period it began differs from the history"),
        ("update cell_periods set ended_at = null where version = 'v5'", "the period it began differs from the history"),
        ("update cell_periods set version = 'v9' where version = 'v1'", "the period it began differs from the history"),
        ("update cell_periods set version = 'v4' where version is null", "the period it began differs from the history"),
        ("update cell_periods set sequence = sequence + 1000 where version = 'v1'", "the period it began is missing"),
        (
            "insert into cell_periods select component_id, environment_id, started_at, sequence + 1000, deployment_id, 'v9', null
                 from cell_periods where version = 'v2'",
            "a period has no row of history",
        ),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        assert_eq!(tables(&found), ["cell_periods"], "{sql}: {found}");
        assert!(found.differences[0].repairable && found.differences[0].detail == said, "{sql}: {found}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missing_period_in_one_cell_does_not_hide_an_invented_one_in_another(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let invent = "delete from cell_periods where version = 'v1';
            insert into cell_periods select component_id, environment_id, started_at, sequence + 1000, deployment_id, 'v9', null
            from cell_periods where version = 'v3'";
    let (tracker, found) = found_after(&database, invent).await;
    assert_eq!(
        (tables(&found), found.found),
        (vec!["cell_periods"], 2),
        "{found}"
    );
    assert_eq!(
        found.differences[1].environment_id,
        Some(named(&tracker, "v3").await.environment_id),
        "{found}"
    );
    assert!(tracker.repair().await.unwrap().ok);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_count_that_is_wrong_is_found(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    for sql in [
        "update deployment_counts set count = count + 1 where status = 'rolled_back'",
        "delete from deployment_counts where status = 'rolled_back'",
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        assert_eq!(
            (tables(&found), found.found),
            (vec!["deployment_counts"], 1),
            "{sql}: {found}"
        );
        assert!(
            found.differences[0]
                .detail
                .ends_with("rolled_back, but the history has 1"),
            "{sql}: {found}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_that_differ_from_the_history_are_found(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sql, said) in [
        ("update events set type = 'deployment.transitioned' where history_sequence = 1", &["it differs from its row of the history"][..]),
        (
            "update events set subject_id = (select id from deployments where version = 'v2') where history_sequence = 1",
            &["it differs from its row of the history"],
        ),
        ("update events set subject_id = null where history_sequence = 3", &["it differs from its row of the history"]),
        (
            "update events set history_sequence = null where history_sequence = 5",
            &["it differs from its row of the history", "there is no event for row 5 of the history"],
        ),
        (
            "update events set history_sequence = 1000 where history_sequence = 6",
            &["it differs from its row of the history", "there is no event for row 6 of the history"],
        ),
        (
            "update events set history_sequence = 5 - history_sequence where history_sequence in (2, 3)",
            &["out of order: it reports an older history row than the previous event of this deployment"],
        ),
        (
            "insert into events (number, type, subject_id, history_sequence)
                 select (select max(number) + 1 from events), type, subject_id, history_sequence from events where history_sequence = 21;
                 update commits set last_event = last_event + 1",
            &["an earlier event reports the same row of the history"],
        ),
        (
            "delete from events where history_sequence = 5",
            &[
                "there are 24 events, numbered from 1 to 25, but the last number in commits is 25",
                "there is no event for row 5 of the history",
            ],
        ),
        (
            "delete from events where number = 25",
            &[
                "there are 24 events, numbered from 1 to 24, but the last number in commits is 25",
                "there is no event for row 21 of the history",
            ],
        ),
        ("delete from events where number = 1", &["there are 24 events, numbered from 2 to 25, but the last number in commits is 25"]),
        (
            "update commits set last_event = last_event + 1",
            &["there are 25 events, numbered from 1 to 25, but the last number in commits is 26"],
        ),
    ] {
        let another = database.another().await;
        let (tracker, found) = found_after(&another, sql).await;
        assert_eq!(tables(&found), ["events"], "{sql}: {found}");
        assert_eq!(found.differences.iter().map(|difference| difference.detail.as_str()).collect::<Vec<_>>(), said, "{sql}");
        let left = tracker.repair().await.unwrap();
        assert_eq!(left, found, "what readers have seen stays: {sql}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn unreadable_rows_are_reported_and_do_not_stop_a_verification(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    for (sql, table, sequence) in [
        (
            "update history set recorded_by = '' where sequence = 5",
            "history",
            Some(5),
        ),
        (
            "update history set to_status = 'done' where sequence = 5",
            "history",
            Some(5),
        ),
        (
            "update deployments set commit_sha = 'x' where version = 'v2'",
            "deployments",
            None,
        ),
        (
            "update deployments set metadata = '[]' where version = 'v2'",
            "deployments",
            None,
        ),
    ] {
        let another = database.another().await;
        let (_, found) = found_after(&another, sql).await;
        let difference = found
            .differences
            .first()
            .unwrap_or_else(|| panic!("{sql}: {found}"));
        assert_eq!(
            (
                difference.table.as_str(),
                difference.sequence,
                difference.repairable
            ),
            (table, sequence, false),
            "{sql}: {found}"
        );
        assert_eq!(found.deployments, 6, "{sql}: all were looked at");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn twenty_differences_are_named_and_all_are_counted(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let (tracker, _clock) = with_clock(&database.tracker().await);
    for number in 0..25 {
        succeeded(&tracker, &format!("v{number}")).await;
    }
    database
        .execute("update deployments set attempt = 7")
        .await
        .unwrap();
    let found = tracker.verify().await.unwrap();
    assert_eq!((found.found, found.differences.len()), (25, 20));
    assert!(found.to_string().ends_with("and 5 more"), "{found}");
}

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
        let left = tracker.repair().await.unwrap();
        assert!(left.ok, "{sql}: {left}");
        assert_eq!(
            tracker.matrix(&MatrixFilter::default()).await.unwrap(),
            matrix,
            "{sql}"
        );
        assert_eq!(fold::everything(&tracker).await, all, "{sql}");
        fold::check(&tracker).await;
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
    let left = tracker.repair().await.unwrap();
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
        let left = tracker.repair().await.unwrap();
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

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_verification_runs_at_a_time(#[values(Sqlite, Postgres)] kind: DatabaseKind) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = filled(&database).await;
    let (one, other) = tokio::join!(tracker.verify(), tracker.verify());
    assert!(one.unwrap().ok);
    assert!(matches!(other, Err(Error::Verifying)), "{other:?}");
    assert!(
        tracker.verify().await.unwrap().ok,
        "and then it may run again"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_verification_during_writes_agrees_and_blocks_no_writer(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    for number in 0..50 {
        succeeded(&tracker, &format!("v{number}")).await;
    }
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(write_many(tracker.clone(), writer)))
        .collect();
    let mut verified = 0;
    while writers.iter().any(|writer| !writer.is_finished()) {
        let found = tracker.verify().await.unwrap();
        assert!(found.ok, "{found}");
        verified += 1;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(verified > 1, "it ran beside them");
    let found = tracker.verify().await.unwrap();
    assert!(found.ok, "{found}");
    assert_eq!(found.deployments, 50 + 4 * 20);
}

/// Records deployments that succeed, are undeployed, rolled back and retried.
async fn write_many(tracker: Tracker, writer: usize) {
    for number in 0..20 {
        let environment = if number % 2 == 0 {
            "production"
        } else {
            "staging"
        };
        let new = NewDeployment {
            status: Status::InProgress,
            ..new("api", environment, &format!("w{writer}.{number}"))
        };
        let deployment = tracker.record(new, &by()).await.unwrap();
        advance(&tracker, &deployment, Status::Succeeded).await;
        if number % 3 == 0 {
            // Fails when a deployment of another writer is current by now.
            let _ = tracker
                .undeploy(deployment.id, Undeploy::default(), &by())
                .await;
        }
        if number % 4 == 0 {
            advance(&tracker, &deployment, Status::RolledBack).await;
            advance(&tracker, &deployment, Status::Pending).await;
        }
    }
}
