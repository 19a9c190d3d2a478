//! Verification finds every difference between the database and its history, and a repair rewrites
//! the derived tables.

mod derived;
mod history;
mod repair;

use deploytrack_core::{
    deployment::{Deployment, NewDeployment, Undeploy},
    error::Error,
    query::{DeploymentFilter, PageRequest},
    status::Status,
    tracker::Tracker,
    verification::Verification,
};
use deploytrack_tests::database::{
    Database,
    DatabaseKind::{self, Postgres, Sqlite},
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
