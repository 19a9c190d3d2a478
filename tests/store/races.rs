//! Concurrent writes.

use deploytrack_core::status::Status;
use deploytrack_tests::{
    database::DatabaseKind::{self, Postgres, Sqlite},
    fold,
};
use rstest::rstest;

use crate::given::{advance, by, new, succeeded};

/// How many deployments each writer records.
const ROUNDS: usize = 10;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_successes_and_rollbacks_in_one_cell_leave_the_fold(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let tracker = tracker.clone();
            tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let deployment = succeeded(&tracker, &format!("v{task}.{round}")).await;
                    if (task + round) % 3 != 0 {
                        advance(&tracker, &deployment, Status::RolledBack).await;
                    }
                    if (task + round) % 3 == 1 {
                        for status in [Status::Pending, Status::InProgress, Status::Succeeded] {
                            advance(&tracker, &deployment, status).await;
                        }
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    fold::check(&tracker).await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_new_name_used_by_many_at_once_is_registered_once(
    #[values(Sqlite, Postgres)] kind: DatabaseKind,
) {
    let Some(database) = kind.create().await else {
        return;
    };
    let tracker = database.tracker().await;
    let tasks: Vec<_> = (0..16)
        .map(|index| {
            let tracker = tracker.clone();
            tokio::spawn(async move {
                tracker
                    .record(new("api", "production", &format!("v{index}")), &by())
                    .await
                    .unwrap()
            })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        let deployment = task.await.unwrap();
        ids.push((deployment.component_id, deployment.environment_id));
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
}
